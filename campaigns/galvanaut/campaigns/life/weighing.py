"""What a part of a fade curve says about the life: the posterior by importance sampling, for many cells at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.life import even
from galvanaut.campaigns.life.fitting import Prior, cost, fit
from galvanaut.campaigns.life.law import PARAMETERS
from galvanaut.campaigns.life.points import Points

DRAWS = 256
_WIDER = 1.2
"""The proposal, beside the Gaussian at the most probable parameters."""
_LEAST_SD = 0.005
_LEFT_SD = 0.05
"""Of a cell that by its curve should have ended, and has not."""


@dataclass(frozen=True)
class Weighed:
    """Posterior of b cells, before any calibration.

    Attributes:
        theta: draws of the parameters, (draws, b, 4).
        weight: of each, adding up to 1 for every cell, (draws, b).
        log_life: mean of the logarithm of the life, (b,); lives count from the record's first cycle.
        sd: standard deviation of that, (b,).
    """

    theta: Array
    weight: Array
    log_life: Array
    sd: Array


def weigh(points: Points, misfit: Array | float, prior: Prior, count: int = DRAWS) -> Weighed:
    """The posterior.

    Args:
        points: of b cells that have not ended.
        misfit: see `Points.weights`; one, or (b, 1).
        prior: of each.
        count: draws.
    """
    weights = points.weights(misfit)
    found = fit(points, weights, prior)
    draws, density = even.student(count, PARAMETERS)
    spread = _WIDER * np.linalg.cholesky(np.linalg.inv(found.curvature))
    theta = found.theta + np.einsum("bij,kj->kbi", spread, draws)
    log_weight = -cost(theta, points, weights, prior) - density[:, None]
    lives = points.peak + np.exp(np.clip(theta[..., 0], -5.0, 20.0))
    log_weight = np.where(lives > points.last, log_weight, -np.inf)
    top = log_weight.max(axis=0)
    is_over = ~np.isfinite(top)
    weight = np.exp(np.where(is_over, 0.0, log_weight - np.where(is_over, 0.0, top)))
    weight /= weight.sum(axis=0)
    log_lives = np.log(np.maximum(lives, points.last + 1.0))
    mean = (weight * log_lives).sum(axis=0)
    sd = np.sqrt((weight * (log_lives - mean) ** 2).sum(axis=0))
    mean = np.where(is_over, np.log(points.last + 1.0), mean)
    sd = np.where(is_over, _LEFT_SD, np.maximum(sd, _LEAST_SD))
    return Weighed(theta, weight, mean, sd)
