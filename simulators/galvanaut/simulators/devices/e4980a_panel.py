"""The settings of a Keysight E4980A LCR meter: everything that ``*RST`` resets, and the commands that set it.

Sources: the E4980A manual. ``INITiate:CONTinuous`` is off after reset as SCPI-99 prescribes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from galvanaut.simulators.devices.impedance import FUNCTIONS
from galvanaut.simulators.ieee488 import Ieee488Device
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Choice, Integer, Numeric, Switch

NOTHING_MEASURED = -1
CORRECTION_S = 60.0
"""What an open or short correction takes; illustrative."""


@dataclass
class MeterSettings:
    """What ``*RST`` resets; the fields follow the command table."""

    frequency_Hz: float = 1000.0
    level_V: float = 1.0
    level_A: float = 0.0
    function: str = "CPD"
    auto_range: bool = True
    range_ohm: float = 100.0
    aperture: str = "MED"
    averages: int = 1
    bias_on: bool = False
    bias_V: float = 0.0
    open_correction: bool = False
    short_correction: bool = False
    trigger: str = "INT"
    continuous: bool = False
    armed: bool = False
    long_format: bool = False
    resistance_ohm: float | None = None
    reactance_ohm: float = 0.0
    measured_at_Hz: float = 1000.0
    status: int = NOTHING_MEASURED
    page: str = "MEAS"
    list_mode: str = "SEQ"
    list_Hz: list[float] = field(default_factory=list)
    list_rows: list[float] = field(default_factory=list)
    list_next: int = 0


class LcrPanel(Ieee488Device):
    """The front panel: settings only, no measuring."""

    settings: MeterSettings

    def written(self, value: float) -> str:
        """A number in the present data format."""
        return f"{value:+.9E}" if self.settings.long_format else f"{value:+.5E}"

    @command("*OPT?")
    def options(self) -> str:
        """No options."""
        return "0"

    @command(":FREQuency[:CW]", Numeric(20, 2e6))
    def set_frequency(self, frequency_Hz: float) -> None:
        """20 Hz to 2 MHz."""
        self.settings.frequency_Hz = frequency_Hz

    @command(":FREQuency[:CW]?")
    def frequency(self) -> str:
        """Hz."""
        return self.written(self.settings.frequency_Hz)

    @command(":VOLTage[:LEVel]", Numeric(0, 20))
    def set_voltage(self, level_V: float) -> None:
        """AC level as a voltage."""
        self.settings.level_V, self.settings.level_A = level_V, 0.0

    @command(":VOLTage[:LEVel]?")
    def voltage(self) -> str:
        """V."""
        return self.written(self.settings.level_V)

    @command(":CURRent[:LEVel]", Numeric(0, 0.1))
    def set_current(self, level_A: float) -> None:
        """AC level as a current."""
        self.settings.level_A = level_A

    @command(":CURRent[:LEVel]?")
    def current(self) -> str:
        """A."""
        return self.written(self.settings.level_A)

    @command(":FUNCtion:IMPedance[:TYPE]", Choice(*FUNCTIONS))
    def set_function(self, function: str) -> None:
        """Which two values a measurement gives."""
        self.settings.function = function

    @command(":FUNCtion:IMPedance[:TYPE]?")
    def function(self) -> str:
        """As set."""
        return self.settings.function

    @command(":FUNCtion:IMPedance:RANGe:AUTO", Switch())
    def set_auto_range(self, is_on: bool) -> None:
        """The simulated meter measures every impedance in any range."""
        self.settings.auto_range = is_on

    @command(":FUNCtion:IMPedance:RANGe:AUTO?")
    def auto_range(self) -> str:
        """1 or 0."""
        return str(int(self.settings.auto_range))

    @command(":FUNCtion:IMPedance:RANGe[:VALue]", Numeric(0.1, 1e5))
    def set_range(self, range_ohm: float) -> None:
        """A fixed range, which ends automatic ranging."""
        self.settings.range_ohm, self.settings.auto_range = range_ohm, False

    @command(":FUNCtion:IMPedance:RANGe[:VALue]?")
    def range(self) -> str:
        """Ohm."""
        return self.written(self.settings.range_ohm)

    @command(":BIAS:STATe", Switch())
    def set_bias_state(self, is_on: bool) -> None:
        """DC bias; without effect on the simulated cell."""
        self.settings.bias_on = is_on

    @command(":BIAS:STATe?")
    def bias_state(self) -> str:
        """1 or 0."""
        return str(int(self.settings.bias_on))

    @command(":BIAS:VOLTage[:LEVel]", Numeric(-40, 40))
    def set_bias(self, level_V: float) -> None:
        """DC bias in volts."""
        self.settings.bias_V = level_V

    @command(":BIAS:VOLTage[:LEVel]?")
    def bias(self) -> str:
        """V."""
        return self.written(self.settings.bias_V)

    @command(":APERture", Choice("SHORt", "MEDium", "LONG"), Integer(1, 256))
    def set_aperture(self, aperture: str, averages: int) -> None:
        """Integration time and how many integrations are averaged."""
        self.settings.aperture, self.settings.averages = aperture, averages

    @command(":APERture?")
    def aperture(self) -> str:
        """For instance ``LONG,4``."""
        return f"{self.settings.aperture},{self.settings.averages}"

    @command(":TRIGger:SOURce", Choice("INTernal", "HOLD", "EXTernal", "BUS"))
    def set_trigger_source(self, source: str) -> None:
        """What sets off a measurement."""
        self.settings.trigger = source

    @command(":TRIGger:SOURce?")
    def trigger_source(self) -> str:
        """INT, HOLD, EXT or BUS."""
        return self.settings.trigger

    @command(":INITiate:CONTinuous", Switch())
    def set_continuous(self, is_on: bool) -> None:
        """Wait for the next trigger after each measurement."""
        self.settings.continuous = is_on

    @command(":INITiate:CONTinuous?")
    def continuous(self) -> str:
        """1 or 0."""
        return str(int(self.settings.continuous))

    @command(":FORMat:ASCii:LONG", Switch())
    def set_long_format(self, is_on: bool) -> None:
        """Nine digits after the point instead of five."""
        self.settings.long_format = is_on

    @command(":FORMat:ASCii:LONG?")
    def long_format(self) -> str:
        """1 or 0."""
        return str(int(self.settings.long_format))

    @command(":CORRection:OPEN[:EXECute]")
    def correct_open(self) -> None:
        """Takes its time; the simulated leads have no stray admittance to correct."""
        self.spend(CORRECTION_S)

    @command(":CORRection:SHORt[:EXECute]")
    def correct_short(self) -> None:
        """Takes its time; the lead resistance lies inside the cell and stays."""
        self.spend(CORRECTION_S)

    @command(":CORRection:OPEN:STATe", Switch())
    def set_open_correction(self, is_on: bool) -> None:
        """Kept."""
        self.settings.open_correction = is_on

    @command(":CORRection:OPEN:STATe?")
    def open_correction(self) -> str:
        """1 or 0."""
        return str(int(self.settings.open_correction))

    @command(":CORRection:SHORt:STATe", Switch())
    def set_short_correction(self, is_on: bool) -> None:
        """Kept."""
        self.settings.short_correction = is_on

    @command(":CORRection:SHORt:STATe?")
    def short_correction(self) -> str:
        """1 or 0."""
        return str(int(self.settings.short_correction))
