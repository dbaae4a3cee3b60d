from __future__ import annotations

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.statistics import (
    Quartiles,
    bootstrap_of_mean,
    paired_rows,
    planner_rows,
)
from galvanaut.campaigns.benchmark.traces import Trace, experiments_to


def trace(planner: str, seed: int, regret: list[float]) -> Trace:
    values = np.array(regret)
    cpu_s = np.array([0.0, 0.0, *np.full(len(values) - 2, 0.1 * seed)])
    return Trace(planner, seed, values, {len(values): float(values[-1]) + 0.01}, cpu_s)


TRACES = [
    trace("ours", 1, [0.5, 0.2, 0.05, 0.01]),
    trace("ours", 2, [0.5, 0.04, 0.04, 0.04]),
    trace("ours", 3, [0.5, 0.5, 0.2, 0.1]),
    trace("random", 1, [0.5, 0.5, 0.5, 0.21]),
    trace("random", 2, [0.5, 0.5, 0.5, 0.24]),
    trace("random", 3, [0.5, 0.5, 0.5, 0.02]),
]


def test_experiments_to_a_level_count_from_one() -> None:
    assert experiments_to(np.array([0.5, 0.05, 0.01]), 0.95) == 2
    assert experiments_to(np.array([0.5, 0.05, 0.01]), 0.99) == 3
    assert experiments_to(np.array([0.5, 0.2]), 0.95) == float("inf")


def test_quartiles_interpolate() -> None:
    assert Quartiles.of([1.0, 2.0, 3.0, 4.0]) == Quartiles(1.75, 2.5, 3.25)


def test_rows_by_hand() -> None:
    ours, random = planner_rows(TRACES, initial=2)
    assert (ours.planner, ours.runs, random.planner) == ("ours", 3, "random")
    assert ours.tested[4] == Quartiles(0.025, 0.04, 0.07)
    assert ours.recommended[4].median == pytest.approx(0.05)
    assert ours.to_95.median == 3  # 3, 2 and never
    assert ours.to_95.share == pytest.approx(2 / 3)
    assert ours.to_99.median is None
    assert ours.to_99.share == pytest.approx(1 / 3)
    assert ours.cpu_s_per_ask == pytest.approx(0.2)
    assert random.to_95.median is None


def test_median_of_an_even_number_of_runs() -> None:
    two = [trace("ours", 1, [0.5, 0.01]), trace("ours", 2, [0.01, 0.01])]
    assert planner_rows(two, 0)[0].to_95.median == 1.5


def test_only_reached_checkpoints_are_reported() -> None:
    long = Trace("ours", 1, np.full(30, 0.1), dict.fromkeys((10, 20, 25, 30), 0.1), np.zeros(30))
    assert list(planner_rows([long], 8)[0].tested) == [10, 20, 25, 30]


def test_pairs_compare_run_by_run_of_one_seed() -> None:
    (row,) = paired_rows(TRACES)
    assert (row.planner, row.baseline, row.runs) == ("ours", "random", 3)
    assert row.difference == pytest.approx((0.20 + 0.20 - 0.08) / 3)
    assert row.low == pytest.approx(-0.08)  # all three draws of the same pair: one resample in 27
    assert row.high == pytest.approx(0.20)
    assert not row.is_clear


def test_seeds_that_only_one_planner_ran_are_left_out() -> None:
    (row,) = paired_rows(TRACES[:-1])
    assert row.runs == 2
    assert row.difference == pytest.approx(0.20)
    assert row.is_clear


def test_bootstrap_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, size=400)
    low, high = bootstrap_of_mean(values)
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)
    assert bootstrap_of_mean(values) == (low, high)
