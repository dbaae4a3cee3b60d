"""The most probable parameters of the fade law for many cells at once (Levenberg and Marquardt, in rows)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.life.law import PARAMETERS, loss, slopes
from galvanaut.campaigns.life.points import Points

_TRIES = 15
_LONGEST = 1.0
"""Step of a parameter at most; they are all logarithms."""
_SAME = 1e-4
_START = np.linspace(-2.0, 2.0, 9)
"""Logarithms of lives around the expected one that are tried first."""


@dataclass(frozen=True)
class Prior:
    """What is believed of b cells beforehand: Gaussians.

    Attributes:
        mean: (b, 4).
        precision: inverse covariance, (b, 4, 4).
        bend: of the fade law, (b, knots).
    """

    mean: Array
    precision: Array
    bend: Array

    def cost(self, theta: Array) -> Array:
        """Minus the log density but for a constant; theta (..., b, 4), result (..., b)."""
        apart = theta - self.mean
        return np.asarray(np.einsum("...bi,bij,...bj->...b", apart, self.precision, apart) / 2)


@dataclass(frozen=True)
class Fit:
    """The most probable parameters, (b, 4), and the curvature of minus the log density there, (b, 4, 4)."""

    theta: Array
    curvature: Array


def cost(theta: Array, points: Points, weights: Array, prior: Prior) -> Array:
    """Minus the log posterior density but for a constant; theta (..., b, 4), result (..., b)."""
    miss = points.loss - loss(theta, points.log_cycle, points.whole, prior.bend)
    return np.asarray((weights * miss**2).sum(axis=-1) / 2 + prior.cost(theta))


def fit(points: Points, weights: Array, prior: Prior) -> Fit:
    """Maximum a posteriori.

    Args:
        points: of b cells.
        weights: see `Points.weights`.
        prior: of each.
    """
    theta = _started(points, weights, prior)
    now, damping = cost(theta, points, weights, prior), np.full(len(points), 1e-3)
    for _ in range(_TRIES):
        downhill, curvature = _quadratic(theta, points, weights, prior)
        ridge = damping[:, None, None] * curvature * np.eye(PARAMETERS)
        step = np.clip(np.linalg.solve(curvature + ridge, downhill[..., None])[..., 0], -_LONGEST, _LONGEST)
        then = cost(theta + step, points, weights, prior)
        better = then < now
        damping = np.clip(np.where(better, damping / 5, damping * 8), 1e-9, 1e9)
        theta, now = np.where(better[:, None], theta + step, theta), np.where(better, then, now)
        if (np.abs(step).max(axis=1) < _SAME).all():
            break
    return Fit(theta, _quadratic(theta, points, weights, prior)[1])


def _started(points: Points, weights: Array, prior: Prior) -> Array:
    """The expected parameters with the best of some lives."""
    width = np.sqrt(np.linalg.inv(prior.precision)[:, 0, 0])
    tried = np.repeat(prior.mean[None], len(_START), axis=0)
    tried[..., 0] += _START[:, None] * width
    best = np.argmin(cost(tried, points, weights, prior), axis=0)
    return np.asarray(tried[best, np.arange(len(points))])


def _quadratic(theta: Array, points: Points, weights: Array, prior: Prior) -> tuple[Array, Array]:
    """Downhill direction, (b, 4), and curvature, (b, 4, 4), of the cost (Gauss and Newton)."""
    slope = slopes(theta, points.log_cycle, points.whole, prior.bend)
    miss = points.loss - loss(theta, points.log_cycle, points.whole, prior.bend)
    downhill = np.einsum("bp,bpi->bi", weights * miss, slope)
    downhill -= np.einsum("bij,bj->bi", prior.precision, theta - prior.mean)
    curvature = np.einsum("bpi,bp,bpj->bij", slope, weights, slope) + prior.precision
    return downhill, curvature
