"""Planners against each other on a problem whose truth is known: same budgets, same seeds, same noise.

Nothing of a bench takes part: a problem gives noisy values for points, and true ones for the score.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Maker, PlannerSession, Task, planner
from galvanaut.campaigns.regret import CHECKPOINTS, PairedRow, PlannerRow, Trace, paired_rows, planner_rows
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]


class Problem(Protocol):
    """Something to optimise. Must survive pickling, as runs are spread over processes."""

    @property
    def name(self) -> str:
        """For the table's title."""
        ...

    @property
    def space(self) -> SearchSpace:
        """Where to search."""
        ...

    @property
    def maker(self) -> Maker | None:
        """What can be made; None for everything."""
        ...

    @property
    def maximise(self) -> bool:
        """Whether more is better."""
        ...

    @property
    def optimum(self) -> float:
        """The best true value in the space; not zero, as regret is a fraction of it."""
        ...

    def measure(self, point: Array, noise: np.random.Generator) -> tuple[float, float | None]:
        """A noisy value at one point, and its variance as far as the measurement tells."""
        ...

    def true(self, points: Array) -> Array:
        """Noiseless values, (n, variables) to (n,)."""
        ...


_Job = tuple[Problem, str, int, int, int]
"""Problem, planner, seed, budget, space-filling experiments."""
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


def run(problem: Problem, planner_name: str, seed: int, budget: int = 40, initial: int = 8) -> Trace:
    """One campaign of ``budget`` experiments, one after the other.

    The noise of experiment ``n`` depends on ``seed`` and ``n`` alone, whichever planner asks.
    """
    task = Task(problem.space, problem.maker, seed, initial=initial, maximise=problem.maximise)
    session = PlannerSession(planner(planner_name, task))
    values, cpu_s = np.empty(budget), np.empty(budget)
    recommended: dict[int, float] = {}
    for done in range(budget):
        started = time.process_time()
        proposal = session.ask()
        cpu_s[done] = time.process_time() - started
        point = np.array(proposal.point)
        values[done] = problem.true(point[None, :])[0]
        value, variance = problem.measure(point, generator(seed, "measure", done))
        session.tell(done + 1, value, variance=variance)
        if done + 1 in CHECKPOINTS or done + 1 == budget:
            best = session.recommend()
            found = float("nan") if best is None else float(problem.true(np.array([best.point]))[0])
            recommended[done + 1] = float(_regret(problem, np.array(found)))
    regret = np.minimum.accumulate(_regret(problem, values))
    return Trace(planner_name, seed, regret, recommended, cpu_s)


def benchmark(
    problem: Problem,
    planners: Sequence[str],
    seeds: Sequence[int],
    budget: int = 40,
    initial: int = 8,
    spread: Spread | None = None,
) -> Benchmark:
    """Every planner on every seed.

    Args:
        problem: what to optimise.
        planners: names; the first is compared with each of the others.
        seeds: one run each.
        budget: experiments a run.
        initial: space-filling ones among them.
        spread: does many jobs, wherever; one after the other by default. The result does not depend on it (processor
            times aside).
    """
    jobs = [(problem, name, seed, budget, initial) for seed in seeds for name in planners]
    done = [_job(job) for job in jobs] if spread is None else spread(_job, jobs)
    traces = sorted(done, key=lambda trace: (list(planners).index(trace.planner), trace.seed))
    rows = tuple(planner_rows(traces, initial))
    return Benchmark(problem.name, problem.optimum, tuple(traces), rows, tuple(paired_rows(traces)))


def _job(job: _Job) -> Trace:
    from galvanaut.campaigns.planners.threads import single_thread

    with single_thread():
        return run(*job)


def _regret(problem: Problem, values: Array) -> Array:
    sign = 1.0 if problem.maximise else -1.0
    return np.asarray(sign * (problem.optimum - values) / abs(problem.optimum))
