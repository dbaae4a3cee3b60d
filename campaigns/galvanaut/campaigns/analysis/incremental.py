"""Incremental capacity dQ/dV of a slow charge or discharge, and its peaks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
from scipy.signal import find_peaks, savgol_filter

from galvanaut.campaigns.analysis.curves import Curve
from galvanaut.campaigns.analysis.figures import Array
from galvanaut.core.errors import UnsupportedError

_PROMINENCE = 0.05


@dataclass(frozen=True)
class IncrementalCapacity:
    """dQ/dV on a regular grid; both arrays have shape (n,).

    Attributes:
        voltage_V: rising, multiples of the grid's step, so that curves of different cells share their points.
        slope_Ah_V: positive for charge and discharge.
        resolution_V: full width at half maximum that an infinitely sharp peak gets by the smoothing.
    """

    voltage_V: Array
    slope_Ah_V: Array
    resolution_V: float


@dataclass(frozen=True)
class Peak:
    """One peak of dQ/dV: where, how high, and how high above the deeper of the valleys beside it."""

    voltage_V: float
    height_Ah_V: float
    prominence_Ah_V: float


def incremental_capacity(curve: Curve, step_V: float = 2e-3, window_V: float = 0.03) -> IncrementalCapacity:
    """Derivative of a quadratic fitted in a moving window (Savitzky and Golay).

    That is a moving average of the true slope with a parabola as weight, as wide as the window; hence its width at
    half maximum, ``window / sqrt(2)``. Peaks closer together than that are one.

    Args:
        curve: charge against voltage.
        step_V: of the grid.
        window_V: of the fit; rounded to an odd number of steps.

    Raises:
        UnsupportedError: the curve spans less than the window, or the window less than three steps.
    """
    low, high = sorted((float(curve.voltage_V[0]), float(curve.voltage_V[-1])))
    points = 2 * round(window_V / step_V / 2) + 1
    grid_V = step_V * np.arange(ceil(low / step_V), floor(high / step_V) + 1, dtype=np.float64)
    if points < 3 or len(grid_V) < points + 2:
        raise UnsupportedError(
            f"dQ/dV needs a window of three steps or more and a curve that is longer: window {window_V:g} V, "
            f"step {step_V:g} V, curve {low:.3f} to {high:.3f} V"
        )
    slope: Array = savgol_filter(curve.charge_at(grid_V), points, 2, deriv=1, delta=step_V)
    sign = 1.0 if curve.direction == "charge" else -1.0
    # Half a window from either end the fit is not centred any more, and its width another one.
    inner = slice(points // 2, len(grid_V) - points // 2)
    return IncrementalCapacity(grid_V[inner], sign * slope[inner], (points - 1) * step_V / sqrt(2))


def peaks(found: IncrementalCapacity, prominence: float = _PROMINENCE) -> list[Peak]:
    """Peaks from low to high voltage.

    Args:
        found: dQ/dV.
        prominence: smallest, as a share of the highest dQ/dV.
    """
    slope, voltage_V = found.slope_Ah_V, found.voltage_V
    rows, properties = find_peaks(slope, prominence=prominence * float(slope.max()))
    step_V = float(voltage_V[1] - voltage_V[0])
    result = []
    for row, height in zip(rows.tolist(), properties["prominences"].tolist(), strict=True):
        before, top, after = slope[row - 1 : row + 2]
        bend = before - 2 * top + after
        offset = 0.5 * (before - after) / bend if bend else 0.0  # top of the parabola through three points
        result.append(Peak(float(voltage_V[row] + offset * step_V), float(top - (before - after) * offset / 4), height))
    return result
