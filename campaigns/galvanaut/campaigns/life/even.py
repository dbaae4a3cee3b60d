"""Points that fill a cube evenly and are always the same: draws without a random stream.

An additive recurrence with the generalised golden ratio (Roberts, "The unreasonable effectiveness of quasirandom
sequences", 2018).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import gammaincinv, ndtri

from galvanaut.campaigns.analysis.figures import Array

_TAIL = 5.0
"""Degrees of freedom of `student`."""


@cache
def uniform(count: int, dimensions: int) -> Array:
    """Between 0 and 1, (count, dimensions)."""
    golden = 2.0
    for _ in range(64):
        golden = (1 + golden) ** (1 / (dimensions + 1))
    steps = golden ** -np.arange(1.0, dimensions + 1)
    return np.asarray((0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0)


@cache
def normal(count: int, dimensions: int) -> Array:
    """Standard normal, (count, dimensions)."""
    return np.asarray(ndtri(uniform(count, dimensions)))


@cache
def student(count: int, dimensions: int) -> tuple[Array, Array]:
    """Multivariate t with 5 degrees of freedom: (count, dimensions), and log density but for a constant, (count,)."""
    cube = uniform(count, dimensions + 1)
    squares = 2 * gammaincinv(_TAIL / 2, cube[:, -1])
    draws = ndtri(cube[:, :-1]) * np.sqrt(_TAIL / squares)[:, None]
    density = -(_TAIL + dimensions) / 2 * np.log1p((draws**2).sum(axis=1) / _TAIL)
    return np.asarray(draws), np.asarray(density)
