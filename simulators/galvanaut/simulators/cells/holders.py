"""Cell holders: where cells, and the instruments wired to them, meet.

Like the rest of the world a holder is advanced only when somebody looks, from the state at the last change of what is
imposed on it; looking changes nothing. Trips (over-voltage, current limit, watchdog) happen at their own instant, also
when nobody looks.

A cell has the temperature that its holder had at the last change; how a chamber goes on from there acts on the cell at
the next change of the drive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np

from galvanaut.simulators.cells.cell import Array, Cell, CellState
from galvanaut.simulators.cells.course import Course, Leg, Trip
from galvanaut.simulators.cells.drive import OPEN, Drive
from galvanaut.simulators.cells.sight import Sight, Trace, joined, sight_of, trace_of, trace_of_sights

ROOM_K = 298.15
_NOTHING = CellState(0.0)


@dataclass(frozen=True)
class _Change:
    """The last change of a holder: of its drive, or of the cell in it.

    Attributes:
        at: when.
        state: of the cell.
        drive: what is imposed.
        temperature_K: of the cell until the next change.
        trip: what has opened the circuit since the drive was imposed and before this change.
        tripped_at: when.
    """

    at: float
    state: CellState
    drive: Drive
    temperature_K: float = ROOM_K
    trip: Trip = ""
    tripped_at: float = inf


class Holders:
    """All holders of a bench.

    Args:
        cells: by holder; None for an empty one.
        now: instant at which the world begins.
        rows: what `rows` gave in an earlier life, by holder.
        build: makes a cell from its `Cell.description`; needed where cells come and go.
        temperature_K: of a holder at an instant; 25 °C if None.
    """

    def __init__(
        self,
        cells: Mapping[str, Cell | None],
        now: float,
        rows: Mapping[str, Any] | None = None,
        build: Callable[[Mapping[str, Any]], Cell] | None = None,
        temperature_K: Callable[[str, float], float] | None = None,
    ) -> None:
        self._cells, self._temperature_K = dict(cells), temperature_K
        self._courses: dict[str, Course] = {}
        self._seen: dict[str, tuple[float, Sight]] = {}
        self._touched: set[str] = set()
        self._changes = {
            name: _Change(now, cell.fresh() if cell is not None else _NOTHING, OPEN, self._kelvin(name, now))
            for name, cell in cells.items()
        }
        for name, row in (rows or {}).items():
            self._cells[name] = _rebuilt(name, row, self._cells.get(name), build)
            self._changes[name] = _restored(row, self._cells[name])
        self._driven_by: defaultdict[str, set[str]] = defaultdict(set)
        for name, change in self._changes.items():
            self._driven_by[change.drive.source].add(name)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The whole state in JSON types, by holder."""
        return {name: self._row(name) for name in self._changes}

    def changes(self) -> dict[str, dict[str, Any]]:
        """What of `rows` has changed since the last call; in one order in every process, as it goes into a file."""
        touched, self._touched = sorted(self._touched), set()
        return {name: self._row(name) for name in touched}

    def _row(self, holder: str) -> dict[str, Any]:
        change, cell = self._changes[holder], self._cells[holder]
        return {
            "at": change.at,
            "state": dict(vars(change.state)),
            "drive": dict(vars(change.drive)),
            "temperature_K": change.temperature_K,
            "trip": [change.trip, change.tripped_at] if change.trip else None,
            "cell": dict(cell.description) if cell is not None else None,
        }

    def cell(self, holder: str) -> Cell | None:
        """The cell in a holder, at its temperature."""
        cell = self._cells[holder]
        return cell.tempered(self._changes[holder].temperature_K) if cell is not None else None

    def drive(self, holder: str) -> Drive:
        """What was imposed on a holder last; it may have tripped since."""
        return self._changes[holder].drive

    # -- looking ------------------------------------------------------------------------------------------------

    def at(self, holder: str, instant: float) -> Sight:
        """A holder at an instant not before its last change."""
        seen = self._seen.get(holder)
        if seen is None or seen[0] != instant:
            seen = self._seen[holder] = (instant, self._look(holder, instant))
        return seen[1]

    def trace(self, holder: str, instants: Array) -> Trace:
        """A holder at many instants at once, as `at` shows it; for instruments that record by themselves.

        Args:
            holder: its name.
            instants: sorted, none before the holder's last change; shape (n,).

        Raises:
            ValueError: they are not.
        """
        change, n = self._changes[holder], len(instants)
        seconds = np.asarray(instants, float) - change.at
        if n and (seconds[0] < 0 or (np.diff(seconds) < 0).any()):
            raise ValueError(f"a trace of holder {holder} wants sorted instants from its last change on, {change.at}")
        if not n or self._cells[holder] is None:
            return trace_of_sights([self._look(holder, float(instant)) for instant in instants])
        silent_s, begin, parts = self._silent_s(change), 0, list[Trace]()
        while begin < n:
            course, leg = self._leg(holder, float(seconds[begin]))
            end_s = course.end_s(leg, min(float(seconds[-1]), silent_s))
            end = int(np.searchsorted(seconds, end_s, side="left"))
            if not leg.trip and silent_s < end_s:
                end = int(np.searchsorted(seconds, silent_s, side="right"))
            parts.append(trace_of(leg, change.drive, seconds[begin:end] - leg.begin_s))
            begin = end
        return joined(parts)

    def _look(self, holder: str, instant: float) -> Sight:
        change = self._changes[holder]
        if self._cells[holder] is None:
            return _empty(change, instant)
        _, leg = self._leg(holder, max(0.0, instant - change.at))
        tripped_at = change.tripped_at if change.trip else change.at + leg.begin_s
        return sight_of(leg, change.drive, max(0.0, instant - change.at - leg.begin_s), tripped_at)

    def _leg(self, holder: str, seconds: float) -> tuple[Course, Leg]:
        """What the cell is going through so long after the last change."""
        change, course = self._changes[holder], self._courses.get(holder)
        if course is None:
            cell = self.cell(holder)
            assert cell is not None
            course = self._courses[holder] = Course(cell, change.state, change.drive, change.trip)
        return course, course.leg(seconds, self._silent_s(change))

    @staticmethod
    def _silent_s(change: _Change) -> float:
        until = change.drive.until
        return inf if until is None else max(0.0, until - change.at)

    # -- changing -----------------------------------------------------------------------------------------------

    def impose(self, holder: str, drive: Drive, instant: float) -> None:
        """Change what is imposed on a holder from an instant on; a trip before it is over."""
        state = self.at(holder, instant).state
        self._change(holder, _Change(self._not_before(holder, instant), state, drive))

    def put(self, holder: str, cell: Cell, instant: float) -> None:
        """Put a cell into an empty holder; what is imposed on the holder acts on it from then on.

        Raises:
            ValueError: there is a cell in it.
        """
        if self._cells[holder] is not None:
            raise ValueError(f"there is a cell in holder {holder} already; take it out first")
        self._exchange(holder, cell, cell.fresh(), instant)

    def take(self, holder: str, instant: float) -> None:
        """Take the cell out of a holder, which stays under its drive.

        Raises:
            ValueError: there is no cell in it.
        """
        if self._cells[holder] is None:
            raise ValueError(f"there is no cell in holder {holder} that could be taken out")
        self._exchange(holder, None, _NOTHING, instant)

    def _exchange(self, holder: str, cell: Cell | None, state: CellState, instant: float) -> None:
        """Another cell, or none, under the same drive; what has tripped stays tripped."""
        sight, drive = self.at(holder, instant), self._changes[holder].drive
        self._cells[holder] = cell
        at = self._not_before(holder, instant)
        self._change(holder, _Change(at, state, drive, trip=sight.trip, tripped_at=sight.tripped_at))

    def put_off(self, source: str, until: float | None) -> None:
        """Move the instant at which the drives of a source open by themselves; it must not have come yet."""
        for name in self._driven_by[source]:
            change = self._changes[name]
            if change.drive.until != until:
                self._changes[name] = replace(change, drive=replace(change.drive, until=until))
                self._touched.add(name)
                self._seen.pop(name, None)

    def _not_before(self, holder: str, instant: float) -> float:
        return max(instant, self._changes[holder].at)

    def _kelvin(self, holder: str, instant: float) -> float:
        return self._temperature_K(holder, instant) if self._temperature_K is not None else ROOM_K

    def _change(self, holder: str, change: _Change) -> None:
        before = self._changes[holder].drive.source
        if change.drive.source != before:
            self._driven_by[before].discard(holder)
            self._driven_by[change.drive.source].add(holder)
        self._changes[holder] = replace(change, temperature_K=self._kelvin(holder, change.at))
        self._touched.add(holder)
        self._seen.pop(holder, None)
        self._courses.pop(holder, None)


def _rebuilt(
    holder: str, row: Mapping[str, Any], cell: Cell | None, build: Callable[[Mapping[str, Any]], Cell] | None
) -> Cell | None:
    """The cell that was in a holder: the one that comes with the bench, or another one that has been put in since."""
    if "cell" not in row or (cell is not None and cell.description == row["cell"]):
        return cell
    if row["cell"] is None:
        return None
    if build is None:
        raise ValueError(f"holder {holder} kept a cell that came later; Holders need `build` to make it again")
    return build(row["cell"])


def _restored(row: Mapping[str, Any], cell: Cell | None) -> _Change:
    state = cell.restore(row["state"]) if cell is not None else CellState(**row["state"])
    change = _Change(row["at"], state, Drive(**row["drive"]), row.get("temperature_K", ROOM_K))
    return replace(change, trip=row["trip"][0], tripped_at=row["trip"][1]) if row.get("trip") else change


def _empty(change: _Change, instant: float) -> Sight:
    """An empty holder shows the source's own voltage, unless that trips the source itself or its watchdog has."""
    drive, trip, tripped_at = change.drive, change.trip, change.tripped_at
    volts = 0.0 if drive.voltage_V is None else drive.voltage_V
    until = inf if drive.until is None else max(change.at, drive.until)
    if not trip and drive.voltage_V is not None and drive.trip_V is not None and volts >= drive.trip_V:
        trip, tripped_at = "voltage", change.at
    if not trip and until < instant:
        trip, tripped_at = "silence", until
    if trip or drive.voltage_V is None:
        return Sight(0.0, 0.0, 0.0, "open", trip, tripped_at, lambda: change.state)
    return Sight(volts, volts, 0.0, "voltage", "", inf, lambda: change.state)
