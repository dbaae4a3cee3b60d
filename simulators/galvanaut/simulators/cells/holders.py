"""Cell holders: where cells, and the instruments wired to them, meet.

Like the rest of the world a holder is advanced only when somebody looks, from the state at the last change of what is
imposed on it; looking changes nothing. Trips (over-voltage, current limit, watchdog) happen at their own instant, also
when nobody looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from galvanaut.simulators.cells.cell import Cell, CellState, Limits
from galvanaut.simulators.cells.drive import OPEN, Drive

Mode = Literal["open", "voltage", "charge limit", "discharge limit"]
Trip = Literal["", "voltage", "current", "silence"]

_MOST_CHANGES = 1000
_STALL_S = 1e-6
"""Where rounding cannot tell a limit of current from the voltage, the voltage is held: so long, then twice as long."""


@dataclass(frozen=True)
class Sight:
    """A holder at one instant.

    Attributes:
        state: of the cell.
        voltage_V: between the cell's terminals.
        sensed_V: what the source that drives it sees: with two wires, the leads' drop included.
        current_A: into the cell.
        mode: circuit open, voltage held, or clamped at one of the current limits.
        trip: what has opened the circuit since the drive was imposed.
        tripped_at: when; infinite if nothing has.
    """

    state: CellState
    voltage_V: float
    sensed_V: float
    current_A: float
    mode: Mode
    trip: Trip = ""
    tripped_at: float = inf


@dataclass(frozen=True)
class _Change:
    """The last change of a holder's drive."""

    at: float
    state: CellState
    drive: Drive


class Holders:
    """All holders of a bench.

    Args:
        cells: by holder; None for an empty one.
        now: instant at which the world begins.
        rows: what `rows` gave in an earlier life, by holder.
    """

    def __init__(self, cells: Mapping[str, Cell | None], now: float, rows: Mapping[str, Any] | None = None) -> None:
        self._cells = dict(cells)
        self._changes = {
            name: _Change(now, cell.fresh() if cell is not None else CellState(0.0), OPEN)
            for name, cell in cells.items()
        }
        self._seen: dict[str, tuple[float, Sight]] = {}
        self._touched: set[str] = set()
        for name, row in (rows or {}).items():
            self._changes[name] = _Change(row["at"], CellState(**row["state"]), Drive(**row["drive"]))
        self._driven_by: defaultdict[str, set[str]] = defaultdict(set)
        for name, change in self._changes.items():
            self._driven_by[change.drive.source].add(name)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The whole state in JSON types, by holder."""
        return {name: self._row(name) for name in self._changes}

    def changes(self) -> dict[str, dict[str, Any]]:
        """What of `rows` has changed since the last call."""
        touched, self._touched = self._touched, set()
        return {name: self._row(name) for name in touched}

    def _row(self, holder: str) -> dict[str, Any]:
        change = self._changes[holder]
        return {"at": change.at, "state": dict(vars(change.state)), "drive": dict(vars(change.drive))}

    def cell(self, holder: str) -> Cell | None:
        """The cell in a holder."""
        return self._cells[holder]

    def drive(self, holder: str) -> Drive:
        """What was imposed on a holder last; it may have tripped since."""
        return self._changes[holder].drive

    def at(self, holder: str, instant: float) -> Sight:
        """A holder at an instant not before its last change."""
        seen = self._seen.get(holder)
        if seen is None or seen[0] != instant:
            seen = self._seen[holder] = (instant, self._look(holder, instant))
        return seen[1]

    def impose(self, holder: str, drive: Drive, instant: float) -> None:
        """Change what is imposed on a holder from an instant on; a trip before it is over."""
        sight = self.at(holder, instant)
        self._take(holder, _Change(max(instant, self._changes[holder].at), sight.state, drive))

    def put_off(self, source: str, until: float | None) -> None:
        """Move the instant at which the drives of a source open by themselves; it must not have come yet."""
        for name in self._driven_by[source]:
            change = self._changes[name]
            if change.drive.until != until:
                drive = Drive(**{**vars(change.drive), "until": until})
                self._take(name, _Change(change.at, change.state, drive))

    def _take(self, holder: str, change: _Change) -> None:
        before = self._changes[holder].drive.source
        if change.drive.source != before:
            self._driven_by[before].discard(holder)
            self._driven_by[change.drive.source].add(holder)
        self._changes[holder] = change
        self._touched.add(holder)
        self._seen.pop(holder, None)

    # -- what happens between changes ---------------------------------------------------------------------------

    def _look(self, holder: str, instant: float) -> Sight:
        change, cell = self._changes[holder], self._cells[holder]
        end = min(instant, inf if change.drive.until is None else max(change.at, change.drive.until))
        if cell is None:
            state, trip, at = change.state, _trip_of_nothing(change.drive), change.at
        else:
            state, trip, at = _driven(cell, change, end)
        if not trip and end < instant:
            trip, at = "silence", end
        if trip and cell is not None:
            state, _ = cell.hold_current(state, 0.0, 0.0, Limits(max(0.0, instant - at)))
        return _sight(cell, state, OPEN if trip else change.drive, trip, at if trip else inf)


def _driven(cell: Cell, change: _Change, end: float) -> tuple[CellState, Trip, float]:
    """Follow a cell under its drive; the state at ``end``, or where the drive trips and why."""
    state, at, drive, stalls = change.state, change.at, change.drive, 0
    mode = _mode(cell, state, drive)
    for _ in range(_MOST_CHANGES):
        trip = _trips(cell, state, drive, mode)
        if trip or at >= end:
            return state, trip, at
        state, seconds, mode = _stretch(cell, state, drive, mode, end - at)
        if mode == "open":
            return state, "voltage", min(end, at + seconds)
        if at + seconds == at and drive.voltage_V is not None:
            stalls += 1
            step_s = min(end - at, _STALL_S * 2**stalls)
            state, seconds = cell.hold_voltage(state, drive.voltage_V, drive.lead_ohm, Limits(step_s))
            mode = _mode(cell, state, drive)
        at = min(end, at + seconds)
    raise RuntimeError(f"the cell under {drive} changes between limits without end")


def _stretch(cell: Cell, state: CellState, drive: Drive, mode: Mode, seconds: float) -> tuple[CellState, float, Mode]:
    """One stretch under one rule, and the mode after it; "open" if it ended at the over-voltage trip."""
    if drive.voltage_V is None:
        state, _ = cell.hold_current(state, 0.0, 0.0, Limits(seconds))
        return state, seconds, "voltage"
    if mode == "voltage":
        limits = Limits(seconds, drive.low_A, drive.high_A)
        state, taken = cell.hold_voltage(state, drive.voltage_V, drive.lead_ohm, limits)
        if taken >= seconds:
            return state, taken, mode
        ahead = cell.current_A(state, drive.voltage_V, drive.lead_ohm)
        return state, taken, "charge limit" if ahead > (drive.low_A + drive.high_A) / 2 else "discharge limit"
    if mode == "charge limit":
        trip_V = inf if drive.trip_V is None else drive.trip_V
        limits = Limits(seconds, high=min(drive.voltage_V, trip_V))
        state, taken = cell.hold_current(state, drive.high_A, drive.lead_ohm, limits)
        ended: Mode = "open" if trip_V <= drive.voltage_V else "voltage"
        return state, taken, mode if taken >= seconds else ended
    state, taken = cell.hold_current(state, drive.low_A, drive.lead_ohm, Limits(seconds, low=drive.voltage_V))
    return state, taken, mode if taken >= seconds else "voltage"


def _mode(cell: Cell, state: CellState, drive: Drive) -> Mode:
    if drive.voltage_V is None:
        return "open"
    current_A = cell.current_A(state, drive.voltage_V, drive.lead_ohm)
    if current_A > drive.high_A:
        return "charge limit"
    return "discharge limit" if current_A < drive.low_A else "voltage"


def _trips(cell: Cell, state: CellState, drive: Drive, mode: Mode) -> Trip:
    if drive.voltage_V is None:
        return ""
    if drive.trip_V is not None and _sight(cell, state, drive).sensed_V >= drive.trip_V:
        return "voltage"
    return "current" if drive.trips_at_limit and mode != "voltage" else ""


def _trip_of_nothing(drive: Drive) -> Trip:
    """An empty holder shows the source's own voltage."""
    if drive.voltage_V is None or drive.trip_V is None:
        return ""
    return "voltage" if drive.voltage_V >= drive.trip_V else ""


def _sight(cell: Cell | None, state: CellState, drive: Drive, trip: Trip = "", at: float = inf) -> Sight:
    if cell is None:
        volts = drive.voltage_V or 0.0
        return Sight(state, volts, volts, 0.0, "open" if drive.voltage_V is None else "voltage", trip, at)
    mode = _mode(cell, state, drive)
    if drive.voltage_V is None:
        current_A = 0.0
    else:
        free_A = cell.current_A(state, drive.voltage_V, drive.lead_ohm)
        current_A = min(drive.high_A, max(drive.low_A, free_A))
    voltage_V = cell.voltage_V(state, current_A)
    return Sight(state, voltage_V, voltage_V + current_A * drive.lead_ohm, current_A, mode, trip, at)
