"""Which compositions lie between the stocks: the cone (in mass fractions, the convex hull) that they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE = 1e-9
"""Arithmetic noise in mass fractions; a composition on the boundary is reachable."""


@dataclass(frozen=True)
class StockCone:
    """The convex hull of stock compositions, as the affine space that it fills and its facets therein.

    Attributes:
        centre: mean composition of the stocks, (k,).
        along: orthonormal directions in which the stocks differ, (r, k).
        facets: outward normals in those directions and offsets, (f, r + 1); a point is inside where
            ``normal @ position + offset <= 0`` for all.
    """

    centre: Array
    along: Array
    facets: Array

    @classmethod
    def of(cls, compositions: Array) -> Self:
        """The hull of the rows of ``compositions``, (stocks, k) mass fractions; at least one row."""
        centre = compositions.mean(axis=0)
        _, sizes, directions = np.linalg.svd(compositions - centre, full_matrices=False)
        along = directions[sizes > TOLERANCE]
        positions = (compositions - centre) @ along.T
        return cls(centre, along, _facets(positions))

    def contains(self, compositions: Array) -> NDArray[np.bool_]:
        """For each row of ``compositions``, (n, k) mass fractions, whether some mixture of the stocks has it."""
        offsets = compositions - self.centre
        positions = offsets @ self.along.T
        in_space = np.abs(offsets - positions @ self.along).max(axis=1, initial=0.0) <= TOLERANCE
        beyond = positions @ self.facets[:, :-1].T + self.facets[:, -1]
        return np.asarray(in_space & (beyond.max(axis=1, initial=-np.inf) <= TOLERANCE))


def _facets(positions: Array) -> Array:
    dimensions = positions.shape[1]
    if dimensions == 0:
        return np.empty((0, 1))
    if dimensions == 1:
        return np.array([[1.0, -positions.max()], [-1.0, positions.min()]])
    from scipy.spatial import ConvexHull

    return np.unique(np.asarray(ConvexHull(positions).equations, dtype=np.float64), axis=0)
