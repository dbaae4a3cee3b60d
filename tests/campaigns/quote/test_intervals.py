"""Intervals that hold for the next campaign."""

import numpy as np
import pytest

from galvanaut.campaigns.quote import chance, range_of


@pytest.mark.parametrize("count", [9, 12, 40])
def test_one_more_of_the_same_kind_lies_within_in_eight_of_ten_cases(count):
    draw, hits = np.random.default_rng(5), 0
    for _ in range(2000):
        *seen, fresh = draw.lognormal(size=count + 1).tolist()
        hits += range_of(seen).holds(fresh)
    assert hits / 2000 == pytest.approx(0.8, abs=0.03)


def test_what_never_varies_holds_itself():
    interval = range_of([420.0] * 3)
    assert interval.holds(420.00001)
    assert not interval.holds(421.0)


def test_nothing_has_no_interval():
    with pytest.raises(ValueError, match="no simulated campaign"):
        range_of([])


def test_a_chance_is_never_surer_than_so_few_campaigns_allow():
    assert chance(0, 12).low == 0.0
    assert 0.05 < chance(0, 12).high < 0.2
    assert chance(12, 12).high == 1.0
    half = chance(6, 12)
    assert half.low < half.median == 0.5 < half.high
