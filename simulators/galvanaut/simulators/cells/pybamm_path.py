"""A stretch of time of a cell that PyBaMM solves, chunk by chunk, as far as somebody looks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.cell import Array, CellState, Limits
from galvanaut.simulators.cells.pybamm_engine import Control, PybammEngine, Values, last_values, looked_at

_FIRST_S, _LONGEST_S = 600.0, 9600.0
_SHORTEST_S = 0.1
_MOMENT_S = 1e-6
"""PyBaMM solves no shorter times; nothing changes in less."""
_BISECTIONS = 60


class PybammPath:
    """See `galvanaut.simulators.cells.cell.Path`.

    Chunks are always the same ones, each twice as long as the one before. One that has no solution to its end, because
    an electrode runs empty or full in it, is halved until it has.

    Args:
        engine: solves it.
        start: state vector at the beginning.
        control: what is held.
        limits: of the voltage behind the leads under a held current, of the current under a held voltage.
        kept: makes a whole state of a state vector.
    """

    def __init__(
        self, engine: PybammEngine, start: Values, control: Control, limits: Limits, kept: Callable[[Values], CellState]
    ) -> None:
        self._engine, self._control, self._limits, self._kept = engine, control, limits, kept
        self._starts, self._begins_s = [start], [0.0]
        self._chunks: list[Any] = []
        self._searched, self._ends_s = 0, inf

    def ends_s(self, within_s: float) -> float:
        """See `Path`."""
        while self._ends_s == inf and self._begins_s[self._searched] <= within_s:
            self._reach(self._begins_s[self._searched])
            self._ends_s, self._searched = self._leaves(self._searched), self._searched + 1
        return self._ends_s if self._ends_s <= within_s else inf

    def at(self, seconds: float) -> tuple[float, float]:
        """See `Path`."""
        voltage_V, current_A = self.trace(np.array([seconds]))
        return float(voltage_V[0]), float(current_A[0])

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        """See `Path`."""
        voltage_V, current_A = np.empty(len(seconds)), np.empty(len(seconds))
        if len(seconds):
            self._reach(float(seconds.max()))
        which = np.searchsorted(self._begins_s, seconds, side="right") - 1
        for number in np.unique(which):
            here = which == number
            inside_s = seconds[here] - self._begins_s[number]
            voltage_V[here], current_A[here] = looked_at(self._chunks[number], inside_s)
        return voltage_V, current_A

    def state(self, seconds: float) -> CellState:
        """See `Path`."""
        self._reach(seconds)
        number = bisect_right(self._begins_s, seconds) - 1
        values, inside_s = self._starts[number], seconds - self._begins_s[number]
        if inside_s > _MOMENT_S:
            values = last_values(self._engine.solved(values, inside_s, self._control))
        return self._kept(values)

    def _reach(self, seconds: float) -> None:
        """Solve so far that the chunk of an instant is there."""
        while self._begins_s[-1] <= seconds:
            chunk, lasts_s = self._solved(self._length_s())
            self._chunks.append(chunk)
            self._starts.append(last_values(chunk))
            self._begins_s.append(self._begins_s[-1] + lasts_s)

    def _length_s(self) -> float:
        """What the next chunk is tried with."""
        return min(_LONGEST_S, 2 * (self._begins_s[-1] - self._begins_s[-2])) if self._chunks else _FIRST_S

    def _solved(self, lasts_s: float) -> tuple[Any, float]:
        """The next chunk and how long it lasts."""
        while True:
            try:
                return self._engine.solved(self._starts[-1], lasts_s, self._control), lasts_s
            except UnsupportedError:
                if lasts_s < _SHORTEST_S:
                    raise
                lasts_s /= 2

    def _leaves(self, number: int) -> float:
        """When a chunk first is at a limit or past it, moving outwards; infinite if it never is."""
        times_s = np.asarray(self._chunks[number].t, float)
        watched = self._watched(number, times_s)
        before, after = watched[:-1], watched[1:]
        side = np.where(after > before, 1.0, -1.0)
        bound = np.where(after > before, self._limits.high, self._limits.low)
        is_past = side * (after - bound) >= 0
        if not is_past.any():
            return inf
        place = int(np.argmax(is_past))
        begin_s = float(times_s[place])
        if side[place] * (before[place] - bound[place]) < 0:
            begin_s = self._meets(number, bound[place], side[place], (begin_s, float(times_s[place + 1])))
        return self._begins_s[number] + begin_s

    def _meets(self, number: int, bound: float, side: float, between_s: tuple[float, float]) -> float:
        begin_s, end_s = between_s
        for _ in range(_BISECTIONS):
            middle_s = (begin_s + end_s) / 2
            if side * (self._watched(number, np.array([middle_s]))[0] - bound) >= 0:
                end_s = middle_s
            else:
                begin_s = middle_s
        return end_s

    def _watched(self, number: int, inside_s: Array) -> Array:
        """What the limits are of."""
        voltage_V, current_A = looked_at(self._chunks[number], inside_s)
        return current_A if self._control.voltage_V is not None else voltage_V + current_A * self._control.lead_ohm
