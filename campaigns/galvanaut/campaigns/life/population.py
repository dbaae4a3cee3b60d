"""What finished cells say about cells in general: how the fade law's parameters scatter, and what it leaves over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.figures import Array, Flags
from galvanaut.campaigns.life.fitting import Prior, fit
from galvanaut.campaigns.life.law import KNOTS, PARAMETERS, loss
from galvanaut.campaigns.life.points import Points

FIRST_MEAN = np.array([np.log(800.0), 0.5, 0.0, np.log(5.0)])
FIRST_SD = np.array([0.6, 1.0, 0.3, 0.6])
"""Before any cell has ended; of the order of what 45 LFP cells under nine protocols showed (Attia et al., 2020)."""
_MEAN_WEIGHT = np.array([0.0, 1.0, 1.0, 1.0])
"""Cells that the first mean counts as. What cells live is not known beforehand at all."""
_SPREAD_WEIGHT = 6.0
"""Cells that the first standard deviations count as."""
_BEND_WEIGHT = 2.0
"""Cells that no bend at all counts as."""
_LEAST_MISFIT = 3e-4
_FIXED = 1e6
"""Precision of a parameter that is known."""


@dataclass(frozen=True)
class Population:
    """A Gaussian over the parameters, and what the law does not follow.

    Attributes:
        mean: (4,).
        covariance: (4, 4).
        bend: what all cells do alike and the law does not, see `law`, (knots,).
        misfit: standard deviation of measured shares about both.
    """

    mean: Array
    covariance: Array
    bend: Array
    misfit: float

    def prior(self, count: int) -> Prior:
        """The same for so many cells."""
        precision = np.linalg.inv(self.covariance)
        columns = (self.mean, precision, self.bend)
        return Prior(*(np.repeat(column[None], count, 0) for column in columns))


@dataclass(frozen=True)
class Ended:
    """Finished cells, each fitted with its own life; row by row.

    Attributes:
        theta: (n, 4).
        left: what the law leaves over at each knot, as a share of what is lost at the end of life, (n, knots).
        whole: share lost at the end of life, (n,).
    """

    theta: Array
    left: Array
    whole: Array

    @classmethod
    def of(cls, points: Points, lives: Array) -> Ended:
        """Fit cells whose lives are known, in cycles, (n,)."""
        count = len(points)
        mean = np.repeat(FIRST_MEAN[None], count, 0)
        mean[:, 0] = np.log(lives - points.peak)
        precision = np.repeat(np.diag([_FIXED, *(1 / FIRST_SD[1:] ** 2)])[None], count, 0)
        straight = np.zeros((count, KNOTS))
        weights = points.weights(np.full((count, 1), 10 * _LEAST_MISFIT))
        theta = fit(points, weights, Prior(mean, precision, straight)).theta
        miss = (points.loss - loss(theta, points.log_cycle, points.whole, straight)) / points.whole[:, None]
        progress = np.exp(points.log_cycle - mean[:, :1])
        return cls(
            theta, np.array([_at_knots(*each) for each in zip(progress, miss, points.count, strict=True)]), points.whole
        )

    def population(self, rows: Flags) -> Population:
        """Of some of them."""
        theta, count = self.theta[rows], int(rows.sum())
        if not count:
            return Population(FIRST_MEAN, np.diag(FIRST_SD**2), np.zeros(KNOTS), 10 * _LEAST_MISFIT)
        mean = (_MEAN_WEIGHT * FIRST_MEAN + count * theta.mean(axis=0)) / (_MEAN_WEIGHT + count)
        apart = theta - mean
        scatter = _SPREAD_WEIGHT * np.diag(FIRST_SD**2) + apart.T @ apart
        covariance = scatter / (_SPREAD_WEIGHT + count) * (1 + 1 / count)
        bend = self.left[rows].sum(axis=0) / (_BEND_WEIGHT + count)
        misfit = float(np.sqrt(np.mean((self.whole[rows, None] * (self.left[rows] - bend)) ** 2)))
        return Population(mean, np.asarray(covariance), bend, max(misfit, _LEAST_MISFIT))


def nobody() -> Ended:
    """No finished cell."""
    return Ended(np.empty((0, PARAMETERS)), np.empty((0, KNOTS)), np.empty(0))


def _at_knots(progress: Array, miss: Array, count: Array) -> Array:
    """Straight lines between the points of one cell; nothing is left over at the beginning."""
    used = count > 0
    places, values = np.append(0.0, progress[used]), np.append(0.0, miss[used])
    return np.asarray(np.interp(np.linspace(0, 1, KNOTS), places, values))
