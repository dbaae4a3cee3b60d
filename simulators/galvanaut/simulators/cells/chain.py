"""A path that is a chain of closed forms, made longer when somebody asks further."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from galvanaut.simulators.cells.cell import Array, CellState
from galvanaut.simulators.cells.curve import Curve


@dataclass(frozen=True)
class Piece:
    """One closed form; times count from its own beginning.

    Attributes:
        seconds: how long it holds.
        is_last: whether a limit ends it.
        voltage: at the terminals.
        current: into the cell.
        state: the state after a time.
    """

    seconds: float
    is_last: bool
    voltage: Curve
    current: Curve
    state: Callable[[float], CellState]


class ChainPath:
    """See `Path`.

    Args:
        pieces: one after the other, taken as they are needed; at least one.
    """

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._coming, self._pieces, self._begins_s = pieces, [next(pieces)], [0.0]

    def ends_s(self, within_s: float) -> float:
        """See `Path`."""
        self._reach(within_s)
        end_s = self._begins_s[-1] + self._pieces[-1].seconds
        return end_s if self._pieces[-1].is_last and end_s <= within_s else inf

    def at(self, seconds: float) -> tuple[float, float]:
        """See `Path`."""
        piece, within_s = self._piece(seconds)
        return piece.voltage.at(within_s), piece.current.at(within_s)

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        """See `Path`."""
        voltage_V, current_A = np.empty(len(seconds)), np.empty(len(seconds))
        if len(seconds):
            self._reach(float(seconds.max()))
        which = np.searchsorted(self._begins_s, seconds, side="right") - 1
        for number in np.unique(which):
            here, piece = which == number, self._pieces[number]
            within_s = np.minimum(seconds[here] - self._begins_s[number], piece.seconds)
            voltage_V[here], current_A[here] = piece.voltage.many(within_s), piece.current.many(within_s)
        return voltage_V, current_A

    def state(self, seconds: float) -> CellState:
        """See `Path`."""
        piece, within_s = self._piece(seconds)
        return piece.state(within_s)

    def _piece(self, seconds: float) -> tuple[Piece, float]:
        """The piece that an instant is in, and how far."""
        self._reach(seconds)
        number = bisect_right(self._begins_s, seconds) - 1
        piece = self._pieces[number]
        return piece, min(seconds - self._begins_s[number], piece.seconds)

    def _reach(self, seconds: float) -> None:
        while not self._pieces[-1].is_last and self._begins_s[-1] + self._pieces[-1].seconds <= seconds:
            self._begins_s.append(self._begins_s[-1] + self._pieces[-1].seconds)
            self._pieces.append(next(self._coming))
