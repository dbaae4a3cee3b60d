"""The cell in a holder as a bench file describes it, e.g. ``holders: {A: {cell: {state_of_charge: 30 %}}}``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit
from galvanaut.simulators.cells.circuit import CircuitCell


class CellSpec(BaseModel):
    """An equivalent-circuit cell. Every default is illustrative: a small coin cell that resembles no real one.

    Attributes:
        capacity_mAh: charge from state of charge 0 to 1.
        state_of_charge_percent: when it comes into its holder.
        series_resistance_ohm: of electrolyte, contacts and foils.
        pair_resistance_ohm: of the RC pair.
        pair_time_s: time constant of the RC pair.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    capacity_mAh: Annotated[float, Unit("mAh")] = Field(default=4.0, alias="capacity")
    state_of_charge_percent: Annotated[float, Unit("%")] = Field(default=30.0, alias="state_of_charge")
    series_resistance_ohm: Annotated[float, Unit("ohm")] = Field(default=8.0, alias="series_resistance")
    pair_resistance_ohm: Annotated[float, Unit("ohm")] = Field(default=12.0, alias="pair_resistance")
    pair_time_s: Annotated[float, Unit("s")] = Field(default=40.0, alias="pair_time")

    @model_validator(mode="after")
    def _check(self) -> CellSpec:
        for name, field in type(self).model_fields.items():
            if name != "state_of_charge_percent" and getattr(self, name) <= 0:
                raise ValueError(f"{field.alias} must be positive")
        if not 0 <= self.state_of_charge_percent <= 100:
            raise ValueError("state_of_charge must lie between 0 % and 100 %")
        return self

    def build(self) -> CircuitCell:
        """The cell."""
        return CircuitCell(
            capacity_C=self.capacity_mAh * 3.6,
            state_of_charge=self.state_of_charge_percent / 100,
            series_ohm=self.series_resistance_ohm,
            pair_ohm=self.pair_resistance_ohm,
            pair_s=self.pair_time_s,
        )
