"""The hard limits of a cell, which no setting and no reading may leave."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit


class Envelope(BaseModel):
    """Hard limits of one type of cell; written with units, held as floats.

    Example:
        ``Envelope.model_validate({"minimum_voltage": "3 V", "maximum_voltage": "4.2 V", ...})``

    Attributes:
        voltage_min_V: lowest voltage, V.
        voltage_max_V: highest voltage, V.
        charge_max_A: largest current into the cell, A.
        discharge_max_A: largest current out of the cell as a positive number, A.
        temperature_min_degC: lowest temperature, degC.
        temperature_max_degC: highest temperature, degC.
        capacity_max_Ah: largest charge moved in one direction within one step, Ah.
        time_max_s: longest duration of one step, s.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    voltage_min_V: Annotated[float, Unit("V")] = Field(alias="minimum_voltage")
    voltage_max_V: Annotated[float, Unit("V")] = Field(alias="maximum_voltage")
    charge_max_A: Annotated[float, Unit("A"), Field(gt=0)] = Field(alias="maximum_charge_current")
    discharge_max_A: Annotated[float, Unit("A"), Field(gt=0)] = Field(alias="maximum_discharge_current")
    temperature_min_degC: Annotated[float, Unit("degC")] = Field(alias="minimum_temperature")
    temperature_max_degC: Annotated[float, Unit("degC")] = Field(alias="maximum_temperature")
    capacity_max_Ah: Annotated[float, Unit("Ah"), Field(gt=0)] = Field(alias="maximum_capacity")
    time_max_s: Annotated[float, Unit("s"), Field(gt=0)] = Field(alias="maximum_time")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.voltage_min_V < self.voltage_max_V:
            raise ValueError("minimum_voltage is not below maximum_voltage")
        if not self.temperature_min_degC < self.temperature_max_degC:
            raise ValueError("minimum_temperature is not below maximum_temperature")
        return self

    def narrowed(self, other: Envelope) -> Envelope:
        """The tighter of both, limit by limit.

        Raises:
            ValueError: no voltage or no temperature satisfies both.
        """
        tighter = {
            name: (max if "_min_" in name else min)(getattr(self, name), getattr(other, name))
            for name in type(self).model_fields
        }
        narrow = self.model_copy(update=tighter)
        if not narrow.voltage_min_V < narrow.voltage_max_V:
            raise ValueError(f"no voltage is left between {narrow.voltage_min_V:g} and {narrow.voltage_max_V:g} V")
        if not narrow.temperature_min_degC < narrow.temperature_max_degC:
            span = f"{narrow.temperature_min_degC:g} and {narrow.temperature_max_degC:g} degC"
            raise ValueError(f"no temperature is left between {span}")
        return narrow

    def wider_than(self, other: Envelope) -> dict[str, str]:
        """What this allows and ``other`` does not: the words by the limit's name in a file; empty if nothing."""
        found = {}
        for name, field in type(self).model_fields.items():
            own, limit = getattr(self, name), getattr(other, name)
            if own < limit if "_min_" in name else own > limit:
                unit = name.rpartition("_")[2]
                found[str(field.alias)] = f"{own:g} {unit} is wider than the {limit:g} {unit} that the holder allows"
        return found

    def violations(
        self,
        *,
        voltage_V: float | None = None,
        current_A: float | None = None,
        temperature_degC: float | None = None,
        capacity_Ah: float | None = None,
        time_s: float | None = None,
    ) -> list[str]:
        """What of this lies outside, in words; empty if all lies inside. The limits themselves lie inside.

        A value that is not a number lies outside: not to know is not to be safe.

        Args:
            voltage_V: V.
            current_A: A; positive charges.
            temperature_degC: degC.
            capacity_Ah: charge moved, Ah; only its magnitude counts.
            time_s: s.
        """
        rows = (
            (voltage_V, self.voltage_min_V, self.voltage_max_V, "V"),
            (current_A, -self.discharge_max_A, self.charge_max_A, "A"),
            (temperature_degC, self.temperature_min_degC, self.temperature_max_degC, "degC"),
            (capacity_Ah, -self.capacity_max_Ah, self.capacity_max_Ah, "Ah"),
            (time_s, 0.0, self.time_max_s, "s"),
        )
        return [
            f"{value:g} {unit} is outside the envelope of {low:g} to {high:g} {unit}"
            for value, low, high, unit in rows
            if value is not None and not low <= value <= high
        ]
