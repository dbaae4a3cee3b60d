import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.stockcone import StockCone
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.stocks import Stock

KEYS = ["EC", "PC", "DMC", "EMC", "LiPF6"]


@pytest.fixture(scope="session")
def compositions(stocks: list[Stock]) -> np.ndarray:
    return np.array([[stock.composition.get(key, 0.0) for key in KEYS] for stock in stocks])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 7))
def test_membership_agrees_with_nonnegative_least_squares(compositions: np.ndarray, seed: int, count: int) -> None:
    """Any subset of the stocks, also ones that span no volume; points inside, on faces and anywhere."""
    generator = np.random.default_rng(seed)
    chosen = compositions[generator.choice(len(compositions), count, replace=False)]
    inside = generator.dirichlet(np.full(count, 0.3), 10) @ chosen
    points = np.vstack([inside, generator.dirichlet(np.ones(len(KEYS)), 10), chosen])
    expected = [nnls(chosen.T, point)[1] < 1e-9 for point in points]
    assert StockCone.of(chosen).contains(points).tolist() == expected
    assert all(expected[:10])


def test_two_thousand_compositions_take_milliseconds(stocks: list[Stock], compositions: np.ndarray) -> None:
    planner = BatchPlanner(stocks)
    points = np.random.default_rng(1).dirichlet(np.ones(len(KEYS)), 2000)
    planner.reachable(points[:1], KEYS)
    start = time.process_time()
    mask = planner.reachable(points, KEYS)
    assert time.process_time() - start < 0.05
    assert 0 < mask.sum() < 2000


def test_the_mask_agrees_with_plans(stocks: list[Stock]) -> None:
    planner = BatchPlanner(stocks)
    points = np.random.default_rng(2).dirichlet(np.ones(len(KEYS)), 20)
    for point, is_reachable in zip(points, planner.reachable(points, KEYS), strict=True):
        recipe = Recipe(dict(zip(KEYS, point.tolist(), strict=True)))
        if is_reachable:
            assert planner.plan(recipe, 60.0).deviation < 1e-4
        else:
            with pytest.raises(NotMakeableError):
                planner.plan(recipe, 60.0, tolerance=1e-6)


def test_columns_may_come_in_any_order_and_miss_or_exceed_the_stocks(stocks: list[Stock]) -> None:
    planner = BatchPlanner(stocks)
    assert planner.reachable(np.array([[0.4, 0.6]]), ["DMC", "PC"]).tolist() == [True]
    with_vc = np.array([[0.4, 0.6, 0.0], [0.4, 0.5, 0.1]])
    assert planner.reachable(with_vc, ["DMC", "PC", "VC"]).tolist() == [True, False]


def test_solid_and_empty_stocks_do_not_count() -> None:
    ec = Stock("EC", {"EC": 1.0}, 1.32, 100.0, 0.05, 0.001, 50.0)
    dmc = Stock("DMC", {"DMC": 1.0}, 1.06, 0.0, 0.05, 0.001, 50.0)
    half = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert BatchPlanner([ec, dmc]).reachable(half, ["EC", "DMC"]).tolist() == [False, False]
    assert BatchPlanner([ec, dmc], dispensing_degC=45.0).reachable(half, ["EC", "DMC"]).tolist() == [False, True]
