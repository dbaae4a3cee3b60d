"""From a wish to a recipe that the bench makes exactly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners.protocol import Array, Maker


def reachable(maker: Maker | None, points: Array) -> NDArray[np.bool_]:
    """For each row, whether the bench may be able to make it; without a maker everything is."""
    return np.ones(len(points), dtype=bool) if maker is None else maker.reachable(points)


def realised(maker: Maker | None, point: Array) -> Array | None:
    """The nearest point that the bench makes exactly; None when there is none in the space, see `Maker.realise`."""
    return point if maker is None else maker.realise(point)


def realise_some(maker: Maker | None, points: Iterable[Array], wanted: int, attempts: int) -> list[Array]:
    """The first ``wanted`` of ``points`` that can be made, as they will be made; gives up after ``attempts``."""
    found: list[Array] = []
    for attempt, point in enumerate(points):
        if len(found) == wanted or attempt == attempts:
            break
        made = realised(maker, point)
        if made is not None:
            found.append(made)
    return found
