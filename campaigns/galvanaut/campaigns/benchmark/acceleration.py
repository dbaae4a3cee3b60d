"""How much sooner, and how much farther, than random recipes: acceleration and enhancement factors.

The words are those of Adesiji et al., Digital Discovery 2025, who review such figures of self-driving labs:
acceleration compares numbers of experiments, enhancement what was reached with as many. The formulas here are our
reading. Acceleration depends on the level asked for, by orders of magnitude; so it is never one number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.benchmark.problem import Problem
from galvanaut.campaigns.benchmark.score import simple_regret
from galvanaut.campaigns.benchmark.traces import CHECKPOINTS, Trace, experiments_to
from galvanaut.campaigns.planners.protocol import Array
from galvanaut.core.identifiers import generator

_DRAWS = 200_000
_RESAMPLES = 2000
_LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval over seeds; infinite or NaN where the runs do not give it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Space:
    """What random recipes of a space are worth.

    Attributes:
        median_regret: of all recipes that do not fail.
        share_95: of all recipes, those within 5 % of the optimum.
    """

    median_regret: float
    share_95: float

    @classmethod
    def of(cls, problem: Problem, draws: int = _DRAWS) -> Space:
        """By drawing recipes evenly over the volume; for problems in which one number decides."""
        regrets = simple_regret(problem, problem.true(problem.space.volume(draws, generator(0, "space", problem.name))))
        return cls(float(np.nanmedian(regrets)), float(np.mean(regrets <= 1.0 - _LEVEL)))

    @property
    def to_95(self) -> float:
        """Random experiments until, in half of all cases, one recipe is within 5 %; infinite if none was drawn."""
        return float(np.log(0.5) / np.log1p(-self.share_95)) if self.share_95 > 0.0 else float("inf")


@dataclass(frozen=True)
class Acceleration:
    """One planner against random recipes; "reached" means by the median over seeds.

    Attributes:
        planner: its name.
        at_random: experiments that random recipes need for what they reach with the whole budget, over those that the
            planner needs for as much; 0 if it never gets there.
        at_95: the same for 95 % of the optimum. Random recipes rarely get there within the budget, so their number
            follows from the share of such recipes in the space. None with several aims.
        enhancement: by number of experiments: how much better the planner's best recipe is than the median of the
            space, over the same for random recipes. Empty with several aims.
    """

    planner: str
    at_random: Interval
    at_95: Interval | None
    enhancement: Mapping[int, Interval]


def acceleration(ours: Sequence[Trace], random: Sequence[Trace], space: Space | None) -> Acceleration:
    """Of one planner's runs against those of random recipes.

    Args:
        ours: runs of the planner.
        random: runs of random recipes, with the same budget.
        space: see `Space`; None with several aims.
    """
    mine, theirs = (np.array([trace.regret for trace in traces]) for traces in (ours, random))
    found = _Resampled(mine, theirs)
    at_95 = None if space is None else found.interval(lambda a, b: _ratio(space.to_95, experiments_to(a, _LEVEL)))
    counts = [n for n in CHECKPOINTS if n <= mine.shape[1]] if space is not None else []
    enhancement = {n: found.interval(_enhancement(n, space)) for n in counts if space is not None}
    return Acceleration(ours[0].planner, found.interval(_at_random), at_95, enhancement)


def _at_random(mine: Array, theirs: Array) -> float:
    level = 1.0 - float(theirs[-1])
    return _ratio(experiments_to(theirs, level), experiments_to(mine, level))


def _ratio(theirs: float, mine: float) -> float:
    return 0.0 if np.isinf(mine) else theirs / mine


def _enhancement(count: int, space: Space) -> Callable[[Array, Array], float]:
    def factor(mine: Array, theirs: Array) -> float:
        return float((space.median_regret - mine[count - 1]) / (space.median_regret - theirs[count - 1]))

    return factor


class _Resampled:
    """Median courses of two planners, and those of resampled runs.

    Args:
        mine, theirs: regret, (runs, budget) each.
    """

    def __init__(self, mine: Array, theirs: Array) -> None:
        draw = generator(0, "acceleration", len(mine), len(theirs))
        self._whole = np.median(mine, axis=0), np.median(theirs, axis=0)
        self._parts = list(zip(_medians(mine, draw), _medians(theirs, draw), strict=True))

    def interval(self, figure: Callable[[Array, Array], float]) -> Interval:
        """A figure of both median courses."""
        values = [figure(*part) for part in self._parts]
        low, high = np.quantile(values, [0.025, 0.975], method="nearest")  # does not interpolate to infinity
        return Interval(figure(*self._whole), float(low), float(high))


def _medians(runs: Array, draw: np.random.Generator) -> Array:
    """Of resampled runs, (resamples, budget)."""
    return np.asarray(np.median(runs[draw.integers(len(runs), size=(_RESAMPLES, len(runs)))], axis=1))
