"""One planner on one problem: trials one after the other, or several under way at a time."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable

import numpy as np

from galvanaut.campaigns.benchmark.memory import forget_peak, peak_MB
from galvanaut.campaigns.benchmark.problem import Problem, task
from galvanaut.campaigns.benchmark.score import regret, simple_regret
from galvanaut.campaigns.benchmark.traces import CHECKPOINTS, Trace
from galvanaut.campaigns.planners import Planner, PlannerSession, Task, planner
from galvanaut.campaigns.planners.protocol import Array
from galvanaut.core.identifiers import generator

Make = Callable[[Task], Planner]

_DURATION_SPREAD = 0.5
"""Of the logarithm of a trial's duration: lives of cells scatter about so much. Illustrative."""


def run(
    problem: Problem,
    name: str,
    seed: int,
    budget: int = 40,
    initial: int = 8,
    parallel: int = 1,
    make: Make | None = None,
) -> Trace:
    """One campaign of ``budget`` experiments.

    The noise of experiment ``n``, in the order asked, depends on ``seed`` and ``n`` alone, whichever planner asks, and
    so does its duration where several are under way. Experiments count in the order in which they end.

    Args:
        problem: what to optimise.
        name: of the planner.
        seed: of the run.
        budget: experiments.
        initial: space-filling ones among them.
        parallel: trials under way at a time; results come as the trials end, and the next one is asked for at once.
        make: makes the planner; by default the installed one called ``name``.
    """
    forget_peak()
    before_MB = peak_MB()
    wanted = task(problem, seed, initial)
    course = _Course(problem, PlannerSession(make(wanted) if make else planner(name, wanted)), seed, budget)
    under_way: list[tuple[float, int]] = []
    now = 0.0
    while course.ended < budget:
        while len(under_way) < parallel and course.asked < budget:
            heapq.heappush(under_way, (now + _duration(seed, course.asked), course.asked))
            course.ask()
        now, number = heapq.heappop(under_way)
        course.end(number)
    regrets = regret(problem, course.values)
    return Trace(name, seed, regrets, course.recommended, course.cpu_s, course.failures, _added(before_MB, peak_MB()))


def _added(before_MB: float | None, after_MB: float | None) -> float | None:
    return None if before_MB is None or after_MB is None else after_MB - before_MB


class _Course:
    """A run under way.

    Attributes:
        asked, ended: experiments so far.
        values: true ones in the order in which experiments ended, (budget, aims).
        cpu_s: processor time of each ask, (budget,).
        recommended: see `Trace`.
        failures: recipes that failed.
    """

    def __init__(self, problem: Problem, session: PlannerSession, seed: int, budget: int) -> None:
        self._problem, self._session, self._seed, self._budget = problem, session, seed, budget
        self._points: list[Array] = []
        self.ended = self.failures = 0
        self.values = np.full((budget, max(1, len(problem.aims))), np.nan)
        self.cpu_s = np.empty(budget)
        self.recommended: dict[int, float] = {}

    @property
    def asked(self) -> int:
        """Experiments begun."""
        return len(self._points)

    def ask(self) -> None:
        """Begin the next experiment."""
        started = time.process_time()
        proposal = self._session.ask()
        self.cpu_s[self.asked] = time.process_time() - started
        self._points.append(np.array(proposal.point))

    def end(self, number: int) -> None:
        """End experiment ``number``."""
        point = self._points[number]
        outcome = self._problem.measure(point, self._seed, number)
        self.values[self.ended] = self._problem.true(point[None, :])[0]
        self.failures += outcome.measured is None
        self._session.hear(outcome.observation(number + 1, point))
        self.ended += 1
        if not self._problem.aims and (self.ended in CHECKPOINTS or self.ended == self._budget):
            self.recommended[self.ended] = self._recommended()

    def _recommended(self) -> float:
        best = self._session.recommend()
        if best is None:
            return float("nan")
        return float(simple_regret(self._problem, self._problem.true(np.array([best.point])))[0])


def _duration(seed: int, number: int) -> float:
    """Of experiment ``number``; the unit does not matter."""
    return float(np.exp(_DURATION_SPREAD * generator(seed, "duration", number).normal()))
