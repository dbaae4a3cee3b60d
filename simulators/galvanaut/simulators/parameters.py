"""The numbers behind the simulated bench that no data sheet fixes: all of them illustrative, none measured by us.

A bench file overrides them in its section ``simulation:``, e.g. ``simulation: {pump_gain_sd: 2 %, film: 0.1 mL}``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit
from galvanaut.simulators.faults import Fault


class SimulationParameters(BaseModel):
    """Errors and lags of the simulated bench. Every default is illustrative.

    Attributes:
        ambient_degC: temperature of the room, of all liquids outside the chamber, and of a chamber left alone.
        pump_gain_sd_percent: spread of the pumps' volume errors; each pump keeps its own for ever.
        pump_scatter_sd_percent: scatter of one pump's volume from dose to dose.
        film_mL: what emptying leaves behind in a vessel, on average (20 % scatter from filling to filling).
        balance_noise_mg: standard deviation of one weight value.
        balance_drift_mg: amplitude of the balance's slow drift.
        balance_settling_s: from the last drop to a stable weight.
        balance_weighing_s: what one stable weight takes at least.
        balance_patience_s: how long the balance waits for stability before it gives up.
        balance_capacity_g: load at which the balance shows overload, on top of the empty vessel.
        air_lag_s: time constant of the chamber's air behind its controlled target.
        idle_lag_s: the same with the chamber off, drifting to the room.
        air_rate_K_min: fastest heating or cooling.
        air_offset_sd_K: spread of the chamber sensor's error; each chamber keeps its own for ever.
        liquid_lag_s: time constant of a flow cell's liquid behind the chamber's air.
        cell_constant_per_cm: nominal cell constant.
        cell_constant_sd_percent: spread of the true one; each cell keeps its own for ever.
        lead_ohm: series resistance of leads and contacts.
        double_layer_uF: the two electrodes' capacitance in series.
        lead_uH: series inductance; with the double layer it puts the smallest phase at 50 kHz.
        lcr_short_s: integration time of the LCR meter's aperture SHORt at averaging 1.
        lcr_medium_s: of MEDium.
        lcr_long_s: of LONG.
        cell_lead_ohm: resistance of the two leads to a cell, seen by a source that senses with two wires.
        source_voltage_gain_sd_percent: spread of the source meters' voltage errors; each keeps its own for ever.
        source_current_gain_sd_percent: the same for their current errors.
        source_voltage_noise_uV: standard deviation of one voltage reading of a source meter.
        source_current_noise_nA: standard deviation of one current reading.
        tester_resistance_noise_percent: scatter of one resistance reading of a battery tester.
        tester_voltage_noise_uV: standard deviation of one of its voltage readings.
        thermocouple_sd_K: spread of the thermocouples' errors; each keeps its own for ever.
        thermocouple_noise_K: standard deviation of one temperature reading.
        meter_voltage_sd_percent: spread of the scanning multimeters' voltage errors; each keeps its own for ever.
        conductivity_noise: whether batch, run and reading factors are drawn at all.
        faults: what goes wrong, counted from the beginning of the world or from when they were written down.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ambient_degC: Annotated[float, Unit("degC")] = Field(default=23.0, alias="ambient")
    pump_gain_sd_percent: Annotated[float, Unit("%")] = Field(default=1.0, alias="pump_gain_sd")
    pump_scatter_sd_percent: Annotated[float, Unit("%")] = Field(default=0.3, alias="pump_scatter_sd")
    film_mL: Annotated[float, Unit("mL")] = Field(default=0.02, alias="film")
    balance_noise_mg: Annotated[float, Unit("mg")] = Field(default=0.1, alias="balance_noise")
    balance_drift_mg: Annotated[float, Unit("mg")] = Field(default=0.3, alias="balance_drift")
    balance_settling_s: Annotated[float, Unit("s")] = Field(default=2.0, alias="balance_settling")
    balance_weighing_s: Annotated[float, Unit("s")] = Field(default=0.3, alias="balance_weighing")
    balance_patience_s: Annotated[float, Unit("s")] = Field(default=30.0, alias="balance_patience")
    balance_capacity_g: Annotated[float, Unit("g")] = Field(default=200.0, alias="balance_capacity")
    air_lag_s: Annotated[float, Unit("s")] = Field(default=150.0, alias="air_lag")
    idle_lag_s: Annotated[float, Unit("s")] = Field(default=3600.0, alias="idle_lag")
    air_rate_K_min: Annotated[float, Unit("K/min")] = Field(default=3.0, alias="air_rate")
    air_offset_sd_K: Annotated[float, Unit("K")] = Field(default=0.05, alias="air_offset_sd")
    liquid_lag_s: Annotated[float, Unit("s")] = Field(default=60.0, alias="liquid_lag")
    cell_constant_per_cm: Annotated[float, Unit("1/cm")] = Field(default=1.0, alias="cell_constant")
    cell_constant_sd_percent: Annotated[float, Unit("%")] = Field(default=3.0, alias="cell_constant_sd")
    lead_ohm: Annotated[float, Unit("ohm")] = Field(default=0.05, alias="lead_resistance")
    double_layer_uF: Annotated[float, Unit("uF")] = Field(default=20.0, alias="double_layer")
    lead_uH: Annotated[float, Unit("uH")] = Field(default=0.5, alias="lead_inductance")
    lcr_short_s: Annotated[float, Unit("s")] = Field(default=0.006, alias="lcr_short")
    lcr_medium_s: Annotated[float, Unit("s")] = Field(default=0.09, alias="lcr_medium")
    lcr_long_s: Annotated[float, Unit("s")] = Field(default=0.22, alias="lcr_long")
    cell_lead_ohm: Annotated[float, Unit("ohm")] = Field(default=0.2, alias="cell_lead")
    source_voltage_gain_sd_percent: Annotated[float, Unit("%")] = Field(default=0.01, alias="source_voltage_gain_sd")
    source_current_gain_sd_percent: Annotated[float, Unit("%")] = Field(default=0.02, alias="source_current_gain_sd")
    source_voltage_noise_uV: Annotated[float, Unit("uV")] = Field(default=50.0, alias="source_voltage_noise")
    source_current_noise_nA: Annotated[float, Unit("nA")] = Field(default=50.0, alias="source_current_noise")
    tester_resistance_noise_percent: Annotated[float, Unit("%")] = Field(default=0.02, alias="tester_resistance_noise")
    tester_voltage_noise_uV: Annotated[float, Unit("uV")] = Field(default=20.0, alias="tester_voltage_noise")
    thermocouple_sd_K: Annotated[float, Unit("K")] = Field(default=0.2, alias="thermocouple_sd")
    thermocouple_noise_K: Annotated[float, Unit("K")] = Field(default=0.02, alias="thermocouple_noise")
    meter_voltage_sd_percent: Annotated[float, Unit("%")] = Field(default=0.003, alias="meter_voltage_sd")
    conductivity_noise: bool = True
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> SimulationParameters:
        signed = {"ambient_degC", "conductivity_noise", "faults"}
        for name, field in type(self).model_fields.items():
            if name not in signed and getattr(self, name) < 0:
                raise ValueError(f"{field.alias} is negative")
        for name in ("air_lag_s", "idle_lag_s", "liquid_lag_s", "air_rate_K_min", "double_layer_uF", "lead_uH"):
            if getattr(self, name) == 0:
                raise ValueError(f"{type(self).model_fields[name].alias} is zero")
        if self.liquid_lag_s in (self.air_lag_s, self.idle_lag_s):
            raise ValueError("liquid_lag equals air_lag or idle_lag; make them differ a little")
        return self
