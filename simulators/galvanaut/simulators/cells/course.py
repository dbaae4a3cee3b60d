"""What becomes of a cell under one drive: stretches under one rule each, until something trips."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import inf
from typing import Literal

from galvanaut.simulators.cells.cell import Cell, CellState, Limits, Path
from galvanaut.simulators.cells.drive import Drive

Mode = Literal["open", "voltage", "charge limit", "discharge limit"]
Trip = Literal["", "voltage", "current", "silence"]

_MOST_LEGS = 1000
_STALL_S = 1e-6
"""Where rounding cannot tell a limit of current from the voltage, the voltage is held: so long, then twice as long."""


@dataclass(frozen=True)
class Leg:
    """One stretch of a course.

    Attributes:
        begin_s: since the drive was imposed.
        mode: circuit open, voltage held, or clamped at one of the current limits.
        path: of the cell.
        trip: what has opened the circuit; nothing comes after it.
        most_s: how long it lasts at most.
    """

    begin_s: float
    mode: Mode
    path: Path
    trip: Trip = ""
    most_s: float = inf


class Course:
    """The legs under a drive, made as far as somebody looks. What was looked at before never changes a leg.

    Args:
        cell: at its temperature.
        state: when the drive is imposed.
        drive: its watchdog is left to `leg`.
        trip: what has opened the circuit before the beginning.
    """

    def __init__(self, cell: Cell, state: CellState, drive: Drive, trip: Trip = "") -> None:
        self._cell, self._drive, self._stalls = cell, drive, 0
        self._legs = [self._leg(state, 0.0, _mode(cell, state, drive)) if not trip else self._open(state, 0.0, trip)]
        self._begins_s = [0.0]
        self._silence: Leg | None = None

    def leg(self, seconds: float, silent_s: float = inf) -> Leg:
        """The leg that an instant is in.

        Args:
            seconds: since the drive was imposed.
            silent_s: when the watchdog opens the circuit, if nothing has by then.
        """
        end_s = min(seconds, silent_s)
        self._reach(end_s)
        leg = self._legs[bisect_right(self._begins_s, end_s) - 1]
        if leg.trip or seconds <= silent_s:
            return leg
        if self._silence is None or self._silence.begin_s != silent_s:
            self._silence = self._open(leg.path.state(silent_s - leg.begin_s), silent_s, "silence")
        return self._silence

    def end_s(self, leg: Leg, within_s: float) -> float:
        """When a leg gives way to the next one; infinite if not within a time."""
        self._reach(within_s)
        place = bisect_right(self._begins_s, leg.begin_s)
        return self._begins_s[place] if leg is not self._silence and place < len(self._legs) else inf

    def _reach(self, seconds: float) -> None:
        while True:
            leg = self._legs[-1]
            if leg.trip or leg.mode == "open":
                return
            taken_s = min(leg.most_s, leg.path.ends_s(seconds - leg.begin_s))
            if leg.begin_s + taken_s > seconds:
                return
            if len(self._legs) > _MOST_LEGS:
                raise RuntimeError(f"the cell under {self._drive} changes between limits without end")
            self._legs.append(self._next(leg, taken_s))
            self._begins_s.append(self._legs[-1].begin_s)

    def _next(self, leg: Leg, taken_s: float) -> Leg:
        cell, drive = self._cell, self._drive
        state, at_s = leg.path.state(taken_s), leg.begin_s + taken_s
        if leg.most_s < inf:
            return self._leg(state, at_s, _mode(cell, state, drive))
        if leg.mode == "charge limit" and _trip_V(drive) <= _voltage_V(drive):
            return self._open(state, at_s, "voltage")
        if at_s == leg.begin_s:
            self._stalls += 1
            path = cell.hold_voltage(state, _voltage_V(drive), drive.lead_ohm, Limits())
            return Leg(at_s, "voltage", path, most_s=_STALL_S * 2**self._stalls)
        if leg.mode != "voltage":
            return self._leg(state, at_s, "voltage")
        ahead = cell.current_A(state, _voltage_V(drive), drive.lead_ohm) > (drive.low_A + drive.high_A) / 2
        return self._leg(state, at_s, "charge limit" if ahead else "discharge limit")

    def _leg(self, state: CellState, at_s: float, mode: Mode) -> Leg:
        """A new stretch, unless the drive trips where it would begin."""
        cell, drive = self._cell, self._drive
        if mode == "open":
            return self._open(state, at_s, "")
        if _sensed_V(cell, state, drive) >= _trip_V(drive):
            return self._open(state, at_s, "voltage")
        if drive.trips_at_limit and mode != "voltage":
            return self._open(state, at_s, "current")
        if mode == "voltage":
            limits = Limits(drive.low_A, drive.high_A)
            return Leg(at_s, mode, cell.hold_voltage(state, _voltage_V(drive), drive.lead_ohm, limits))
        if mode == "charge limit":
            limits = Limits(high=min(_voltage_V(drive), _trip_V(drive)))
            return Leg(at_s, mode, cell.hold_current(state, drive.high_A, drive.lead_ohm, limits))
        limits = Limits(low=_voltage_V(drive))
        return Leg(at_s, mode, cell.hold_current(state, drive.low_A, drive.lead_ohm, limits))

    def _open(self, state: CellState, at_s: float, trip: Trip) -> Leg:
        return Leg(at_s, "open", self._cell.hold_current(state, 0.0, 0.0, Limits()), trip)


def _mode(cell: Cell, state: CellState, drive: Drive) -> Mode:
    if drive.voltage_V is None:
        return "open"
    current_A = cell.current_A(state, drive.voltage_V, drive.lead_ohm)
    if current_A > drive.high_A:
        return "charge limit"
    return "discharge limit" if current_A < drive.low_A else "voltage"


def _sensed_V(cell: Cell, state: CellState, drive: Drive) -> float:
    """What the source sees at the first moment."""
    if drive.trip_V is None:
        return -inf
    current_A = cell.current_A(state, _voltage_V(drive), drive.lead_ohm)
    current_A = min(drive.high_A, max(drive.low_A, current_A))
    return cell.voltage_V(state, current_A) + current_A * drive.lead_ohm


def _voltage_V(drive: Drive) -> float:
    return drive.voltage_V if drive.voltage_V is not None else inf


def _trip_V(drive: Drive) -> float:
    return drive.trip_V if drive.trip_V is not None else inf
