"""One cell under constant voltage as a chain of straight lines of current, for cells that are abused.

Where an electrode is empty or the salt is gone, the voltage has corners that polynomials and Newton's method do not get
round. One line after the other, each end searched for between two bounds, gets anywhere; it is slow and coarse.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from galvanaut.simulators.cells.spme.cells import States
from galvanaut.simulators.cells.spme.instant import Instant, One
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.cells.spme.stretch import Stretch
from galvanaut.simulators.cells.spme.voltage import Snapshot

_FIRST_SHARE = 1 / 256
_GROWTH = 1.3
_EXACT_V = 1e-9
_MOST_TRIES = 200


class VoltageRamps:
    """See `VoltageRow`, in whose place it stands.

    Args:
        one: the cell's constants.
        snapshot: of the same cell, at the beginning.
        voltage_V: behind the leads.
        lead_ohm: resistance outside the terminals.
        end_s: where the chain ends.
    """

    def __init__(self, one: One, snapshot: Snapshot, voltage_V: float, lead_ohm: float, end_s: float) -> None:
        self._voltage_V, self._lead_ohm, self.end_s = voltage_V, lead_ohm, end_s
        self.times_s, self._ramps = [0.0], list[Stretch]()
        self.currents_A = [Instant.of(one, snapshot).current_A(voltage_V, lead_ohm)]
        step_s = end_s * _FIRST_SHARE
        while self.times_s[-1] < end_s:
            begin_s = self.times_s[-1]
            until_s = min(end_s, begin_s + step_s)
            snapshot = self._go_on(snapshot, until_s - begin_s)
            self.times_s.append(until_s)
            step_s *= _GROWTH

    def _go_on(self, snapshot: Snapshot, lasts_s: float) -> Snapshot:
        """Add a line; the cell at its end."""
        start_A = self.currents_A[-1]
        end_A = self._end_A(snapshot, start_A, lasts_s)
        slope_A_s = np.array([(end_A - start_A) / lasts_s])
        times_s = np.array([[0.0, lasts_s / 2, lasts_s]])
        ramp = Stretch(snapshot, np.array([start_A]), slope_A_s, times_s)
        self._ramps.append(ramp)
        self.currents_A.append(end_A)
        return Snapshot(snapshot.cells, ramp.at(np.array([lasts_s])))

    def _end_A(self, snapshot: Snapshot, start_A: float, lasts_s: float) -> float:
        """The current at the end of a line, where the voltage is held again: it rises with the current."""

        def missing_V(end_A: float) -> float:
            slope_A_s = np.array([(end_A - start_A) / lasts_s])
            paths = snapshot.paths(np.array([start_A]), slope_A_s, np.array([[lasts_s]]))
            return self._voltage_V - self._lead_ohm * end_A - snapshot.voltage_V(paths).item()

        low_A, low_V = start_A, missing_V(start_A)
        step_A = max(1e-6, abs(start_A) / 8) * (1 if low_V > 0 else -1)
        high_A, high_V = low_A + step_A, missing_V(low_A + step_A)
        while (high_V > 0) == (low_V > 0) and abs(step_A) < 1e3:
            low_A, low_V, step_A = high_A, high_V, 2 * step_A
            high_A, high_V = low_A + step_A, missing_V(low_A + step_A)
        side, middle_A = 0, high_A
        for _ in range(_MOST_TRIES):
            middle_A = (low_A * high_V - high_A * low_V) / (high_V - low_V) if high_V != low_V else high_A
            middle_V = missing_V(middle_A)
            if abs(middle_V) < _EXACT_V or middle_A in (low_A, high_A):
                break
            if (middle_V > 0) == (high_V > 0):
                high_A, high_V, low_V, side = middle_A, middle_V, low_V / 2 if side > 0 else low_V, 1
            else:
                low_A, low_V, high_V, side = middle_A, middle_V, high_V / 2 if side < 0 else high_V, -1
        return middle_A

    def current_A(self, seconds: float) -> float:
        """At an instant."""
        return float(np.interp(seconds, self.times_s, self.currents_A))

    def many_A(self, seconds: Array) -> Array:
        """At many instants."""
        return np.interp(seconds, self.times_s, self.currents_A)

    def states(self, seconds: float) -> States:
        """All that is known of an instant."""
        number = min(bisect_right(self.times_s, seconds), len(self._ramps)) - 1
        return self._ramps[number].at(np.array([seconds - self.times_s[number]]))
