"""A Keysight E4980A LCR meter across a conductivity cell.

Sources: the E4980A manual for commands, reply formats and status codes. Integration times are illustrative
(`SimulationParameters`). Believed: the list sweep, and that each of its points has four fields, the last one the bin.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.devices.e4980a_list import ListPanel
from galvanaut.simulators.devices.e4980a_panel import NOTHING_MEASURED, MeterSettings
from galvanaut.simulators.devices.impedance import FUNCTIONS
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.electrodes import OpenCellError, impedance_ohm
from galvanaut.simulators.ieee488 import Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import ScpiError
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

NO_DATA = 9.9e37
NORMAL, OVERLOAD = 0, 1
NO_BIN = 0
"""What stands for the bin when no limits are set."""


class LcrMeter(ListPanel):
    """Measures the flow cell that it ``connects``."""

    identity = "Keysight Technologies,E4980A,SIMULATED,B.07.01"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.cell = spec.wiring["connects"]
        self.status = Status()
        self.settings = MeterSettings()

    def memory(self) -> dict[str, Any]:
        """Settings, last result and status registers."""
        return {"settings": to_row(self.settings), "status": to_row(self.status)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(MeterSettings, memory["settings"])
        self.status = from_row(Status, memory["status"])

    def reset(self) -> None:
        """Defaults; the last result is forgotten."""
        self.settings = MeterSettings()

    # -- measuring ----------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Integrate, then keep the impedance and its status."""
        parameters, settings = self.world.spec.simulation, self.settings
        times_s = {"SHOR": parameters.lcr_short_s, "MED": parameters.lcr_medium_s, "LONG": parameters.lcr_long_s}
        self.spend(times_s[settings.aperture] * settings.averages)
        settings.measured_at_Hz, settings.resistance_ohm = settings.frequency_Hz, None
        reading = self.world.count_reading(self.cell)
        try:
            impedance = impedance_ohm(self.world, self.cell, settings.frequency_Hz, reading, self.now)
        except OpenCellError:
            settings.status = OVERLOAD
        except UnsupportedError:
            settings.status = NOTHING_MEASURED
        else:
            settings.status = NORMAL
            settings.resistance_ohm, settings.reactance_ohm = impedance.real, impedance.imag

    def _measure_page(self) -> None:
        """One measurement, or on the page LIST the whole list or its next point."""
        settings = self.settings
        if settings.page != "LIST":
            self._measure()
            return
        points = settings.list_Hz
        if not points:
            raise ScpiError(-221)
        if settings.list_mode == "STEP":
            points = [points[settings.list_next]]
            settings.list_next = (settings.list_next + 1) % len(settings.list_Hz)
        kept_Hz, settings.list_rows = settings.frequency_Hz, []
        for settings.frequency_Hz in points:
            self._measure()
            resistance_ohm = NO_DATA if settings.resistance_ohm is None else settings.resistance_ohm
            row = [settings.frequency_Hz, resistance_ohm, settings.reactance_ohm, float(settings.status)]
            settings.list_rows += row
        settings.frequency_Hz = kept_Hz

    def _trigger(self) -> None:
        if self.settings.trigger != "BUS" or not (self.settings.continuous or self.settings.armed):
            raise ScpiError(-211)
        self.settings.armed = False
        self._measure_page()

    def _latest(self) -> None:
        """With the internal trigger the meter keeps measuring: the value is a fresh one."""
        if self.settings.trigger == "INT" and (self.settings.continuous or self.settings.armed):
            self.settings.armed = False
            self._measure_page()

    def _result(self) -> str:
        settings = self.settings
        if settings.page != "LIST":
            value = None if settings.resistance_ohm is None else (settings.resistance_ohm, settings.reactance_ohm)
            return self._written_result(settings.measured_at_Hz, value, settings.status)
        rows = settings.list_rows or [settings.frequency_Hz, NO_DATA, NO_DATA, float(NOTHING_MEASURED)]
        points = []
        for frequency_Hz, resistance_ohm, reactance_ohm, status in zip(*(rows[n::4] for n in range(4)), strict=True):
            value = None if resistance_ohm == NO_DATA else (resistance_ohm, reactance_ohm)
            points.append(f"{self._written_result(frequency_Hz, value, int(status))},{NO_BIN:+d}")
        return ",".join(points)

    def _written_result(self, frequency_Hz: float, value: tuple[float, float] | None, status: int) -> str:
        """The two values of the present function and the status."""
        pair = (NO_DATA, NO_DATA)
        if value is not None:
            pair = FUNCTIONS[self.settings.function](complex(*value), 2 * pi * frequency_Hz)
        return f"{self.written(pair[0])},{self.written(pair[1])},{status:+d}"

    @command(":TRIGger[:IMMediate]")
    def trigger(self) -> None:
        """Take one measurement; the trigger source must be BUS and the meter waiting for it."""
        self._trigger()

    @command("*TRG")
    def trigger_and_fetch(self) -> str:
        """`trigger`, and the result at once."""
        self._trigger()
        return self._result()

    @command(":FETCh[:IMPedance][:FORMatted]?")
    def fetch(self) -> str:
        """The two values of the present function and the status."""
        self._latest()
        return self._result()

    @command(":FETCh[:IMPedance]:CORRected?")
    def fetch_complex(self) -> str:
        """Resistance and reactance in ohm."""
        self._latest()
        settings = self.settings
        if settings.resistance_ohm is None:
            return f"{self.written(NO_DATA)},{self.written(NO_DATA)}"
        return f"{self.written(settings.resistance_ohm)},{self.written(settings.reactance_ohm)}"

    @command(":INITiate[:IMMediate]")
    def arm(self) -> None:
        """Wait for one trigger."""
        self.settings.armed = True

    @command(":ABORt")
    def abort(self) -> None:
        """Wait no longer."""
        self.settings.armed = False
