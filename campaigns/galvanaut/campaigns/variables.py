"""What a search varies: amounts of components within bounds, and settings of the procedure beside the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.constraints import CountConstraint, LinearConstraint

Array = NDArray[np.float64]

TRACE = 1e-6
"""The least that counts as a component that may also be absent, where its low bound is 0 (share, mol/kg): far below any
dose, far above arithmetic noise."""
NOTHING = 1e-9
"""Not more than this is arithmetic noise: the component is absent."""


class Bounds(NamedTuple):
    """Lowest and highest value of one variable."""

    low: float
    high: float


@dataclass(frozen=True)
class Setting:
    """A number of the procedure that the planner chooses, between ``low`` and ``high``."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """One of several ``options`` that the planner chooses."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Conditions:
    """What binds the numeric variables of a search space.

    Attributes:
        names: components, then settings.
        bounds: low and high, (names, 2).
        shares: 1 for the solvents, whose values sum to 1, else 0, (names,).
        linear: inequalities.
        counts: how many of some components are present.
        optional: columns of the components that are 0 or within their bounds.
    """

    names: tuple[str, ...]
    bounds: Array
    shares: Array
    linear: tuple[LinearConstraint, ...]
    counts: tuple[CountConstraint, ...]
    optional: tuple[int, ...]

    @property
    def least(self) -> Array:
        """Lowest values of what is present, (names,)."""
        low = self.bounds[:, 0].copy()
        low[list(self.optional)] = np.maximum(low[list(self.optional)], TRACE)
        return low

    def present(self, point: Array) -> frozenset[int]:
        """Columns of the optional components that a point holds."""
        return frozenset(column for column in self.optional if point[column] > NOTHING)

    def fulfilled(self, points: Array, tolerance: float | Array) -> NDArray[np.bool_]:
        """For each row, whether its optional components are absent or enough, and as many as the counts say.

        The counts know no tolerance. The other conditions are those of a region.
        """
        held = points > NOTHING
        few = held & (points < self.least - tolerance)
        fine = ~few[:, list(self.optional)].any(axis=1)
        for count in self.counts:
            number = held[:, [self.names.index(name) for name in count.names]].sum(axis=1)
            fine &= (number >= count.least) & (number <= count.most)
        return np.asarray(fine)
