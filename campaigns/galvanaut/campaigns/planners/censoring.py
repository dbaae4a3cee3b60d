"""Tests that were ended early: what a lower (or upper) limit says about a value.

A cell taken off after 120 cycles lives longer, nobody knows how much. Its value is replaced by the Gaussian that says
as much: mean and variance such that, together with what all other values say, the first two moments are those of the
truncated Gaussian (expectation propagation: Minka, UAI 2001).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from galvanaut.campaigns.planners.kernel import Array, Sample, covariance

_SWEEPS = 20
_DAMPING = 0.5
_WIDEST = 1e4
"""Largest variance of a replaced value, in units of the data's: it says nothing any more."""
_NARROWEST = 1e-6


def imputed(sample: Sample, theta: Array, side: NDArray[np.int64]) -> Sample:
    """Values that ended early replaced.

    Args:
        sample: standardised values, with the limits where censored.
        theta: hyperparameters.
        side: 1 where the truth lies above the value, -1 where below, 0 where it was measured, (n,).
    """
    censored = np.flatnonzero(side)
    values, variances = sample.values.copy(), sample.variances.copy()
    variances[censored] = _WIDEST
    for _ in range(_SWEEPS):
        moved = 0.0
        means, spreads = _left_out(replace(sample, values=values, variances=variances), theta)
        for i in censored:
            value, variance = _site(means[i], spreads[i], sample.values[i], int(side[i]))
            moved = max(moved, abs(value - values[i]))
            values[i] += _DAMPING * (value - values[i])
            variances[i] = np.exp((1 - _DAMPING) * np.log(variances[i]) + _DAMPING * np.log(variance))
        if moved < 1e-4:
            break
    return replace(sample, values=values, variances=variances)


def _left_out(sample: Sample, theta: Array) -> tuple[Array, Array]:
    """Mean and variance of each value by all others, common noise included (Rasmussen & Williams 2006, eq. 5.12)."""
    inverse = np.linalg.inv(covariance(theta, sample))
    own = 1.0 / np.diag(inverse)
    means = sample.values - own * (inverse @ sample.residuals)
    return means, np.maximum(own - sample.variances, _NARROWEST)


def _site(mean: float, variance: float, limit: float, side: int) -> tuple[float, float]:
    """The Gaussian that turns Normal(mean, variance) into its part beyond the limit, as far as two moments go."""
    sd = np.sqrt(variance)
    z = side * (mean - limit) / sd
    ratio = np.exp(-0.5 * z**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(z))  # density / probability
    shrink = float(np.clip(ratio * (ratio + z), 1e-9, 1.0 - 1e-9))
    moved, left = mean + side * sd * ratio, variance * (1.0 - shrink)
    site_variance = left / shrink  # 1 / (1/left - 1/variance)
    site = moved + site_variance * (moved - mean) / variance
    return float(site), float(np.clip(site_variance, _NARROWEST, _WIDEST))
