"""An ESPEC chamber with a P-300 controller, temperature only.

Sources: ESPEC's ChamberConnectLibrary and EHS manual for commands, replies and reasons of refusal; the SCP-220's list
of reasons for when a set point, a program or the key lock is refused. Illustrative where these are silent: it wakes up
in STANDBY at 23 degC, also after a power cut, and reaches from -45 to 180 degC; alarm codes; bit 6 of the SRQ byte says
that an alarm came up; a limit beyond the set point is refused; with an address, replies carry none and messages without
it get no answer.

A chamber in operation whose sensor shows more than the high or less than the low limit raises an alarm and goes to
STANDBY. Its set point lies between the limits and its air moves towards it only, so this can happen when operation
begins or the limits change, and never in between: no instant is missed however seldom a host asks. With an open door
or a drifting sensor it can; the alarm then comes with the next message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from galvanaut.simulators.devices.chamber import Chamber
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

LOWEST_DEGC, HIGHEST_DEGC = -45.0, 180.0
HIGH_ALARM, LOW_ALARM = 1, 2
ALARM_BIT = 1  # place of bit 6 in the eight digits

_ADDRESSED = re.compile(r"(\d+),(.*)")
_TEMPERATURE = re.compile(r"([SHL])([+-]?\d+(?:\.\d+)?)")
_MASK = re.compile(r"[01]{8}")


class _RefusedError(Exception):
    """Carries the reason that the chamber gives after ``NA:``."""


@dataclass
class P300Memory:
    """What the controller keeps.

    Attributes:
        setpoint_degC: of the constant mode.
        high_degC: upper limit alarm.
        low_degC: lower limit alarm.
        mode: OFF, STANDBY or CONSTANT.
        alarms: codes of the alarms since operation began.
        is_locked: panel keys.
        mask: which bits of the SRQ byte are let through, as eight digits.
        has_news: an alarm came up since the SRQ byte was reset.
    """

    setpoint_degC: float = 23.0
    high_degC: float = HIGHEST_DEGC
    low_degC: float = LOWEST_DEGC
    mode: str = "STANDBY"
    alarms: list[int] = field(default_factory=list)
    is_locked: bool = False
    mask: str = "01000000"
    has_news: bool = False


class EspecChamber(Chamber):
    """Controls the air around what it ``houses``; the bench setting ``address`` is that of an RS-485 line."""

    terminator = b"\n"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.settings = P300Memory()
        address = spec.settings.get("address")
        self.address = None if address is None else int(address)
        self._queries: dict[str, Callable[[], str]] = {
            "ROM?": lambda: "P300 1.00 SIMULATED",
            "TYPE?": lambda: f"T,P300,{HIGHEST_DEGC:.1f}",
            "MON?": self._monitor,
            "TEMP?": self._temperatures,
            "MODE?": lambda: self.settings.mode,
            "ALARM?": lambda: ",".join(str(part) for part in (len(self.settings.alarms), *self.settings.alarms)),
            "KEYPROTECT?": lambda: "ON" if self.settings.is_locked else "OFF",
            "SRQ?": self._service,
        }
        self._commands: dict[str, Callable[[str], None]] = {
            "TEMP": self._set_temperatures,
            "MODE": self._set_mode,
            "POWER": self._set_power,
            "KEYPROTECT": self._set_lock,
            "SRQ": self._reset_service,
            "MASK": self._set_mask,
        }

    def memory(self) -> dict[str, Any]:
        """Settings and alarms."""
        return to_row(self.settings)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(P300Memory, memory)

    def forget(self) -> None:
        """Wake up as fresh."""
        self.settings = P300Memory()

    def handle(self, message: bytes) -> bytes:
        """One command, one line of reply."""
        if self.ailments:
            self._look_after()
        text = message.decode("ascii", errors="replace").strip()
        addressed = _ADDRESSED.fullmatch(text)
        if self.address is not None:
            if addressed is None or int(addressed[1]) != self.address:
                return b""
            text = addressed[2].strip()
        try:
            if self.address is None and addressed is not None:
                raise _RefusedError("ADDR ERR")
            reply = self._carry_out(text)
        except _RefusedError as refusal:
            reply = f"NA:{refusal}"
        return reply.encode("ascii", errors="replace") + b"\r\n"

    def _carry_out(self, text: str) -> str:
        if text.upper() in self._queries:
            return self._queries[text.upper()]()
        name, comma, argument = (part.strip() for part in text.partition(","))
        if name.upper() not in self._commands:
            raise _RefusedError("CMD ERR")
        _expect(bool(comma))
        self._commands[name.upper()](argument.upper())
        return f"OK:{name},{argument}"

    def resume(self) -> None:
        """Go on towards the set point, or rest."""
        if self.settings.mode == "CONSTANT":
            self.drive(self.settings.setpoint_degC)
            self._guard()
        else:
            self.leave_alone()

    def _look_after(self) -> None:
        if self.settings.mode == "CONSTANT":
            self._guard()

    # -- temperature --------------------------------------------------------------------------------------------

    def _shown_degC(self) -> float:
        return round(self.sensed_degC(), 1)

    def _monitor(self) -> str:
        return f"{self._shown_degC():.1f},,{self.settings.mode},{len(self.settings.alarms)}"

    def _temperatures(self) -> str:
        settings = self.settings
        return f"{self._shown_degC():.1f},{settings.setpoint_degC:.1f},{settings.high_degC:.1f},{settings.low_degC:.1f}"

    def _set_temperatures(self, argument: str) -> None:
        parts = argument.split()
        matches = [_TEMPERATURE.fullmatch(part) for part in parts]
        values = {match[1]: round(float(match[2]), 1) for match in matches if match is not None}
        _expect(bool(parts) and len(values) == len(parts))
        settings = self.settings
        setpoint_degC = values.get("S", settings.setpoint_degC)
        high_degC, low_degC = values.get("H", settings.high_degC), values.get("L", settings.low_degC)
        if not LOWEST_DEGC <= low_degC <= setpoint_degC <= high_degC <= HIGHEST_DEGC:
            raise _RefusedError("DATA OUT OF RANGE")
        is_new = setpoint_degC != settings.setpoint_degC
        settings.setpoint_degC, settings.high_degC, settings.low_degC = setpoint_degC, high_degC, low_degC
        if settings.mode == "CONSTANT":
            if is_new:
                self.drive(setpoint_degC)
            self._guard()

    def _guard(self) -> None:
        """Stop if the sensor shows what the limits forbid."""
        settings, shown_degC = self.settings, self._shown_degC()
        if settings.low_degC <= shown_degC <= settings.high_degC:
            return
        settings.alarms.append(HIGH_ALARM if shown_degC > settings.high_degC else LOW_ALARM)
        settings.mode, settings.has_news = "STANDBY", True
        self.leave_alone()

    # -- operation ----------------------------------------------------------------------------------------------

    def _set_mode(self, argument: str) -> None:
        if argument == "RUN":
            raise _RefusedError("DATA NOT READY")  # no programs are simulated
        _expect(argument in ("OFF", "STANDBY", "CONSTANT"))
        before, self.settings.mode = self.settings.mode, argument
        if argument == before:
            return
        if argument == "CONSTANT":
            self.settings.alarms = []
            self.drive(self.settings.setpoint_degC)
            self._guard()
        elif before == "CONSTANT":
            self.leave_alone()

    def _set_power(self, argument: str) -> None:
        _expect(argument in ("ON", "OFF"))
        self._set_mode("CONSTANT" if argument == "ON" else "OFF")

    # -- panel and service request ------------------------------------------------------------------------------

    def _set_lock(self, argument: str) -> None:
        _expect(argument in ("ON", "OFF"))
        if self.settings.mode == "OFF":
            raise _RefusedError("CONT NOT READY-4")
        self.settings.is_locked = argument == "ON"

    def _service(self) -> str:
        byte = ["0"] * 8
        if self.settings.has_news and self.settings.mask[ALARM_BIT] == "1":
            byte[ALARM_BIT] = "1"
        return "".join(byte)

    def _reset_service(self, argument: str) -> None:
        _expect(argument == "RESET")
        self.settings.has_news = False

    def _set_mask(self, argument: str) -> None:
        _expect(_MASK.fullmatch(argument) is not None)
        self.settings.mask = argument


def _expect(holds: bool) -> None:
    if not holds:
        raise _RefusedError("PARA ERR")
