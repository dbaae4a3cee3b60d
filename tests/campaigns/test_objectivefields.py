"""The score of several objectives, and what an electrolyte costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.campaigns.objectivefields import Objective, Prices, score, score_deviation, target
from galvanaut.campaigns.recipe import Recipe

LIFE = Objective(name="life", goal="maximise", worst=0.0, best=300.0)
COST = Objective(name="cost", goal="minimise", worst=100.0, best=20.0, weight=0.5)
VALUES = st.fixed_dictionaries({"life": st.floats(-100, 900), "cost": st.floats(0, 300)})


def test_one_objective_decides_by_its_own_value() -> None:
    only = target([COST], "EUR")
    assert (only.name, only.unit, only.goal) == ("cost", "EUR/kg", "minimise")


def test_the_score_is_1_at_the_best_and_falls_with_the_worst_shortfall() -> None:
    assert score([LIFE, COST], {"life": 300.0, "cost": 20.0}) == pytest.approx(1.0)
    assert score([LIFE, COST], {"life": 150.0, "cost": 20.0}) == pytest.approx(1 - 0.5 - 0.05 * 0.5)
    assert score([LIFE, COST], {"life": 300.0, "cost": 100.0}) == pytest.approx(1 - 0.5 - 0.05 * 0.5)


@given(VALUES, st.floats(0.1, 100), st.sampled_from(["life", "cost"]))
def test_whatever_gets_better_the_score_rises(values: dict[str, float], by: float, name: str) -> None:
    better = {**values, name: values[name] + (by if name == "life" else -by)}
    assert score([LIFE, COST], better) > score([LIFE, COST], values)


def test_the_deviation_follows_what_holds_the_score_back() -> None:
    values = {"life": 100.0, "cost": 20.0}
    by_life = score_deviation([LIFE, COST], values, {"life": 3.0})
    assert by_life == pytest.approx(3.0 / 300 * 1.05)
    assert score_deviation([LIFE, COST], values, {"cost": 1.0}) == pytest.approx(0.05 * 0.5 / 80)
    assert score_deviation([LIFE, COST], values, {}) == 0.0


def test_the_deviation_sees_the_fall_where_two_objectives_are_as_short() -> None:
    values = {"life": 150.0, "cost": 100.0}
    fall, rise = 30 / 300 * 1.05, 0.05 * 30 / 300
    expected = ((fall**2 + rise**2) / 2) ** 0.5
    assert score_deviation([LIFE, COST], values, {"life": 30.0}) == pytest.approx(expected)


def test_cost_is_that_of_the_masses() -> None:
    prices = Prices(currency="EUR", date="2026-11-01", source="a quote", per_kg={"EC": 10.0, "LiPF6": 100.0})
    assert prices.of(Recipe({"EC": 0.9, "LiPF6": 0.1})) == pytest.approx(19.0)
    assert Prices.model_validate(prices.model_dump(mode="json")) == prices
