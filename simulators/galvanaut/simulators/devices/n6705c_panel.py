"""The settings of a Keysight N6705C with N678xA source/measure modules, and the commands that set them.

Sources: N6705C and N6700C guides; believed, as the command table says: ``FUNCtion``, ``CURRent:LIMit:NEGative`` and
``:COUPle``. Illustrative: ratings of 20.4 V and 3.06 A in four quadrants in every slot, limits after reset, and that
the power limit is kept without effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from galvanaut.simulators.ieee488 import Ieee488Device
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Channels, Choice, Integer, Numeric, Switch

RATED_V, RATED_A, RATED_W = 20.4, 3.06, 20.0
MOST_PROTECTION_V = 1.2 * RATED_V
OUTPUTS = (1, 2, 3, 4)
ON_OUTPUTS = Channels(OUTPUTS)


@dataclass
class OutputSettings:
    """One output; all but ``faults`` is reset by ``*RST``.

    Attributes:
        priority: VOLT or CURR.
        is_on: as programmed; a protection that has tripped keeps the output off all the same.
        voltage_V: level in voltage priority.
        current_A: level in current priority.
        high_A: positive current limit in voltage priority.
        low_A: negative one, unless it tracks the positive one.
        tracks: whether it does.
        protection_V: over-voltage protection.
        current_protection: whether reaching a current limit switches the output off.
        power_W: power limit.
        faults: bits of the questionable status that hold the output off.
        measured_V: of the last measurement; None before.
        measured_A: of the last measurement; None before.
    """

    priority: str = "VOLT"
    is_on: bool = False
    voltage_V: float = 0.0
    current_A: float = 0.0
    high_A: float = 0.01
    low_A: float = -0.01
    tracks: bool = True
    protection_V: float = MOST_PROTECTION_V
    current_protection: bool = False
    power_W: float = RATED_W
    faults: int = 0
    measured_V: float | None = None
    measured_A: float | None = None

    def least_A(self) -> float:
        """The negative current limit in force."""
        return -self.high_A if self.tracks else self.low_A


@dataclass
class FrameSettings:
    """What all outputs share.

    Attributes:
        couples: whether one trip switches all outputs off.
        watches: whether silence of the host does.
        patience_s: how much of it.
        silent_at: when it will have been too long, seconds since the epoch.
    """

    couples: bool = False
    watches: bool = False
    patience_s: int = 60
    silent_at: float = 0.0


def written(value: float) -> str:
    """A number as the mainframe writes it, e.g. ``+4.200000E+00``."""
    return f"{value + 0.0:+.6E}"


class PowerPanel(Ieee488Device):
    """The front panel: settings only."""

    outputs: dict[int, OutputSettings]
    frame: FrameSettings

    def _listed(self, numbers: tuple[int, ...], written_one: Callable[[OutputSettings], str]) -> str:
        return ",".join(written_one(self.outputs[number]) for number in numbers)

    @command("[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", Numeric(-RATED_V, RATED_V), ON_OUTPUTS)
    def set_voltage(self, voltage_V: float, numbers: tuple[int, ...]) -> None:
        """Level in voltage priority."""
        for number in numbers:
            self.outputs[number].voltage_V = voltage_V

    @command("[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]?", ON_OUTPUTS)
    def voltage(self, numbers: tuple[int, ...]) -> str:
        """V."""
        return self._listed(numbers, lambda each: written(each.voltage_V))

    @command("[:SOURce]:CURRent[:LEVel][:IMMediate][:AMPLitude]", Numeric(-RATED_A, RATED_A), ON_OUTPUTS)
    def set_current(self, current_A: float, numbers: tuple[int, ...]) -> None:
        """Level in current priority."""
        for number in numbers:
            self.outputs[number].current_A = current_A

    @command("[:SOURce]:CURRent[:LEVel][:IMMediate][:AMPLitude]?", ON_OUTPUTS)
    def current(self, numbers: tuple[int, ...]) -> str:
        """A."""
        return self._listed(numbers, lambda each: written(each.current_A))

    @command("[:SOURce]:FUNCtion", Choice("VOLTage", "CURRent"), ON_OUTPUTS)
    def set_priority(self, priority: str, numbers: tuple[int, ...]) -> None:
        """A change switches the output off and resets its settings."""
        for number in numbers:
            if self.outputs[number].priority != priority:
                self.outputs[number] = OutputSettings(priority, faults=self.outputs[number].faults)

    @command("[:SOURce]:FUNCtion?", ON_OUTPUTS)
    def priority(self, numbers: tuple[int, ...]) -> str:
        """VOLT or CURR."""
        return self._listed(numbers, lambda each: each.priority)

    @command("[:SOURce]:CURRent:LIMit[:POSitive][:IMMediate][:AMPLitude]", Numeric(0, RATED_A), ON_OUTPUTS)
    def set_high(self, limit_A: float, numbers: tuple[int, ...]) -> None:
        """Positive current limit in voltage priority."""
        for number in numbers:
            self.outputs[number].high_A = limit_A

    @command("[:SOURce]:CURRent:LIMit[:POSitive][:IMMediate][:AMPLitude]?", ON_OUTPUTS)
    def high(self, numbers: tuple[int, ...]) -> str:
        """A."""
        return self._listed(numbers, lambda each: written(each.high_A))

    @command("[:SOURce]:CURRent:LIMit:NEGative[:IMMediate][:AMPLitude]", Numeric(-RATED_A, 0), ON_OUTPUTS)
    def set_low(self, limit_A: float, numbers: tuple[int, ...]) -> None:
        """Negative current limit; without effect while it tracks the positive one."""
        for number in numbers:
            self.outputs[number].low_A = limit_A

    @command("[:SOURce]:CURRent:LIMit:NEGative[:IMMediate][:AMPLitude]?", ON_OUTPUTS)
    def low(self, numbers: tuple[int, ...]) -> str:
        """A; the one in force."""
        return self._listed(numbers, lambda each: written(each.least_A()))

    @command("[:SOURce]:CURRent:LIMit:COUPle", Switch(), ON_OUTPUTS)
    def set_tracking(self, is_on: bool, numbers: tuple[int, ...]) -> None:
        """Whether the negative limit tracks the positive one."""
        for number in numbers:
            self.outputs[number].tracks = is_on

    @command("[:SOURce]:CURRent:LIMit:COUPle?", ON_OUTPUTS)
    def tracking(self, numbers: tuple[int, ...]) -> str:
        """1 or 0."""
        return self._listed(numbers, lambda each: str(int(each.tracks)))

    @command("[:SOURce]:VOLTage:PROTection[:LEVel]", Numeric(0, MOST_PROTECTION_V), ON_OUTPUTS)
    def set_voltage_protection(self, voltage_V: float, numbers: tuple[int, ...]) -> None:
        """Always in force."""
        for number in numbers:
            self.outputs[number].protection_V = voltage_V

    @command("[:SOURce]:VOLTage:PROTection[:LEVel]?", ON_OUTPUTS)
    def voltage_protection(self, numbers: tuple[int, ...]) -> str:
        """V."""
        return self._listed(numbers, lambda each: written(each.protection_V))

    @command("[:SOURce]:CURRent:PROTection:STATe", Switch(), ON_OUTPUTS)
    def set_current_protection(self, is_on: bool, numbers: tuple[int, ...]) -> None:
        """Whether reaching a current limit switches the output off."""
        for number in numbers:
            self.outputs[number].current_protection = is_on

    @command("[:SOURce]:CURRent:PROTection:STATe?", ON_OUTPUTS)
    def current_protection(self, numbers: tuple[int, ...]) -> str:
        """1 or 0."""
        return self._listed(numbers, lambda each: str(int(each.current_protection)))

    @command("[:SOURce]:POWer:LIMit", Numeric(0, RATED_W), ON_OUTPUTS)
    def set_power_limit(self, power_W: float, numbers: tuple[int, ...]) -> None:
        """Kept."""
        for number in numbers:
            self.outputs[number].power_W = power_W

    @command("[:SOURce]:POWer:LIMit?", ON_OUTPUTS)
    def power_limit(self, numbers: tuple[int, ...]) -> str:
        """W."""
        return self._listed(numbers, lambda each: written(each.power_W))

    @command(":OUTPut[:STATe]", Switch(), ON_OUTPUTS)
    def set_output(self, is_on: bool, numbers: tuple[int, ...]) -> None:
        """On or off; a protection that has tripped keeps the output off until it is cleared."""
        for number in numbers:
            self.outputs[number].is_on = is_on

    @command(":OUTPut[:STATe]?", ON_OUTPUTS)
    def output(self, numbers: tuple[int, ...]) -> str:
        """1 or 0, as programmed."""
        return self._listed(numbers, lambda each: str(int(each.is_on)))

    @command(":OUTPut:PROTection:CLEar", ON_OUTPUTS)
    def clear_protection(self, numbers: tuple[int, ...]) -> None:
        """The outputs return to what is programmed; a cause that is still there trips them again."""
        for number in numbers:
            self.outputs[number].faults = 0

    @command(":OUTPut:PROTection:COUPle", Switch())
    def set_coupling(self, is_on: bool) -> None:
        """Whether one trip switches all outputs off."""
        self.frame.couples = is_on

    @command(":OUTPut:PROTection:COUPle?")
    def coupling(self) -> str:
        """1 or 0."""
        return str(int(self.frame.couples))

    @command(":OUTPut:PROTection:WDOG[:STATe]", Switch())
    def set_watchdog(self, is_on: bool) -> None:
        """Whether silence of the host switches all outputs off."""
        self.frame.watches = is_on
        self._hear()

    @command(":OUTPut:PROTection:WDOG[:STATe]?")
    def watchdog(self) -> str:
        """1 or 0."""
        return str(int(self.frame.watches))

    @command(":OUTPut:PROTection:WDOG:DELay", Integer(1, 3600))
    def set_patience(self, patience_s: int) -> None:
        """Length of the silence in seconds."""
        self.frame.patience_s = patience_s
        self._hear()

    @command(":OUTPut:PROTection:WDOG:DELay?")
    def patience(self) -> str:
        """Seconds."""
        return str(self.frame.patience_s)

    def _hear(self) -> None:
        """The host is there: silence begins anew."""
        self.frame.silent_at = self.now + self.frame.patience_s if self.frame.watches else 0.0
