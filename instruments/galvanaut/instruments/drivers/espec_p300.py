"""ESPEC P-300 controller of temperature chambers, ASCII over RS-232, RS-485 or a serial server.

Sources: ESPEC ChamberConnectLibrary ``especinteract.py`` and ``p300.py``, ESPEC EHS-211 and EHS-411 manuals (command
list). Each command has one reply: ``OK:<the command>`` or ``NA:<reason>`` to a setting, bare data to a query; what was
set is read back all the same. Never run on hardware.

The high and low limits live in the chamber: it raises its own alarm when the air passes them, whatever the host does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit
from galvanaut.instruments import scpi
from galvanaut.instruments.errors import AlarmError, BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

_MODES = ("OFF", "STANDBY", "CONSTANT", "RUN")
_RESOLUTION_K = 0.1
_SENSOR_degC = (-200.0, 500.0)
"""What can be read or set at all (illustrative)."""
_ADVICE = {
    "PROTECT ON": "switch the chamber's key protection off",
    "DATA OUT OF RANGE": "check the chamber's own range and its high and low limits",
}


class EspecSettings(BaseModel):
    """Settings of one chamber in a bench file. Temperatures are rounded to 0.1 degC on the wire.

    Attributes:
        minimum_degC: lowest set point allowed.
        maximum_degC: highest set point allowed.
        low_limit_degC: below it the chamber raises an alarm by itself; programmed into the chamber.
        high_limit_degC: above it the chamber raises an alarm by itself; programmed into the chamber.
        safe_degC: set point of the safe state.
        address: 1 to 16 on RS-485; None on RS-232.
        baud_rate: as set at the chamber.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_degC: Annotated[float, Unit("degC")] = Field(alias="minimum")
    maximum_degC: Annotated[float, Unit("degC")] = Field(alias="maximum")
    low_limit_degC: Annotated[float, Unit("degC")] = Field(alias="low_limit")
    high_limit_degC: Annotated[float, Unit("degC")] = Field(alias="high_limit")
    safe_degC: Annotated[float, Unit("degC")] = Field(25.0, alias="safe_temperature")
    address: int | None = Field(None, ge=1, le=16)
    baud_rate: int = Field(9600, gt=0)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.minimum_degC <= self.safe_degC <= self.maximum_degC:
            raise ValueError("minimum, safe_temperature and maximum are not in rising order")
        if not (self.low_limit_degC < self.minimum_degC and self.maximum_degC < self.high_limit_degC):
            raise ValueError("low_limit must lie below minimum and high_limit above maximum")
        return self


@dataclass(frozen=True)
class _Temperatures:
    """Reply to ``TEMP?``, degC."""

    air_degC: float
    setpoint_degC: float
    high_degC: float
    low_degC: float


class EspecP300:
    """One chamber; plays the role of a `Chamber`.

    Args:
        link: to the controller.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "chamber"
    model: ClassVar[str] = "ESPEC P-300"
    Settings: ClassVar[type[BaseModel]] = EspecSettings
    scan_question: ClassVar[str] = "ROM?"

    def __init__(self, link: Link, settings: EspecSettings) -> None:
        self.link = link
        self.settings = settings

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: EspecSettings) -> Framing:
        """Lines ended by CR LF both ways."""
        return Framing(
            write_end=b"\r\n",
            read_end=b"\r\n",
            probe=_addressed(settings, "ROM?"),
            is_identity=_is_p300,
            baud_rate=settings.baud_rate,
        )

    def identify(self) -> Identity:
        """The controller as ``TYPE?`` names it, with the version that ``ROM?`` returns.

        Raises:
            InstrumentError: the controller is not a P-300.
        """
        rom = self.link.query(_addressed(self.settings, "ROM?")).strip()
        if not _is_p300(rom):
            advice = "expected an ESPEC P-300; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "ROM?", rom, advice)
        fields = [field.strip() for field in self._ask("TYPE?").split(",")]
        controller = (fields[-2] if len(fields) > 2 else "") or "P-300"
        return Identity("ESPEC", controller, firmware=rom)

    def set_up(self) -> None:
        """Program the chamber's own high and low limits and read them back; set point and mode stay as they are.

        Raises:
            RefusedError: the chamber cannot hold these limits.
            InstrumentError: the limits read back are others.
        """
        found = self._temperatures()
        for letter, wanted, there in (
            ("H", self.settings.high_limit_degC, found.high_degC),
            ("L", self.settings.low_limit_degC, found.low_degC),
        ):
            if not _same(wanted, there):
                self._tell(f"TEMP, {letter}{_spelled(wanted)}")
        self._require_limits(self._temperatures())

    def make_safe(self) -> None:
        """Neither heating nor cooling, and then the safe set point; both are tried even if one fails."""
        failures: list[InstrumentError] = []
        for act in (self._stand_by, self._go_to_safe_setpoint):
            try:
                act()
            except InstrumentError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def set_temperature(self, temperature_degC: float) -> None:
        """Change the set point, to 0.1 degC, and read it back.

        Raises:
            RefusedError: outside ``minimum`` to ``maximum`` of the bench file; nothing was sent. Or the chamber
                declined.
            InstrumentError: the set point read back is another one.
        """
        low, high = self.settings.minimum_degC, self.settings.maximum_degC
        if not low <= temperature_degC <= high:
            problem = f"{temperature_degC:g} degC is outside {low:g} to {high:g} degC; nothing was sent"
            raise self.link.error(RefusedError, problem, advice="these limits stand in the bench file")
        self._set_setpoint(temperature_degC)

    def temperature_degC(self) -> float:
        """Air temperature, degC.

        Raises:
            AlarmError: the chamber has alarms; their codes are in the message.
        """
        self._require_no_alarm()
        return self._temperatures().air_degC

    def setpoint_degC(self) -> float:
        """Set point, degC."""
        return self._temperatures().setpoint_degC

    def run(self) -> None:
        """Hold the set point, once the chamber's own limits were read back.

        Raises:
            InstrumentError: the limits are not those of the bench file, or it does not run; nothing was started.
            AlarmError: the chamber has alarms; nothing was started.
        """
        self._require_limits(self._temperatures())
        self._require_no_alarm()
        if self.mode() != "CONSTANT":
            self._set_mode("CONSTANT")

    def is_running(self) -> bool:
        """Whether it heats or cools."""
        return self.mode() in ("CONSTANT", "RUN")

    def mode(self) -> str:
        """``OFF``, ``STANDBY``, ``CONSTANT`` or ``RUN`` (a program of its own)."""
        reply = self._ask("MODE?")
        if reply not in _MODES:
            raise self.link.error(BadReadingError, f"expected {' or '.join(_MODES)}", "MODE?", reply)
        return reply

    def alarms(self) -> list[int]:
        """Codes of the alarms that are on; the chamber's manual explains them."""
        reply = self._ask("ALARM?")
        fields = reply.split(",")
        codes = [int(field) for field in fields if re.fullmatch(r"\s*\d{1,6}\s*", field)]
        if len(codes) != len(fields) or codes[0] != len(codes) - 1:
            raise self.link.error(BadReadingError, "expected a number of alarms and their codes", "ALARM?", reply)
        return codes[1:]

    def _go_to_safe_setpoint(self) -> None:
        self._set_setpoint(self.settings.safe_degC)

    def _stand_by(self) -> None:
        if self.is_running():
            self._set_mode("STANDBY")

    def _set_setpoint(self, temperature_degC: float) -> None:
        command = f"TEMP, S{_spelled(temperature_degC)}"
        self._tell(command)
        found = self._temperatures().setpoint_degC
        if not _same(temperature_degC, found):
            raise self.link.error(InstrumentError, "setting was not taken over", command, f"{found:g}")

    def _set_mode(self, mode: str) -> None:
        command = f"MODE,{mode}"
        self._tell(command)
        found = self.mode()
        if found != mode:
            raise self.link.error(InstrumentError, "setting was not taken over", command, found)

    def _require_limits(self, found: _Temperatures) -> None:
        high, low = self.settings.high_limit_degC, self.settings.low_limit_degC
        if not (_same(high, found.high_degC) and _same(low, found.low_degC)):
            problem = (
                f"has its own limits at {found.low_degC:g} and {found.high_degC:g} degC instead of {low:g} and {high:g}"
            )
            raise self.link.error(InstrumentError, problem, advice="connect again: this programs them")

    def _require_no_alarm(self) -> None:
        codes = self.alarms()
        if codes:
            problem = f"has {len(codes)} alarm(s): {', '.join(map(str, codes))}"
            raise self.link.error(AlarmError, problem, "ALARM?", advice="look up the codes in the chamber's manual")

    def _temperatures(self) -> _Temperatures:
        reply = self._ask("TEMP?")
        fields = reply.split(",")
        values = [value for field in fields if (value := scpi.number(field)) is not None]
        low, high = _SENSOR_degC
        if not len(values) == len(fields) == 4 or not all(low <= value <= high for value in values):
            raise self.link.error(BadReadingError, "expected air, set point, high and low limit", "TEMP?", reply)
        return _Temperatures(*values)

    def _tell(self, command: str) -> None:
        """Send a setting; its echo must be the command itself, in which only spaces may differ."""
        reply = self._ask(command)
        echo = reply.removeprefix("OK:")
        same = {_packed(command), _packed(_addressed(self.settings, command))}
        if echo == reply or _packed(echo) not in same:
            raise self.link.error(InstrumentError, "did not confirm", command, reply)

    def _ask(self, command: str) -> str:
        """Send a command once.

        Raises:
            RefusedError: the chamber declined; its reason is in the message.
        """
        reply = self.link.query(_addressed(self.settings, command)).strip()
        if reply.startswith("NA:"):
            reason = reply.removeprefix("NA:").strip()
            raise self.link.error(RefusedError, f"declined ({reason})", command, reply, _ADVICE.get(reason, ""))
        return reply


def _addressed(settings: EspecSettings, command: str) -> str:
    return command if settings.address is None else f"{settings.address},{command}"


def _packed(text: str) -> str:
    return text.replace(" ", "").upper()


def _spelled(temperature_degC: float) -> str:
    return f"{round(temperature_degC, 1) + 0.0:.1f}"  # + 0.0: never "-0.0"


def _same(wanted_degC: float, found_degC: float) -> bool:
    return abs(float(_spelled(wanted_degC)) - found_degC) < _RESOLUTION_K / 2


def _is_p300(reply: str) -> bool:
    return reply.upper().startswith(("P300", "P-300"))
