"""What the bench can make, in the coordinates of a search space: the planners' view of a `BatchPlanner`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.batchplan import BatchPlanner
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
        return self.batches.reachable(self.space.mass_fractions(points), self.space.components)

    def realise(self, point: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The nearest point that doses make exactly, or None. A realised point realises to itself."""
        try:
            return self.space.point(self.batches.plan(self.space.recipe(point), self.mass_g, NEAREST).recipe)
        except NotMakeableError:
            return None
