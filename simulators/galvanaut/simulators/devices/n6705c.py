"""A Keysight N6705C DC power analyzer with four N678xA modules, one of them on a cell.

The bench setting ``output`` says which output the cell is wired to (1 by default); the others are open.

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
    """Drives the cell in its ``channel`` with one of its outputs."""

    identity = "Keysight Technologies,N6705C,SIMULATED,E.02.09.3438"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.holder = spec.wiring["channel"]
        self.wired_output = int(spec.settings.get("output", 1))
        self.status = Status()
        self.outputs = {number: OutputSettings() for number in OUTPUTS}
        self.frame = FrameSettings()
        self.readings = 0

    def memory(self) -> dict[str, Any]:
        """Settings, faults and status registers."""
        return {
            "outputs": [to_row(self.outputs[number]) for number in OUTPUTS],
            "frame": to_row(self.frame),
            "status": to_row(self.status),
            "readings": self.readings,
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        rows = zip(OUTPUTS, memory["outputs"], strict=True)
        self.outputs = {number: from_row(OutputSettings, row) for number, row in rows}
        self.frame = from_row(FrameSettings, memory["frame"])
        self.status = from_row(Status, memory["status"])
        self.readings = memory["readings"]

    def reset(self) -> None:
        """Outputs and watchdog off; what has tripped stays tripped."""
        self.outputs = {number: OutputSettings(faults=each.faults) for number, each in self.outputs.items()}
        self.frame = FrameSettings()

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
            trip = self._sight(number).trip if each.is_on and not each.faults else ""
            each.faults |= (_FAULTS[trip] if trip else 0) | (PROTECTED if is_silent else 0)
        is_new = any(each.faults & ~before[number] for number, each in self.outputs.items())
        if self.frame.couples and is_new:
            for each in self.outputs.values():
                each.faults |= 0 if each.faults else PROTECTED
        self._apply()

    def _apply(self) -> None:
        drive = self._drive(self.wired_output)
        if drive != self.world.holders.drive(self.holder):
            self.world.impose(self.holder, drive, self.now)

    def _drive(self, number: int) -> Drive:
        output = self.outputs[number]
        if not output.is_on or output.faults:
            return OPEN
        until = self.frame.silent_at if self.frame.watches else None
        common = Drive(self.name, trip_V=output.protection_V, until=until)
        if output.priority == "VOLT":
            return replace(
                common,
                voltage_V=output.voltage_V,
                low_A=output.least_A(),
                high_A=output.high_A,
                trips_at_limit=output.current_protection,
            )
        if output.current_A < 0:
            return replace(common, voltage_V=-RATED_V, low_A=output.current_A)
        return replace(common, voltage_V=RATED_V, high_A=output.current_A)

    def _sight(self, number: int) -> Sight:
        """What an output is at now; the outputs without a cell are open."""
        if number == self.wired_output:
            return self.world.holders.at(self.holder, self.now)
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
        mode = self._sight(number).mode
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
