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
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform
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
    features = np.ascontiguousarray(features)  # sums in one order, however the array came about
    centre, width = _prior(d)

    def minus_posterior(theta: Array) -> tuple[float, Array]:
        value, gradient = log_likelihood(theta, features, values, variances + JITTER)
        offset = (theta - centre) / width
        return 0.5 * float(offset @ offset) - value, offset / width - gradient

    bounds = [(float(low), float(high)) for low, high in kernel(d).bounds]
    ends = [
        minimize(minus_posterior, start, (), "L-BFGS-B", True, bounds=bounds, options={"maxiter": 60})
        for start in starts or _starts(d)
    ]
    return np.asarray(min(ends, key=lambda end: float(end.fun)).x, dtype=np.float64)


def log_likelihood(theta: Array, features: Array, values: Array, variances: Array) -> tuple[float, Array]:
    """Logarithm of the marginal likelihood of values, and its gradient by ``theta``.

    The very sums of scikit-learn's `log_marginal_likelihood` for `kernel`, in their order. There, handing ``theta`` to
    the parts of the kernel takes longer than these sums. Rasmussen & Williams 2006, algorithm 2.1 and equation 5.9.

    Args:
        theta: of `kernel`.
        features: (n, d).
        values: (n,).
        variances: (n,) of the values, on top of the kernel's noise.
    """
    n, lengths, noise = len(values), np.exp(theta[:-1]), np.exp(theta[-1]) * np.eye(len(values))
    distances = pdist(features / lengths) * math.sqrt(5)
    matern = squareform((1.0 + distances + distances**2 / 3.0) * np.exp(-distances))
    np.fill_diagonal(matern, 1.0)
    joint = 1.0 + matern + noise
    joint[np.diag_indices(n)] += variances
    try:
        lower = cholesky(joint, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return -np.inf, np.zeros_like(theta)
    column = values[:, None]
    weights = cho_solve((lower, True), column, check_finite=False)
    apart = (features[:, None, :] - features[None, :, :]) ** 2 / lengths**2
    root = np.sqrt(5 * apart.sum(axis=-1))[..., None]
    slopes = np.dstack([5.0 / 3.0 * apart * (root + 1) * np.exp(-root), noise])
    inner = weights @ weights.T - cho_solve((lower, True), np.eye(n), check_finite=False)
    fit = -0.5 * np.einsum("ik,ik->k", column, weights) - np.log(np.diag(lower)).sum()
    slope = 0.5 * np.einsum("ijl,jik->kl", inner[..., None], slopes)
    return float(fit[0] - n / 2 * np.log(2 * np.pi)), np.asarray(slope[:, 0])


def covariance(theta: Array, features: Array, variances: Array) -> Array:
    """Covariance of the measured values, (n, n), noise included."""
    d = features.shape[1]
    return np.asarray(kernel(d, theta)(features) + np.diag(variances + JITTER))


def _starts(dimensions: int) -> list[Array]:
    return [np.append(np.full(dimensions, math.log(length)), _NOISE_PRIOR[0]) for length in (2.0, 0.5)]


def _prior(d: int) -> tuple[Array, Array]:
    centre = np.append(np.full(d, _LENGTH_PRIOR[0] + 0.5 * math.log(max(d, 1))), _NOISE_PRIOR[0])
    return centre, np.append(np.full(d, _LENGTH_PRIOR[1]), _NOISE_PRIOR[1])
