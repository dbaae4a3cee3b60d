"""Space-filling proposals: a scrambled Sobol sequence of recipes that can be made, blind to results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal
from galvanaut.campaigns.planners.making import reachable, realised
from galvanaut.campaigns.planners.protocol import Array, Maker, Observation, Proposal, Recommendation
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.identifiers import generator

_BLOCK = 64
_MOST = 4096
"""Points of the sequence that are tried at all."""


class SobolDesign:
    """The makeable points of a scrambled Sobol sequence over a search space; always the same for one seed.

    Args:
        space: search space.
        maker: what the bench can make; None for everything.
        seed: of the campaign.
    """

    def __init__(self, space: SearchSpace, maker: Maker | None, seed: int) -> None:
        self._space, self._maker = space, maker
        self._seed = int(generator(seed, "sobol").integers(2**31))
        self._stream = self._makeable()
        self._made: list[Array] = []  # kept, as each costs a batch plan

    def point(self, index: int) -> Array:
        """Number ``index`` of the design, from 0.

        Raises:
            NotMakeableError: the bench can make too little of the search space.
        """
        while len(self._made) <= index:
            made = next(self._stream, None)
            if made is None:
                raise NotMakeableError(
                    f"of {_MOST} recipes spread over the search space the bench can make {len(self._made)}, "
                    f"{index + 1} are needed; widen the bounds, add stocks, or use a larger batch"
                )
            self._made.append(made)
        return self._made[index]

    def _makeable(self) -> Iterator[Array]:
        for start in range(0, _MOST, _BLOCK):
            block = self._space.sobol(start + _BLOCK, self._seed)[start:]
            for point in block[reachable(self._maker, block)]:
                made = realised(self._maker, point)
                if made is not None:
                    yield made


class SobolPlanner:
    """Goes through a `SobolDesign`, whatever comes back.

    Args:
        task: the goal plays a part in `recommend` only.
    """

    def __init__(self, task: Task) -> None:
        self.space = task.space
        self._design = SobolDesign(task.space, task.maker, task.seed)
        self._task = task

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """Point number ``index`` of the sequence."""
        point = self._design.point(index)
        return blind_proposal(
            self.space, index, point, f"point {index + 1} of a Sobol sequence", "sobol", self._task.seed
        )

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The best measured recipe: there is no model to see through the noise."""
        return best_measured(observations, self._task.maximise, self._task.limits)
