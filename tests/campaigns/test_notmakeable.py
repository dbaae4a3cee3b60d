"""A refusal says what stands in the way, in words that lead to the remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.stocks import Stock

USUAL = Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0})
NEAT_EC = Stock("EC_neat", {"EC": 1.0}, 1.32, 1000.0, 0.05, 0.001, 50.0)


def refusal(planner: BatchPlanner, recipe: Recipe, mass_g: float = 6.0) -> str:
    with pytest.raises(NotMakeableError) as caught:
        planner.plan(recipe, mass_g)
    assert str(caught.value).startswith(recipe.text())
    return str(caught.value)


def test_a_component_that_no_stock_supplies(stocks: list[Stock]) -> None:
    recipe = Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0, "LiFSI": 0.1}, {"VC": 0.02})
    assert refusal(BatchPlanner(stocks), recipe).endswith("no stock supplies LiFSI; no stock supplies VC")


def test_more_salt_than_the_salt_stocks_carry(stocks: list[Stock]) -> None:
    """By hand: 0.45 kg EC brings 0.225 kg DMC; the other 0.325 kg DMC carry 0.325 * 2.4996 mol/kg of LiPF6."""
    message = refusal(BatchPlanner(stocks), Recipe.from_views({"EC": 0.45, "DMC": 0.55}, {"LiPF6": 2.0}))
    assert "the ratio is beyond the stocks: bringing all of its components, they also bring 0.36" in message
    assert "g/g DMC too much; at these solvent shares they reach up to 0.81 mol/kg LiPF6" in message


def test_solvents_beyond_the_premixes(stocks: list[Stock]) -> None:
    message = refusal(BatchPlanner(stocks), Recipe.from_views({"EC": 0.9, "DMC": 0.1}, {"LiPF6": 1.0}))
    assert "DMC too much; no molality can be reached at these solvent shares" in message


def test_a_premix_that_brings_what_the_recipe_does_without(stocks: list[Stock]) -> None:
    only_dmc = [stock for stock in stocks if stock.name != "EC_EMC"]
    message = refusal(BatchPlanner(only_dmc), Recipe({"EC": 0.3, "EMC": 0.7}))
    assert "they also bring 0.150 g/g DMC too much" in message


def test_a_dose_under_the_smallest_and_the_batch_that_would_do(stocks: list[Stock]) -> None:
    recipe = Recipe.from_views({"EC": 0.3, "DMC": 0.695, "PC": 0.005}, {"LiPF6": 1.0})
    planner = BatchPlanner(stocks)
    message = refusal(planner, recipe)
    assert "it needs 0.0217 mL of PC, less than the smallest dose of 0.05 mL (a batch of 12 g could be made)" in message
    assert planner.plan(recipe, 12.0).deviation <= planner.tolerance


def test_a_dose_over_the_largest(stocks: list[Stock]) -> None:
    message = refusal(BatchPlanner(stocks), USUAL, 200.0)
    assert "it needs 63.7 mL of EC_DMC, more than the largest dose of 50 mL" in message
    assert "(a batch of 100 g could be made)" in message


def test_too_little_left_in_a_bottle(stocks: list[Stock]) -> None:
    left = [replace(stock, available_mL=1.0) if stock.name == "LiPF6_DMC" else stock for stock in stocks]
    message = refusal(BatchPlanner(left), USUAL)
    assert "it needs 2.34 mL of LiPF6_DMC, of which 1 mL are left; refill it" in message


def test_an_empty_bottle(stocks: list[Stock]) -> None:
    left = [replace(stock, available_mL=0.0) if stock.name == "LiPF6_DMC" else stock for stock in stocks]
    assert "of LiPF6_DMC, of which 0 mL are left; refill it" in refusal(BatchPlanner(left), USUAL)


def test_several_limits_at_once(stocks: list[Stock]) -> None:
    tight = [
        replace(stock, available_mL=1.0) if stock.name == "LiPF6_DMC" else replace(stock, dose_min_mL=1.0)
        for stock in stocks
    ]
    message = refusal(BatchPlanner(tight), Recipe.from_views({"EC": 0.3, "DMC": 0.65, "PC": 0.05}, {"LiPF6": 1.0}))
    assert "of PC, less than the smallest dose of 1 mL" in message
    assert "of LiPF6_DMC, of which 1 mL are left" in message


def test_steps_too_coarse_for_the_batch(stocks: list[Stock]) -> None:
    coarse = [replace(stock, dose_step_mL=0.2, dose_min_mL=0.2) for stock in stocks]
    assert "steps are too coarse for a batch of 6 g" in refusal(BatchPlanner(coarse), USUAL)


def test_neat_ec_is_never_dosed_below_40_degC(stocks: list[Stock]) -> None:
    without_premix = [NEAT_EC, *stocks[2:]]
    message = refusal(BatchPlanner(without_premix), USUAL)
    assert "EC_neat is neat EC, which melts at 37.8 degC and is not dosed below 39.8 degC" in message
    assert "(the dispensers stand at 25 degC); use a premix with a liquid solvent" in message
    with pytest.raises(NotMakeableError, match="neat EC"):
        BatchPlanner(without_premix, dispensing_degC=39.0).plan(USUAL, 6.0)
    warm = BatchPlanner(without_premix, dispensing_degC=40.0).plan(USUAL, 6.0)
    assert "EC_neat" in {dose.stock for dose in warm.doses}


def test_neat_ec_beside_a_premix_is_passed_over(stocks: list[Stock]) -> None:
    planner = BatchPlanner([NEAT_EC, *stocks])
    assert "EC_neat" not in {dose.stock for dose in planner.plan(USUAL, 6.0).doses}


def test_a_dry_salt_is_not_dosed_as_a_liquid(stocks: list[Stock]) -> None:
    dry = Stock("salt", {"LiPF6": 1.0}, 1.5, 1000.0, 0.05, 0.001, 50.0)
    message = refusal(BatchPlanner([*stocks[:5], dry], dispensing_degC=300.0), USUAL)
    assert "salt is neat LiPF6, a solid salt; dissolve it in a solvent first" in message
