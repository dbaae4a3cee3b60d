"""Planners against each other on one problem: same budgets, same seeds, same noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from galvanaut.campaigns.benchmark.problem import Problem
from galvanaut.campaigns.benchmark.run import Make, run
from galvanaut.campaigns.benchmark.statistics import PairedRow, PlannerRow, paired_rows, planner_rows
from galvanaut.campaigns.benchmark.traces import Trace
from galvanaut.campaigns.planners import Planner, Task
from galvanaut.campaigns.planners.registry import planner
from galvanaut.campaigns.planners.threads import single_thread

_Job = tuple[Problem, str, int, int, int, int, Make]
"""Problem, planner, seed, budget, space-filling experiments, trials under way at a time, what makes the planner."""
Spread = Callable[[Callable[[_Job], Trace], Sequence[_Job]], list[Trace]]


@dataclass(frozen=True)
class Benchmark:
    """All runs, and what they say.

    Attributes:
        problem: its name.
        optimum: best true value.
        traces: one a planner and seed.
        rows: one a planner.
        pairs: the first planner against each other one.
    """

    problem: str
    optimum: float
    traces: tuple[Trace, ...]
    rows: tuple[PlannerRow, ...]
    pairs: tuple[PairedRow, ...]


def benchmark(
    problem: Problem,
    planners: Sequence[str],
    seeds: Sequence[int],
    budget: int = 40,
    initial: int = 8,
    parallel: int = 1,
    spread: Spread | None = None,
    make: Callable[[str, Task], Planner] = planner,
) -> Benchmark:
    """Every planner on every seed.

    Args:
        problem: what to optimise.
        planners: names; the first is compared with each of the others.
        seeds: one run each.
        budget: experiments a run.
        initial: space-filling ones among them.
        parallel: trials under way at a time.
        spread: does many jobs, wherever; one after the other by default. The result does not depend on it (processor
            times aside).
        make: makes planners by their name; it travels with the jobs.
    """
    optimum = problem.optimum  # before the problem travels: whoever has found it takes it along
    jobs = [
        (problem, name, seed, budget, initial, parallel, partial(make, name)) for seed in seeds for name in planners
    ]
    done = [_job(job) for job in jobs] if spread is None else spread(_job, jobs)
    traces = sorted(done, key=lambda trace: (list(planners).index(trace.planner), trace.seed))
    rows = tuple(planner_rows(traces, initial))
    return Benchmark(problem.name, optimum, tuple(traces), rows, tuple(paired_rows(traces)))


def _job(job: _Job) -> Trace:
    with single_thread():
        return run(*job)
