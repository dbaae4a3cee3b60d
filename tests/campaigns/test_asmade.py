import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.campaigns.asmade import AsMade
from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.core.errors import InputError
from galvanaut.core.stocks import Stock

MASSES = st.lists(st.floats(0.01, 5.0), min_size=7, max_size=7)


@pytest.fixture(scope="session")
def by_name(stocks: list[Stock]) -> dict[str, Stock]:
    return {stock.name: stock for stock in stocks}


@given(masses=MASSES)
def test_the_mass_balance_closes(by_name: dict[str, Stock], masses: list[float]) -> None:
    doses = dict(zip(by_name, masses, strict=True))
    made = AsMade.of(by_name, doses, dose_sd_g=0.001)
    assert made.mass_g == pytest.approx(math.fsum(masses), rel=1e-12)
    for key, fraction in made.recipe.mass_fractions.items():
        brought_g = math.fsum(mass * by_name[name].composition.get(key, 0.0) for name, mass in doses.items())
        assert fraction * made.mass_g == pytest.approx(brought_g, rel=1e-12)


def test_two_doses_by_hand() -> None:
    """1 g of A and 3 g of B, each known to 0.01 g: sd of the fraction of A is 0.01 g * sqrt(3**2 + 1) / 16 g."""
    stocks = {name: Stock(name, {name: 1.0}, 1.0, 10.0, 0.1, 0.1, 10.0) for name in ("DMC", "EMC")}
    made = AsMade.of(stocks, {"DMC": 1.0, "EMC": 3.0}, dose_sd_g=0.01)
    assert made.recipe.mass_fractions == {"DMC": 0.25, "EMC": 0.75}
    assert made.deviations["DMC"] == pytest.approx(0.01 * math.sqrt(10.0) / 16.0)
    assert made.deviations["EMC"] == pytest.approx(made.deviations["DMC"])


def test_deviations_agree_with_a_simulation_of_the_balance(by_name: dict[str, Stock]) -> None:
    generator = np.random.default_rng(7)
    doses = {"EC_DMC": 2.3, "DMC": 0.8, "PC": 0.4, "LiPF6_EMC": 2.5}
    made = AsMade.of(by_name, doses, dose_sd_g=0.01)
    drawn = [
        AsMade.of(by_name, {name: mass + generator.normal(0.0, 0.01) for name, mass in doses.items()}, 0.01)
        for _ in range(1500)
    ]
    for key, deviation in made.deviations.items():
        simulated = np.std([batch.recipe.fraction(key) for batch in drawn])
        assert deviation == pytest.approx(simulated, rel=0.1)


def test_a_dose_that_failed_counts_as_none(by_name: dict[str, Stock]) -> None:
    made = AsMade.of(by_name, {"DMC": 5.0, "PC": -0.001}, dose_sd_g=0.001)
    assert made.recipe.mass_fractions == {"DMC": 1.0}
    assert made.mass_g == 5.0


@pytest.mark.parametrize(
    ("doses", "message"),
    [
        ({"DMD": 1.0}, r"stock 'DMD' is not on the bench; did you mean .*DMC"),
        ({"DMC": 1.0, "PC": -0.1}, "PC: -0.1 g is not the mass of a dose; check the balance"),
        ({"DMC": math.nan}, "DMC: nan g is not the mass of a dose"),
        ({"DMC": 0.0}, "nothing was dosed"),
        ({}, "nothing was dosed"),
    ],
)
def test_impossible_weighings_are_refused(by_name: dict[str, Stock], doses: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AsMade.of(by_name, doses, dose_sd_g=0.001)


def test_the_planner_of_batches_knows_its_balance(stocks: list[Stock]) -> None:
    coarse = BatchPlanner(stocks, dose_sd_g=0.1).as_made({"DMC": 1.0, "PC": 1.0})
    fine = BatchPlanner(stocks, dose_sd_g=0.001).as_made({"DMC": 1.0, "PC": 1.0})
    assert coarse.deviations["PC"] == pytest.approx(100.0 * fine.deviations["PC"])
