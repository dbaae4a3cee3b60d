"""Figures for the goals of the comparison of planners, from runs whose courses are made up."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.acceleration import Interval
from galvanaut.campaigns.benchmark.traces import Trace

Modules = Callable[[str], ModuleType]
BUDGET = 12


def runs(planner: str, reached: list[int | None], left: float = 0.005) -> list[Trace]:
    """A run for each number: so many experiments until only ``left`` of regret is left; None for never."""
    courses = [np.where(np.arange(1, BUDGET + 1) >= (BUDGET + 1 if n is None else n), left, 0.4) for n in reached]
    return [Trace(planner, seed, course, {}, np.zeros(BUDGET)) for seed, course in enumerate(courses, start=1)]


@pytest.fixture
def lines(planners: Modules) -> Callable[..., list[str]]:
    def made(*results: Any) -> list[str]:
        return list(planners("goals").goals(results))

    return made


@pytest.fixture
def result(planners: Modules) -> Callable[..., Any]:
    def made(*traces: list[Trace], problem: str = "offsets", parallel: int = 1) -> Any:
        named = {each[0].planner: each for each in traces}
        wrong = {name: named.pop(name) for name in ("ours-flipped", "ours-misled") if name in named}
        return planners("found").Result(problem, parallel, named, wrong, {})

    return made


def test_experiments_to_a_level_are_compared_with_the_best_of_the_others(lines, result):
    physics, fast, slow = runs("ours-physics", [3, 4, 5]), runs("botorch", [8, 8, 8]), runs("ax", [12, None, None])
    found = lines(result(physics, runs("ours", [6, 6, None]), fast, slow))
    row = next(line for line in found if line.startswith("| offsets | 3 | 4 (100%)"))
    assert "| 6 (67%) | botorch | 8 (100%) | 0.5 [" in row


def test_what_others_never_reach_has_no_ratio(lines, result):
    found = "\n".join(lines(result(runs("ours-physics", [3, 4, 5]), runs("ax", [None, None, None]))))
    assert "| only the first |" in found
    found = "\n".join(lines(result(runs("ours-physics", [None] * 3), runs("ax", [None, None, None]))))
    assert "| neither |" in found


def test_only_seeds_that_both_ran_count(lines, result):
    found = lines(result(runs("ours", [3, 4, 5, 12]), runs("botorch", [4, None])))
    assert any(line.startswith("| offsets | 2 | 0.50 | 20.25 |") and line.endswith("| 100% | 50% |") for line in found)


def test_trials_under_way_and_wrong_priors_are_compared_with_ours_alone(lines, result):
    alone = result(runs("ours", [5, 5, 5]), runs("ours-flipped", [6, 6, None]))
    found = lines(alone, result(runs("ours", [7, 7, 7]), parallel=8))
    assert "| offsets | ours | 8 | 3 | 7 (100%) | 5 (100%) | 1.4 [1.4 to 1.4] | 1.4 [1.4 to 1.4] |" in found
    wrong = next(line for line in found if "| ours-flipped | 95 |" in line)
    assert "| 3 | 6 (67%) | 5 (100%) | 1.2 [" in wrong
    assert f"| {(6 + 6 + BUDGET + 1) / 15:.3g} [" in wrong


def test_a_table_shows_a_dash_where_no_random_recipe_gets_there(planners: Modules) -> None:
    interval = planners("table")._interval
    assert interval(Interval(3.0, 2.0, 4.0)) == "3 [2–4]"
    assert interval(Interval(math.inf, math.inf, math.inf)) == interval(Interval(0.0, 0.0, 1.0)) == "–"
