"""Random proposals: the baseline that every planner has to beat."""

from __future__ import annotations

from collections.abc import Sequence

from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal
from galvanaut.campaigns.planners.making import reachable, realise_some
from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal, Recommendation
from galvanaut.campaigns.planners.task import Task
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.identifiers import generator

_DRAWS = 64
_ROUNDS = 64


class RandomPlanner:
    """Draws evenly over the volume of the makeable search space.

    Args:
        task: the goal plays a part in `recommend` only.
    """

    def __init__(self, task: Task) -> None:
        self.space = task.space
        self._task = task

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """A point that depends on seed and index alone.

        Raises:
            NotMakeableError: of several thousand recipes the bench can make none.
        """
        draw = generator(self._task.seed, "random", index)
        for _ in range(_ROUNDS):
            points = self.space.volume(_DRAWS, draw)
            within = points[reachable(self._task.maker, points)]
            made = realise_some(self._task.maker, within, wanted=1, attempts=_DRAWS)
            if made:
                return blind_proposal(self.space, index, made[0], "drawn at random", "random", self._task.seed)
        raise NotMakeableError(f"the bench can make none of {_DRAWS * _ROUNDS} recipes drawn from the search space")

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The best measured recipe: there is no model to see through the noise."""
        return best_measured(observations, self._task.maximise, self._task.limits)
