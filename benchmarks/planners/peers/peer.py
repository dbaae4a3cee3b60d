"""What the other libraries have in common here: the same initial design, and one table of what was seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Observation, Proposal, Recommendation, Task
from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal
from galvanaut.campaigns.planners.protocol import in_order
from galvanaut.campaigns.planners.sobol import SobolDesign
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]

_LEAST = 3
"""Successes from which a library is asked; before, the initial design goes on."""


@dataclass(frozen=True)
class Seen:
    """All that ended.

    Attributes:
        points: of successes, (n, variables).
        values: measured, (n, aims), or (n, 1) where one number decides.
        variances: as told, like ``values``; NaN where nothing was told.
        scalar: the number that decides, (n,).
        failed: points of recipes that failed, (m, variables).
    """

    points: Array
    values: Array
    variances: Array
    scalar: Array
    failed: Array

    @classmethod
    def of(cls, task: Task, observations: Sequence[Observation]) -> Seen:
        """By trial number."""
        ordered = in_order(observations)
        good = [seen for seen in ordered if seen.status == "ok"]
        names = [aim.name for aim in task.aims] or [""]
        measured = [[each for name in names if (each := seen.measured(name)) is not None] for seen in good]
        failed = [seen.point for seen in ordered if seen.status == "failed_recipe"]
        nothing = np.empty((0, len(task.space.names)))
        return cls(
            np.array([seen.point for seen in good]) if good else nothing,
            np.array([[each.value for each in row] for row in measured]),
            np.array([[np.nan if each.variance is None else each.variance for each in row] for row in measured]),
            np.array([seen.value for seen in good]),
            np.array(failed) if failed else nothing,
        )

    @property
    def with_worst(self) -> tuple[Array, Array]:
        """Points and numbers that decide, failures as bad as the worst success: (n + m, variables) and (n + m,)."""
        worst = np.full(len(self.failed), self.scalar.min())
        return np.vstack([self.points, self.failed]), np.concatenate([self.scalar, worst])


class Peer(ABC):
    """A planner that asks another library; more is always better.

    Each library is started anew for each question, told all that was seen, and asked for one recipe.

    Args:
        task: the problem.
    """

    name: str

    def __init__(self, task: Task) -> None:
        self.task, self.space = task, task.space
        self._design = SobolDesign(task.space, task.maker, task.seed)

    @abstractmethod
    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """A feasible point."""

    def best(self, seen: Seen) -> int | None:
        """The row of ``seen.points`` that the library's model takes for the best; None if it cannot say."""
        return None

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """A point of the initial design, or what the library suggests."""
        successes = sum(seen.status == "ok" for seen in observations)
        if index < self.task.initial or successes < _LEAST:
            point = self._design.point(index)
        else:
            seed = int(generator(self.task.seed, self.name, index).integers(2**31))
            point = self.suggest(Seen.of(self.task, observations), pending, seed)
        return blind_proposal(self.space, index, point, self.name, self.name, self.task.seed)

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The tested recipe of the highest expected value where the library gives one, else the best measured one."""
        good = [seen for seen in in_order(observations) if seen.status == "ok"]
        row = self.best(Seen.of(self.task, observations)) if len(good) >= _LEAST else None
        if row is None:
            return best_measured(observations, self.task.maximise)
        return Recommendation(good[row].point, float(good[row].value or 0.0), None, good[row].trial)


class Design(Peer):
    """The initial design, then a Sobol sequence that goes on, or random recipes."""

    def __init__(self, task: Task, name: str) -> None:
        super().__init__(task)
        self.name = name

    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """The next point; what was seen plays no part."""
        if self.name == "sobol":
            return self._design.point(len(seen.points) + len(seen.failed) + len(pending))
        return np.asarray(self.space.volume(1, np.random.default_rng(seed))[0])
