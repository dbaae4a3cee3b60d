"""What trying a recipe is worth: improvement over the best tested one, times the chance that it succeeds.

Improvement is that of the surface at the candidate over the surface *at the best tested point*, both unknown and
correlated: E[max(f(x) - f(best), 0)]. With a constant reference instead, as in the textbook, the reference itself keeps
an expected improvement as long as its value is uncertain, and a noisy campaign gets stuck repeating it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, logsumexp, ndtr

from galvanaut.campaigns.planners.posterior import Mixture, Places, Posterior

Array = NDArray[np.float64]

_LEAST_VARIANCE = 1e-10
"""In units of the data's variance; keeps the logarithm finite at the reference itself."""


def log_expected_improvement(mean: Array, sd: Array, best: float) -> Array:
    """Natural logarithm of E[max(f - best, 0)] for f ~ Normal(mean, sd), without underflow.

    After Ament et al., NeurIPS 2023 (LogEI): where the improvement is far in the tail, the two terms of the textbook
    formula cancel, and the scaled complementary error function takes over.
    """
    u = (mean - best) / sd
    tail = np.minimum(u, -1.0)
    ratio = np.sqrt(np.pi / 2.0) * erfcx(-tail / np.sqrt(2.0))  # Phi(u) / phi(u)
    rest = np.where(tail > -1e3, 1.0 + tail * ratio, 1.0 / tail**2)
    log_density = -0.5 * u**2 - 0.5 * np.log(2.0 * np.pi)
    near = np.exp(-0.5 * np.maximum(u, -1.0) ** 2) / np.sqrt(2.0 * np.pi) + np.maximum(u, -1.0) * ndtr(
        np.maximum(u, -1.0)
    )
    return np.asarray(np.log(sd) + np.where(u > -1.0, np.log(near), log_density + np.log(rest)))


class Improvement:
    """Logarithm of the expected improvement, averaged over what may be true.

    Args:
        mixture: what is believed, points under way included.
        references: standardised places among which the best is sought: tested ones, and those under way.
    """

    def __init__(self, mixture: Mixture, references: Places) -> None:
        self._weights = mixture.weights
        self._members = [_Over(member, references) for member in mixture.members]

    def __call__(self, places: Places, most: int | None = None) -> Array:
        """By standardised places, (n,); roughly if only the ``most`` most probable members are asked."""
        logs = [log_expected_improvement(*over(places), 0.0) for over in self._members[:most]]
        return np.asarray(logsumexp(np.array(logs), axis=0, b=self._weights[:most, None]))


class _Over:
    """Mean and standard deviation of f(x) - f(best) in one posterior, without measurement noise."""

    def __init__(self, posterior: Posterior, references: Places) -> None:
        means = posterior.means(references)
        best = references.rows(np.array([int(np.argmax(means))]))
        self._ask = posterior.beside(best)
        self._best_mean, self._best_variance = float(means.max()), float(posterior.predict(best)[1][0])

    def __call__(self, places: Places) -> tuple[Array, Array]:
        mean, variance, shared = self._ask(places)
        difference = variance + self._best_variance - 2.0 * shared[:, 0]
        return mean - self._best_mean, np.sqrt(np.maximum(difference, _LEAST_VARIANCE))


def log_within(mixture: Mixture, places: Places, low: float, high: float) -> Array:
    """Logarithm of the probability that a quantity lies between two values in model units; infinite ones are open."""
    logs = []
    for member in mixture.members:
        mean, variance = member.predict(places)
        sd = np.sqrt(variance)
        logs.append(_log_between((low - mean) / sd, (high - mean) / sd))
    return np.asarray(logsumexp(np.array(logs), axis=0, b=mixture.weights[:, None]))


def _log_between(low: Array, high: Array) -> Array:
    """Logarithm of Phi(high) - Phi(low), also in the tails."""
    flipped = low > 0
    low, high = np.where(flipped, -high, low), np.where(flipped, -low, high)
    log_high, log_low = log_ndtr(high), log_ndtr(low)
    with np.errstate(divide="ignore"):
        return np.asarray(log_high + np.log1p(-np.exp(np.minimum(log_low - log_high, -1e-16))))
