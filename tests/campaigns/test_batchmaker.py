from pathlib import Path

import numpy as np
import pytest

from galvanaut.campaigns.batchmaker import NEAREST, STEPS, BatchMaker
from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.campaignfile import load_campaign
from galvanaut.campaigns.lots import lot_choice, spurned_lots
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds
from galvanaut.core.stocks import Stock

CONDUCTIVITY = Path(__file__).parents[2] / "campaigns/conductivity.yaml"


@pytest.fixture(scope="module")
def maker(stocks: list[Stock]) -> BatchMaker:
    return BatchMaker(SearchSpace.of(load_campaign(CONDUCTIVITY)), BatchPlanner(stocks), 6.0)


def test_reachable_points_of_the_shipped_campaign_are_made_exactly(maker: BatchMaker) -> None:
    points = maker.space.sample(60, np.random.default_rng(3))
    for point in points[maker.reachable(points)]:
        made = maker.realise(point)
        assert made is not None
        again = maker.realise(made)
        assert again is not None
        assert np.array_equal(again, made)
        off = np.abs(maker.space.mass_fractions(made) - maker.space.mass_fractions(point)).max()
        assert off <= NEAREST


def test_a_point_beyond_the_stocks_is_none(maker: BatchMaker) -> None:
    names = maker.space.names
    point = np.array([{"EC": 0.5, "DMC": 0.5, "LiPF6": 2.0}.get(name, 0.0) for name in names])
    assert not maker.reachable(point[None, :])[0]
    assert maker.realise(point) is None


def small_additive(step_mL: float) -> BatchMaker:
    """VC neat, at most 0.25 %, where its smallest dose is 0.45 % of a batch."""
    salt = {"DMC": 0.7248, "LiPF6": 0.2752}
    given = {
        "DMC": ({"DMC": 1.0}, 1.063),
        "EMC": ({"EMC": 1.0}, 1.006),
        "salt": (salt, 1.27),
        "VC": ({"VC": 1.0}, 1.355),
    }
    stocks = [Stock(name, what, density, 500.0, 0.02, step_mL, 10.0) for name, (what, density) in given.items()]
    bounds = {"DMC": Bounds(0.3, 1.0), "EMC": Bounds(0.0, 0.7)}
    space = SearchSpace(bounds, {"LiPF6": Bounds(0.5, 1.5)}, {"VC": Bounds(0.0, 0.0025)})
    return BatchMaker(space, BatchPlanner(stocks), 6.0)


def test_a_smallest_dose_is_no_excuse_to_go_beyond_a_bound() -> None:
    maker = small_additive(0.001)
    assert maker.realise(np.array([0.5, 0.5, 1.0, 0.0024])) is None  # would be 0.45 %
    assert maker.realise(np.array([0.5, 0.5, 1.0, 0.001])) is not None  # none of it


@pytest.mark.parametrize("step_mL", [0.001, 0.01])
def test_slack_is_what_some_steps_of_a_dose_change(step_mL: float) -> None:
    maker = small_additive(step_mL)
    doses_g = {"DMC": 2.0, "EMC": 2.0, "salt": 2.0, "VC": 0.014}
    before = maker.space.point(maker.batches.as_made(doses_g).recipe)
    for stock in doses_g:
        step_g = step_mL * maker.batches.stocks[stock].density_g_mL
        after = maker.space.point(maker.batches.as_made({**doses_g, stock: doses_g[stock] + step_g}).recipe)
        assert (np.abs(after - before) <= 1.01 * maker.slack / STEPS).all()
    assert maker.slack.max() < 0.05


@pytest.mark.parametrize(("option", "dosed"), [(0.0, {"PC_1", "DMC"}), (1.0, {"PC_2", "DMC"})])
def test_lots_of_one_name_but_of_other_components_stay_in_use(option: float, dosed: set[str]) -> None:
    def bottle(name: str, component: str, lot: str) -> Stock:
        return Stock(name, {component: 1.0}, 1.1, 1000.0, 0.02, 0.001, 10.0, lot)

    stocks = [bottle("PC_1", "PC", "1"), bottle("PC_2", "PC", "2"), bottle("DMC", "DMC", "1")]
    space = SearchSpace({"PC": Bounds(0.1, 0.9), "DMC": Bounds(0.1, 0.9)}, settings=[lot_choice("PC", ("1", "2"))])
    maker = BatchMaker(space, BatchPlanner(stocks), 6.0)
    point = np.array([0.4, 0.6, option])
    assert maker.reachable(point[None, :])[0]
    made = maker.realise(point)
    assert made is not None
    spurned = spurned_lots(space.choices, space.settings(point))
    plan = maker.batches.without_lots(spurned).plan(space.recipe(made), 6.0)
    assert {dose.stock for dose in plan.doses} == dosed
