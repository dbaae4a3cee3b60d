"""From recipes to cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from galvanaut.simulators.cells.spme import landesfeind
from galvanaut.simulators.cells.spme.ageing import Ageing
from galvanaut.simulators.cells.spme.recipe import Recipe, ageing, dose_umol_cm2, family_weights, salt_M, transport
from galvanaut.simulators.cells.spme.transport import of_family, root_scale

PLAIN = Recipe({"EC": 0.3, "EMC": 0.7}, 1.0, {})
VOLUME_M3, AREA_M2 = 50e-9, 1.54e-4


def aged(recipe: Recipe) -> Ageing:
    return ageing(recipe, transport(recipe), VOLUME_M3, AREA_M2)


def test_doses_count_per_area() -> None:
    assert dose_umol_cm2(replace(PLAIN, additives={"VC": 0.02}), "VC", VOLUME_M3, AREA_M2) == pytest.approx(
        9.1, abs=0.05
    )
    fluorinated = replace(PLAIN, additives={"FEC": 0.1})
    assert dose_umol_cm2(fluorinated, "FEC", VOLUME_M3, AREA_M2) == pytest.approx(36.8, abs=0.1)


def test_a_measured_liquid_stays_itself() -> None:
    assert transport(PLAIN) == of_family("EC:EMC", 1.0)
    assert transport(Recipe({"EC": 0.5, "DMC": 0.5}, 1.0, {})) == of_family("EC:DMC", 1.0)


def test_weights_add_up() -> None:
    for solvents in (
        {"EC": 1.0},
        {"EC": 0.3, "DMC": 0.2, "EMC": 0.5},
        {"EMC": 0.95, "FEC": 0.05},
        {"EC": 0.3, "DEC": 0.7},
    ):
        weights = family_weights(solvents)
        assert sum(weights.values()) == pytest.approx(1)
        assert min(weights.values()) >= 0


def test_a_better_conductivity_scales_conductivity_and_diffusion() -> None:
    scaled = transport(PLAIN, conductivity_S_m=lambda recipe, kelvin: 0.5)
    plain = transport(PLAIN)
    own_S_m = float(np.polynomial.polynomial.polyval(float(root_scale(np.array(1.0))), scaled.molar))
    assert own_S_m == pytest.approx(0.5, rel=2e-3)
    assert scaled.diffusivity_m2_s / plain.diffusivity_m2_s == pytest.approx(0.5 / 0.913, rel=1e-3)
    assert scaled.transference == plain.transference
    wild = transport(PLAIN, conductivity_S_m=lambda recipe, kelvin: 50.0)
    assert wild.diffusivity_m2_s == pytest.approx(2 * plain.diffusivity_m2_s)


def test_the_conductivity_model_of_the_room_can_be_given() -> None:
    from galvanaut.simulators.electrolyte.model import ConductivityModel

    model = ConductivityModel()

    def modelled_S_m(recipe: Recipe, kelvin: float) -> float:
        salt = 0.12
        whole = {name: share * (1 - salt) for name, share in recipe.solvents.items()} | {"LiPF6": salt}
        return model.conductivity_mS_cm(whole, kelvin - 273.15) / 10

    liquid = transport(PLAIN, conductivity_S_m=modelled_S_m)
    assert 0.5 < liquid.diffusivity_m2_s / of_family("EC:EMC", 1.0).diffusivity_m2_s < 1.5


def test_additives_help_up_to_a_point() -> None:
    bare, some, much = (aged(replace(PLAIN, additives={"VC": share})) for share in (0.0, 0.02, 0.08))
    assert bare.sei_mol_m_s > some.sei_mol_m_s > much.sei_mol_m_s > 0.34 * bare.sei_mol_m_s
    assert 0 == bare.first_film_ohm < some.first_film_ohm < much.first_film_ohm
    assert bare.formation < some.formation


def test_without_ec_or_fec_no_good_film_forms() -> None:
    poor = Recipe({"EC": 0.02, "EMC": 0.98}, 1.0, {})
    assert aged(poor).sei_mol_m_s > 4 * aged(PLAIN).sei_mol_m_s
    assert aged(replace(poor, additives={"FEC": 0.05})).sei_mol_m_s < aged(PLAIN).sei_mol_m_s


def test_a_worse_conductor_plates_more() -> None:
    thick = ageing(PLAIN, transport(PLAIN, conductivity_S_m=lambda recipe, kelvin: 0.3), VOLUME_M3, AREA_M2)
    assert thick.plating_m_s > 1.5 * aged(PLAIN).plating_m_s


def test_recipes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="must add up to 1"):
        Recipe({"EC": 0.3, "EMC": 0.6}, 1.0, {})
    with pytest.raises(ValueError, match="no ageing rule for the additive XY"):
        Recipe({"EC": 1.0}, 1.0, {"XY": 0.01})


def test_molality_becomes_concentration() -> None:
    assert salt_M(1.0, 1200.0) == pytest.approx(1.2 / 1.1519)
    assert landesfeind.SALT_M[0] < salt_M(1.0, 1200.0) < landesfeind.SALT_M[1]
