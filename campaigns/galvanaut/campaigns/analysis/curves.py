"""Charge against voltage of one half of a cycle, and how much that curve changes over the life of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import isotonic_regression

from galvanaut.campaigns.analysis.accuracy import KEITHLEY_2450, Accuracy
from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.analysis.record import Intervals, Record
from galvanaut.core.errors import InputError

Direction = Literal["charge", "discharge"]
_CONSTANT_CURRENT = 0.97
"""Readings below this share of the half's current are the constant-voltage part, where the charge has no slope."""
_POINTS = 1000


@dataclass(frozen=True)
class Curve:
    """The constant-current part of a charge or a discharge; both arrays have shape (n,).

    Attributes:
        direction: of the current.
        voltage_V: strictly rising on charge, strictly falling on discharge.
        charge_Ah: moved since the half began; rises.
    """

    direction: Direction
    voltage_V: Array
    charge_Ah: Array

    def charge_at(self, voltage_V: Array) -> Array:
        """Charge at voltages, Ah, on straight lines; beyond the ends of the curve that of the end."""
        sign = 1.0 if self.direction == "charge" else -1.0
        return np.asarray(np.interp(sign * voltage_V, sign * self.voltage_V, self.charge_Ah), dtype=np.float64)


def half_curve(record: Record, cycle: int, direction: Direction, accuracy: Accuracy = KEITHLEY_2450) -> Curve:
    """The curve of one half of a cycle.

    Noise makes a voltage go back and forth; the least-squares monotone curve through the readings is taken, and
    readings that it makes equal become one.

    Raises:
        InputError: no such cycle, or fewer than three different voltages.
    """
    rows = record.rows_of(cycle)
    intervals = Intervals.of(record, accuracy.rest_A)
    sign = 1.0 if direction == "charge" else -1.0
    part = slice(max(0, rows.start - 1), rows.stop - 1)
    current_A = sign * intervals.current_A[part]
    voltage_V, charge_Ah = (
        sign * record.voltage_V[1:][part],
        np.cumsum(np.abs(intervals.charge_Ah[part]) * (current_A > 0)),
    )
    flows = (current_A > 0) & np.isfinite(voltage_V)
    if flows.any():
        flows &= current_A >= _CONSTANT_CURRENT * np.quantile(current_A[flows], 0.99)
    if flows.sum() >= 3:
        level_V = isotonic_regression(voltage_V[flows]).x
        levels_V, index, counts = np.unique(level_V, return_inverse=True, return_counts=True)
        if len(levels_V) >= 3:
            return Curve(direction, sign * levels_V, np.bincount(index, charge_Ah[flows]) / counts)
    raise InputError(record.source, f"cycle {cycle} has no {direction} at constant current with three voltages or more")


def log_variance(early: Curve, late: Curve, lowest_V: float, highest_V: float, points: int = _POINTS) -> float:
    """log10 of the variance of the change of charge at equal voltage, Ah^2; minus infinity without any change.

    The change between discharges 10 and 100 foretells the life of LFP cells in Severson et al., Nature Energy 4 (2019)
    383, on 1000 voltages.

    Args:
        early: of the younger cell.
        late: of the older cell, in the same direction.
        lowest_V: begin of the grid.
        highest_V: its end; both within the limits of both tests.
        points: of the grid.

    Raises:
        ValueError: one charge and one discharge.
    """
    if early.direction != late.direction:
        raise ValueError(f"a {early.direction} cannot be compared with a {late.direction}")
    grid_V = np.linspace(lowest_V, highest_V, points)
    variance = float(np.var(late.charge_at(grid_V) - early.charge_at(grid_V)))
    return float(np.log10(variance)) if variance > 0 else -np.inf
