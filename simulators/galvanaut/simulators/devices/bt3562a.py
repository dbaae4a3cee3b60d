"""A Hioki BT3562A battery tester on a cell: resistance at 1 kHz and voltage.

Sources: BT3561A/BT3562A/BT3563A and BT3562 manuals for commands, number formats, overflow and fault values, and for the
rule that an error ends a line and that a query which a command follows is itself an error. Every number has a place
for its sign. Illustrative: the formats of the 60 V and 300 V ranges, sampling times, what an empty cell holder looks
like (open leads), ranges end at 31 000 or 600 000 counts, ``READ?`` while the tester measures continuously is an
execution error, an external trigger never comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.ieee488 import CommonCommandsDevice, Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Choice, Numeric, ScpiError, Switch
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

TEST_HZ = 1000.0
SAMPLE_S = {"EXF": 0.004, "FAST": 0.012, "MED": 0.042, "SLOW": 0.157}
"""Sampling times with both quantities; illustrative."""
_PLACES = {
    3e-3: (4, -3),
    30e-3: (3, -3),
    300e-3: (2, -3),
    3.0: (4, 0),
    30.0: (3, 0),
    300.0: (2, 0),
    3000.0: (4, 3),
}
"""By resistance range in ohm: digits after the point, exponent."""
_VOLT_PLACES = {6.0: 5, 60.0: 4, 300.0: 3}
"""By voltage range: digits after the point."""
_FULL_OHM, _FULL_V = 31 / 30, 1.0
_OVERFLOW, _FAULT = 1e9, 1e10


@dataclass
class TesterSettings:
    """What ``*RST`` resets."""

    function: str = "RV"
    range_ohm: float = 3e-3
    range_V: float = 6.0
    auto_range: bool = True
    rate: str = "SLOW"
    continuous: bool = True
    trigger: str = "IMM"
    mains: str = "AUTO"
    last: str = ""


class BatteryTester(CommonCommandsDevice):
    """Reads the cell in its ``channel``."""

    terminator = b"\r"
    identity = "HIOKI,BT3562A,0,V1.00"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.holder = spec.wiring["channel"]
        self.status = Status()
        self.settings = TesterSettings()
        self.readings = 0
        self._has_failed = False

    def memory(self) -> dict[str, Any]:
        """Settings, last values and status registers."""
        return {"settings": to_row(self.settings), "status": to_row(self.status), "readings": self.readings}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(TesterSettings, memory["settings"])
        self.status = from_row(Status, memory["status"])
        self.readings = memory["readings"]

    def reset(self) -> None:
        """Both quantities, automatic ranges, measuring continuously."""
        self.settings = TesterSettings()

    # -- messages -----------------------------------------------------------------------------------------------

    def handle(self, message: bytes) -> bytes:
        """Commands up to the first error; only the last one may be a query, and its reply ends with CR and LF."""
        self._has_failed = False
        reply, units = b"", message.strip().split(b";")
        for number, unit in enumerate(units, start=1):
            if b"?" in unit and number < len(units):
                self.reject(ScpiError(-420))
            else:
                reply = super().handle(unit)
            if self._has_failed:
                return b""
        return reply.replace(b"\n", b"\r\n")

    def reject(self, error: ScpiError) -> None:
        """Set the error's bit; the rest of the line is ignored."""
        super().reject(error)
        self._has_failed = True

    @command("*TST?")
    def test(self) -> str:
        """The self test finds nothing."""
        return "0"

    @command(":FUNCtion", Choice("RV", "RESistance", "VOLTage"))
    def set_function(self, function: str) -> None:
        """Both quantities or one of them."""
        self.settings.function = function

    @command(":FUNCtion?")
    def function(self) -> str:
        """RV, RES or VOLT."""
        return self.settings.function

    @command(":RESistance:RANGe", Numeric(0, 3100))
    def set_range_ohm(self, range_ohm: float) -> None:
        """The smallest range that holds it; ends automatic ranging."""
        self.settings.range_ohm = _range_ohm(range_ohm)
        self.settings.auto_range = False

    @command(":RESistance:RANGe?")
    def range_ohm(self) -> str:
        """For instance ``300.00E-3``."""
        digits, exponent = _PLACES[self.settings.range_ohm]
        return f"{self.settings.range_ohm / 10**exponent:.{digits}f}E{exponent:+d}"

    @command(":VOLTage:RANGe", Numeric(-300, 300))
    def set_range_V(self, range_V: float) -> None:
        """The smallest range that holds it; ends automatic ranging."""
        self.settings.range_V = _range_V(range_V)
        self.settings.auto_range = False

    @command(":VOLTage:RANGe?")
    def range_V(self) -> str:
        """For instance ``6.00000E+0``."""
        return f"{self.settings.range_V:.{_VOLT_PLACES[self.settings.range_V]}f}E+0"

    @command(":AUTorange", Switch())
    def set_auto_range(self, is_on: bool) -> None:
        """Ranges follow the cell."""
        self.settings.auto_range = is_on

    @command(":AUTorange?")
    def auto_range(self) -> str:
        """ON or OFF."""
        return "ON" if self.settings.auto_range else "OFF"

    @command(":SAMPle:RATE", Choice("EXFast", "FAST", "MEDium", "SLOW"))
    def set_rate(self, rate: str) -> None:
        """How long one sample takes."""
        self.settings.rate = rate

    @command(":SAMPle:RATE?")
    def rate(self) -> str:
        """EXF, FAST, MED or SLOW."""
        return self.settings.rate

    @command(":INITiate:CONTinuous", Switch())
    def set_continuous(self, is_on: bool) -> None:
        """Measure all the time, or when told."""
        self.settings.continuous = is_on

    @command(":INITiate:CONTinuous?")
    def continuous(self) -> str:
        """ON or OFF."""
        return "ON" if self.settings.continuous else "OFF"

    @command(":TRIGger:SOURce", Choice("IMMediate", "EXTernal"))
    def set_trigger(self, source: str) -> None:
        """What sets off a measurement."""
        self.settings.trigger = source

    @command(":TRIGger:SOURce?")
    def trigger(self) -> str:
        """IMM or EXT."""
        return self.settings.trigger

    @command(":SYSTem:LFRequency", Choice("AUTO", "50", "60"))
    def set_mains(self, mains: str) -> None:
        """Kept."""
        self.settings.mains = mains

    @command(":SYSTem:LFRequency?")
    def mains(self) -> str:
        """AUTO, 50 or 60."""
        return self.settings.mains

    @command(":ADJust?")
    def adjust(self) -> str:
        """Fails: the leads are on a cell or open, and zero adjustment needs them shorted."""
        self.spend(SAMPLE_S["SLOW"])
        return "1"

    # -- measuring ----------------------------------------------------------------------------------------------

    @command(":FETCh?")
    def fetch(self) -> str:
        """The last values; while the tester measures continuously these are fresh ones."""
        if self.settings.continuous and self.settings.trigger == "IMM":
            self._measure()
        if not self.settings.last:
            raise ScpiError(-230)
        return self.settings.last

    @command(":READ?")
    def read(self) -> str | None:
        """One measurement now."""
        if self.settings.continuous:
            raise ScpiError(-221)
        if self.settings.trigger == "EXT":
            return None
        self._measure()
        return self.settings.last

    def _measure(self) -> None:
        """Sample, and keep the values as they will be written."""
        settings, parameters = self.settings, self.world.spec.simulation
        self.spend(SAMPLE_S[settings.rate])
        self.readings += 1
        cell, sight = self.world.holders.cell(self.holder), self.world.holders.at(self.holder, self.now)
        if cell is None:
            resistance, voltage = self._resistance(_FAULT), self._voltage(_FAULT)
        else:
            scatter = parameters.tester_resistance_noise_percent / 100 * self._deviate("resistance")
            noise_V = parameters.tester_voltage_noise_uV * 1e-6 * self._deviate("voltage")
            resistance = self._resistance(cell.impedance_ohm(TEST_HZ).real * (1 + scatter))
            voltage = self._voltage(sight.voltage_V + noise_V + self.drifted("V/h"))
        settings.last = {"RV": f"{resistance},{voltage}", "RES": resistance, "VOLT": voltage}[settings.function]

    def _deviate(self, quantity: str) -> float:
        return self.world.reading_deviate(self.readings, "tester", self.name, quantity)

    def _resistance(self, value_ohm: float) -> str:
        """A resistance in the present range."""
        if self.settings.auto_range and value_ohm < _FAULT:
            self.settings.range_ohm = _range_ohm(value_ohm)
        digits, exponent = _PLACES[self.settings.range_ohm]
        if value_ohm >= _FAULT:
            return _written(_FAULT, digits, digits + 5)
        if abs(value_ohm) > self.settings.range_ohm * _FULL_OHM:
            return _written(_OVERFLOW, digits, digits + 4)
        return _written(value_ohm, digits, exponent)

    def _voltage(self, value_V: float) -> str:
        """A voltage in the present range."""
        if self.settings.auto_range and value_V < _FAULT:
            self.settings.range_V = _range_V(value_V)
        digits = _VOLT_PLACES[self.settings.range_V]
        if value_V >= _FAULT:
            return _written(_FAULT, digits, digits + 5)
        if abs(value_V) > self.settings.range_V * _FULL_V:
            return _written(_OVERFLOW if value_V > 0 else -_OVERFLOW, digits, digits + 4)
        return _written(value_V, digits, 0)


def _written(value: float, digits: int, exponent: int) -> str:
    """A sign (a space for plus), seven places with leading spaces, and the exponent."""
    return f"{'-' if value < 0 else ' '}{abs(value) / 10**exponent:7.{digits}f}E{exponent:+d}"


def _range_ohm(value_ohm: float) -> float:
    return next((each for each in _PLACES if value_ohm <= each * _FULL_OHM), 3000.0)


def _range_V(value_V: float) -> float:
    return next((each for each in _VOLT_PLACES if abs(value_V) <= each * _FULL_V), 300.0)
