from __future__ import annotations

import itertools

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.score import front, hypervolume, regret
from hill import Hill, Pit, Ridge

NAN = float("nan")


def test_regret_by_hand() -> None:
    values = np.array([[NAN], [5.0], [NAN], [4.0], [9.0]])
    assert regret(Hill(), values).tolist() == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.1])
    assert regret(Pit(maximise=False), np.array([[15.0], [10.0]])).tolist() == pytest.approx([0.5, 0.0])


def test_regret_of_several_aims_by_hand() -> None:
    values = np.array([[NAN, NAN], [5.0, 1.0], [10.0, 1.5], [-1.0, 0.5]])  # up from 0, down from 2
    assert regret(Ridge(), values).tolist() == pytest.approx([1.0, 1 - 5 / 15, 1 - 7.5 / 15, 1 - 7.5 / 15])


def test_front_keeps_what_nothing_beats() -> None:
    rows = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 1.0], [0.5, 3.0], [3.0, -1.0], [1.0, 3.0]])
    assert sorted(front(rows).tolist()) == [[1.0, 3.0], [2.0, 2.0]]


def test_nothing_good_in_everything_has_no_volume() -> None:
    assert hypervolume(np.array([[1.0, -1.0], [-1.0, 5.0]])) == 0.0


@pytest.mark.parametrize("aims", [1, 2, 3, 4])
def test_hypervolume_is_that_of_the_union_of_boxes(aims: int) -> None:
    rows = np.random.default_rng(aims).uniform(size=(5, aims))
    subsets = itertools.chain.from_iterable(itertools.combinations(rows, k) for k in range(1, 6))
    union = sum((-1) ** (len(each) + 1) * np.prod(np.min(each, axis=0)) for each in subsets)
    assert hypervolume(rows) == pytest.approx(union)
