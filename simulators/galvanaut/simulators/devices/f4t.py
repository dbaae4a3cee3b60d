"""A Watlow F4T controller in front of a chamber: loop 1, temperature.

Sources: the F4T manuals of Watlow and TestEquity for commands and replies. There is no error queue: a bad command is
forgotten silently. Illustrative: it wakes up in degF with everything off, also after a power cut, and accepts set
points from -70 to 180 degC; lags and rates of the chamber are in `SimulationParameters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from galvanaut.simulators.devices.chamber import Chamber
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.scpi import ScpiDevice, command
from galvanaut.simulators.scpi_types import Choice, Integer, Numeric, ScpiError, Switch
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

SETPOINT_RANGE_DEGC = (-70.0, 180.0)
_WIDE = Numeric(-1e4, 1e4)


@dataclass
class ChamberMemory:
    """What the controller keeps; temperatures in degC whatever the unit of the messages.

    Attributes:
        unit: of the messages, C or F.
        setpoint_degC: of loop 1.
        idle_degC: idle set point.
        ramp_action: OFF, STARTUP, SETPOINT or BOTH.
        ramp_scale: MINUTES or HOURS.
        ramp_rate_K: per minute or hour.
        ramp_time: kept, but without effect here.
        outputs: event outputs that are on.
    """

    unit: str = "F"
    setpoint_degC: float = 23.0
    idle_degC: float = 23.0
    ramp_action: str = "OFF"
    ramp_scale: str = "MINUTES"
    ramp_rate_K: float = 1.0
    ramp_time: float = 0.0
    outputs: list[int] | None = None


class ChamberController(Chamber, ScpiDevice):
    """Controls the air around what it ``houses``, while its event output ``enable_output`` (bench setting) is on."""

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.settings = ChamberMemory(outputs=[])
        self.enable_output = int(spec.settings.get("enable_output", 1))

    def memory(self) -> dict[str, Any]:
        """Settings."""
        return to_row(self.settings)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(ChamberMemory, memory)

    @property
    def outputs(self) -> list[int]:
        """Numbers of the event outputs that are on."""
        return self.settings.outputs or []

    def forget(self) -> None:
        """Wake up as fresh: in degF, outputs off."""
        self.settings = ChamberMemory(outputs=[])

    # -- physics ------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on towards the set point, at the ramp's rate if there is one, or rest."""
        self._drive(is_ramped=self.settings.ramp_action != "OFF")

    def _drive(self, is_ramped: bool) -> None:
        """Send the chamber's air to where the settings say."""
        settings = self.settings
        if self.enable_output not in self.outputs:
            self.leave_alone()
            return
        ramp_K_min = settings.ramp_rate_K / (1 if settings.ramp_scale == "MINUTES" else 60)
        self.drive(settings.setpoint_degC, ramp_K_min if is_ramped else None)

    # -- units --------------------------------------------------------------------------------------------------

    def _shown(self, temperature_degC: float) -> str:
        return f"{temperature_degC if self.settings.unit == 'C' else temperature_degC * 9 / 5 + 32:.6f}"

    def _read(self, value: float) -> float:
        return value if self.settings.unit == "C" else (value - 32) * 5 / 9

    def _settable(self, value: float) -> float:
        temperature_degC = self._read(value)
        if not SETPOINT_RANGE_DEGC[0] <= temperature_degC <= SETPOINT_RANGE_DEGC[1]:
            raise ScpiError(-222)
        return temperature_degC

    def _loop(self, number: int) -> None:
        if number != 1:
            raise ScpiError(-113)

    # -- commands -----------------------------------------------------------------------------------------------

    @command("*IDN?")
    def identify(self) -> str:
        """Free text."""
        return "WATLOW,F4T,SIMULATED,0"

    @command("*RST")
    def reset(self) -> None:
        """Ramps and outputs off."""
        self.settings.ramp_action, self.settings.outputs = "OFF", []
        self._drive(is_ramped=False)

    @command(":UNIT:TEMPERATURE", Choice("C", "F"))
    def set_unit(self, unit: str) -> None:
        """Unit of all temperatures in messages."""
        self.settings.unit = unit

    @command(":UNIT:TEMPERATURE?")
    def unit(self) -> str:
        """C or F."""
        return self.settings.unit

    @command(":SOURCE:CLOOP#:SPOINT", _WIDE)
    def set_setpoint(self, loop: int, value: float) -> None:
        """Set point in the present unit; out of range it stays as it was."""
        self._loop(loop)
        self.settings.setpoint_degC = self._settable(value)
        self._drive(is_ramped=self.settings.ramp_action in ("SETPOINT", "BOTH"))

    @command(":SOURCE:CLOOP#:SPOINT?")
    def setpoint(self, loop: int) -> str:
        """Set point in the present unit."""
        self._loop(loop)
        return self._shown(self.settings.setpoint_degC)

    @command(":SOURCE:CLOOP#:PVALUE?")
    def process_value(self, loop: int) -> str:
        """What the sensor in the air shows."""
        self._loop(loop)
        return self._shown(self.sensed_degC())

    @command(":SOURCE:CLOOP#:ERROR?")
    def sensor_error(self, loop: int) -> str:
        """The simulated sensor never fails."""
        self._loop(loop)
        return "NONE"

    @command(":SOURCE:CLOOP#:IDLE", _WIDE)
    def set_idle(self, loop: int, value: float) -> None:
        """Idle set point in the present unit."""
        self._loop(loop)
        self.settings.idle_degC = self._settable(value)

    @command(":SOURCE:CLOOP#:IDLE?")
    def idle(self, loop: int) -> str:
        """Idle set point in the present unit."""
        self._loop(loop)
        return self._shown(self.settings.idle_degC)

    @command(":SOURCE:CLOOP#:RACTION", Choice("OFF", "STARTUP", "SETPOINT", "BOTH"))
    def set_ramp_action(self, loop: int, action: str) -> None:
        """When to ramp instead of going as fast as the chamber can."""
        self._loop(loop)
        self.settings.ramp_action = action

    @command(":SOURCE:CLOOP#:RACTION?")
    def ramp_action(self, loop: int) -> str:
        """OFF, STARTUP, SETPOINT or BOTH."""
        self._loop(loop)
        return self.settings.ramp_action

    @command(":SOURCE:CLOOP#:RSCALE", Choice("MINUTES", "HOURS"))
    def set_ramp_scale(self, loop: int, scale: str) -> None:
        """Time unit of the ramp rate."""
        self._loop(loop)
        self.settings.ramp_scale = scale

    @command(":SOURCE:CLOOP#:RSCALE?")
    def ramp_scale(self, loop: int) -> str:
        """MINUTES or HOURS."""
        self._loop(loop)
        return self.settings.ramp_scale

    @command(":SOURCE:CLOOP#:RRATE", Numeric(1e-3, 1e4))
    def set_ramp_rate(self, loop: int, rate: float) -> None:
        """Degrees of the present unit per minute or hour."""
        self._loop(loop)
        self.settings.ramp_rate_K = rate if self.settings.unit == "C" else rate * 5 / 9

    @command(":SOURCE:CLOOP#:RRATE?")
    def ramp_rate(self, loop: int) -> str:
        """Degrees of the present unit per minute or hour."""
        self._loop(loop)
        rate_K = self.settings.ramp_rate_K
        return f"{rate_K if self.settings.unit == 'C' else rate_K * 9 / 5:.6f}"

    @command(":SOURCE:CLOOP#:RTIME", Numeric(0, 1e4))
    def set_ramp_time(self, loop: int, time: float) -> None:
        """Kept, but without effect here: ramps go by rate."""
        self._loop(loop)
        self.settings.ramp_time = time

    @command(":SOURCE:CLOOP#:RTIME?")
    def ramp_time(self, loop: int) -> str:
        """As set."""
        self._loop(loop)
        return f"{self.settings.ramp_time:.6f}"

    @command(":OUTPUT#:STATE", Switch())
    def set_output(self, output: int, is_on: bool) -> None:
        """Switch an event output."""
        self._output(output)
        before = self.outputs
        self.settings.outputs = sorted({*before, output} if is_on else {*before} - {output})
        if output == self.enable_output and is_on != (output in before):
            self._drive(is_ramped=self.settings.ramp_action in ("STARTUP", "BOTH"))

    @command(":OUTPUT#:STATE?")
    def output(self, output: int) -> str:
        """ON or OFF."""
        self._output(output)
        return "ON" if output in self.outputs else "OFF"

    def _output(self, output: int) -> None:
        Integer(1, 8).parse(str(output))
