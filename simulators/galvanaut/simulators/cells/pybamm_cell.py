"""A coin cell solved by PyBaMM behind what holders ask of a cell: other people's code, and slower than our own.

The sizes and the electrolyte are those of `galvanaut.simulators.cells.spme`. Ageing is growth of the SEI limited by
diffusion of solvent, with PyBaMM's own constants, which are not ours. The extra ``pybamm`` brings the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.cell import CellState, Limits, Path
from galvanaut.simulators.cells.pybamm_engine import Control, PybammEngine, Values
from galvanaut.simulators.cells.pybamm_path import PybammPath
from galvanaut.simulators.cells.spme.cells import Sample
from galvanaut.simulators.cells.spme.holdercell import CAPACITY_C, SpmeCell, rounded
from galvanaut.simulators.cells.spme.landesfeind import Family
from galvanaut.simulators.cells.spme.parameters import REFERENCE_K
from galvanaut.simulators.cells.spme.transport import of_family


@dataclass(frozen=True)
class PybammState(CellState):
    """See `CellState`.

    Attributes:
        values: PyBaMM's state vector.
    """

    values: Values = ()


class PybammCell:
    """See `Cell`.

    Args:
        electrolyte: one of the three measured liquids.
        salt_M: LiPF6 in mol/l.
        state_of_charge: when it comes into its holder, 0 to 1, as `SpmeCell` counts it.
        temperature_K: it has, until it is `tempered`.
        description: what it can be built from again, in JSON types.

    Raises:
        InputError: PyBaMM is not installed.
    """

    def __init__(
        self,
        electrolyte: Family = "EC:EMC",
        salt_M: float = 1.0,
        state_of_charge: float = 0.3,
        temperature_K: float = REFERENCE_K,
        description: Mapping[str, Any] | None = None,
    ) -> None:
        self._made = (electrolyte, salt_M, state_of_charge)
        self._kelvin, self.description = temperature_K, dict(description or {})
        twin = SpmeCell(Sample(partial(of_family, electrolyte, salt_M)), state_of_charge=state_of_charge)
        states = twin.states(twin.fresh())
        self._engine = PybammEngine.of(electrolyte, salt_M, states.negative.item(), states.positive.item())
        self._siblings: dict[float, PybammCell] = {temperature_K: self}

    def tempered(self, temperature_K: float) -> PybammCell:
        """The same cell, at a temperature that is `rounded` as for `SpmeCell`."""
        rounded_K = rounded(temperature_K)
        if rounded_K not in self._siblings:
            cell = PybammCell(*self._made, rounded_K, self.description)
            cell._siblings = self._siblings
            self._siblings[rounded_K] = cell
        return self._siblings[rounded_K]

    def fresh(self) -> PybammState:
        """Formed and at rest at its state of charge, without any ageing."""
        return self._kept(self._engine.first(self._kelvin))

    def restore(self, row: Mapping[str, Any]) -> PybammState:
        """The state whose attributes were kept as JSON."""
        return PybammState(**{**row, "values": tuple(row["values"])})

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """See `Cell`."""
        return self._engine.voltage_V(_values(state), self._kelvin, current_A)

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """See `Cell`."""
        return self._engine.current_A(_values(state), Control(self._kelvin, 0.0, voltage_V, lead_ohm))

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """See `Cell`.

        Raises:
            UnsupportedError: always; its double layers are not modelled.
        """
        raise UnsupportedError("a cell of `physics: pybamm` has no impedance; `physics: single particle` has one")

    def hold_current(self, state: CellState, current_A: float, lead_ohm: float, limits: Limits) -> Path:
        """See `Cell`."""
        return self._path(state, Control(self._kelvin, current_A, None, lead_ohm), limits)

    def hold_voltage(self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits) -> Path:
        """See `Cell`."""
        return self._path(state, Control(self._kelvin, 0.0, voltage_V, lead_ohm), limits)

    def _path(self, state: CellState, control: Control, limits: Limits) -> Path:
        return PybammPath(self._engine, _values(state), control, limits, self._kept)

    def _kept(self, values: Values) -> PybammState:
        """In a form that can be kept in JSON."""
        ask = partial(self._engine.quantity, values=values, temperature_K=self._kelvin)
        charge_C = self._made[2] * CAPACITY_C - 3600 * ask("Discharge capacity [A.h]")
        polarisation_V = self._engine.voltage_V(values, self._kelvin, 0.0) - ask("Battery open-circuit voltage [V]")
        return PybammState(charge_C, polarisation_V, -3600 * ask("Discharge energy [W.h]"), values)


def _values(state: CellState) -> Values:
    if not isinstance(state, PybammState):
        raise TypeError(f"{state} is no state of this cell; restore it with PybammCell.restore")
    return state.values
