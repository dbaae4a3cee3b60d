"""A benchmark problem whose truth is a function: values, noise, offsets and failures are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from galvanaut.campaigns.benchmark.problem import Goal, Outcome
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
"""Points, (n, variables), to (n,)."""


@dataclass(frozen=True)
class Synthetic:
    """A problem of `galvanaut.campaigns.benchmark`.

    Attributes:
        name: for tables.
        space: search space.
        goals: what is wanted.
        truths: one a goal.
        priors: what may be known beforehand, one a goal, in the unit of the goal; planners need not use it.
        optimum: best true value, or hypervolume of the true front; found by `optima.py`.
        noise_sd: of each goal's measurement, by point; Gaussian.
        tells_variance: whether a measurement comes with its variance.
        fails: which recipes give no value; None if none does.
        group_size: so many successive experiments share an unknown offset; 0 for no groups.
        offset_sd: of that offset.
    """

    name: str
    space: SearchSpace
    goals: tuple[Goal, ...]
    truths: tuple[Function, ...]
    priors: tuple[Function, ...]
    optimum: float
    noise_sd: tuple[Function, ...]
    tells_variance: bool = False
    fails: Callable[[Array], NDArray[np.bool_]] | None = None
    group_size: int = 0
    offset_sd: float = 0.0

    maker = None

    def true(self, points: Array) -> Array:
        """Noiseless values, (n, variables) to (n, goals); NaN for recipes that fail."""
        values = np.column_stack([truth(points) for truth in self.truths])
        if self.fails is not None:
            values[self.fails(points)] = np.nan
        return values

    def prior(self, points: Array) -> Array:
        """What may be known beforehand, (n, variables) to (n, goals); it knows nothing of failures."""
        return np.column_stack([prior(points) for prior in self.priors])

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        """Experiment ``number``, from 0, of run ``seed``."""
        at = point[None, :]
        none: tuple[float | None, ...] = (None,) * len(self.goals)
        group = f"group-{number // self.group_size + 1}" if self.group_size else None
        true = self.true(at)[0]
        if np.isnan(true).any():
            return Outcome(None, none, group)
        sd = np.array([noise(at)[0] for noise in self.noise_sd])
        values = true + sd * generator(seed, "measure", number).normal(size=len(sd))
        if group is not None:
            values += self.offset_sd * generator(seed, "offset", group).normal(size=len(sd))
        told = tuple((sd**2).tolist()) if self.tells_variance else none
        return Outcome(tuple(values.tolist()), told, group)


@dataclass(frozen=True)
class Constant:
    """The same noise everywhere."""

    sd: float

    def __call__(self, points: Array) -> Array:
        """(n, variables) to (n,)."""
        return np.full(len(points), self.sd)
