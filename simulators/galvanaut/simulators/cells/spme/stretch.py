"""n cells through one stretch of time under a current that is a straight line in time."""

from __future__ import annotations

from math import inf

import numpy as np

from galvanaut.simulators.cells.spme.cells import States
from galvanaut.simulators.cells.spme.losses import Instants, Losses
from galvanaut.simulators.cells.spme.parameters import Array, Flags
from galvanaut.simulators.cells.spme.voltage import Paths, Snapshot

_ZOOMS = 3
_ZOOM_POINTS = 12


def grid(points: int = 40) -> Array:
    """Instants from 0 to 1: geometrically closer at the beginning, where everything begins to move, then even."""
    return np.concatenate([[0.0], np.geomspace(1e-4, 0.6 / points, points // 5), np.linspace(1 / points, 1, points)])


class Stretch:
    """What happens between two changes of the current; all side reactions are evaluated on one grid of instants.

    Diffusion is exact at any instant. Side reactions are integrated over the grid, with the rates of the beginning's
    sizes; in between they are interpolated, so that looking at an instant never changes another.

    Args:
        snapshot: the cells at the beginning.
        current_A: at the beginning, shape (n,), positive while charging.
        slope_A_s: by how much it changes, shape (n,).
        times_s: instants from 0 on, shape (n, t).
    """

    def __init__(self, snapshot: Snapshot, current_A: Array, slope_A_s: Array, times_s: Array) -> None:
        self.times_s, self._current_A, self._slope_A_s = times_s, current_A, slope_A_s
        self.snapshot = snapshot
        self.paths = snapshot.paths(current_A, slope_A_s, times_s)
        self.losses = Losses(snapshot, self.paths, Instants(times_s))

    def along(self, times_s: Array) -> Paths:
        """The paths at other instants, shape (n, m)."""
        return self.snapshot.paths(self._current_A, self._slope_A_s, times_s)

    def at(self, seconds: Array, voltage_V: Array | None = None) -> States:
        """The states after a time, side reactions included.

        Args:
            seconds: shape (n,).
            voltage_V: at the terminals then, if that is known already.
        """
        times_s = seconds[:, None]
        modes = self.snapshot.modes(self._current_A, self._slope_A_s, times_s)
        charge_C = (self._current_A + self._slope_A_s * seconds / 2) * seconds
        if voltage_V is None:
            now_A = self._current_A + self._slope_A_s * seconds
            paths = self.snapshot.with_modes(times_s, now_A[:, None], charge_C[:, None], modes)
            voltage_V = self.losses.voltages_V(paths)[:, 0]
        return self.losses.states(seconds, charge_C, voltage_V, modes[:, 0])

    def leaves(self, low_V: Array, high_V: Array) -> Array:
        """When the voltage first is at a limit or past it, shape (n,); infinite if not on the grid.

        Args:
            low_V: shape (n,).
            high_V: shape (n,).
        """
        excess = _excess_V(self.losses.voltage_V, low_V, high_V)
        is_past = excess >= 0
        first = np.argmax(is_past, axis=1)
        ends = is_past.any(axis=1)
        rows = np.arange(len(first))
        before = np.maximum(first - 1, 0)
        begin, end = self.times_s[rows, before], self.times_s[rows, first]
        if not ends.any():
            return np.full(len(first), inf)
        under, over = excess[rows, before], excess[rows, first]
        share = np.linspace(0, 1, _ZOOM_POINTS)
        for _ in range(_ZOOMS):
            times_s = begin[:, None] + (end - begin)[:, None] * share
            excess = _excess_V(self.losses.voltages_V(self.along(times_s)), low_V, high_V)
            is_past = excess[:, 1:] >= 0
            first = np.where(is_past.any(axis=1), np.argmax(is_past, axis=1), _ZOOM_POINTS - 2)
            begin, end = times_s[rows, first], times_s[rows, first + 1]
            under, over = excess[rows, first], excess[rows, first + 1]
        width = np.where(ends & (over > under), over, 1.0) - np.where(ends, under, 0.0)
        crossing = begin + (end - begin) * np.clip(-np.where(ends, under, 0.0) / width, 0, 1)
        return np.where(ends, np.where(self._starts_past(low_V, high_V), 0.0, crossing), inf)

    def _starts_past(self, low_V: Array, high_V: Array) -> Flags:
        first_V = self.losses.voltage_V[:, 0]
        return (first_V >= high_V) | (first_V <= low_V)


def _excess_V(voltage_V: Array, low_V: Array, high_V: Array) -> Array:
    return np.maximum(voltage_V - high_V[:, None], low_V[:, None] - voltage_V)
