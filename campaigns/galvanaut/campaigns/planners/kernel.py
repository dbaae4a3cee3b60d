"""The Gaussian-process kernel and its hyperparameters: most probable values under weak prior beliefs.

``Constant(1, fixed) + Matern-5/2 with one length a variable + White noise``, on standardised values. The constant lets
the mean of the surface differ from that of the data. Maximum likelihood alone runs into useless corners with the ten
or twenty points of a campaign; the priors keep it away from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    Kernel,
    Matern,
    WhiteKernel,
)

Array = NDArray[np.float64]

_LENGTH_BOUNDS = (0.02, 50.0)
_NOISE_BOUNDS = (1e-6, 1.0)
_LENGTH_PRIOR = (-0.8, 1.0)
"""ln length ~ Normal(-0.8 + ln(d)/2, 1): about the whole range for the five variables of a four-solvent electrolyte,
give or take a factor e; growing with the dimension as in Hvarfner, Hellsten & Nardi, ICML 2024, whose own prior
(sqrt 2 + ln(d)/2, sqrt 3) let noisy campaigns settle short of 95 % in up to a quarter of runs (README.md beside)."""
_NOISE_PRIOR = (-4.0, 1.0)
"""ln of the noise variance, in units of the data's variance: BoTorch's default beside the prior of Hvarfner et al."""
JITTER = 1e-8
"""Added to every variance, so that replicates keep the covariance invertible."""


def kernel(dimensions: int, theta: Array | None = None) -> Kernel:
    """The kernel; ``theta`` holds ln length of each variable, then ln noise variance."""
    made = (
        ConstantKernel(1.0, constant_value_bounds="fixed")
        + Matern(length_scale=np.ones(dimensions), length_scale_bounds=_LENGTH_BOUNDS, nu=2.5)
        + WhiteKernel(noise_level=math.exp(_NOISE_PRIOR[0]), noise_level_bounds=_NOISE_BOUNDS)
    )
    if theta is not None:
        made.theta = theta
    return made


def most_probable(features: Array, values: Array, variances: Array, starts: Sequence[Array] = ()) -> Array:
    """The most probable ``theta`` given standardised data.

    Args:
        features: (n, d), each from 0 to 1.
        values: (n,), mean 0 and variance 1.
        variances: (n,) known noise of each value, on top of the common noise that is fitted.
        starts: where to start; by default once from a smooth and once from a rough surface.
    """
    d = features.shape[1]
    model = GaussianProcessRegressor(kernel(d), alpha=variances + JITTER, optimizer=None).fit(features, values)
    centre, width = _prior(d)

    def minus_posterior(theta: Array) -> tuple[float, Array]:
        value, gradient = model.log_marginal_likelihood(theta, eval_gradient=True, clone_kernel=False)
        offset = (theta - centre) / width
        return 0.5 * float(offset @ offset) - float(value), offset / width - gradient

    bounds = [(float(low), float(high)) for low, high in model.kernel_.bounds]
    ends = [
        minimize(minus_posterior, start, (), "L-BFGS-B", True, bounds=bounds, options={"maxiter": 60})
        for start in starts or _starts(d)
    ]
    return np.asarray(min(ends, key=lambda end: float(end.fun)).x, dtype=np.float64)


def covariance(theta: Array, features: Array, variances: Array) -> Array:
    """Covariance of the measured values, (n, n), noise included."""
    d = features.shape[1]
    return np.asarray(kernel(d, theta)(features) + np.diag(variances + JITTER))


def _starts(dimensions: int) -> list[Array]:
    return [np.append(np.full(dimensions, math.log(length)), _NOISE_PRIOR[0]) for length in (2.0, 0.5)]


def _prior(d: int) -> tuple[Array, Array]:
    centre = np.append(np.full(d, _LENGTH_PRIOR[0] + 0.5 * math.log(max(d, 1))), _NOISE_PRIOR[0])
    return centre, np.append(np.full(d, _LENGTH_PRIOR[1]), _NOISE_PRIOR[1])
