"""One cell behind what holders ask of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from galvanaut.simulators.cells.cell import Array, CellState, Limits, Path
from galvanaut.simulators.cells.spme.cells import Cells, Sample, States
from galvanaut.simulators.cells.spme.currentpath import CurrentPath
from galvanaut.simulators.cells.spme.impedance import impedance_ohm
from galvanaut.simulators.cells.spme.instant import Instant, One, open_circuit_V
from galvanaut.simulators.cells.spme.landesfeind import TEMPERATURE_K
from galvanaut.simulators.cells.spme.parameters import COIN, REFERENCE_K
from galvanaut.simulators.cells.spme.voltage import Snapshot
from galvanaut.simulators.cells.spme.voltagepath import VoltagePath

CAPACITY_C = 4.183e-3 * 3600
"""Of a formed cell of the design between 4.2 and 2.8 V, very slowly."""
FREEZING_K = 273.15
STEP_K = 0.5
"""To which temperatures are rounded, in degrees Celsius, so that what follows from them is worked out once."""


def rounded(temperature_K: float) -> float:
    """The nearest half degree Celsius at which the electrolyte's relations hold."""
    low_K, high_K = TEMPERATURE_K
    return min(high_K, max(low_K, FREEZING_K + STEP_K * round((temperature_K - FREEZING_K) / STEP_K)))


@dataclass(frozen=True)
class SpmeState(CellState):
    """See `CellState`.

    Attributes:
        values: all numbers of `States`, one after the other.
    """

    values: tuple[float, ...] = ()


class SpmeCell:
    """A coin cell of the single-particle model with electrolyte. See `Cell`.

    Args:
        sample: what it is made of.
        temperature_K: it has, until it is `tempered`.
        state_of_charge: of a formed cell when it comes into its holder, 0 to 1; None for one never charged.
        description: what it can be built from again, in JSON types.
    """

    def __init__(
        self,
        sample: Sample,
        temperature_K: float = REFERENCE_K,
        state_of_charge: float | None = None,
        description: Mapping[str, Any] | None = None,
    ) -> None:
        self._sample, self._kelvin, self._soc = sample, temperature_K, state_of_charge
        self.description = dict(description or {})
        self._cells = Cells.of([sample], temperature_K)
        self._one = One(self._cells)
        full = self._cells.full()
        self._shapes = [(field.name, getattr(full, field.name).shape) for field in fields(States)]
        self._newest: tuple[CellState, Snapshot, Instant] | None = None
        self._siblings: dict[float, SpmeCell] = {temperature_K: self}

    def tempered(self, temperature_K: float) -> SpmeCell:
        """The same cell, at a temperature that is `rounded`."""
        rounded_K = rounded(temperature_K)
        if rounded_K not in self._siblings:
            cell = SpmeCell(self._sample, rounded_K, self._soc, self.description)
            cell._siblings = self._siblings
            self._siblings[rounded_K] = cell
        return self._siblings[rounded_K]

    def fresh(self) -> SpmeState:
        """As assembled, or formed and at rest at its state of charge."""
        return self.kept(self._cells.fresh() if self._soc is None else self._formed(self._soc))

    def _formed(self, state_of_charge: float) -> States:
        full = self._cells.full()
        missing_C = (1 - state_of_charge) * CAPACITY_C * self._cells.area_m2 / COIN.area_m2
        full_n, full_p = full.room_C(self._cells)
        return replace(
            full,
            charge_C=full.charge_C + state_of_charge * CAPACITY_C,
            negative=full.negative - missing_C / full_n,
            positive=full.positive + missing_C / full_p,
        )

    def restore(self, row: Mapping[str, Any]) -> SpmeState:
        """The state whose attributes were kept as JSON."""
        return SpmeState(**{**row, "values": tuple(row["values"])})

    def states(self, state: CellState) -> States:
        """All that is known of a state."""
        if not isinstance(state, SpmeState):
            raise TypeError(f"{state} is no state of this cell; restore it with SpmeCell.restore")
        values, pieces, begin = np.array(state.values), {}, 0
        for field, shape in self._shapes:
            end = begin + shape[-1]
            pieces[field] = values[begin:end].reshape(shape)
            begin = end
        return States(**pieces)

    def kept(self, states: States) -> SpmeState:
        """In a form that can be kept in JSON."""
        values = tuple(np.concatenate([getattr(states, name).ravel() for name, _ in self._shapes]).tolist())
        snapshot = Snapshot(self._cells, states)
        instant = Instant.of(self._one, snapshot)
        resting_V = open_circuit_V(self._one, (states.negative.item(), states.positive.item()))
        state = SpmeState(states.charge_C.item(), instant.rest_V - resting_V, states.energy_J.item(), values)
        self._newest = (state, snapshot, instant)
        return state

    def _known(self, state: CellState) -> tuple[CellState, Snapshot, Instant]:
        """What follows from a state; that of the newest one is needed again and again."""
        if self._newest is None or self._newest[0] is not state:
            snapshot = Snapshot(self._cells, self.states(state))
            self._newest = (state, snapshot, Instant.of(self._one, snapshot))
        return self._newest

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """See `Cell`."""
        return self._known(state)[2].voltage_V(current_A)

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """See `Cell`."""
        return self._known(state)[2].current_A(voltage_V, lead_ohm)

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """See `Cell`; of the cell when formed and half full, as the question names no state."""
        return impedance_ohm(self._one, Snapshot(self._cells, self._formed(0.5)), frequency_Hz)

    def hold_current(self, state: CellState, current_A: float, lead_ohm: float, limits: Limits) -> Path:
        """See `Cell`."""
        path = CurrentPath(self._one, self._known(state)[1], current_A, lead_ohm, limits)
        return _Kept(self, state, path)

    def hold_voltage(self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits) -> Path:
        """See `Cell`."""
        path = VoltagePath(self._one, self._known(state)[1], voltage_V, lead_ohm, limits)
        return _Kept(self, state, path)


@dataclass(frozen=True)
class _Kept:
    """A path whose states can be kept in JSON."""

    cell: SpmeCell
    start: CellState
    path: CurrentPath | VoltagePath

    def ends_s(self, within_s: float) -> float:
        return self.path.ends_s(within_s)

    def at(self, seconds: float) -> tuple[float, float]:
        return self.path.at(seconds)

    def trace(self, seconds: Array) -> tuple[Array, Array]:
        return self.path.trace(seconds)

    def state(self, seconds: float) -> CellState:
        return self.cell.kept(self.path.state(seconds)) if seconds > 0 else self.start
