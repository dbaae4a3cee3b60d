"""The quick exact way against the programme that knows every way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.campaigns.doseprogram import DEVIATION_WORTH_A_DOSE, DoseLimits, amounts, dose_cost, rounded
from galvanaut.campaigns.supports import Supports

PREMIXES = np.array([[0.7, 0.3, 0.0], [0.7, 0.0, 0.3], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def limits(stocks: int, low: int = 50, high: int = 8000, left_g: list[float] | None = None) -> DoseLimits:
    ones = np.ones(stocks, dtype=np.int64)
    return DoseLimits(np.full(stocks, 0.001), low * ones, high * ones, np.array(left_g or [100.0] * stocks))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_the_quick_way_is_as_good_as_the_programme(seed: int) -> None:
    generator = np.random.default_rng(seed)
    compositions = generator.dirichlet(np.ones(4), 6)
    target = generator.dirichlet(np.ones(6)) @ compositions
    quick = Supports.of(compositions).amounts(target, limits(6), 6.0)
    whole = amounts(compositions, target, limits(6), 6.0)
    assert whole is not None
    used = whole[0] > 1e-6
    if quick is None:  # then the programme misses the target too, or needs stocks that could replace one another
        assert whole[1] > 1e-7 or np.linalg.matrix_rank(compositions[used]) < used.sum()
        return
    assert quick @ compositions / 6.0 == pytest.approx(target, abs=1e-9)
    if whole[1] > 1e-7:  # then the programme saved doses and accepts a little deviation for them
        saved = np.count_nonzero(quick) - used.sum()
        assert saved > 0
        assert whole[1] <= saved * DEVIATION_WORTH_A_DOSE
    else:  # the programme stops short of the cheapest set now and then
        cost = dose_cost(limits(6))
        assert cost @ (quick > 0.0) <= cost @ used + 1e-9


def test_a_set_within_the_limits_is_found_by_hand() -> None:
    """0.35 of the first component needs half of a premix; the second component says which."""
    target = np.array([0.35, 0.65, 0.0])
    found = Supports.of(PREMIXES).amounts(target, limits(4), 6.0)
    assert found == pytest.approx([3.0, 0.0, 3.0, 0.0])


def test_a_dose_under_the_lowest_is_no_exact_way_but_a_nearest_one() -> None:
    target = np.array([0.0, 0.998, 0.002])  # 12 mg of the fourth stock, whose smallest dose is 50 mg
    assert Supports.of(PREMIXES).amounts(target, limits(4), 6.0) is None
    nearest = amounts(PREMIXES, target, limits(4), 6.0)
    assert nearest is not None
    assert nearest[0] == pytest.approx([0.0, 0.0, 6.0, 0.0], abs=1e-6)
    assert nearest[1] == pytest.approx(0.002, abs=1e-6)


def test_no_doses_give_the_mass() -> None:
    assert amounts(PREMIXES, np.array([0.0, 1.0, 0.0]), limits(4, high=1000), 6.0) is None
    assert amounts(PREMIXES, np.array([0.0, 1.0, 0.0]), limits(4, low=1, high=0), 6.0) is None


def test_more_stocks_than_can_be_looked_at_leave_it_to_the_programme() -> None:
    compositions = np.random.default_rng(1).dirichlet(np.ones(9), 14)
    many = Supports.of(compositions)
    assert len(many.members) == 0
    target = compositions[:3].mean(axis=0)
    assert many.amounts(target, limits(14), 6.0) is None
    found = amounts(compositions, target, limits(14), 6.0)
    assert found is not None
    assert found[0] == pytest.approx([2.0, 2.0, 2.0, *[0.0] * 11], abs=1e-4)


def test_sets_of_dependent_stocks_are_left_out() -> None:
    found = Supports.of(np.array([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]]))
    assert [True, True, False] not in found.members.tolist()
    assert len(found.members) == 5


def test_the_cost_counts_doses_first_and_full_bottles_second() -> None:
    cost = dose_cost(limits(3, left_g=[5.0, 50.0, 20.0]))
    assert cost[1] < cost[2] < cost[0]
    assert cost.sum() - 3.0 < 1.0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_rounding_keeps_the_mass_within_a_step_and_beats_plain_rounding(seed: int) -> None:
    generator = np.random.default_rng(seed)
    amounts_g = generator.uniform(0.3, 2.0, 4)
    mass_g = float(amounts_g.sum())
    target = amounts_g @ PREMIXES / mass_g
    coarse = DoseLimits(np.full(4, 0.01), np.full(4, 5), np.full(4, 800), np.full(4, 100.0))
    steps = rounded(PREMIXES, target, coarse, amounts_g, mass_g)

    def deviation(counts: np.ndarray) -> float:
        return float(np.abs(counts @ PREMIXES / counts.sum() - target).max())

    assert abs(steps.sum() * 0.01 - mass_g) <= 0.01 + 1e-9
    plain = np.round(amounts_g / 0.01)
    if abs(plain.sum() * 0.01 - mass_g) <= 0.01:
        assert deviation(steps) <= deviation(plain) + 1e-12
