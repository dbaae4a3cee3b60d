import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.campaigns.analysis.peers import compare


def agreements(*values, spread=0.1):
    named = {str(number): value for number, value in enumerate(values)}
    return [each.agreement for each in compare(named, spread).values()]


def test_one_of_three_can_be_told():
    assert agreements(1.0, 1.02, 2.0) == ["ok", "ok", "outlier"]
    assert agreements(1.0, 1.02, 1.3) == ["ok", "ok", "ok"]  # 2.8 spreads, though the other two agree closely


def test_two_that_differ_are_not_judged():
    assert agreements(1.0, 2.0) == ["disagree", "disagree"]
    assert agreements(1.0, 1.45) == ["ok", "ok"]
    assert agreements(1.0) == ["ok"]
    assert agreements() == []


def test_three_that_all_differ_have_no_outlier():
    assert agreements(1.0, 2.0, 3.0) == ["ok", "ok", "ok"]


def test_distance_is_from_the_median_in_standard_deviations():
    found = compare({"a": 1.0, "b": 1.0, "c": 1.5}, 0.1)["c"]
    assert (found.middle, found.distance) == (1.0, pytest.approx(5.0))


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=9), st.floats(0.01, 10))
def test_never_more_than_half_are_outliers(values, spread):
    assert agreements(*values, spread=spread).count("outlier") <= len(values) / 2


@given(st.integers(3, 8), st.integers(0, 2**32 - 1))
def test_cells_within_the_known_spread_are_hardly_ever_taken_out(count, seed):
    values = np.clip(np.random.default_rng(seed).normal(0, 0.1, count), -0.17, 0.17)
    assert set(agreements(*values)) == {"ok"}
