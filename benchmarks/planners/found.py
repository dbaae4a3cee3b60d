"""What `run.py` has found so far, by problem and planner."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers import ENVIRONMENTS, WRONG
from problems import HELD_OUT, NAMES, problem
from run import RUNS_FILE

from galvanaut.campaigns.benchmark.acceleration import Acceleration, Space, acceleration
from galvanaut.campaigns.benchmark.statistics import PairedRow, PlannerRow, paired_rows, planner_rows
from galvanaut.campaigns.benchmark.traces import Trace

INITIAL = 8
OURS = ("ours", "ours-physics")
SHARED = dict.fromkeys(("ours-physics", *WRONG), 3)
"""How many recipes of the initial design a planner takes, if not all: with a prior ours asks its model after three."""

_EQUAL = 1e-5
"""Regrets that differ by less are the same: they are kept to a thousandth of a per cent."""


@dataclass(frozen=True)
class Result:
    """All planners on one problem.

    Attributes:
        problem: its name.
        parallel: trials under way at a time.
        traces: runs by planner.
        wrong: those of ours with a prior that is wrong.
        memory_MB: most of any run, by planner.
    """

    problem: str
    parallel: int
    traces: dict[str, list[Trace]]
    wrong: dict[str, list[Trace]]
    memory_MB: dict[str, float]

    @property
    def title(self) -> str:
        """For tables and plots."""
        more = f", {self.parallel} trials under way at a time" if self.parallel > 1 else ""
        return self.problem + (" (held out)" if self.problem in HELD_OUT else "") + more

    @property
    def rows(self) -> list[PlannerRow]:
        """One a planner."""
        return planner_rows([trace for runs in self.traces.values() for trace in runs], INITIAL)

    def against_random(self) -> dict[str, Acceleration]:
        """By planner; empty without runs of random recipes."""
        random = self.traces.get("random")
        if not random:
            return {}
        known = problem(self.problem)
        space = None if known.aims else Space.of(known)
        others = ((name, runs) for name, runs in self.traces.items() if name != "random")
        return {name: acceleration(runs, random, space) for name, runs in others}

    def lost(self) -> Iterator[PairedRow]:
        """Ours against others, where the others leave less regret, clearly or not."""
        for name in OURS:
            if name in self.traces:
                others = [trace for other, runs in self.traces.items() if other not in OURS for trace in runs]
                yield from (pair for pair in paired_rows([*self.traces[name], *others]) if pair.difference < -_EQUAL)

    def lost_medians(self) -> Iterator[tuple[str, float, str, float]]:
        """Ours with its median regret, and others with less; over all runs that each of them made."""
        medians = {name: float(np.median([trace.regret[-1] for trace in runs])) for name, runs in self.traces.items()}
        for name in OURS:
            for other, median in medians.items():
                if name in medians and other not in OURS and median < medians[name] - _EQUAL:
                    yield name, medians[name], other, median


def read(folder: Path) -> list[Result]:
    """What is there, in the order of problems and planners.

    Raises:
        SystemExit: two planners did not have the same initial design.
    """
    lines = [json.loads(line) for line in (folder / RUNS_FILE).read_text(encoding="utf-8").splitlines()]
    found: list[Result] = []
    for name in NAMES:
        for parallel in sorted({each["parallel"] for each in lines if each["problem"] == name}):
            these = [each for each in lines if each["problem"] == name and each["parallel"] == parallel]
            every = {planner: runs for planner in ENVIRONMENTS if (runs := _traces(these, planner))}
            compared = {planner: runs for planner, runs in every.items() if planner not in WRONG}
            wrong = {planner: runs for planner, runs in every.items() if planner in WRONG}
            memory = {planner: _most(these, planner) for planner in every}
            result = Result(name, parallel, compared, wrong, memory)
            if parallel == 1:
                _check_designs(result)
            found.append(result)
    return found


def _traces(lines: Sequence[dict[str, Any]], planner: str) -> list[Trace]:
    traces = [Trace.from_json(each) for each in lines if each["planner"] == planner]
    return sorted(traces, key=lambda trace: trace.seed)


def _most(lines: Sequence[dict[str, Any]], planner: str) -> float:
    return max((float(each["memory_MB"]) for each in lines if each["planner"] == planner), default=0.0)


def _check_designs(result: Result) -> None:
    """All planners begin with the same recipes, so their regret begins the same way."""
    first: dict[int, tuple[str, Any]] = {}
    for planner, traces in {**result.traces, **result.wrong}.items():
        for trace in traces:
            other, begin = first.setdefault(trace.seed, (planner, trace.regret))
            shared = min(SHARED.get(planner, INITIAL), SHARED.get(other, INITIAL))
            if not np.allclose(begin[:shared], trace.regret[:shared], atol=2e-5):
                sys.exit(f"{result.problem}, seed {trace.seed}: {planner} and {other} began with different recipes")
