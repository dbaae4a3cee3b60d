"""What a holder asks of a cell, whatever physics is inside."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Protocol


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
    """Ends of a stretch of time under one rule; whichever comes first ends it.

    Attributes:
        seconds: length of the stretch.
        low: value at or below which it ends, of the voltage under a held current, of the current under a held voltage.
        high: value at or above which it ends.
    """

    seconds: float
    low: float = -inf
    high: float = inf


class Cell(Protocol):
    """A cell's electrical side. Currents are positive into the cell (charging), energies likewise.

    ``lead_ohm`` is resistance outside the terminals that voltages include: that of the leads, with two wires.
    """

    def fresh(self) -> CellState:
        """The state in which the cell comes into its holder."""
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

    def hold_current(
        self, state: CellState, current_A: float, lead_ohm: float, limits: Limits
    ) -> tuple[CellState, float]:
        """The state after a stretch of constant current, and how many seconds it took; limits in volts."""
        ...

    def hold_voltage(
        self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits
    ) -> tuple[CellState, float]:
        """The state after a stretch of constant voltage, and how many seconds it took; limits in amperes."""
        ...
