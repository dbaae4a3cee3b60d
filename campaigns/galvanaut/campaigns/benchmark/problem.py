"""What planners are compared on: a problem gives noisy outcomes for points, and true values for the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Maker
from galvanaut.campaigns.space import SearchSpace

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Goal:
    """One objective.

    Attributes:
        name: of the quantity.
        maximise: whether more is better.
        worst: a value that is no good at all: the reference of the hypervolume where there are several objectives.
    """

    name: str
    maximise: bool = True
    worst: float = 0.0

    @property
    def sign(self) -> float:
        """1 to maximise, -1 to minimise."""
        return 1.0 if self.maximise else -1.0


@dataclass(frozen=True)
class Outcome:
    """What one experiment tells.

    Attributes:
        values: measured, one a goal; None where the recipe failed.
        variances: of the values, as far as the measurement tells.
        group: of experiments that share an unknown offset (a day, a batch of electrodes); None without.
    """

    values: tuple[float, ...] | None
    variances: tuple[float | None, ...]
    group: str | None = None


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
    def goals(self) -> tuple[Goal, ...]:
        """What is wanted, at least one thing."""
        ...

    @property
    def optimum(self) -> float:
        """The best true value in the space; with several goals, the hypervolume of the true front (see `score`).

        Not zero, as regret is a fraction of it.
        """
        ...

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        """Experiment ``number``, from 0, of run ``seed``; its noise depends on these two alone, whoever asks."""
        ...

    def true(self, points: Array) -> Array:
        """Noiseless values, (n, variables) to (n, goals); NaN for recipes that fail."""
        ...
