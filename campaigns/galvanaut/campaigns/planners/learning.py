"""What planners that learn have in common: a space-filling beginning, then a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal
from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal, Recommendation, in_order
from galvanaut.campaigns.planners.sobol import IN_WORDS, SobolDesign
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.planners.threads import single_thread

LEAST = 3
"""Successes from which a model is tried; before, the space-filling design goes on."""


class LearningPlanner(ABC):
    """Begins with a scrambled Sobol sequence and goes on with what a model proposes.

    Args:
        task: what it is set to.
    """

    def __init__(self, task: Task) -> None:
        self.space = task.space
        self._task = task
        self._design = SobolDesign(task.space, task.maker, task.seed)

    @abstractmethod
    def _learnt(self, index: int, ordered: list[Observation], pending: Sequence[Array]) -> Proposal:
        """What the model proposes; there are at least `LEAST` successes, and something to choose."""

    @abstractmethod
    def _best(self, ordered: list[Observation]) -> Recommendation:
        """What the model takes for the best tested recipe; there are at least `LEAST` successes."""

    @property
    def _initial(self) -> int:
        """Points of the initial design."""
        return self._task.initial

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """A point of the initial design, or what the model proposes.

        Raises:
            NotMakeableError: the bench can make nothing in the search space.
        """
        ordered = in_order(observations)
        if index < self._initial:
            origin = IN_WORDS[self._design.kind(index)]
            reason = f"initial design, point {index + 1} of {self._initial} ({origin})"
        elif self._too_little(ordered):
            reason = f"only {_successes(ordered)} values so far: the initial design goes on"
        else:
            with single_thread():
                return self._learnt(index, ordered, pending)
        point, kind = self._design.point(index), self._design.kind(index)
        return blind_proposal(self.space, index, point, reason, kind, self._task.seed)

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The tested recipe of highest expected value, which sees through noise.

        Up to `LEAST` values, the best measured one.
        """
        ordered = in_order(observations)
        if self._too_little(ordered):
            return best_measured(ordered, self._task.maximise, self._task.limits)
        with single_thread():
            return self._best(ordered)

    def _too_little(self, ordered: Sequence[Observation]) -> bool:
        return _successes(ordered) < LEAST or self.space.dof == 0


def _successes(observations: Sequence[Observation]) -> int:
    return sum(seen.status == "ok" for seen in observations)
