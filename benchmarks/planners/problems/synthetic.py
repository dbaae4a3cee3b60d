"""A benchmark problem whose truth is a function: values, noise, offsets and failures are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.benchmark.problem import Outcome
from galvanaut.campaigns.planners import Aim, Belief, Measured
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
"""Points, (n, variables), to (n,)."""


@dataclass(frozen=True)
class Synthetic:
    """A problem of `galvanaut.campaigns.benchmark`; more is always better.

    Attributes:
        name: for tables.
        space: search space.
        truths: of the one number that decides, or one an aim.
        beliefs: what may be known beforehand, in the same order; it knows nothing of failures.
        optimum: best true value, or hypervolume of the true front; found by `optima.py`.
        noise_sd: standard deviation of a measurement by point, in the same order; Gaussian.
        aims: several objectives; empty for one number.
        tells_variance: whether a measurement comes with its variance.
        fails: which recipes give no value; None if none does.
        group_size: so many successive experiments share an unknown offset; 0 for no groups.
        offset_sd: of that offset.
    """

    name: str
    space: SearchSpace
    truths: tuple[Function, ...]
    beliefs: tuple[Belief, ...]
    optimum: float
    noise_sd: tuple[Function, ...]
    aims: tuple[Aim, ...] = ()
    tells_variance: bool = False
    fails: Callable[[Array], NDArray[np.bool_]] | None = None
    group_size: int = 0
    offset_sd: float = 0.0

    maker = None
    maximise = True

    def true(self, points: Array) -> Array:
        """Noiseless values, (n, variables) to (n, truths); NaN for recipes that fail."""
        values = np.column_stack([truth(points) for truth in self.truths])
        if self.fails is not None:
            values[self.fails(points)] = np.nan
        return values

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        """Experiment ``number``, from 0, of run ``seed``."""
        at = point[None, :]
        group = f"group-{number // self.group_size + 1}" if self.group_size else ""
        true = self.true(at)[0]
        if np.isnan(true).any():
            return Outcome(None, group=group)
        sd = np.array([noise(at)[0] for noise in self.noise_sd])
        values = true + sd * generator(seed, "measure", number).normal(size=len(sd))
        if group:
            values += self.offset_sd * generator(seed, "offset", group).normal(size=len(sd))
        pairs = zip(values.tolist(), (sd**2).tolist(), strict=True)
        told = [Measured(value, variance if self.tells_variance else None) for value, variance in pairs]
        if not self.aims:
            return Outcome(told[0], group=group)
        quantities = {aim.name: each for aim, each in zip(self.aims, told, strict=True)}
        return Outcome(Measured(_compromise(self.aims, values)), quantities, group)


def _compromise(aims: tuple[Aim, ...], values: Array) -> float:
    """One number for planners that know only one: the geometric mean of how far each aim is from worst to best."""
    reached = [(value - aim.worst) / (aim.best - aim.worst) for aim, value in zip(aims, values.tolist(), strict=True)]
    return float(np.prod(np.maximum(reached, 0.0)) ** (1.0 / len(reached)))


@dataclass(frozen=True)
class Constant:
    """The same noise everywhere."""

    sd: float

    def __call__(self, points: Array) -> Array:
        """(n, variables) to (n,)."""
        return np.full(len(points), self.sd)
