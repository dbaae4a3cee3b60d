"""The fan of the next cycles."""

from __future__ import annotations

import numpy as np
import pytest

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme import QUICK
from galvanaut.simulators.twin import Twin, TwinPrior
from galvanaut.simulators.twin.forecast import QUANTILES
from twinstreams import NOMINAL_A, Plan, conductivity, cycled, sample, together

SEEN, AHEAD = 20, 20


@pytest.fixture(scope="module")
def aged() -> tuple[Twin, np.ndarray]:
    """A twin after some cycles, and what came after them."""
    stream = cycled(sample(contact_ohm=10.0, ageing=QUICK), Plan(charge=1.0), SEEN + AHEAD, start=0.05)
    table, prior = stream.table(), TwinPrior(conductivity_S_m=conductivity())
    twin, later = together([table[table[:, 4] <= SEEN], table], [prior, prior])
    return twin, np.array([done.discharged_Ah for done in later.cycles[SEEN:]])


def test_what_comes_lies_in_the_fan(aged: tuple[Twin, np.ndarray]) -> None:
    twin, truth = aged
    seen = twin.forecast(AHEAD)
    low, middle, high = (seen.discharged_Ah[q] for q in (0.05, 0.5, 0.95))
    assert list(seen.cycle) == list(range(SEEN + 1, SEEN + AHEAD + 1))
    assert np.mean((truth >= low) & (truth <= high)) > 0.8
    assert middle == pytest.approx(truth, rel=0.02)
    assert high[-1] - low[-1] < 0.15 * middle[-1]
    assert "illustrative" in seen.assumptions


def test_a_fan_widens_and_is_in_order(aged: tuple[Twin, np.ndarray]) -> None:
    seen = aged[0].forecast(AHEAD).discharged_Ah
    rows = np.array([seen[q] for q in QUANTILES])
    assert (np.diff(rows, axis=0) >= 0).all()
    assert rows[-1, -1] - rows[0, -1] > rows[-1, 0] - rows[0, 0]


def test_other_protocols_give_other_fans(aged: tuple[Twin, np.ndarray]) -> None:
    twin = aged[0]
    as_it_is = twin.forecast(AHEAD).discharged_Ah[0.5]
    slower = twin.forecast(AHEAD, discharge_A=NOMINAL_A / 2).discharged_Ah[0.5]
    gentler = twin.forecast(AHEAD, charge_A=NOMINAL_A / 3).discharged_Ah[0.5]
    warmer = twin.forecast(AHEAD, temperature_degC=45.0)
    assert (slower > as_it_is).all()
    assert gentler[-1] > as_it_is[-1]
    assert warmer.discharged_Ah[0.5][-1] < as_it_is[-1]
    assert warmer.discharged_Ah[0.5][0] > as_it_is[0]  # warm cells polarise less, and age faster
    assert warmer.temperature_degC == pytest.approx(45.0)


def test_the_same_question_has_the_same_answer(aged: tuple[Twin, np.ndarray]) -> None:
    first, second = (aged[0].forecast(10).discharged_Ah[0.25] for _ in range(2))
    assert np.array_equal(first, second)


def test_cells_of_other_names_have_draws_of_their_own(aged: tuple[Twin, np.ndarray]) -> None:
    one, again, other = (aged[0].forecast(10, cell=cell).discharged_Ah for cell in ("a-001-1", "a-001-1", "a-001-2"))
    assert np.array_equal(one[0.25], again[0.25])
    assert not np.array_equal(one[0.25], other[0.25])
    assert one[0.5] == pytest.approx(other[0.5], rel=0.01)


def test_few_cycles_are_not_enough(prior: TwinPrior) -> None:
    with pytest.raises(UnsupportedError, match="a forecast needs 4 complete cycles"):
        Twin.begin(prior).forecast()
