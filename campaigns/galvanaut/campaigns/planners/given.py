"""Recipes that a person wants tried, in front of and between those that a planner proposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.planners.baseline import blind_proposal
from galvanaut.campaigns.planners.making import realised
from galvanaut.campaigns.planners.protocol import Array, Observation, Planner, Proposal, Recommendation
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError


@dataclass(frozen=True)
class GivenRecipe:
    """A recipe and why it is tried, for the ledger."""

    recipe: Recipe
    reason: str


class GivenPlanner:
    """Any planner, with recipes that are given beforehand. They take the place of what it would have proposed then.

    Which asks they answer depends on the number of the ask alone: the reference every so often, and the others one
    after another at the first asks between.

    Args:
        planner: proposes all others, and recommends.
        task: what that is set to.
        first: recipes to begin with.
        reference: a recipe that is made again and again; None for none.
        every: asks 0, ``every``, 2 ``every`` and so on are answered with the reference.
    """

    def __init__(
        self,
        planner: Planner,
        task: Task,
        first: Sequence[GivenRecipe],
        reference: GivenRecipe | None = None,
        every: int = 1,
    ) -> None:
        self._planner, self._task = planner, task
        self._first, self._reference, self._every = list(first), reference, every

    @property
    def space(self) -> SearchSpace:
        """Where it searches."""
        return self._task.space

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """The recipe given for this ask, or what the planner proposes.

        Raises:
            NotMakeableError: the bench cannot make the recipe given, or anything.
        """
        given = self._given(index)
        if given is None:
            return self._planner.propose(index, observations, pending)
        point = realised(self._task.maker, self.space.point(given.recipe))
        if point is None:
            raise NotMakeableError(f"the bench cannot make {given.recipe.text()}, {given.reason}; refill its stocks")
        return blind_proposal(self.space, index, np.asarray(point), given.reason, "given", self._task.seed)

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """What the planner recommends."""
        return self._planner.recommend(observations)

    def _given(self, index: int) -> GivenRecipe | None:
        if self._reference is None:
            return self._first[index] if index < len(self._first) else None
        if index % self._every == 0:
            return self._reference
        number = index - index // self._every - 1
        return self._first[number] if number < len(self._first) else None
