"""What the measured values say about the surface: scale, hyperparameters, and which values not to believe.

A bubble in the cell or a blocked line gives a value that has nothing to do with the recipe. A point is an *outlier*
when the model fitted to all others gives it more than `OUTLIER` standard deviations (noise included). Its variance is
then raised to the square of its residual: it keeps a voice, but hardly moves the surface, and the planner may go back
there. With every ask the question is put anew, so that a second low value nearby rehabilitates the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners.kernel import covariance, most_probable

Array = NDArray[np.float64]

OUTLIER = 4.0
"""Standard deviations; a Gaussian exceeds it once in 16 000 points."""
_SUSPECT = 2.0
"""Leave-one-out deviation in a fit that includes the point itself, from which a fit without it is worth its time."""
_LEAST = 6
"""With fewer points nobody can say which one is off."""
_MOST_OUTLIERS = 0.2
"""Largest share of points that may be outliers; beyond, the model is wrong, not the data."""


@dataclass(frozen=True)
class Scale:
    """From measured values to what the model sees: larger is better, mean 0, standard deviation 1.

    Attributes:
        sign: 1 to maximise, -1 to minimise.
        log: whether the model sees the logarithm, which makes errors in per cent equally large everywhere.
        centre, width: mean and standard deviation, after sign and logarithm.
    """

    sign: float
    log: bool
    centre: float = 0.0
    width: float = 1.0

    def standard(self, values: Array) -> Array:
        """Model units of measured values."""
        return np.asarray((self.sign * (np.log(values) if self.log else values) - self.centre) / self.width)

    def standard_variance(self, values: Array, variances: Array) -> Array:
        """Model units of variances of measured values, to first order."""
        relative = variances / values**2 if self.log else variances
        return np.asarray(relative / self.width**2)

    def measured(self, mean: float) -> float:
        """The value (median, on the log scale) that ``mean`` in model units stands for."""
        plain = self.sign * (mean * self.width + self.centre)
        return float(np.exp(plain)) if self.log else plain

    def measured_sd(self, mean: float, sd: float) -> float:
        """The standard deviation that ``sd`` in model units stands for at ``mean``, to first order."""
        return sd * self.width * (self.measured(mean) if self.log else 1.0)


@dataclass(frozen=True)
class Surrogate:
    """A fitted model.

    Attributes:
        scale: between measured values and model units.
        theta: hyperparameters of `kernel`: ln lengths, ln noise variance.
        values: in model units, (n,).
        variances: known noise in model units, (n,), raised for outliers.
        outliers: which points are not believed, (n,).
    """

    scale: Scale
    theta: Array
    values: Array
    variances: Array
    outliers: NDArray[np.bool_]

    @property
    def lengths(self) -> Array:
        """Length of each variable, in units of its range."""
        return np.exp(self.theta[:-1])

    @property
    def noise_variance(self) -> float:
        """Fitted common noise, in model units."""
        return float(np.exp(self.theta[-1]))


def fit(features: Array, values: Array, variances: Array, sign: float, log: bool) -> Surrogate:
    """Fit a surrogate.

    Args:
        features: (n, d), each from 0 to 1, n at least 2.
        values: as measured, (n,); positive with ``log``.
        variances: of the values as far as known, 0 where not, (n,).
        sign: 1 if more is better, -1 if less is.
        log: model the logarithm.
    """
    plain = Scale(sign, log)
    targets, known = plain.standard(values), plain.standard_variance(values, variances)
    kept = np.ones(len(values), dtype=bool)
    current = _Fit.of(features, targets, known)
    while kept.sum() > max(_LEAST, (1.0 - _MOST_OUTLIERS) * len(values) + 1e-9):
        suspect = current.most_surprising()
        if suspect is None:
            break
        chosen = int(np.flatnonzero(kept)[suspect])
        others = kept & (np.arange(len(values)) != chosen)
        without = _Fit.of(features[others], targets[others], known[others], [current.theta])
        residual, sd = without.predict(features[chosen], targets[chosen], known[chosen])
        if abs(residual) <= OUTLIER * sd:
            break
        kept, current = others, without
        known[chosen] = residual**2
    scale = Scale(sign, log, current.centre, current.width)
    return Surrogate(scale, current.theta, scale.standard(values), known / scale.width**2, ~kept)


@dataclass(frozen=True)
class _Fit:
    """Hyperparameters on a subset, and what they say about single points; targets in plain units."""

    features: Array
    targets: Array
    variances: Array
    centre: float
    width: float
    theta: Array

    @classmethod
    def of(cls, features: Array, targets: Array, variances: Array, starts: list[Array] | None = None) -> _Fit:
        centre, width = float(targets.mean()), float(targets.std())
        width = width if width > 1e-12 * max(1.0, abs(centre)) else 1.0
        theta = most_probable(features, (targets - centre) / width, variances / width**2, starts or ())
        return cls(features, targets, variances, centre, width, theta)

    def most_surprising(self) -> int | None:
        """The point with the largest leave-one-out deviation, if suspicious (Rasmussen & Williams 2006, eq. 5.12)."""
        inverse = np.linalg.inv(covariance(self.theta, self.features, self.variances / self.width**2))
        deviation = np.abs(inverse @ ((self.targets - self.centre) / self.width)) / np.sqrt(np.diag(inverse))
        worst = int(np.argmax(deviation))
        return worst if deviation[worst] > _SUSPECT else None

    def predict(self, feature: Array, target: float, variance: float) -> tuple[float, float]:
        """Residual of one more point and its standard deviation with noise, in plain units."""
        features = np.vstack([self.features, feature])
        joint = covariance(self.theta, features, np.append(self.variances, variance) / self.width**2)
        weights = np.linalg.solve(joint[:-1, :-1], joint[:-1, -1])
        mean = float(weights @ (self.targets - self.centre)) + self.centre
        left = float(joint[-1, -1] - weights @ joint[:-1, -1])
        return float(target) - mean, float(np.sqrt(max(left, 1e-12))) * self.width
