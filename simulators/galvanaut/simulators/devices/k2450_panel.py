"""The settings of a Keithley 2450 family source meter: everything that ``*RST`` resets, and the commands that set it.

Sources: 2450, 2461 and 2470 reference manuals; pymeasure's driver for the source's automatic ranges, ``SENS:VOLT`` and
the queries of ranges.
Illustrative: a change of the source function or of the terminals switches the output off; the terminals are the front
ones after reset.
"""

from __future__ import annotations

from dataclasses import dataclass

from galvanaut.simulators.devices.k2450_buffer import written
from galvanaut.simulators.devices.k2450_models import Model, range_for
from galvanaut.simulators.ieee488 import Ieee488Device
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Choice, Numeric, ScpiError, Switch, Text

OFF_STATES = Choice("NORMal", "ZERO", "HIMPedance", "GUARd")
PROTECTIONS = ("2", "5", "10", "20", "40", "60", "80", "100", "120", "140", "160", "180")
_PROTECTION = Choice(*(f"PROT{level}" for level in PROTECTIONS), "NONE")
_VOLTS, _AMPERES = Numeric(-1100.0, 1100.0), Numeric(-7.35, 7.35)
_LIMIT_SHARE = 1e-3
"""Of a fixed current range, what a current limit must be above."""


@dataclass
class SourceSettings:
    """What ``*RST`` resets; the fields follow the command table."""

    is_on: bool = False
    function: str = "VOLT"
    off_volt: str = "NORM"
    off_curr: str = "NORM"
    is_rear: bool = False
    level_V: float = 0.0
    level_A: float = 0.0
    limit_A: float = 1.05e-4
    limit_V: float = 21.0
    source_range_V: float = 0.0
    source_range_A: float = 0.0
    protection_volt: str = "NONE"
    protection_curr: str = "NONE"
    reads_back_volt: bool = True
    reads_back_curr: bool = True
    measures: str = "CURR"
    four_wire_volt: bool = False
    four_wire_curr: bool = False
    range_V: float = 0.0
    range_A: float = 0.0
    cycles_volt: float = 1.0
    cycles_curr: float = 1.0


class SourcePanel(Ieee488Device):
    """The front panel: settings only. A range of 0 stands for an automatic one."""

    settings: SourceSettings
    model: Model

    def _within(self, value: float, most: float) -> float:
        if abs(value) > most:
            raise ScpiError(-222)
        return value

    # -- output -------------------------------------------------------------------------------------------------

    @command(":OUTPut[:STATe]", Switch())
    def set_output(self, is_on: bool) -> None:
        """On, or into the off-state of the present source function."""
        self.settings.is_on = is_on

    @command(":OUTPut[:STATe]?")
    def output(self) -> str:
        """1 or 0."""
        return str(int(self.settings.is_on))

    @command(":OUTPut:SMODe", OFF_STATES)
    def set_off_states(self, state: str) -> None:
        """The off-state of every source function."""
        self.settings.off_volt = self.settings.off_curr = state

    @command(":OUTPut:VOLTage:SMODe", OFF_STATES)
    def set_off_state_of_voltage(self, state: str) -> None:
        """While the source function is voltage."""
        self.settings.off_volt = state

    @command(":OUTPut:VOLTage:SMODe?")
    def off_state_of_voltage(self) -> str:
        """NORM, ZERO, HIMP or GUAR."""
        return self.settings.off_volt

    @command(":OUTPut:CURRent:SMODe", OFF_STATES)
    def set_off_state_of_current(self, state: str) -> None:
        """While the source function is current."""
        self.settings.off_curr = state

    @command(":OUTPut:CURRent:SMODe?")
    def off_state_of_current(self) -> str:
        """NORM, ZERO, HIMP or GUAR."""
        return self.settings.off_curr

    @command(":OUTPut:INTerlock:TRIPped?")
    def interlock(self) -> str:
        """Nothing is plugged into the interlock: the 200 V range is disabled."""
        return "0"

    @command(":ROUTe:TERMinals", Choice("FRONt", "REAR"))
    def set_terminals(self, terminals: str) -> None:
        """A change switches the output off."""
        is_rear = terminals == "REAR"
        if is_rear != self.settings.is_rear:
            self.settings.is_on = False
        self.settings.is_rear = is_rear

    @command(":ROUTe:TERMinals?")
    def terminals(self) -> str:
        """FRON or REAR."""
        return "REAR" if self.settings.is_rear else "FRON"

    # -- source -------------------------------------------------------------------------------------------------

    @command(":SOURce:FUNCtion[:MODE]", Choice("VOLTage", "CURRent"))
    def set_function(self, function: str) -> None:
        """A change switches the output off."""
        if function != self.settings.function:
            self.settings.is_on = False
        self.settings.function = function

    @command(":SOURce:FUNCtion[:MODE]?")
    def function(self) -> str:
        """VOLT or CURR."""
        return self.settings.function

    @command(":SOURce:VOLTage[:LEVel][:IMMediate][:AMPLitude]", _VOLTS)
    def set_voltage(self, level_V: float) -> None:
        """Level of the voltage source."""
        self.settings.level_V = self._within(level_V, self.model.voltage_V)

    @command(":SOURce:VOLTage[:LEVel][:IMMediate][:AMPLitude]?")
    def voltage(self) -> str:
        """V."""
        return written(self.settings.level_V)

    @command(":SOURce:CURRent[:LEVel][:IMMediate][:AMPLitude]", _AMPERES)
    def set_current(self, level_A: float) -> None:
        """Level of the current source."""
        self.settings.level_A = self._within(level_A, self.model.current_A)

    @command(":SOURce:CURRent[:LEVel][:IMMediate][:AMPLitude]?")
    def current(self) -> str:
        """A."""
        return written(self.settings.level_A)

    @command(":SOURce:VOLTage:RANGe", _VOLTS)
    def set_source_range_V(self, range_V: float) -> None:
        """The smallest range that holds it."""
        most = self._within(range_V, self.model.voltage_V)
        self.settings.source_range_V = range_for(most, self.model.voltage_ranges_V)

    @command(":SOURce:VOLTage:RANGe?")
    def source_range_V(self) -> str:
        """V."""
        fixed, level = self.settings.source_range_V, self.settings.level_V
        return written(fixed or range_for(level, self.model.voltage_ranges_V))

    @command(":SOURce:CURRent:RANGe", _AMPERES)
    def set_source_range_A(self, range_A: float) -> None:
        """The smallest range that holds it."""
        most = self._within(range_A, self.model.current_A)
        self.settings.source_range_A = range_for(most, self.model.current_ranges_A)

    @command(":SOURce:CURRent:RANGe?")
    def source_range_A(self) -> str:
        """A."""
        fixed, level = self.settings.source_range_A, self.settings.level_A
        return written(fixed or range_for(level, self.model.current_ranges_A))

    @command(":SOURce:VOLTage:RANGe:AUTO", Switch())
    def set_auto_source_range_V(self, is_on: bool) -> None:
        """The range follows the level."""
        level = self.settings.level_V
        self.settings.source_range_V = 0.0 if is_on else range_for(level, self.model.voltage_ranges_V)

    @command(":SOURce:CURRent:RANGe:AUTO", Switch())
    def set_auto_source_range_A(self, is_on: bool) -> None:
        """The range follows the level."""
        level = self.settings.level_A
        self.settings.source_range_A = 0.0 if is_on else range_for(level, self.model.current_ranges_A)

    @command(":SOURce:VOLTage:ILIMit[:LEVel]", _AMPERES)
    def set_current_limit(self, limit_A: float) -> None:
        """Of the voltage source, in both directions; more than 0.1 % of a fixed current range."""
        if not self.model.least_limit_A <= abs(limit_A) <= self.model.current_A:
            raise ScpiError(-222)
        if abs(limit_A) <= _LIMIT_SHARE * self.settings.range_A:
            raise ScpiError(-221)
        self.settings.limit_A = abs(limit_A)

    @command(":SOURce:VOLTage:ILIMit[:LEVel]?")
    def current_limit(self) -> str:
        """A."""
        return written(self.settings.limit_A)

    @command(":SOURce:CURRent:VLIMit[:LEVel]", _VOLTS)
    def set_voltage_limit(self, limit_V: float) -> None:
        """Of the current source: a magnitude, for both polarities."""
        if not 0 < abs(limit_V) <= self.model.voltage_V:
            raise ScpiError(-222)
        self.settings.limit_V = abs(limit_V)

    @command(":SOURce:CURRent:VLIMit[:LEVel]?")
    def voltage_limit(self) -> str:
        """V."""
        return written(self.settings.limit_V)

    @command(":SOURce:VOLTage:PROTection[:LEVel]", _PROTECTION)
    def set_protection_of_voltage(self, level: str) -> None:
        """The greatest voltage that the voltage source gives."""
        self.settings.protection_volt = level

    @command(":SOURce:VOLTage:PROTection[:LEVel]?")
    def protection_of_voltage(self) -> str:
        """For instance PROT5, or NONE."""
        return self.settings.protection_volt

    @command(":SOURce:CURRent:PROTection[:LEVel]", _PROTECTION)
    def set_protection_of_current(self, level: str) -> None:
        """The greatest voltage that the current source gives."""
        self.settings.protection_curr = level

    @command(":SOURce:CURRent:PROTection[:LEVel]?")
    def protection_of_current(self) -> str:
        """For instance PROT5, or NONE."""
        return self.settings.protection_curr

    @command(":SOURce:VOLTage:READ:BACK", Switch())
    def set_read_back_of_voltage(self, is_on: bool) -> None:
        """Whether the element SOURce is measured or the level."""
        self.settings.reads_back_volt = is_on

    @command(":SOURce:VOLTage:READ:BACK?")
    def read_back_of_voltage(self) -> str:
        """1 or 0."""
        return str(int(self.settings.reads_back_volt))

    @command(":SOURce:CURRent:READ:BACK", Switch())
    def set_read_back_of_current(self, is_on: bool) -> None:
        """Whether the element SOURce is measured or the level."""
        self.settings.reads_back_curr = is_on

    @command(":SOURce:CURRent:READ:BACK?")
    def read_back_of_current(self) -> str:
        """1 or 0."""
        return str(int(self.settings.reads_back_curr))

    # -- sense --------------------------------------------------------------------------------------------------

    @command(":SENSe:FUNCtion[:ON]", Text())
    def set_measured(self, function: str) -> None:
        """What the element READing is."""
        self.settings.measures = Choice("VOLTage", "CURRent").parse(function.partition(":")[0])

    @command(":SENSe:FUNCtion[:ON]?")
    def measured(self) -> str:
        """For instance ``"CURR:DC"``."""
        return f'"{self.settings.measures}:DC"'

    @command(":SENSe:VOLTage:RSENse", Switch())
    def set_four_wire_volt(self, is_on: bool) -> None:
        """Sense at the cell while voltage is measured."""
        self.settings.four_wire_volt = is_on

    @command(":SENSe:VOLTage:RSENse?")
    def four_wire_volt(self) -> str:
        """1 or 0."""
        return str(int(self.settings.four_wire_volt))

    @command(":SENSe:CURRent:RSENse", Switch())
    def set_four_wire_curr(self, is_on: bool) -> None:
        """Sense at the cell while current is measured."""
        self.settings.four_wire_curr = is_on

    @command(":SENSe:CURRent:RSENse?")
    def four_wire_curr(self) -> str:
        """1 or 0."""
        return str(int(self.settings.four_wire_curr))

    @command(":SENSe:VOLTage:RANGe[:UPPer]", _VOLTS)
    def set_range_V(self, range_V: float) -> None:
        """The smallest range that holds it."""
        most = self._within(range_V, self.model.voltage_V)
        self.settings.range_V = range_for(most, self.model.voltage_ranges_V)

    @command(":SENSe:VOLTage:RANGe[:UPPer]?")
    def range_V(self) -> str:
        """V; an automatic one follows the level."""
        return written(self.settings.range_V or range_for(self.settings.level_V, self.model.voltage_ranges_V))

    @command(":SENSe:CURRent:RANGe[:UPPer]", _AMPERES)
    def set_range_A(self, range_A: float) -> None:
        """The smallest range that holds it."""
        most = self._within(range_A, self.model.current_A)
        self.settings.range_A = range_for(most, self.model.current_ranges_A)

    @command(":SENSe:CURRent:RANGe[:UPPer]?")
    def range_A(self) -> str:
        """A; an automatic one follows the limit."""
        return written(self.settings.range_A or range_for(self.settings.limit_A, self.model.current_ranges_A))

    @command(":SENSe:VOLTage:RANGe:AUTO", Switch())
    def set_auto_range_V(self, is_on: bool) -> None:
        """The range follows the reading."""
        self.settings.range_V = 0.0 if is_on else range_for(self.settings.level_V, self.model.voltage_ranges_V)

    @command(":SENSe:VOLTage:RANGe:AUTO?")
    def auto_range_V(self) -> str:
        """1 or 0."""
        return str(int(not self.settings.range_V))

    @command(":SENSe:CURRent:RANGe:AUTO", Switch())
    def set_auto_range_A(self, is_on: bool) -> None:
        """The range follows the reading."""
        self.settings.range_A = 0.0 if is_on else range_for(self.settings.limit_A, self.model.current_ranges_A)

    @command(":SENSe:CURRent:RANGe:AUTO?")
    def auto_range_A(self) -> str:
        """1 or 0."""
        return str(int(not self.settings.range_A))

    @command(":SENSe:VOLTage:NPLCycles", Numeric(0.01, 10))
    def set_cycles_volt(self, cycles: float) -> None:
        """Integration time in cycles of the mains."""
        self.settings.cycles_volt = cycles

    @command(":SENSe:VOLTage:NPLCycles?")
    def cycles_volt(self) -> str:
        """Cycles."""
        return written(self.settings.cycles_volt)

    @command(":SENSe:CURRent:NPLCycles", Numeric(0.01, 10))
    def set_cycles_curr(self, cycles: float) -> None:
        """Integration time in cycles of the mains."""
        self.settings.cycles_curr = cycles

    @command(":SENSe:CURRent:NPLCycles?")
    def cycles_curr(self) -> str:
        """Cycles."""
        return written(self.settings.cycles_curr)
