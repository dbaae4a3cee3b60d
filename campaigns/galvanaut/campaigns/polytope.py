"""A convex region between planes, and random points in it, on its faces and around a given point.

A mixture with bounds and linear constraints is such a region. The best recipe often lies on one of its faces, edges
or corners, where points drawn evenly over the volume never fall; hence `Polytope.boundary`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE = 1e-9
"""Arithmetic noise: a point that breaks a plane by less lies on it."""


class EmptyRegionError(ValueError):
    """No point fulfils all conditions."""


class Polytope:
    """The points ``x`` with ``lower <= x <= upper``, ``rows @ x <= limits`` and ``equal @ x = total``.

    Args:
        lower: lowest values, (d,).
        upper: highest values, (d,).
        rows: one inequality a row, (m, d).
        limits: their right-hand sides, (m,).
        equal: normal of the equality, (d,); zeros for none.
        total: its right-hand side.
        at_once: solve one linear programme for all planes instead of one for each. That takes a quarter of the time,
            but of points that lie equally deep it may find others, so that random points of the region differ.

    Attributes:
        low, high: the lowest and highest value that each coordinate really takes in the region, (d,).
        free: which coordinates can vary at all, (d,).
        dof: degrees of freedom; 0 for a single point.
        interior: a point away from every plane that can be left.

    Raises:
        EmptyRegionError: no point fulfils all.
    """

    def __init__(
        self,
        lower: Array,
        upper: Array,
        rows: Array,
        limits: Array,
        equal: Array,
        total: float,
        *,
        at_once: bool = False,
    ) -> None:
        d = len(lower)
        self._rows = np.vstack([-np.eye(d), np.eye(d), rows.reshape(-1, d)])
        self._limits = np.concatenate([-lower, upper, limits])
        self._equal, self._total = equal, total
        farthest = self._all_farthest() if at_once else np.array([self._farthest(row) for row in self._rows])
        slack = self._limits - np.einsum("md,md->m", self._rows, farthest)
        self.high = farthest[np.arange(d), np.arange(d)]
        self.low = farthest[np.arange(d, 2 * d), np.arange(d)]
        self.free = self.high - self.low > TOLERANCE
        self.interior: Array = farthest.mean(axis=0)
        self._span = np.where(self.free, self.high - self.low, 1.0)
        self._prepare(slack <= TOLERANCE)

    def _farthest(self, row: Array) -> Array:
        """The point of the region that lies deepest below the plane ``row``."""
        has_equality = bool(np.any(self._equal))
        return _lowest(
            row,
            A_ub=self._rows,
            b_ub=self._limits,
            A_eq=self._equal[None, :] if has_equality else None,
            b_eq=[self._total] if has_equality else None,
            bounds=(None, None),
        )

    def _all_farthest(self) -> Array:
        """The same for all planes, (planes, d): copies of the region side by side, one for each plane."""
        from scipy.sparse import block_diag

        d, count = len(self._equal), len(self._rows)
        rows, limits = self._rows[2 * d :], self._limits[2 * d :]
        has_equality = bool(np.any(self._equal))
        bounds = np.column_stack([-self._limits[:d], self._limits[d : 2 * d]])
        found = _lowest(
            self._rows.ravel(),
            A_ub=block_diag([rows] * count, format="csr") if len(rows) else None,
            b_ub=np.tile(limits, count) if len(rows) else None,
            A_eq=block_diag([self._equal[None, :]] * count, format="csr") if has_equality else None,
            b_eq=np.full(count, self._total) if has_equality else None,
            bounds=np.tile(bounds, (count, 1)),
        )
        return found.reshape(count, d)

    def _prepare(self, always_tight: NDArray[np.bool_]) -> None:
        """Directions that stay in the region's plane, and the planes that can be hit, in coordinates scaled to 0-1."""
        held = np.vstack([self._equal, self._rows[always_tight]]) * self._span
        held = np.vstack([held, np.diag(np.where(self.free, 0.0, 1.0))])
        _, sizes, directions = np.linalg.svd(held)
        rank = int(np.sum(sizes > TOLERANCE))
        self._tangent = np.asarray(directions[rank:], dtype=np.float64)  # (dof, d)
        self.dof = len(self._tangent)
        normals = self._rows[~always_tight] * self._span
        heights = self._limits[~always_tight] - self._rows[~always_tight] @ self.low
        lengths = np.maximum(np.linalg.norm(normals, axis=1), TOLERANCE)
        self._normals, self._heights = normals / lengths[:, None], heights / lengths

    def scaled(self, points: Array) -> Array:
        """Coordinates from 0 (lowest) to 1 (highest value in the region); 0 for those that cannot vary."""
        return np.asarray((points - self.low) / self._span)

    def contains(self, points: Array, tolerance: float | Array = TOLERANCE) -> NDArray[np.bool_]:
        """For each row, whether it breaks no condition by more than ``tolerance``.

        Args:
            points: (n, d).
            tolerance: of every condition, or of every variable, (d,): a condition then allows what these come to in it.
        """
        by_row, of_sum = tolerance, tolerance
        if isinstance(tolerance, np.ndarray):
            by_row, of_sum = np.abs(self._rows) @ tolerance, np.abs(self._equal) @ tolerance
        inside = (points @ self._rows.T <= self._limits + by_row).all(axis=1)
        return np.asarray(inside & (np.abs(points @ self._equal - self._total) <= of_sum))

    def sample(self, n: int, generator: np.random.Generator, steps: int = 20) -> Array:
        """Points spread evenly over the volume, (n, d): ``n`` hit-and-run walks of ``steps`` chords each.

        Smith, Operations Research 32 (1984) 1296: the walk's distribution tends to the uniform one.
        """
        at = np.repeat(self.scaled(self.interior)[None, :], n, axis=0)
        for _ in range(steps if self.dof else 0):
            direction = self._directions(n, generator)
            forward, backward = self._reach(at, direction)[0], self._reach(at, -direction)[0]
            at += (generator.uniform(size=n) * (forward + backward) - backward)[:, None] * direction
        return self._unscaled(at)

    def boundary(self, n: int, generator: np.random.Generator) -> Array:
        """Points on faces, edges, ... down to corners, (n, d), each kind equally often.

        From a point inside, shoot at random until a plane is hit, then go on within that plane.
        """
        at = self.scaled(self.sample(n, generator))
        hits = generator.integers(1, self.dof + 1, size=n) if self.dof else np.zeros(n, dtype=np.int64)
        planes = np.zeros((n, self.dof, at.shape[1]))  # orthonormal normals of the planes hit so far
        for k in range(self.dof):
            active = np.flatnonzero(hits > k)
            direction = _without(self._directions(len(active), generator), planes[active])
            distance, plane = self._reach(at[active], direction)
            at[active] += distance[:, None] * direction
            normal = self._normals[plane] @ self._tangent.T @ self._tangent
            planes[active, k] = _unit(_without(normal, planes[active]))
        return self._unscaled(at)

    def neighbours(self, point: Array, scale: float, n: int, generator: np.random.Generator) -> Array:
        """Points around ``point``, (n, d), some ``scale`` away (1 is the width of the region); steps end at its faces.

        ``point`` may lie outside; it is moved towards the interior first.
        """
        start = self.scaled(self._pulled_in(point))
        at = np.repeat(start[None, :], n, axis=0)
        if self.dof:
            direction = self._directions(n, generator)
            length = np.abs(generator.normal(scale=scale, size=n)) * np.sqrt(self.dof)
            at += np.minimum(length, self._reach(at, direction)[0])[:, None] * direction
        return self._unscaled(at)

    def _pulled_in(self, point: Array) -> Array:
        """The nearest point on the way to the interior that lies in the region's plane and within all its planes."""
        offset = (self.scaled(point) - self.scaled(self.interior)) @ self._tangent.T @ self._tangent
        reach = self._reach(self.scaled(self.interior)[None, :], offset[None, :])[0][0] if self.dof else 0.0
        return np.asarray(self._unscaled((self.scaled(self.interior) + min(1.0, reach) * offset)[None, :])[0])

    def _directions(self, n: int, generator: np.random.Generator) -> Array:
        return _unit(generator.normal(size=(n, self.dof)) @ self._tangent)

    def _reach(self, at: Array, direction: Array) -> tuple[Array, NDArray[np.intp]]:
        """How far one can go along ``direction`` until the first plane, and which plane that is."""
        rate = direction @ self._normals.T
        room = np.maximum(self._heights - at @ self._normals.T, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.where(rate > TOLERANCE, room / rate, np.inf)
        nearest = np.argmin(distance, axis=1)
        reach = distance[np.arange(len(at)), nearest]
        return np.where(np.isfinite(reach), reach, 0.0), nearest

    def _unscaled(self, scaled: Array) -> Array:
        return np.clip(self.low + scaled * self._span, self.low, self.high)


def _lowest(objective: Array, **conditions: Any) -> Array:
    """The point of lowest ``objective @ x`` under the conditions of `scipy.optimize.linprog`."""
    from scipy.optimize import linprog

    found = linprog(objective, **conditions, method="highs")
    if found.status == 2:
        raise EmptyRegionError("no point fulfils all bounds and constraints")
    if not found.success:
        raise ArithmeticError(f"linear programme over the region failed: {found.message}")
    return np.asarray(found.x, dtype=np.float64)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def _without(vectors: Array, basis: Array) -> Array:
    """``vectors``, (n, d), without their parts along ``basis``, (n, k, d) orthonormal rows (or zeros)."""
    return np.asarray(vectors - np.einsum("nk,nkd->nd", np.einsum("nkd,nd->nk", basis, vectors), basis))
