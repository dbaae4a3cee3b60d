"""One cell under constant voltage, for as long as somebody asks."""

from __future__ import annotations

from bisect import bisect_right
from math import inf

import numpy as np

from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.spme.cells import States
from galvanaut.simulators.cells.spme.instant import One
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.cells.spme.voltage import Snapshot
from galvanaut.simulators.cells.spme.voltageramps import VoltageRamps
from galvanaut.simulators.cells.spme.voltagerow import VoltageRow

_FIRST_S = (0.0, 0.5, 2.0, 8.0, 30.0, 90.0)
"""Panels of the first row: the beginning of diffusion, and all of a hold that somebody ends soon."""
_SECOND_S = (0.0, 110.0, 310.0, 710.0, 1310.0, 2310.0, 4010.0)
"""Panels of the second row, in which diffusion and then the charge itself settle."""
_LATER = (0.0, 0.5, 1.5, 3.0, 6.0, 12.0, 24.0)
"""Panels of every later row, over what has passed before it: all that is left fades slowly."""
_BISECTIONS = 60


class VoltagePath:
    """See `Path`; `state` gives `States`.

    The rows are always the same ones, so that how far somebody looks changes nothing.

    Args:
        one: the cell's constants.
        snapshot: of the same cell, at the beginning.
        voltage_V: constant, behind the leads.
        lead_ohm: resistance outside the terminals.
        limits: of the current.
    """

    def __init__(self, one: One, snapshot: Snapshot, voltage_V: float, lead_ohm: float, limits: Limits) -> None:
        self._one, self._cells, self._limits = one, snapshot.cells, limits
        self._voltage_V, self._lead_ohm = voltage_V, lead_ohm
        self._rows, self._begins_s = [self._new(snapshot, _FIRST_S)], [0.0]
        self._searched, self._ends_s = 0, inf

    def ends_s(self, within_s: float) -> float:
        """See `Path`."""
        self._reach(within_s)
        while self._ends_s == inf and self._searched < len(self._rows):
            row, begin_s = self._rows[self._searched], self._begins_s[self._searched]
            self._ends_s, self._searched = begin_s + _leaves(row, self._limits), self._searched + 1
        return self._ends_s if self._ends_s <= within_s else inf

    def at(self, seconds: float) -> tuple[float, float]:
        """See `Path`."""
        row, within_s = self._row(seconds)
        current_A = row.current_A(within_s)
        return self._voltage_V - self._lead_ohm * current_A, current_A

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        """See `Path`."""
        current_A = np.empty(len(seconds))
        if len(seconds):
            self._reach(float(seconds.max()))
        which = np.searchsorted(self._begins_s, seconds, side="right") - 1
        for number in np.unique(which):
            here, row = which == number, self._rows[number]
            current_A[here] = row.many_A(seconds[here] - self._begins_s[number])
        return self._voltage_V - self._lead_ohm * current_A, current_A

    def state(self, seconds: float) -> States:
        """The states after a time."""
        row, within_s = self._row(seconds)
        return row.states(within_s)

    def _row(self, seconds: float) -> tuple[VoltageRow | VoltageRamps, float]:
        """The row that an instant is in, and how far."""
        self._reach(seconds)
        number = bisect_right(self._begins_s, seconds) - 1
        return self._rows[number], seconds - self._begins_s[number]

    def _reach(self, seconds: float) -> None:
        while (end_s := self._begins_s[-1] + self._rows[-1].end_s) <= seconds:
            states = self._rows[-1].states(self._rows[-1].end_s)
            edges_s = _SECOND_S if len(self._rows) == 1 else tuple(end_s * share for share in _LATER)
            self._rows.append(self._new(Snapshot(self._cells, states), edges_s))
            self._begins_s.append(end_s)

    def _new(self, snapshot: Snapshot, edges_s: tuple[float, ...]) -> VoltageRow | VoltageRamps:
        row = VoltageRow(self._one, snapshot, self._voltage_V, self._lead_ohm, edges_s)
        if row.is_solved:
            return row
        return VoltageRamps(self._one, snapshot, self._voltage_V, self._lead_ohm, edges_s[-1])


def _leaves(row: VoltageRow | VoltageRamps, limits: Limits) -> float:
    """When the current first is at a limit or past it, moving outwards; infinite if not in this row."""
    currents_A, times_s = row.currents_A, row.times_s
    for place in range(len(times_s) - 1):
        before_A, after_A = currents_A[place : place + 2]
        bound_A, side = (limits.high, 1) if after_A > before_A else (limits.low, -1)
        if side * (after_A - bound_A) >= 0:
            if side * (before_A - bound_A) >= 0:
                return times_s[place]
            return _meets(row, bound_A, side, times_s[place], times_s[place + 1])
    return inf


def _meets(row: VoltageRow | VoltageRamps, bound_A: float, side: int, begin_s: float, end_s: float) -> float:
    for _ in range(_BISECTIONS):
        middle_s = (begin_s + end_s) / 2
        if side * (row.current_A(middle_s) - bound_A) >= 0:
            end_s = middle_s
        else:
            begin_s = middle_s
    return end_s
