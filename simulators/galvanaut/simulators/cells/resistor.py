"""A cell that is no more than a resistor, whatever its electrodes would do: shorted inside, or without contact.

Illustrative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from galvanaut.simulators.cells.cell import Array, CellState, Limits

NO_CONTACT_OHM = 1e12
"""Of a cell that touches nothing: more than any meter tells from an open circuit."""


@dataclass(frozen=True)
class ResistorCell:
    """See `Cell`. It never comes to a voltage at which it could be charged.

    Attributes:
        ohm: between its terminals.
        description: what it can be built from again.
    """

    ohm: float
    description: Mapping[str, Any] = field(default_factory=dict)

    def tempered(self, temperature_K: float) -> ResistorCell:
        """Itself: no temperature changes it."""
        return self

    def fresh(self) -> CellState:
        """Empty, as it stays."""
        return CellState(0.0)

    def restore(self, row: Mapping[str, Any]) -> CellState:
        """See `Cell`."""
        return CellState(**row)

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """See `Cell`."""
        return current_A * self.ohm

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """See `Cell`."""
        return voltage_V / (self.ohm + lead_ohm)

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """See `Cell`."""
        return complex(self.ohm)

    def hold_current(self, state: CellState, current_A: float, lead_ohm: float, limits: Limits) -> _Steady:
        """See `Cell`; nothing changes in time, so that a limit is passed at once or never."""
        sensed_V = current_A * (self.ohm + lead_ohm)
        is_inside = limits.low < sensed_V < limits.high or not current_A
        return _Steady(state, self.voltage_V(state, current_A), current_A, inf if is_inside else 0.0)

    def hold_voltage(self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits) -> _Steady:
        """See `Cell`; as for a held current, but that a current at a limit has not passed it."""
        current_A = self.current_A(state, voltage_V, lead_ohm)
        is_inside = limits.low <= current_A <= limits.high
        return _Steady(state, self.voltage_V(state, current_A), current_A, inf if is_inside else 0.0)


@dataclass(frozen=True)
class _Steady:
    """See `galvanaut.simulators.cells.cell.Path`."""

    start: CellState
    voltage_V: float
    current_A: float
    limit_s: float

    def ends_s(self, within_s: float) -> float:
        """See `Path`."""
        return self.limit_s

    def at(self, seconds: float) -> tuple[float, float]:
        """See `Path`."""
        return self.voltage_V, self.current_A

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        """See `Path`."""
        return np.full(len(seconds), self.voltage_V), np.full(len(seconds), self.current_A)

    def state(self, seconds: float) -> CellState:
        """See `Path`."""
        charge_C = self.current_A * seconds
        return CellState(self.start.charge_C + charge_C, 0.0, self.start.energy_J + self.voltage_V * charge_C)
