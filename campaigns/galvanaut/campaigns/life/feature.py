"""The discharge-curve feature: how the change of V(Q) early on foretells the life.

A Bayesian line from the logarithm of the variance of the difference of two discharge curves (Severson et al., Nature
Energy 4 (2019) 383) to the logarithm of the life; what it predicts is a Student-t, of which mean and variance are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from galvanaut.campaigns.analysis.figures import Array

LEAST = 4
"""Cells with a known feature from which the line is used."""
_SLOPE_SD = 1.0
"""Of the logarithm of the life per tenfold variance, before any data."""
_NOISE = 0.3
_NOISE_WEIGHT = 4.0
"""The scatter about the line is believed to be `_NOISE` with so many degrees of freedom."""
_LEVEL_SD = 10.0


@dataclass(frozen=True)
class FeatureLine:
    """Posterior of offset and slope.

    Attributes:
        centre: mean of the features.
        coefficients: offset at the centre and slope, (2,).
        covariance: of these over the variance of the scatter, (2, 2).
        variance: of the scatter, expected.
        freedom: degrees of freedom.
    """

    centre: float
    coefficients: Array
    covariance: Array
    variance: float
    freedom: float

    @classmethod
    def of(cls, features: Array, log_lives: Array) -> Self | None:
        """Of finished cells, (n,) each; None if fewer than `LEAST` have a feature (the others are NaN)."""
        known = np.isfinite(features)
        if known.sum() < LEAST:
            return None
        centre = float(features[known].mean())
        rows, values = np.column_stack([np.ones(known.sum()), features[known] - centre]), log_lives[known]
        prior = np.diag([_NOISE**2 / _LEVEL_SD**2, _NOISE**2 / _SLOPE_SD**2])
        precision = rows.T @ rows + prior
        coefficients = np.linalg.solve(precision, rows.T @ values)
        left = float(values @ values - coefficients @ precision @ coefficients)
        freedom = _NOISE_WEIGHT + len(values)
        variance = (_NOISE_WEIGHT * _NOISE**2 + max(0.0, left)) / freedom
        return cls(centre, coefficients, np.linalg.inv(precision), variance, freedom)

    def predict(self, feature: float) -> tuple[float, float]:
        """Mean and variance of the logarithm of the life of a cell with this feature."""
        row = np.array([1.0, feature - self.centre])
        spread = self.variance * (1 + float(row @ self.covariance @ row))
        return float(row @ self.coefficients), spread * self.freedom / (self.freedom - 2)
