"""Fronts and hypervolumes: by hand, against brute force, and what must hold for any results."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from galvanaut.campaigns.analysis.pareto import hypervolume, non_dominated

STEPS = st.integers(-2, 6).map(float)  # few different values, so that equal ones are common


def results(objectives):
    return st.integers(0, 9).flatmap(lambda n: arrays(float, (n, objectives), elements=STEPS))


any_results = st.integers(1, 4).flatmap(results)


def test_by_hand():
    gains = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [1.5, 1.5], [1.0, 3.0]])
    assert non_dominated(gains).tolist() == [True, True, True, False, True]
    assert hypervolume(gains, np.zeros(2)) == 6.0
    assert hypervolume(gains, np.array([1.0, 1.0])) == 1.0
    assert hypervolume(np.array([[2.0, 3.0, 4.0], [4.0, 3.0, 2.0]]), np.zeros(3)) == 24.0 + 24.0 - 12.0
    assert hypervolume(np.empty((0, 3)), np.zeros(3)) == 0.0


@given(any_results)
def test_the_front_is_what_the_definition_says(gains):
    for row, is_on_front in zip(gains, non_dominated(gains), strict=True):
        beaten = any((other >= row).all() and (other > row).any() for other in gains)
        assert is_on_front != beaten


@given(any_results)
def test_the_volume_is_the_number_of_cells_of_a_grid_that_are_beaten(gains):
    corners = itertools.product(*[np.arange(6)] * gains.shape[1])
    covered = sum(bool((gains >= np.array(corner) + 1.0).all(axis=1).any()) for corner in corners)
    assert hypervolume(gains, np.zeros(gains.shape[1])) == pytest.approx(covered)


@given(results(3), arrays(float, (1, 3), elements=st.floats(-2, 6)))
def test_one_more_result_never_takes_anything_away(gains, another):
    before, after = (hypervolume(each, np.zeros(3)) for each in (gains, np.vstack([gains, another])))
    assert after >= before - 1e-9
    if not non_dominated(np.vstack([gains, another]))[-1]:
        assert after == pytest.approx(before)


@given(results(3), st.permutations(range(3)))
def test_neither_the_order_of_results_nor_of_objectives_matters(gains, order):
    volume = hypervolume(gains, np.zeros(3))
    assert hypervolume(gains[::-1][:, list(order)], np.zeros(3)) == pytest.approx(volume)
