"""The best conductivity that a search space allows, without noise: what a planner's recipes are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.core.identifiers import generator
from galvanaut.simulators.electrolyte.composition import Array, whole
from galvanaut.simulators.electrolyte.form import CELSIUS_ZERO_K, log_conductivity
from galvanaut.simulators.electrolyte.model import ConductivityModel
from galvanaut.simulators.electrolyte.support import linear_support

_DIRECTIONS = 200
_SAMPLES = 20_000
_STARTS = 8
_WITHIN = 1e-7
_SHARES = np.array([1.0, 1.0, 1.0, 1.0, 0.0])


@dataclass(frozen=True)
class Optimum:
    """The best point of a search space.

    Attributes:
        solvent_shares: mass shares of the solvent, shape (4,), order EC, PC, DMC, EMC.
        molality: LiPF6 in mol per kg of solvent.
        conductivity_mS_cm: true conductivity there.
    """

    solvent_shares: Array
    molality: float
    conductivity_mS_cm: float

    @property
    def composition(self) -> dict[str, float]:
        """Mass fractions of the whole electrolyte."""
        return whole(self.solvent_shares, self.molality)


def find_optimum(
    model: ConductivityModel,
    temperature_degC: float,
    low: Sequence[float],
    high: Sequence[float],
    rows: Array | None = None,
    limits: Array | None = None,
) -> Optimum:
    """The recipe of highest true conductivity, by dense sampling and local refinement; no randomness left.

    The search space is cut to the model's support at the temperature: the hull of both regions from 0 to 40 degC
    (so 0.5 mol/kg at least), region A elsewhere.

    Args:
        model: the truth.
        temperature_degC: of the measurement.
        low: lower bounds of (EC, PC, DMC, EMC, molality), solvents as mass shares of the solvent.
        high: upper bounds.
        rows: further constraints ``rows @ x <= limits`` on the same five, shape (m, 5).
        limits: shape (m,).

    Raises:
        UnsupportedError: nothing of the search space is supported.
    """
    support_rows, support_limits = linear_support(temperature_degC)
    if rows is not None and limits is not None:
        support_rows = np.vstack([support_rows, rows])
        support_limits = np.concatenate([support_limits, limits])
    space = _Space(np.array(low, dtype=np.float64), np.array(high, dtype=np.float64), support_rows, support_limits)
    points = space.sample(_SAMPLES)
    order = np.argsort(_log_conductivities(model, points, temperature_degC))[::-1]
    starts = points[order[:_STARTS]]
    ends = [space.climb(model, start, temperature_degC) for start in starts]
    candidates = np.vstack([starts[0], *(end for end in ends if space.contains(end))])
    best = candidates[_log_conductivities(model, candidates, temperature_degC).argmax()]
    shares = np.where(best[:4] < _WITHIN, 0.0, best[:4])
    shares /= shares.sum()
    value = model.conductivity_many_mS_cm(shares[None, :], best[4:], temperature_degC)
    return Optimum(shares, float(best[4]), float(value[0]))


@dataclass(frozen=True)
class _Space:
    """A polytope of points x = (EC, PC, DMC, EMC, molality): low <= x <= high, rows @ x <= limits, shares sum to 1."""

    low: Array
    high: Array
    rows: Array
    limits: Array

    def sample(self, count: int) -> Array:
        """Points inside, shape (count, 5): mixtures of corners, so that faces without volume are sampled too."""
        corners = self._corners()
        weights = generator(0, "optimum").dirichlet(np.full(len(corners), 0.3), size=count)
        return np.vstack([corners, weights @ corners])

    def _corners(self) -> Array:
        """Corners that are farthest out in some direction; enough directions find all that matter."""
        from scipy.optimize import linprog

        directions = generator(0, "corners").standard_normal((_DIRECTIONS, 5))
        corners: set[tuple[float, ...]] = set()
        for direction in directions:
            result = linprog(
                direction,
                A_ub=self.rows,
                b_ub=self.limits,
                A_eq=_SHARES[None, :],
                b_eq=np.array([1.0]),
                bounds=list(zip(self.low.tolist(), self.high.tolist(), strict=True)),
            )
            if result.x is None:
                raise UnsupportedError(
                    "no recipe within these bounds and constraints is supported by the data of the conductivity model"
                )
            corners.add(tuple(np.round(result.x, 9).tolist()))
        return np.array(sorted(corners))

    def contains(self, point: Array) -> bool:
        """Whether a point is inside but for rounding."""
        return bool(
            np.all(point >= self.low - _WITHIN)
            and np.all(point <= self.high + _WITHIN)
            and np.all(self.rows @ point <= self.limits + _WITHIN)
            and abs(point[:4].sum() - 1) < _WITHIN
        )

    def climb(self, model: ConductivityModel, start: Array, temperature_degC: float) -> Array:
        """Uphill from a point to the nearest maximum within the space."""
        from scipy.optimize import Bounds, LinearConstraint, minimize

        def loss(point: Array) -> float:
            return -float(_log_conductivities(model, point[None, :], temperature_degC)[0])

        result = minimize(
            loss,
            start,
            method="SLSQP",
            bounds=Bounds(self.low, self.high),
            constraints=[
                LinearConstraint(_SHARES[None, :], 1, 1),
                LinearConstraint(self.rows, -np.inf, self.limits),
            ],
            options={"ftol": 1e-12, "maxiter": 200},
        )
        return np.asarray(result.x)


def _log_conductivities(model: ConductivityModel, points: Array, temperature_degC: float) -> Array:
    """Logarithms of the conductivities at points (n, 5); not refused, as a line search may step out of the space."""
    temperature_K = np.full(len(points), temperature_degC + CELSIUS_ZERO_K)
    return log_conductivity(model.fit.parameters, points[:, :4], points[:, 4], temperature_K)
