"""What the data say about the hyperparameters: the most probable ones, and others nearly as probable.

A dozen points leave most hyperparameters open. A planner that believes only the most probable ones takes the surface
for flat where it merely has not looked, and stays there; the average over a few drawn from the posterior does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from galvanaut.campaigns.planners.kernel import Array, Sample, log_likelihood

_STEP = 1e-3
"""For second derivatives from gradients."""
_LEAST_CURVATURE = 0.3
"""Least curvature of the log posterior, in units of the prior's: draws are never wider than 1.8 priors."""
_MANY = 100
"""From so many values on one start is enough: they leave little doubt."""


@dataclass(frozen=True)
class Mode:
    """A mode of the posterior.

    Attributes:
        theta: most probable hyperparameters.
        height: logarithm of likelihood times prior there.
    """

    theta: Array
    height: float


def log_posterior(theta: Array, sample: Sample) -> tuple[float, Array]:
    """Logarithm of likelihood times (normalised) prior, and its gradient."""
    centre, width = sample.form.prior
    value, gradient = log_likelihood(theta, sample)
    offset = (theta - centre) / width
    norm = -np.log(width).sum() - 0.5 * len(theta) * np.log(2.0 * np.pi)
    return value - 0.5 * float(offset @ offset) + float(norm), gradient - offset / width


def most_probable(sample: Sample, starts: Sequence[Array] = ()) -> Mode:
    """The most probable hyperparameters.

    Args:
        sample: standardised data.
        starts: where to start; by default at a smooth surface and at a rough one.
    """

    def downhill(theta: Array) -> tuple[float, Array]:
        value, gradient = log_posterior(theta, sample)
        return -value, -gradient

    begin = list(starts) or sample.form.starts()[: 1 if len(sample) > _MANY else None]
    ends = [
        minimize(
            downhill, start, (), "L-BFGS-B", True, bounds=sample.form.bounds, options={"maxiter": 60, "ftol": 1e-6}
        )
        for start in begin
    ]
    best = min(ends, key=lambda end: float(end.fun))
    return Mode(np.asarray(best.x, dtype=np.float64), -float(best.fun))


def drawn(sample: Sample, mode: Mode, count: int) -> tuple[list[Array], Array, float]:
    """Hyperparameters drawn around a mode, and how much weight the posterior gives each of them.

    From the Gaussian of the mode's curvature (Laplace), weighted by importance; the mode itself is the first. The
    draws are the same numbers for every call.

    Args:
        sample: standardised data.
        mode: of its posterior.
        count: of hyperparameters, at least 1.

    Returns:
        The hyperparameters, their weights (summing to 1), and the logarithm of the evidence for the data.
    """
    roots, log_volume = _spread(sample, mode)
    evidence = mode.height + log_volume
    k = len(mode.theta)
    normal = np.random.default_rng(20_261_127).standard_normal((count - 1, k))
    low, high = np.array(sample.form.bounds).T
    thetas = [mode.theta] + [np.clip(mode.theta + row @ roots, low, high) for row in normal]
    heights = np.array([mode.height] + [log_posterior(theta, sample)[0] for theta in thetas[1:]])
    proposal = np.append(0.0, -0.5 * (normal**2).sum(axis=1))
    ratio = np.exp(np.clip(heights - mode.height - proposal, -30.0, 3.0))
    ratio = np.minimum(ratio, 3.0 * ratio.mean())  # one lucky draw must not outweigh all others
    return thetas, ratio / ratio.sum(), evidence


def _spread(sample: Sample, mode: Mode) -> tuple[Array, float]:
    """Rows that turn standard normal numbers into draws, and the logarithm of the Gaussian's volume."""
    k, width = len(mode.theta), sample.form.prior[1]
    curvature = np.empty((k, k))
    for i in range(k):
        step = np.zeros(k)
        step[i] = _STEP
        above, below = (log_posterior(mode.theta + sign * step, sample)[1] for sign in (1.0, -1.0))
        curvature[i] = -(above - below) / (2.0 * _STEP)
    scaled = width[:, None] * 0.5 * (curvature + curvature.T) * width
    sizes, directions = np.linalg.eigh(scaled)
    sizes = np.maximum(sizes, _LEAST_CURVATURE)
    roots = (directions / np.sqrt(sizes)).T * width
    return roots, float(0.5 * k * np.log(2.0 * np.pi) - 0.5 * np.log(sizes).sum() + np.log(width).sum())
