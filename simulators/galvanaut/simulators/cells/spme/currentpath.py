"""One cell under constant current or at rest: a closed form, with the side reactions interpolated on a grid."""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.spme.cells import States
from galvanaut.simulators.cells.spme.hold import exhausted_s
from galvanaut.simulators.cells.spme.instant import Instant, Left, One
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.cells.spme.stretch import Stretch, grid
from galvanaut.simulators.cells.spme.voltage import Snapshot

if TYPE_CHECKING:
    from galvanaut.simulators.cells.spme.fast import FastCurrent

LONGEST_S = 1e9
_GRID = grid()
_EARLY = (np.geomspace(1e-3, 1.0, 24), np.linspace(0, 1, 24))
_EXACT_V = 1e-10
_TRIES = 60
_FEW = 8
"""So few instants are faster one by one."""


class CurrentPath:
    """See `Path`; `state` gives `States`.

    Args:
        one: the cell's constants.
        snapshot: of the same cell, at the beginning.
        current_A: constant.
        lead_ohm: resistance outside the terminals that the limits include.
        limits: of the voltage.
    """

    def __init__(self, one: One, snapshot: Snapshot, current_A: float, lead_ohm: float, limits: Limits) -> None:
        imposed = np.array([current_A])
        self._one, self._current_A = one, current_A
        self._fast: FastCurrent | None = None
        self._stretch = Stretch(snapshot, imposed, np.zeros(1), _instants_s(snapshot, imposed)[None])
        self._set_closed_form()
        drop_V = current_A * lead_ohm
        self._ends_s = self._leaves(limits.low - drop_V, limits.high - drop_V)

    def _set_closed_form(self) -> None:
        """Surfaces and salt as ``settled + moving exp(-rates t)``, and what is interpolated."""
        one, snapshot, losses = self._one, self._stretch.snapshot, self._stretch.losses
        states, inner_A = snapshot.states, self._current_A - one.leak_A
        settled = snapshot.gains[0] * inner_A
        self._moving = one.to_places * (snapshot.start[0] - settled)
        self._settled = one.to_places @ settled
        self._settled[0] += states.negative[0]
        self._settled[1] += states.positive[0]
        self._settled[2:] += one.salt_M
        self._falling = -snapshot.constants.rates[0]
        room_n_C, room_p_C = snapshot.room_C[0].item(), snapshot.room_C[1].item()
        self._speeds_1_s = (inner_A / room_n_C, -inner_A / room_p_C)
        self._times_s = self._stretch.times_s[0].tolist()
        columns = [losses.lost_C / room_n_C, *vars(losses.sizes).values()]
        self._left = np.concatenate(np.broadcast_arrays(*columns)).T
        if fast := snapshot.fast:
            left = np.column_stack([self._stretch.times_s[0], self._left])
            moving = np.ascontiguousarray(self._moving.T)
            self._fast = fast.current((self._current_A, self._speeds_1_s, self._settled, moving, self._falling, left))

    def ends_s(self, within_s: float) -> float:
        """See `Path`."""
        return self._ends_s if self._ends_s <= within_s else inf

    def at(self, seconds: float) -> tuple[float, float]:
        """See `Path`."""
        return self._voltage_V(seconds), self._current_A

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        """See `Path`."""
        if len(seconds) < _FEW:
            voltage_V = np.array([self._voltage_V(instant) for instant in seconds.tolist()])
        else:
            voltage_V = self._stretch.losses.voltages_V(self._stretch.along(seconds[None]))[0]
        return voltage_V, np.full(len(seconds), self._current_A)

    def state(self, seconds: float) -> States:
        """The states after a time."""
        return self._stretch.at(np.array([seconds]), np.array([self._voltage_V(seconds)]))

    def _voltage_V(self, seconds: float) -> float:
        if self._fast:
            return self._fast.voltage_V(seconds)
        lost, *left = self._between(seconds)
        places = self._settled + self._moving @ np.exp(self._falling * seconds)
        speed_n, speed_p = self._speeds_1_s
        surfaces = (float(places[0]) + speed_n * seconds - lost, float(places[1]) + speed_p * seconds)
        return Instant(self._one, surfaces, places[2:], Left(*left)).voltage_V(self._current_A)

    def _between(self, seconds: float) -> list[float]:
        """Stoichiometry lost, and `Sizes`: interpolated, and after the end of the grid as there."""
        times_s = self._times_s
        place = min(bisect_right(times_s, seconds), len(times_s) - 1)
        begin_s, end_s = times_s[place - 1], times_s[place]
        share = min(1.0, (seconds - begin_s) / (end_s - begin_s))
        begin = self._left[place - 1]
        values: list[float] = (begin + share * (self._left[place] - begin)).tolist()
        return values

    # -- when it ends -------------------------------------------------------------------------------------------

    def _leaves(self, low_V: float, high_V: float) -> float:
        """When the voltage first is at a limit or past it; infinite if not on the grid."""
        volts = self._stretch.losses.voltage_V[0]
        past = (volts <= low_V) | (volts >= high_V)
        first = int(past.argmax())
        if not past[first]:
            return inf
        if first == 0:
            return 0.0
        bound_V = high_V if volts[first] >= high_V else low_V
        before, after = (float(volts[place]) - bound_V for place in (first - 1, first))
        return self._meets(bound_V, self._times_s[first - 1], before, self._times_s[first], after)

    def _meets(self, bound_V: float, begin_s: float, before_V: float, end_s: float, after_V: float) -> float:
        """Where the voltage comes to a bound: secants, and halving where they get stuck on one side (Illinois)."""
        side = 0
        now_s = end_s
        for _ in range(_TRIES):
            now_s = (begin_s * after_V - end_s * before_V) / (after_V - before_V)
            now_V = self._voltage_V(now_s) - bound_V
            if abs(now_V) < _EXACT_V or not begin_s < now_s < end_s:
                break
            if (now_V > 0) == (after_V > 0):
                end_s, after_V, before_V, side = now_s, now_V, before_V / 2 if side > 0 else before_V, 1
            else:
                begin_s, before_V, after_V, side = now_s, now_V, after_V / 2 if side < 0 else after_V, -1
        return now_s


def _instants_s(snapshot: Snapshot, current_A: Array) -> Array:
    """As far as the current can flow: even, and closer at the beginning however far that is."""
    horizon_s = min(float(exhausted_s(snapshot.cells, snapshot.states, current_A)[0]), LONGEST_S)
    early_s = _EARLY[0] * horizon_s ** _EARLY[1]
    times_s = np.sort(np.concatenate([_GRID * horizon_s, np.minimum(early_s, horizon_s)]))
    return np.asarray(times_s[np.append(True, times_s[1:] > times_s[:-1])])
