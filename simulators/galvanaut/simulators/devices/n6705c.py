"""A Keysight N6705C DC power analyzer with four N678xA modules, each on a cell or open.

The instruments of a bench file at one resource are outputs of one mainframe. The bench setting ``output`` says which
output a cell is wired to (1 by default); outputs that no instrument names are open.

Sources: N6705C and N6700C guides for commands, status bits, protections and the watchdog. Illustrative: an output that
is off or protected is an open circuit whose sense leads still read the cell, ``OUTP?`` gives the programmed state while
a protection holds, ``*RST`` does not clear protections, one measurement takes one cycle of 50 Hz mains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from galvanaut.simulators.cells import OPEN, Drive, Holders, Sight
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.devices.n6705c_panel import (
    ON_OUTPUTS,
    OUTPUTS,
    RATED_V,
    FrameSettings,
    OutputSettings,
    PowerPanel,
    written,
)
from galvanaut.simulators.devices.readings import read_current_A, read_voltage_V
from galvanaut.simulators.ieee488 import Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import ScpiError
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

CV, CC, OFF = 1, 2, 4
"""Bits of the operation status."""
OV, OC, LIMIT_HIGH, LIMIT_LOW, PROTECTED = 1, 2, 128, 256, 2048
"""Bits of the questionable status."""
MEASUREMENT_S = 0.02
_FAULTS = {"voltage": OV, "current": OC, "silence": PROTECTED}


class PowerAnalyzer(PowerPanel):
    """Drives the cell in the ``channel`` of each instrument at its resource with one of its outputs."""

    identity = "Keysight Technologies,N6705C,SIMULATED,E.02.09.3438"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        parts = world.spec.sharing(spec.resource)
        self.names = {int(part.settings.get("output", 1)): name for name, part in parts.items()}
        self.holders = {number: parts[name].wiring["channel"] for number, name in self.names.items()}
        self.status = Status()
        self.outputs = {number: OutputSettings() for number in OUTPUTS}
        self.frame = FrameSettings()
        self.readings = 0

    def memory(self) -> dict[str, Any]:
        """Settings, faults and status registers."""
        return {
            "outputs": {str(number): to_row(output) for number, output in self.outputs.items()},
            "frame": to_row(self.frame),
            "status": to_row(self.status),
            "readings": self.readings,
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.outputs = {int(number): from_row(OutputSettings, row) for number, row in memory["outputs"].items()}
        self.frame = from_row(FrameSettings, memory["frame"])
        self.status = from_row(Status, memory["status"])
        self.readings = memory["readings"]

    def reset(self) -> None:
        """Outputs and watchdog off; what has tripped stays tripped."""
        self.outputs = {number: OutputSettings(faults=each.faults) for number, each in self.outputs.items()}
        self.frame = FrameSettings()

    def forget(self) -> None:
        """As after ``*RST``, and what had tripped is forgotten."""
        super().forget()
        self.outputs = {number: OutputSettings() for number in OUTPUTS}

    def handle(self, message: bytes) -> bytes:
        """Any message is a sign of life to the watchdog, unless it comes too late."""
        self._notice()
        if self.frame.watches:
            self._hear()
            self.world.put_off(self.name, self.frame.silent_at)
        reply = super().handle(message)
        self._notice()
        return reply

    # -- protections --------------------------------------------------------------------------------------------

    def _notice(self) -> None:
        """Do what is set, and keep in mind what has tripped until now."""
        self._apply()
        before = {number: each.faults for number, each in self.outputs.items()}
        is_silent = self.frame.watches and self.now >= self.frame.silent_at
        for number, each in self.outputs.items():
            trip = self._trip_at(number) if each.is_on and not each.faults else ""
            each.faults |= (_FAULTS[trip] if trip else 0) | (PROTECTED if is_silent else 0)
        if any(each.faults & ~before[number] for number, each in self.outputs.items()):
            self._couple()
        self._apply()

    def _couple(self) -> None:
        if self.frame.couples:
            for each in self.outputs.values():
                each.faults |= 0 if each.faults else PROTECTED

    def _trip_at(self, number: int) -> str:
        """What has tripped; behind a relay that does not open, the voltage alone."""
        sight = self._sight(number)
        if not self._is_welded(number):
            return sight.trip
        return "voltage" if sight.voltage_V >= self.outputs[number].protection_V else ""

    def trip(self, instrument: str) -> None:
        """Latch the over-voltage protection of one output."""
        number = next(each for each, name in self.names.items() if name == instrument)
        self.outputs[number].faults |= OV
        self._couple()
        self._apply()

    def feel(self) -> None:
        """Impose on the cells what settings, relays and supply make of it."""
        self._apply()

    def _is_welded(self, number: int) -> bool:
        return bool(self.ailments) and self.condition_of(self.names.get(number, "")).weld is not None

    def _weld(self) -> None:
        for number, name in self.names.items():
            condition, output = self.condition_of(name), self.outputs[number]
            if condition.relay_sticks and output.is_on and not output.faults:
                self.ail(name, replace(condition, weld=""))

    def _apply(self) -> None:
        if self.ailments:
            self._weld()
        for number, holder in self.holders.items():
            drive = self._drive(number)
            if drive != self.world.holders.drive(holder):
                self.world.impose(holder, drive, self.now)

    def _drive(self, number: int) -> Drive:
        output = self.outputs[number]
        is_welded = self._is_welded(number)
        if not self.has_power or not (is_welded or self._is_closed(number)):
            return OPEN
        until = self.frame.silent_at if self.frame.watches else None
        trips = False
        if output.priority == "VOLT":
            voltage_V, low_A, high_A = output.voltage_V, output.least_A(), output.high_A
            trips = output.current_protection
        elif output.current_A < 0:
            voltage_V, low_A, high_A = -RATED_V, output.current_A, 0.0
        else:
            voltage_V, low_A, high_A = RATED_V, 0.0, output.current_A
        if is_welded:
            return Drive(self.name, voltage_V, low_A, high_A)
        return Drive(self.name, voltage_V, low_A, high_A, 0.0, output.protection_V, trips, until)

    def _is_closed(self, number: int) -> bool:
        """Whether an output is on, as far as the mainframe knows."""
        return self.outputs[number].is_on and not self.outputs[number].faults

    def _sight(self, number: int) -> Sight:
        """What an output is at now; the outputs without a cell are open."""
        if number in self.holders:
            return self.world.holders.at(self.holders[number], self.now)
        nothing = Holders({"": None}, self.now)
        nothing.impose("", self._drive(number), self.now)
        return nothing.at("", self.now)

    # -- status -------------------------------------------------------------------------------------------------

    @command(":STATus:OPERation:CONDition?", ON_OUTPUTS)
    def operation(self, numbers: tuple[int, ...]) -> str:
        """Constant voltage, constant current or off."""
        return ",".join(str(self._operation(number)) for number in numbers)

    def _operation(self, number: int) -> int:
        self._notice()
        mode = self._sight(number).mode if self._is_closed(number) else "open"
        return OFF if mode == "open" else CV if mode == "voltage" else CC

    @command(":STATus:QUEStionable:CONDition?", ON_OUTPUTS)
    def questionable(self, numbers: tuple[int, ...]) -> str:
        """Faults, and current limits reached in voltage priority."""
        return ",".join(str(self._questionable(number)) for number in numbers)

    def _questionable(self, number: int) -> int:
        self._notice()
        output, mode = self.outputs[number], self._sight(number).mode
        reached = {"charge limit": LIMIT_HIGH, "discharge limit": LIMIT_LOW}.get(mode, 0)
        return output.faults | (reached if output.priority == "VOLT" else 0)

    # -- measuring ----------------------------------------------------------------------------------------------

    def _measure(self, numbers: tuple[int, ...]) -> None:
        """Voltage and current of one acquisition."""
        self._notice()
        self.spend(MEASUREMENT_S)
        self.readings += 1
        for number in numbers:
            sight, meter = self._sight(number), f"{self.name}/{number}"
            self.outputs[number].measured_V = read_voltage_V(self.world, meter, self.readings, sight.voltage_V)
            if self.ailments:
                drift_V = self.condition_of(self.names.get(number, "")).drifted(self.now, "V/h")
                self.outputs[number].measured_V = (self.outputs[number].measured_V or 0.0) + drift_V
            self.outputs[number].measured_A = read_current_A(self.world, meter, self.readings, sight.current_A)

    @command(":MEASure[:SCALar]:VOLTage[:DC]?", ON_OUTPUTS)
    def measure_voltage(self, numbers: tuple[int, ...]) -> str:
        """V, of a new acquisition."""
        self._measure(numbers)
        return self.fetch_voltage(numbers)

    @command(":MEASure[:SCALar]:CURRent[:DC]?", ON_OUTPUTS)
    def measure_current(self, numbers: tuple[int, ...]) -> str:
        """A, of a new acquisition."""
        self._measure(numbers)
        return self.fetch_current(numbers)

    @command(":FETCh[:SCALar]:VOLTage[:DC]?", ON_OUTPUTS)
    def fetch_voltage(self, numbers: tuple[int, ...]) -> str:
        """V, of the last acquisition."""
        return self._listed(numbers, lambda each: written(_measured(each.measured_V)))

    @command(":FETCh[:SCALar]:CURRent[:DC]?", ON_OUTPUTS)
    def fetch_current(self, numbers: tuple[int, ...]) -> str:
        """A, of the last acquisition."""
        return self._listed(numbers, lambda each: written(_measured(each.measured_A)))


def _measured(value: float | None) -> float:
    if value is None:
        raise ScpiError(-230)
    return value
