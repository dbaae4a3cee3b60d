"""Random proposals: the baseline that every planner has to beat."""

from __future__ import annotations

from collections.abc import Sequence

from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal
from galvanaut.campaigns.planners.making import reachable, realise_some
from galvanaut.campaigns.planners.protocol import Array, Maker, Observation, Proposal, Recommendation
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.identifiers import generator

_DRAWS = 64
_ROUNDS = 64


class RandomPlanner:
    """Draws evenly over the volume of the makeable search space.

    Args:
        space: search space.
        maker: what the bench can make; None for everything.
        seed: of the campaign.
        maximise: whether more is better; only `recommend` asks.
    """

    def __init__(self, space: SearchSpace, maker: Maker | None = None, seed: int = 0, *, maximise: bool = True) -> None:
        self.space = space
        self._maker, self._seed, self._maximise = maker, seed, maximise

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """A point that depends on seed and index alone.

        Raises:
            NotMakeableError: of several thousand recipes the bench can make none.
        """
        draw = generator(self._seed, "random", index)
        for _ in range(_ROUNDS):
            points = self.space.volume(_DRAWS, draw)
            within = points[reachable(self._maker, points)]
            made = realise_some(self.space, self._maker, within, wanted=1, attempts=_DRAWS)
            if made:
                return blind_proposal(self.space, index, made[0], "drawn at random", "random", self._seed)
        raise NotMakeableError(f"the bench can make none of {_DRAWS * _ROUNDS} recipes drawn from the search space")

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The best measured recipe: there is no model to see through the noise."""
        return best_measured(observations, self._maximise)
