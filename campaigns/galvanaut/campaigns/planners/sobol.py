"""Space-filling proposals: a scrambled Sobol sequence of recipes that can be made, blind to results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal
from galvanaut.campaigns.planners.making import reachable, realised
from galvanaut.campaigns.planners.protocol import Array, Maker, Observation, Proposal, Recommendation
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.identifiers import generator

Kind = Literal["sobol", "random"]
IN_WORDS: Mapping[Kind, str] = {
    "sobol": "scrambled Sobol",
    "random": "drawn at random, as the space is too thin for a Sobol sequence",
}
_BLOCK = 64
_MOST = 4096
"""Points of the sequence that are tried at all."""


class SobolDesign:
    """The makeable points of a scrambled Sobol sequence over a search space; always the same for one seed.

    In a space that is too thin for it, points drawn at random go on where the sequence ends, see `Region.sobol`.

    Args:
        space: search space.
        maker: what the bench can make; None for everything.
        seed: of the campaign.
    """

    def __init__(self, space: SearchSpace, maker: Maker | None, seed: int) -> None:
        self._space, self._maker = space, maker
        self._seed = int(generator(seed, "sobol").integers(2**31))
        self._stream = self._makeable()
        self._made: list[tuple[Array, Kind]] = []  # kept, as each costs a batch plan

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
        return self._made[index][0]

    def kind(self, index: int) -> Kind:
        """Where that point comes from.

        Raises:
            NotMakeableError: see `point`.
        """
        self.point(index)
        return self._made[index][1]

    def _makeable(self) -> Iterator[tuple[Array, Kind]]:
        for start in range(0, _MOST, _BLOCK):
            points, at_random = self._space.design(start + _BLOCK, self._seed)
            for row in start + np.flatnonzero(reachable(self._maker, points[start:])):
                made = realised(self._maker, points[row])
                if made is not None:
                    yield made, "random" if at_random[row] else "sobol"


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
        kind = self._design.kind(index)
        place = f"point {index + 1} of a Sobol sequence" if kind == "sobol" else f"point {index + 1}, {IN_WORDS[kind]}"
        return blind_proposal(self.space, index, self._design.point(index), place, kind, self._task.seed)

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The best measured recipe: there is no model to see through the noise."""
        return best_measured(observations, self._task.maximise, self._task.limits)
