"""From the batch in a vessel to a cell: the recipe, the spread, the defects, and that nothing else decides."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.assembly import Turnout, turnout
from galvanaut.simulators.cells.made import SHORT_OHM, TRACE_MAX, MadeCell, build, recipe_of, sample
from galvanaut.simulators.cells.resistor import NO_CONTACT_OHM, ResistorCell
from galvanaut.simulators.cells.spme import SpmeCell
from galvanaut.simulators.cells.spme.parameters import COIN, REFERENCE_K
from galvanaut.simulators.cells.spme.recipe import dose_umol_cm2, transport
from galvanaut.simulators.cells.spme.variability import BAD_CONTACT_OHM, MISALIGNED, SOFT_SHORT_A
from galvanaut.simulators.electrolyte import Liquids

LIQUIDS = Liquids()
PLAIN = {"EC": 0.264, "EMC": 0.616, "LiPF6": 0.12}


def cell(name: str = "a", defect: str = "", volume_mL: float = 0.05, seed: int = 1, **more: float) -> MadeCell:
    total = 1 + sum(more.values())
    composition = {key: share / total for key, share in {**PLAIN, **more}.items()}
    return MadeCell(name, composition, volume_mL, defect, seed)


def test_a_composition_becomes_a_recipe() -> None:
    recipe = recipe_of(cell(VC=0.02, PS=0.01).composition, LIQUIDS)
    assert recipe.solvents["EC"] == pytest.approx(0.3)
    assert recipe.additives["VC"] == pytest.approx(0.02 / 1.03)
    density_g_mL = LIQUIDS.density_g_mL(cell(VC=0.02, PS=0.01).composition)
    assert recipe.salt_M == pytest.approx(1000 * density_g_mL * 0.12 / 1.03 / 151.9, rel=1e-4)
    vc_umol = 0.02 / 1.03 * density_g_mL * 0.05 / 86.04 * 1e6
    assert dose_umol_cm2(recipe, "VC", 50e-9, COIN.area_m2) == pytest.approx(vc_umol / 1.5394)


@pytest.mark.parametrize(("share", "additive", "solvent"), [(0.01, 0.01, 0.0), (0.02, 0.02, 0.0), (0.1, 0.1, 0.1)])
def test_fec_is_an_additive_and_beyond_a_share_a_solvent_too(share: float, additive: float, solvent: float) -> None:
    rest = 1 - 0.12 - share
    recipe = recipe_of({"EC": 0.3 * rest, "EMC": 0.7 * rest, "FEC": share, "LiPF6": 0.12}, LIQUIDS)
    assert recipe.additives["FEC"] == additive
    assert recipe.solvents["FEC"] == pytest.approx(solvent / (rest + solvent))


def test_what_the_model_does_not_know_is_named() -> None:
    with pytest.raises(UnsupportedError, match="with GBL in its electrolyte; known are EC, PC"):
        recipe_of(cell(GBL=0.1).composition, LIQUIDS)
    with pytest.raises(UnsupportedError, match="without any of the solvents"):
        recipe_of({"LiPF6": 1.0}, LIQUIDS)
    with pytest.raises(UnsupportedError, match="salt concentration 0 mol/l"):
        sample(MadeCell("a", {"DMC": 1.0}, 0.05, "", 1), LIQUIDS)


def test_traces_of_a_calibration_are_put_up_with() -> None:
    assert sum(recipe_of(cell(H2O=TRACE_MAX * 0.9).composition, LIQUIDS).solvents.values()) == pytest.approx(1)
    with pytest.raises(UnsupportedError, match="H2O"):
        recipe_of(cell(H2O=TRACE_MAX * 1.1).composition, LIQUIDS)


def test_conductivity_is_that_of_the_bench_where_it_answers() -> None:
    """More FEC than it has an answer for is beyond it, and the mixture's own holds."""
    recipe = recipe_of(cell(VC=0.02).composition, LIQUIDS)
    found, own = sample(cell(VC=0.02), LIQUIDS).liquid(REFERENCE_K), transport(recipe)
    expected_S_m = LIQUIDS.conductivity_mS_cm(cell(VC=0.02).composition, 25.0) / 10
    root = np.polynomial.polynomial.polyval
    from galvanaut.simulators.cells.spme.transport import root_scale

    scaled = float(root_scale(np.array(found.salt_M)))
    assert found.salt_M * root(scaled, found.molar) == pytest.approx(expected_S_m, rel=2e-3)
    assert found.transference == own.transference
    fluorinated = cell(FEC=0.2)
    assert sample(fluorinated, LIQUIDS).liquid(REFERENCE_K) == transport(recipe_of(fluorinated.composition, LIQUIDS))


def test_more_electrolyte_is_a_larger_dose_and_dries_out_later() -> None:
    little, much = sample(cell(VC=0.01), LIQUIDS).ageing, sample(cell(VC=0.01, volume_mL=0.1), LIQUIDS).ageing
    assert much.sei_m_s < little.sei_m_s
    assert much.first_film_ohm == pytest.approx(2 * little.first_film_ohm)
    assert much.liquid_share == pytest.approx(2 * little.liquid_share)


def test_cells_differ_by_seed_and_name_alone() -> None:
    def truth(made: MadeCell) -> tuple[object, ...]:
        found = sample(made, LIQUIDS)
        return found.ageing, found.loading, found.contact_ohm, found.leak_A

    assert truth(cell()) == truth(MadeCell.of(json.loads(json.dumps(cell().to_row()))))
    assert truth(cell()) != truth(cell("b"))
    assert truth(cell()) != truth(cell(seed=2))
    assert {sample(cell(str(n)), LIQUIDS).leak_A for n in range(100)} == {0.0}  # no faults but the assembler's


def test_a_cell_is_fresh_and_can_be_formed() -> None:
    made = build(cell(), LIQUIDS)
    assert isinstance(made, SpmeCell)
    states = made.states(made.fresh())
    assert states.formation_C[0] > 0
    assert (states.charge_C[0], states.sei_C[0]) == (0, 0)
    assert made.voltage_V(made.fresh(), 0.0) < 3.0


def test_defects_are_what_they_say() -> None:
    bare = build(cell(defect="open"), LIQUIDS)
    assert isinstance(bare, ResistorCell)
    assert bare.ohm == NO_CONTACT_OHM
    shorts = [build(cell(str(n), "short"), LIQUIDS) for n in range(50)]
    assert all(isinstance(each, ResistorCell) and SHORT_OHM[0] <= each.ohm <= SHORT_OHM[1] for each in shorts)
    assert len({each.ohm for each in shorts}) == 50
    kinds = Counter[str]()
    for number in range(40):
        sound, bad = sample(cell(str(number)), LIQUIDS), sample(cell(str(number), "misassembled"), LIQUIDS)
        assert bad.ageing == sound.ageing
        if bad.leak_A:
            assert SOFT_SHORT_A[0] <= bad.leak_A <= SOFT_SHORT_A[1]
            assert replace(bad, leak_A=0.0, liquid=sound.liquid) == sound
            kinds["soft short"] += 1
        else:
            assert bad.loading == pytest.approx(sound.loading * MISALIGNED)
            assert bad.contact_ohm == pytest.approx(sound.contact_ohm + BAD_CONTACT_OHM)
            kinds["misaligned"] += 1
    assert min(kinds.values()) > 10


@given(st.text(max_size=20), st.integers(0, 2**32))
def test_an_assembly_turns_out_by_seed_and_name(name: str, seed: int) -> None:
    assert turnout(seed, name, 0.0) == Turnout()
    always = turnout(seed, name, 1.0)
    assert bool(always.reason) != bool(always.defect)
    for rate in (0.05, 0.5):
        assert turnout(seed, name, rate) in (Turnout(), always)


def test_failures_come_in_the_shares_that_they_should() -> None:
    found = [turnout(1, str(number), 0.05) for number in range(20_000)]
    noticed = sum(bool(each.reason) for each in found)
    defects = Counter(each.defect for each in found if each.defect)
    assert noticed + defects.total() == pytest.approx(1000, abs=150)
    assert noticed == pytest.approx(200, abs=60)
    assert min(defects.values()) > 200
