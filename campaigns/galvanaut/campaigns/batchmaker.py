"""What the bench can make, in the coordinates of a search space: the planners' view of a `BatchPlanner`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.lots import spurned_lots
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError

NEAREST = 0.02
"""How far, in any mass fraction, the recipe that is made may lie from the point wished for. Covers a wish for less than
the smallest dose of a component: none of it or one smallest dose is made instead (illustrative)."""


@dataclass(frozen=True)
class BatchMaker:
    """A `galvanaut.campaigns.planners.protocol.Maker` on stocks.

    Attributes:
        space: names the coordinates.
        batches: knows the stocks.
        mass_g: of each batch.
    """

    space: SearchSpace
    batches: BatchPlanner
    mass_g: float

    def reachable(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """For each row of ``points``, (n, variables), whether the stocks span it; limits of doses aside."""
        fractions, known = self.space.mass_fractions(points), self.space.components
        if not self.space.choices:
            return self.batches.reachable(fractions, known)
        kinds, kind = np.unique(points[:, -len(self.space.choices) :], axis=0, return_inverse=True)
        found = np.zeros(len(points), dtype=bool)
        for number in range(len(kinds)):
            rows = np.flatnonzero(kind == number)
            found[rows] = self._batches(points[rows[0]]).reachable(fractions[rows], known)
        return found

    def realise(self, point: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The nearest point that doses make exactly, or None. A realised point realises to itself."""
        try:
            made = self._batches(point).plan(self.space.recipe(point), self.mass_g, NEAREST).recipe
        except NotMakeableError:
            return None
        return self.space.point(made, self.space.settings(point))

    def _batches(self, point: NDArray[np.float64]) -> BatchPlanner:
        """With the lots that are chosen at a point."""
        return self.batches.without_lots(spurned_lots(self.space.choices, self.space.settings(point)))
