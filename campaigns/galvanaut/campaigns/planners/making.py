"""From a wish to a recipe that the bench makes exactly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners.protocol import Array, Maker
from galvanaut.campaigns.space import SearchSpace

OUTSIDE = 0.005
"""How far outside the search space the rounding of doses may carry a recipe (share, mol/kg): illustrative, of the
order of one dose step in a batch of a few grams."""


def reachable(maker: Maker | None, points: Array) -> NDArray[np.bool_]:
    """For each row, whether the bench may be able to make it; without a maker everything is."""
    return np.ones(len(points), dtype=bool) if maker is None else maker.reachable(points)


def realised(space: SearchSpace, maker: Maker | None, point: Array) -> Array | None:
    """The nearest point that the bench makes exactly; None when there is none within `OUTSIDE` of the space."""
    if maker is None:
        return point
    made = maker.realise(point)
    return made if made is not None and bool(space.feasible(made, OUTSIDE)[0]) else None


def realise_some(
    space: SearchSpace, maker: Maker | None, points: Iterable[Array], wanted: int, attempts: int
) -> list[Array]:
    """The first ``wanted`` of ``points`` that can be made, as they will be made; gives up after ``attempts``."""
    found: list[Array] = []
    for attempt, point in enumerate(points):
        if len(found) == wanted or attempt == attempts:
            break
        made = realised(space, maker, point)
        if made is not None:
            found.append(made)
    return found
