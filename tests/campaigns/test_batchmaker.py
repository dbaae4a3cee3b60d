from pathlib import Path

import numpy as np
import pytest

from galvanaut.campaigns.batchmaker import NEAREST, BatchMaker
from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.campaignfile import load_campaign
from galvanaut.campaigns.space import SearchSpace
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
