"""What a holder asks of a cell, whatever physics is inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CellState:
    """A cell at one instant.

    Attributes:
        charge_C: net charge that went in since the cell was empty.
        polarisation_V: what the terminals show above the open-circuit voltage after a current, besides its ohmic part.
        energy_J: net electrical energy that went in at the terminals since the world began.
    """

    charge_C: float
    polarisation_V: float = 0.0
    energy_J: float = 0.0


@dataclass(frozen=True)
class Limits:
    """What ends a stretch of time under one rule; whichever comes first.

    Attributes:
        low: value at or below which it ends, of the voltage under a held current, of the current under a held voltage.
        high: value at or above which it ends.
    """

    low: float = -inf
    high: float = inf


class Path(Protocol):
    """A cell through a stretch of time under one rule: worked out once, then looked at; looking changes nothing.

    Times are seconds from 0 on, the beginning of the stretch, and at most `ends_s`.
    """

    def ends_s(self, within_s: float) -> float:
        """When a limit ends it; infinite if that does not happen within a time."""
        ...

    def at(self, seconds: float) -> tuple[float, float]:
        """Terminal voltage in V and current in A at one instant."""
        ...

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        """The same at many instants."""
        ...

    def state(self, seconds: float) -> CellState:
        """The whole state, from which another stretch can begin."""
        ...


class Cell(Protocol):
    """A cell's electrical side. Currents are positive into the cell (charging), energies likewise.

    ``lead_ohm`` is resistance outside the terminals that voltages include: that of the leads, with two wires.
    """

    @property
    def description(self) -> Mapping[str, Any]:
        """In JSON types: what the cell can be built from again."""
        ...

    def tempered(self, temperature_K: float) -> Cell:
        """The same cell where it has a temperature."""
        ...

    def fresh(self) -> CellState:
        """The state in which the cell comes into its holder."""
        ...

    def restore(self, row: Mapping[str, Any]) -> CellState:
        """The state whose attributes were kept as JSON."""
        ...

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """Terminal voltage while a current flows."""
        ...

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """Current at the first moment after a voltage is imposed."""
        ...

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """Small-signal impedance."""
        ...

    def hold_current(self, state: CellState, current_A: float, lead_ohm: float, limits: Limits) -> Path:
        """Constant current from a state on; limits in volts."""
        ...

    def hold_voltage(self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits) -> Path:
        """Constant voltage from a state on; limits in amperes."""
        ...
