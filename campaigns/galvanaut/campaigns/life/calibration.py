"""How far the model's own uncertainty can be trusted: finished cells, each predicted from the others.

Conformal in spirit (Vovk et al., 2005): intervals are widened until they would have held nine of ten finished cells.
The fade law is always somewhat wrong, and its posterior does not know that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.figures import Array

PROGRESS = np.arange(1, 9) / 10
"""Shares of the life at which finished cells are predicted again."""
COVERAGE = 0.9
_NORMAL_90 = 1.6448536269514722
_SHIFT_WEIGHT = 2.0
"""Cells that no shift at all counts as."""
_LEAST = 2
WIDEST = 1.0
"""Standard deviation of the logarithm of a life at most: wider intervals say as little."""


@dataclass(frozen=True)
class Calibration:
    """What is put right about the model's own posterior.

    Attributes:
        shift: of the logarithm of the life at each of `PROGRESS`, to be subtracted, (8,).
        inflation: factor on the standard deviation, likewise, (8,).
        cells: that it rests on.
        error: median of the absolute error of the logarithm of the life at each of `PROGRESS`, (8,).
        width: median of the widths of the calibrated 90 % intervals, as a share of the life, (8,).
    """

    shift: Array
    inflation: Array
    cells: int
    error: Array
    width: Array

    @classmethod
    def of(cls, miss: Array, sd: Array) -> Calibration:
        """From errors of the logarithm of the life and the model's standard deviations, (8, n) each."""
        cells = miss.shape[1]
        if cells < _LEAST:
            return none()
        trust = cells / (_SHIFT_WEIGHT + cells)
        others = [trust * np.median(np.delete(miss, cell, axis=1), axis=1) for cell in range(cells)]
        left = miss - np.array(others).T
        rank = min(cells, ceil(COVERAGE * (cells + 1))) - 1
        scaled = np.sort(np.abs(left) / sd, axis=1)[:, rank] / _NORMAL_90
        inflation = np.maximum(1.0, scaled) * (1 + 1 / cells)
        widened = np.minimum(WIDEST, inflation[:, None] * sd)
        width = np.median(2 * np.sinh(_NORMAL_90 * widened), axis=1)
        return cls(trust * np.median(miss, axis=1), inflation, cells, np.median(np.abs(left), axis=1), width)

    def at(self, progress: float) -> tuple[float, float]:
        """Shift and factor at a share of the life; those of the ends beyond them."""
        shift, inflation = (float(np.interp(progress, PROGRESS, each)) for each in (self.shift, self.inflation))
        return shift, inflation

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        columns = {
            "progress": PROGRESS,
            "shift": self.shift,
            "inflation": self.inflation,
            "error": self.error,
            "width": self.width,
        }
        return {"cells": self.cells, **{name: column.tolist() for name, column in columns.items()}}


def none() -> Calibration:
    """Of no cell."""
    unknown = np.full(len(PROGRESS), np.nan)
    return Calibration(np.zeros(len(PROGRESS)), np.ones(len(PROGRESS)), 0, unknown, unknown)
