"""What a holder shows: at one instant, or along many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import NamedTuple

import numpy as np

from galvanaut.simulators.cells.cell import Array, CellState
from galvanaut.simulators.cells.course import Leg, Mode, Trip
from galvanaut.simulators.cells.drive import Drive


@dataclass(frozen=True)
class Sight:
    """A holder at one instant.

    Attributes:
        voltage_V: between the cell's terminals.
        sensed_V: what the source that drives it sees: with two wires, the leads' drop included.
        current_A: into the cell.
        mode: circuit open, voltage held, or clamped at one of the current limits.
        trip: what has opened the circuit since the drive was imposed.
        tripped_at: when; infinite if nothing has.
        find_state: works `state` out.
    """

    voltage_V: float
    sensed_V: float
    current_A: float
    mode: Mode
    trip: Trip
    tripped_at: float
    find_state: Callable[[], CellState] = field(repr=False, compare=False)

    @cached_property
    def state(self) -> CellState:
        """Of the cell; worked out when somebody asks."""
        return self.find_state()


class Trace(NamedTuple):
    """A holder at n instants; as in `Sight`, arrays of shape (n,)."""

    voltage_V: Array
    sensed_V: Array
    current_A: Array
    mode: tuple[Mode, ...]


def sight_of(leg: Leg, drive: Drive, seconds: float, tripped_at: float) -> Sight:
    """What a cell shows so long after the beginning of a leg."""
    voltage_V, current_A = leg.path.at(seconds)
    if leg.mode == "voltage":
        current_A = min(drive.high_A, max(drive.low_A, current_A))
    sensed_V = voltage_V if leg.mode == "open" else voltage_V + current_A * drive.lead_ohm
    at = tripped_at if leg.trip else inf
    return Sight(voltage_V, sensed_V, current_A, leg.mode, leg.trip, at, lambda: leg.path.state(seconds))


def trace_of(leg: Leg, drive: Drive, seconds: Array) -> Trace:
    """The same at many instants."""
    voltage_V, current_A = leg.path.trace(seconds)
    if leg.mode == "voltage":
        current_A = np.clip(current_A, drive.low_A, drive.high_A)
    sensed_V = voltage_V if leg.mode == "open" else voltage_V + current_A * drive.lead_ohm
    return Trace(voltage_V, sensed_V, current_A, (leg.mode,) * len(seconds))


def trace_of_sights(sights: Sequence[Sight]) -> Trace:
    """Instants that were looked at one by one."""
    columns = np.array([(sight.voltage_V, sight.sensed_V, sight.current_A) for sight in sights]).reshape(-1, 3)
    return Trace(columns[:, 0], columns[:, 1], columns[:, 2], tuple(sight.mode for sight in sights))


def joined(parts: Sequence[Trace]) -> Trace:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    voltage_V, sensed_V, current_A = (np.concatenate([part[column] for part in parts]) for column in range(3))
    return Trace(voltage_V, sensed_V, current_A, tuple(mode for part in parts for mode in part.mode))
