from __future__ import annotations

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.acceleration import Space, acceleration
from galvanaut.campaigns.benchmark.traces import Trace
from hill import Cliff, Hill

SPACE = Space(median_regret=0.5, share_95=0.01)


def runs(planner: str, *courses: list[float]) -> list[Trace]:
    return [Trace(planner, seed, np.array(each), {}, np.zeros(len(each))) for seed, each in enumerate(courses)]


def course(*levels: tuple[int, float]) -> list[float]:
    return [value for count, value in levels for _ in range(count)]


RANDOM = runs("random", *[course((5, 0.4), (15, 0.2))] * 3)
OURS = runs("ours", *[course((2, 0.4), (10, 0.1), (8, 0.02))] * 3)


def test_factors_by_hand() -> None:
    found = acceleration(OURS, RANDOM, SPACE)
    assert found.planner == "ours"
    assert found.at_random.value == pytest.approx(6 / 3)
    assert found.at_95 is not None
    assert found.at_95.value == pytest.approx(np.log(0.5) / np.log(0.99) / 13)
    assert found.enhancement[10].value == pytest.approx((0.5 - 0.1) / (0.5 - 0.2))
    assert found.enhancement[20].value == pytest.approx((0.5 - 0.02) / (0.5 - 0.2))
    assert (found.at_random.low, found.at_random.high) == (2.0, 2.0)  # all seeds alike


def test_a_planner_that_never_gets_there_accelerates_nothing() -> None:
    worse = runs("worse", *[course((20, 0.3))] * 3)
    found = acceleration(worse, RANDOM, SPACE)
    assert found.at_random.value == 0.0
    assert found.at_95 is not None
    assert found.at_95.value == 0.0


def test_intervals_hold_what_resampled_seeds_give() -> None:
    mixed = runs("mixed", course((2, 0.4), (18, 0.1)), course((4, 0.4), (16, 0.1)), course((8, 0.4), (12, 0.1)))
    found = acceleration(mixed, RANDOM, SPACE).at_random
    assert found.low == pytest.approx(6 / 9)
    assert found.value == pytest.approx(6 / 5)
    assert found.high == pytest.approx(6 / 3)


def test_several_aims_have_no_space() -> None:
    found = acceleration(OURS, RANDOM, None)
    assert found.at_95 is None
    assert found.enhancement == {}


def test_a_level_that_no_random_recipe_reaches_counts_as_infinite() -> None:
    assert Space(0.5, 0.0).to_95 == float("inf")


def test_space_counts_failures_as_misses_and_leaves_them_out_of_the_median() -> None:
    whole, cut = Space.of(Hill(), 4000), Space.of(Cliff(), 4000)
    assert 0.0 < cut.share_95 < whole.share_95 < 0.2
    assert 0.0 < whole.median_regret < 0.5
    assert np.isfinite(cut.median_regret)
