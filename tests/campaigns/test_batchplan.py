"""Plans against the limits of the dispensers, the mass balance and themselves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from galvanaut.campaigns.batchplan import BatchPlan, BatchPlanner
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.errors import InputError, NotMakeableError
from galvanaut.core.stocks import Stock

MASS_G = 6.0
USUAL = Recipe.from_views({"EC": 0.3, "DMC": 0.6, "EMC": 0.1}, {"LiPF6": 1.0})


@pytest.fixture(scope="session")
def planner(stocks: list[Stock]) -> BatchPlanner:
    return BatchPlanner(stocks)


mixtures = st.lists(st.floats(0.05, 1.0) | st.just(0.0), min_size=7, max_size=7).filter(lambda parts: sum(parts) > 0)
"""Mass of each of the seven stocks, on an arbitrary scale; none of a stock is common."""


def mixture(stocks: list[Stock], parts: list[float]) -> Recipe:
    """The recipe of a mixture of stocks."""
    fractions: dict[str, float] = {}
    for stock, part in zip(stocks, parts, strict=True):
        for key, fraction in stock.composition.items():
            fractions[key] = fractions.get(key, 0.0) + fraction * part / sum(parts)
    return Recipe(fractions)


def check_balance(plan: BatchPlan, stocks: list[Stock]) -> None:
    """The recipe of a plan is what its doses bring, to 1e-12."""
    by_name = {stock.name: stock for stock in stocks}
    total_g = sum(dose.volume_mL * by_name[dose.stock].density_g_mL for dose in plan.doses)
    assert plan.mass_g == pytest.approx(total_g, abs=1e-12)
    for key in ("EC", "DMC", "EMC", "PC", "LiPF6"):
        brought_g = sum(dose.mass_g * by_name[dose.stock].composition.get(key, 0.0) for dose in plan.doses)
        assert plan.recipe.fraction(key) == pytest.approx(brought_g / total_g, abs=1e-12)
    assert math.fsum(plan.recipe.mass_fractions.values()) == pytest.approx(1.0, abs=1e-12)


def check_limits(plan: BatchPlan, stocks: list[Stock]) -> None:
    """Each dose is one that its dispenser can give."""
    by_name = {stock.name: stock for stock in stocks}
    assert len({dose.stock for dose in plan.doses}) == len(plan.doses)
    for dose in plan.doses:
        stock = by_name[dose.stock]
        steps = dose.volume_mL / stock.dose_step_mL
        assert steps == pytest.approx(round(steps), abs=1e-6)
        assert stock.dose_min_mL - 1e-9 <= dose.volume_mL <= min(stock.dose_max_mL, stock.available_mL) + 1e-9
        assert dose.left_mL == pytest.approx(stock.available_mL - dose.volume_mL, abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(parts=mixtures)
def test_mixtures_of_the_stocks_are_planned_exactly_and_within_limits(
    planner: BatchPlanner, stocks: list[Stock], parts: list[float]
) -> None:
    wish = mixture(stocks, parts)
    assert planner.reachable(np.array([list(wish.mass_fractions.values())]), list(wish.mass_fractions))[0]
    plan = planner.plan(wish, MASS_G, tolerance=0.02)
    check_balance(plan, stocks)
    check_limits(plan, stocks)
    assert plan.asked == wish
    assert plan.deviation == max(
        abs(wish.fraction(key) - plan.recipe.fraction(key)) for key in ("EC", "DMC", "EMC", "PC", "LiPF6")
    )
    assert plan.mass_g == pytest.approx(MASS_G, abs=0.0025)
    assert set(plan.recipe.mass_fractions) <= set(wish.mass_fractions)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(parts=mixtures)
def test_the_plan_of_a_planned_composition_is_the_same_plan(
    planner: BatchPlanner, stocks: list[Stock], parts: list[float]
) -> None:
    first = planner.plan(mixture(stocks, parts), MASS_G, tolerance=0.02)
    again = planner.plan(first.recipe, MASS_G)
    assert again.doses == first.doses
    assert again.deviation < 1e-12


@settings(max_examples=20, deadline=None, derandomize=True)
@given(parts=mixtures, step_mL=st.sampled_from([0.001, 0.01, 0.05]), left_mL=st.floats(1.5, 10.0))
def test_coarse_steps_and_small_bottles_are_respected_or_refused(
    stocks: list[Stock], parts: list[float], step_mL: float, left_mL: float
) -> None:
    tight = [replace(s, dose_step_mL=step_mL, dose_min_mL=0.1, dose_max_mL=4.0, available_mL=left_mL) for s in stocks]
    try:
        plan = BatchPlanner(tight).plan(mixture(stocks, parts), MASS_G, tolerance=0.02)
    except NotMakeableError:
        event("refused")
        return
    check_balance(plan, tight)
    check_limits(plan, tight)
    assert plan.deviation <= 0.02


def test_a_single_stock_is_one_dose(planner: BatchPlanner) -> None:
    plan = planner.plan(Recipe({"DMC": 1.0}), MASS_G)
    assert [(dose.stock, dose.volume_mL) for dose in plan.doses] == [("DMC", 5.644)]
    assert plan.deviation == 0.0


def test_doses_by_hand(stocks: list[Stock]) -> None:
    """EC:DMC 1:1 from EC_DMC (2:1) and DMC: three parts of the premix to one of DMC."""
    plan = BatchPlanner([replace(stocks[0], composition={"EC": 2 / 3, "DMC": 1 / 3}), stocks[2]]).plan(
        Recipe({"EC": 0.5, "DMC": 0.5}), MASS_G
    )
    assert [dose.stock for dose in plan.doses] == ["EC_DMC", "DMC"]
    assert [dose.mass_g for dose in plan.doses] == pytest.approx([4.5, 1.5], abs=0.003)


def test_few_doses_are_preferred(planner: BatchPlanner) -> None:
    assert {dose.stock for dose in planner.plan(Recipe({"DMC": 0.9, "PC": 0.1}), MASS_G).doses} == {"DMC", "PC"}
    assert len(planner.plan(USUAL, MASS_G).doses) == 4


def test_of_equal_ways_the_fullest_bottles_are_used(stocks: list[Stock]) -> None:
    for scarce, plenty in (("EC_DMC", "EC_EMC"), ("EC_EMC", "EC_DMC")):
        left = [replace(stock, available_mL=10.0) if stock.name == scarce else stock for stock in stocks]
        wish = Recipe.from_views({"EC": 0.2, "DMC": 0.4, "EMC": 0.4}, {})
        used = {dose.stock for dose in BatchPlanner(left).plan(wish, MASS_G).doses}
        assert plenty in used
        assert scarce not in used


def test_an_empty_bottle_is_known_but_never_dosed(stocks: list[Stock]) -> None:
    rinse = Stock("rinse", {"DMC": 1.0}, 1.063, 0.0, 0.05, 0.001, 50.0)
    planner = BatchPlanner([rinse, *stocks])
    assert all(dose.stock != "rinse" for dose in planner.plan(USUAL, MASS_G).doses)
    assert planner.as_made({"rinse": 0.1, "PC": 0.9}).recipe.fraction("DMC") == pytest.approx(0.1)


def test_a_wide_tolerance_finds_the_nearest_recipe(planner: BatchPlanner) -> None:
    """0.022 mL of PC is less than half a smallest dose of 0.05 mL, so none is made."""
    wish = Recipe.from_views({"EC": 0.3, "DMC": 0.695, "PC": 0.005}, {"LiPF6": 1.0})
    with pytest.raises(NotMakeableError, match="PC"):
        planner.plan(wish, MASS_G)
    nearest = planner.plan(wish, MASS_G, tolerance=0.02).recipe
    assert nearest.fraction("PC") == 0.0
    assert planner.plan(nearest, MASS_G).recipe == nearest


def test_a_mass_that_is_none_is_refused(planner: BatchPlanner) -> None:
    with pytest.raises(NotMakeableError, match="a batch of nan g"):
        planner.plan(USUAL, math.nan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"composition": {"EC": 0.5, "DMC": 0.4}}, "stock 'EC_DMC': mass fractions sum to 0.9"),
        ({"composition": {"EC": 1.2, "DMC": -0.2}}, "stock 'EC_DMC': mass fraction of EC is 1.2"),
        ({"composition": {"H2O": 1.0}}, "component 'H2O'"),
        ({"density_g_mL": 0.0}, "stock 'EC_DMC': density_g_mL is 0; expected more than 0"),
        ({"dose_step_mL": 0.0}, "stock 'EC_DMC': dose_step_mL"),
    ],
)
def test_impossible_stocks_are_refused(stocks: list[Stock], change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        BatchPlanner([replace(stocks[0], **change), *stocks[1:]])  # type: ignore[arg-type]  # by name


def test_stocks_need_names_of_their_own(stocks: list[Stock]) -> None:
    with pytest.raises(InputError, match="two have the same name"):
        BatchPlanner([stocks[0], stocks[0]])
    with pytest.raises(InputError, match="none is given"):
        BatchPlanner([])
