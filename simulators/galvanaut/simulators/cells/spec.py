"""The cell in a holder as a bench file describes it, e.g. ``holders: {A: {cell: {state_of_charge: 30 %}}}``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit
from galvanaut.simulators.cells.cell import Cell
from galvanaut.simulators.cells.circuit import CircuitCell
from galvanaut.simulators.cells.pybamm_cell import PybammCell
from galvanaut.simulators.cells.spme import Sample, SpmeCell
from galvanaut.simulators.cells.spme.landesfeind import SALT_M, Family
from galvanaut.simulators.cells.spme.transport import of_family

_CIRCUIT = ("capacity_mAh", "state_of_charge_percent", "series_resistance_ohm", "pair_resistance_ohm", "pair_time_s")
_PARTICLE = ("physics", "state_of_charge_percent", "electrolyte", "salt_M")


class CellSpec(BaseModel):
    """A simulated cell. Every default is illustrative: a small coin cell that resembles no real one.

    Attributes:
        physics: an equivalent circuit, the single-particle model with electrolyte and ageing, or PyBaMM's.
        state_of_charge_percent: when it comes into its holder.
        capacity_mAh: circuit: charge from state of charge 0 to 1.
        series_resistance_ohm: circuit: of electrolyte, contacts and foils.
        pair_resistance_ohm: circuit: of the RC pair.
        pair_time_s: circuit: time constant of the RC pair.
        electrolyte: single particle, pybamm: one of three measured liquids.
        salt_M: single particle, pybamm: concentration of its LiPF6.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    physics: Literal["circuit", "single particle", "pybamm"] = "circuit"
    capacity_mAh: Annotated[float, Unit("mAh")] = Field(default=4.0, alias="capacity")
    state_of_charge_percent: Annotated[float, Unit("%")] = Field(default=30.0, alias="state_of_charge")
    series_resistance_ohm: Annotated[float, Unit("ohm")] = Field(default=8.0, alias="series_resistance")
    pair_resistance_ohm: Annotated[float, Unit("ohm")] = Field(default=12.0, alias="pair_resistance")
    pair_time_s: Annotated[float, Unit("s")] = Field(default=40.0, alias="pair_time")
    electrolyte: Family = "EC:EMC"
    salt_M: Annotated[float, Unit("mol/L")] = Field(default=1.0, alias="salt")

    @model_validator(mode="after")
    def _check(self) -> CellSpec:
        fields = type(self).model_fields
        for name in sorted(self.model_fields_set - {*self._own(), "physics"}):
            other = "`physics: circuit`" if name in _CIRCUIT else "`physics: single particle` and `physics: pybamm`"
            raise ValueError(f"{fields[name].alias or name} belongs to {other}, not to {self.physics}")
        for name in _CIRCUIT:
            if name != "state_of_charge_percent" and getattr(self, name) <= 0:
                raise ValueError(f"{fields[name].alias} must be positive")
        if not 0 <= self.state_of_charge_percent <= 100:
            raise ValueError("state_of_charge must lie between 0 % and 100 %")
        if not SALT_M[0] <= self.salt_M <= SALT_M[1]:
            raise ValueError(f"salt must lie between {SALT_M[0]:g} mol/L and {SALT_M[1]:g} mol/L")
        return self

    def _own(self) -> tuple[str, ...]:
        return _CIRCUIT if self.physics == "circuit" else _PARTICLE

    def plumbing(self) -> dict[str, Any]:
        """What must not change under a world that exists, in JSON types."""
        return {name: getattr(self, name) for name in self._own()}

    def description(self) -> dict[str, Any]:
        """As in the bench file, in JSON types; numbers come back bit by bit."""
        units = {"capacity_mAh": "mAh", "state_of_charge_percent": "%", "pair_time_s": "s", "salt_M": "mol/L"}
        fields, written = type(self).model_fields, dict[str, Any](physics=self.physics)
        for name in self._own():
            value = getattr(self, name)
            unit = units.get(name, "ohm")
            written[fields[name].alias or name] = f"{value!r} {unit}" if isinstance(value, float) else value
        return written

    def build(self) -> Cell:
        """The cell.

        Raises:
            InputError: it needs PyBaMM, which is not installed.
        """
        charge = self.state_of_charge_percent / 100
        if self.physics == "pybamm":
            return PybammCell(self.electrolyte, self.salt_M, charge, description=self.description())
        if self.physics == "single particle":
            liquid = partial(of_family, self.electrolyte, self.salt_M)
            return SpmeCell(Sample(liquid), state_of_charge=charge, description=self.description())
        return CircuitCell(
            capacity_C=self.capacity_mAh * 3.6,
            state_of_charge=charge,
            series_ohm=self.series_resistance_ohm,
            pair_ohm=self.pair_resistance_ohm,
            pair_s=self.pair_time_s,
            description=self.description(),
        )


def build_cell(description: Mapping[str, Any]) -> Cell:
    """The cell that has this description; the inverse of `Cell.description` for cells of a bench file."""
    return CellSpec.model_validate(dict(description)).build()
