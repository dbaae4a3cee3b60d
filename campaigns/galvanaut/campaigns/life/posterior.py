"""What is believed of the life of one cell: calibrated, and cut off where the cell still lives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from galvanaut.campaigns.analysis.figures import Array, json_number
from galvanaut.campaigns.life.law import loss

LEVELS = (0.05, 0.5, 0.95)
FAN_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_ALMOST = 1e-9


@dataclass(frozen=True)
class LifePosterior:
    """The logarithm of the life is a Gaussian without the part in which the cell has died already.

    Attributes:
        cell: its name.
        log_mean, log_sd: of the Gaussian, calibrated; the standard deviation is 0 once the life has ended.
        cycles: that it has lived, or its life.
        is_over: whether the life has ended.
        inflation: by which calibration has widened the model's own standard deviation.
        is_calibrated: whether enough cells have ended to judge the model; else there is no claim.
        curves: draws of the fade law, see `fan`; None once the life has ended.
    """

    cell: str
    log_mean: float
    log_sd: float
    cycles: float
    is_over: bool = False
    inflation: float = 1.0
    is_calibrated: bool = False
    curves: Curves | None = field(default=None, repr=False)

    def at(self, probability: Array) -> Array:
        """Lives in cycles that are not exceeded with these probabilities, of any shape."""
        if self.is_over:
            return np.full(np.shape(probability), self.cycles)
        dead = ndtr((np.log(self.cycles) - self.log_mean) / self.log_sd)
        share = np.clip(dead + probability * (1 - dead), _ALMOST, 1 - _ALMOST)
        return np.asarray(np.maximum(np.exp(self.log_mean + self.log_sd * ndtri(share)), self.cycles))

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """Lives in cycles at 5, 50 and 95 %."""
        low, middle, high = self.at(np.array(LEVELS)).tolist()
        return low, middle, high

    @property
    def remaining(self) -> tuple[float, float, float]:
        """Cycles left at 5, 50 and 95 %."""
        low, middle, high = (each - self.cycles for each in self.quantiles)
        return low, middle, high

    def fan(self, ahead: Array) -> Array:
        """Retention so many cycles from now.

        Args:
            ahead: cycles, (n,).

        Returns:
            Shares at 5, 25, 50, 75 and 95 %, (5, n); not a number once the life has ended.
        """
        if self.curves is None:
            return np.full((len(FAN_LEVELS), len(ahead)), np.nan)
        return self.curves.fan(np.asarray(ahead, dtype=np.float64), self)

    def to_json(self) -> dict[str, Any]:
        """Without the curves."""
        low, middle, high = self.quantiles
        return {
            "cell": self.cell,
            "cycles": self.cycles,
            "over": self.is_over,
            "log_mean": self.log_mean,
            "log_sd": self.log_sd,
            "quantiles": {"0.05": json_number(low), "0.5": json_number(middle), "0.95": json_number(high)},
            "inflation": self.inflation,
            "calibrated": self.is_calibrated,
        }


@dataclass(frozen=True)
class Curves:
    """Draws of the fade law for one cell.

    Attributes:
        theta: parameters, (draws, 4).
        weight: of each, (draws,).
        log_mean: mean of the logarithm of their lives.
        whole: share lost at the end of life.
        bend: of the fade law, (knots,).
        peak: cycle of the capacity's peak, less one.
        now: share at the last cycle, smoothed.
    """

    theta: Array
    weight: Array
    log_mean: float
    whole: float
    bend: Array
    peak: float
    now: float

    def fan(self, ahead: Array, posterior: LifePosterior) -> Array:
        """See `LifePosterior.fan`: what is lost from now on, with lives as wide apart as calibration says."""
        theta = self.theta.copy()
        apart = np.log(np.exp(theta[:, 0]) + self.peak) - self.log_mean
        theta[:, 0] += (posterior.inflation - 1) * apart + posterior.log_mean - self.log_mean
        since = np.log(np.maximum(posterior.cycles - self.peak + np.concatenate([[0.0], ahead]), 1e-3))
        columns = np.broadcast_to(since, (len(theta), len(since)))
        lost = loss(theta, columns, np.full(len(theta), self.whole), self.bend[None])
        share = self.now - (lost[:, 1:] - lost[:, :1])
        order = np.argsort(share, axis=0)
        reached = np.cumsum(self.weight[order], axis=0)
        rows = [np.argmax(reached >= min(level, 1 - _ALMOST), axis=0) for level in FAN_LEVELS]
        ordered = np.take_along_axis(share, order, axis=0)
        return np.array([ordered[row, np.arange(len(ahead))] for row in rows])
