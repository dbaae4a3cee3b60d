"""New Era NE-1000 family of syringe pumps (NE-1000/300/500/4000/8000, WPI Aladdin), basic and safe mode.

Sources: NE-1000 manual, p. 33-35 (framing, status letters, commands, number format, alarms, safe mode).
Never run on hardware.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit
from galvanaut.instruments.drivers.new_era_numbers import (
    RATE_UNITS_mL_min,
    number_step,
    pump_number,
    pump_rate,
    require_rate,
)
from galvanaut.instruments.drivers.new_era_packets import BASIC, SAFE
from galvanaut.instruments.errors import AlarmError, BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import DoseLimits, Identity, PumpState, Role

_REPLY = re.compile(r"(\d\d)(A\?[A-Z]|[IWSPTUX])(.*)")
_VERSION = re.compile(r"(NE\d+)(V[\w.]+)")
_VALUE = re.compile(r"(\d*\.?\d*)([A-Z]*)")
_DISPENSED = re.compile(r"I(?=[\d.]{1,6}W)(\d+\.?\d*)W(?=[\d.]{1,6}[UM])(\d+\.?\d*)(UL|ML)")  # four digits and a point
_STATES: dict[str, PumpState] = {
    "I": "infusing",
    "W": "withdrawing",
    "S": "stopped",
    "P": "paused",
    "T": "waiting",
    "U": "waiting",
    "X": "purging",
}
_ALARMS = {
    "R": "was reset: its power was cut",
    "S": "has stalled",
    "T": "stopped because the host was silent (safe mode)",
    "E": "stopped on an error in its program",
    "O": "stopped: program phase out of range",
}
_REFUSALS = {
    "?": "does not know the command",
    "?NA": "cannot do that now",
    "?OOR": "says the value is out of range",
    "?COM": "received a damaged packet",
    "?IGN": "ignored the command",
}
_MOTIONS = 3  # infusing -> paused -> stopped takes two STP; a third look confirms


def _is_version(reply: str) -> bool:
    match = _REPLY.fullmatch(reply)
    return match is not None and _VERSION.fullmatch(match[3]) is not None


def _alarm_in(reply: str) -> str | None:
    """The alarm that a reply reports, in words."""
    match = _REPLY.fullmatch(reply)
    if match is None or not match[2].startswith("A?"):
        return None
    return _ALARMS.get(match[2][2], f"reports alarm {match[2][2]}")


class NewEraSettings(BaseModel):
    """Settings of one pump in a bench file.

    Attributes:
        syringe_diameter_mm: inner diameter, mm; the pump accepts 0.1 to 80.
        rate_mL_min: rate of infusion, mL/min, at least 0.05 uL/h. What a syringe allows is checked by the pump.
        minimum_dose_mL: smallest volume given within the accuracy wanted, mL (default illustrative).
        maximum_dose_mL: largest volume of one dose, mL (default illustrative).
        safe_mode_s: if given, a pump that infuses stops by itself when it hears nothing from the host for so long:
            whole seconds, at least 30, so that it is asked three times in between, at most 255.
        address: 0 to 99, as set at the pump.
        baud_rate: as set at the pump.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    syringe_diameter_mm: Annotated[float, Unit("mm"), Field(ge=0.1, le=80)] = Field(alias="syringe_diameter")
    rate_mL_min: Annotated[float, Unit("mL/min"), Field(le=9999), AfterValidator(require_rate)] = Field(alias="rate")
    minimum_dose_mL: Annotated[float, Unit("mL"), Field(ge=0.001)] = Field(0.02, alias="minimum_dose")
    maximum_dose_mL: Annotated[float, Unit("mL"), Field(ge=0.001, le=9999)] = Field(50.0, alias="maximum_dose")
    safe_mode_s: Annotated[float, Unit("s"), Field(ge=30, le=255, multiple_of=1)] | None = Field(
        None, alias="safe_mode"
    )
    address: int = Field(0, ge=0, le=99)
    baud_rate: int = Field(19200, gt=0)

    @model_validator(mode="after")
    def _check_doses(self) -> Self:
        if self.minimum_dose_mL > self.maximum_dose_mL:
            raise ValueError("minimum_dose is larger than maximum_dose")
        return self


class NewEraNE1000:
    """One pump that infuses one volume at a time; plays the role of a `Pump`.

    Everything set while the pump stands still goes to its non-volatile memory, so nothing is set that it already has.
    The first reply after power-up is the alarm ``A?R``: expected by `identify` and `set_up`, an error anywhere else.

    With ``safe_mode`` in the bench file, `start` puts the pump in safe mode, so that it stops by itself (alarm ``A?T``)
    if the host dies. As soon as it is seen stopped it goes back to basic mode: a pump at rest needs no watching, and
    would raise the alarm for nothing. `identify` and `set_up` find a pump that a dead program left in safe mode.

    Args:
        link: to the pump.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "pump"
    model: ClassVar[str] = "New Era NE-1000"
    Settings: ClassVar[type[BaseModel]] = NewEraSettings
    scan_question: ClassVar[str] = "0VER"

    def __init__(self, link: Link, settings: NewEraSettings) -> None:
        self.link = link
        self.settings = settings
        self.was_power_cycled = False
        """Whether the pump reported a power-up since the last `prepare`: a dose under way before it was cut short."""
        self.was_stopped_by_silence = False
        """Whether the pump reported at the first contact that it stopped because its former host was silent."""
        self._contacted = False
        self._prepared = False
        self._guarded = False
        self._mode_in_doubt = settings.safe_mode_s is not None

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: NewEraSettings) -> Framing:
        """``<address><command> CR`` out, ``STX <address><status><data> ETX`` back."""
        return Framing(
            write_end=b"\r",
            read_start=b"\x02",
            read_end=b"\x03",
            probe=f"{settings.address}VER",
            is_identity=_is_version,
            alarm_in=_alarm_in,
            timeout_s=1.0,
            baud_rate=settings.baud_rate,
            packets=None if settings.safe_mode_s is None else BASIC,
        )

    @classmethod
    def dose_limits(cls, settings: NewEraSettings, capacity_mL: float) -> DoseLimits:
        """Limits for doses into a vessel that holds ``capacity_mL``; the step is that of the largest dose."""
        largest = min(settings.maximum_dose_mL, capacity_mL)
        return DoseLimits(settings.minimum_dose_mL, largest, number_step(largest))

    @property
    def rate_mL_min(self) -> float:
        """Rate of infusion as the pump holds it, mL/min."""
        text, unit = pump_rate(self.settings.rate_mL_min)
        return float(text) * RATE_UNITS_mL_min[unit]

    @property
    def volume_min_mL(self) -> float:
        """Smallest dose, mL."""
        return self.settings.minimum_dose_mL

    @property
    def volume_max_mL(self) -> float:
        """Largest dose, mL."""
        return self.settings.maximum_dose_mL

    def volume_step_mL(self, volume_mL: float) -> float:
        """Resolution at ``volume_mL``: 0.001 mL below 10 mL, 0.01 mL below 100 mL and so on."""
        return number_step(volume_mL)

    def identify(self) -> Identity:
        """Model and firmware; takes note of a power-up alarm.

        Raises:
            InstrumentError: the reply is not that of a New Era pump.
        """
        self._first_contact()
        data = self._ask("VER")
        match = _VERSION.fullmatch(data)
        if match is None:
            advice = "expected a New Era pump (NE...V...); check the resource"
            raise self.link.error(InstrumentError, "is another instrument", self._message("VER"), data, advice)
        return Identity("New Era", match[1], firmware=match[2])

    def set_up(self) -> None:
        """Diameter, volume unit, rate and direction, in this order (a new diameter resets the unit).

        Raises:
            RefusedError: the pump is running with other settings than the bench file's.
        """
        self._first_contact()
        self._keep("DIA", pump_number(self.settings.syringe_diameter_mm), "")
        if self._value("VOL")[1] != "ML":
            self._set("VOLML")
        self._keep("RAT", *pump_rate(self.settings.rate_mL_min))
        if self._ask("DIR") != "INF":
            self._set("DIRINF")

    def make_safe(self) -> None:
        """Stop. An alarm means that the motor already stands still, and is not an error here."""
        self._prepared = False
        try:
            self.stop()
        except AlarmError:
            self.stop()

    def prepare(self, volume_mL: float) -> float:
        """Set the volume, clear the counter and read both back; returns the volume set, mL.

        What became of a dose before, and that its power was cut, is forgotten.

        Raises:
            RefusedError: outside the limits, or the pump is not stopped.
        """
        self._prepared = False
        if not self.volume_min_mL <= volume_mL <= self.volume_max_mL:
            limits = f"{self.volume_min_mL:g} to {self.volume_max_mL:g} mL"
            raise self.link.error(RefusedError, f"a dose of {volume_mL:g} mL is outside {limits}; nothing was sent")
        state = self.state()
        if state != "stopped":
            raise self.link.error(RefusedError, f"cannot prepare a dose while {state}", advice="stop it first")
        text = pump_number(volume_mL)
        self._keep("VOL", text, "ML")
        if self.dispensed_mL() != 0:
            self._set("CLDINF")
            if (left := self.dispensed_mL()) != 0:
                raise self.link.error(InstrumentError, f"counter still at {left:g} mL", self._message("CLDINF"))
        self._prepared, self.was_power_cycled = True, False
        return float(text)

    def start(self) -> None:
        """Send one RUN, in safe mode if the bench file asks for it; see `galvanaut.instruments.roles.Pump.start`."""
        if not self._prepared:
            advice = "prepare each dose anew"
            raise self.link.error(RefusedError, "no dose is prepared; nothing was sent", advice=advice)
        self._prepared = False  # before the first byte: whatever happens now, this dose is not started again
        self._guard()
        try:
            status, data = self._exchange("RUN")
        except RefusedError:
            self._unguard()
            raise
        if status != "I":
            raise self.link.error(InstrumentError, "did not start infusing", self._message("RUN"), status + data)

    def state(self) -> PumpState:
        """What the pump is doing. One that stands still is told to go back to basic mode."""
        state = _STATES[self._exchange("")[0]]
        if state == "stopped":
            self._unguard()
        return state

    def dispensed_mL(self) -> float:
        """Infused since the last `prepare`, mL."""
        data = self._ask("DIS")
        match = _DISPENSED.fullmatch(data)
        if match is None:
            raise self.link.error(BadReadingError, "expected volumes", self._message("DIS"), data)
        return float(match[1]) / (1000 if match[3] == "UL" else 1)

    def stop(self) -> None:
        """Send STP until the pump is stopped: the first one only pauses it."""
        for _ in range(_MOTIONS):
            if self.state() == "stopped":
                return
            with suppress(RefusedError):  # the dose may have ended just now, which stops the pump as well
                self._exchange("STP")
        raise self.link.error(InstrumentError, "does not stop", self._message("STP"), advice="switch it off by hand")

    def _keep(self, name: str, text: str, unit: str) -> None:
        """Set a value unless the pump holds it already, and read it back."""
        wanted = (float(text), unit)
        if self._value(name) == wanted:
            return
        self._set(f"{name}{text}{unit if name == 'RAT' else ''}")
        found = self._value(name)
        if found != wanted:
            problem = f"was set to {text} {unit} but holds {found[0]:g} {found[1]}"
            raise self.link.error(InstrumentError, problem, self._message(name), advice="check its keypad lock")

    def _value(self, name: str) -> tuple[float, str]:
        data = self._ask(name)
        match = _VALUE.fullmatch(data)
        if match is None or not match[1].strip("."):
            raise self.link.error(BadReadingError, "expected a number", self._message(name), data)
        return float(match[1]), match[2]

    def _set(self, command: str) -> None:
        data = self._ask(command)
        if data:
            raise self.link.error(InstrumentError, "expected a bare status", self._message(command), data)

    def _ask(self, command: str) -> str:
        return self._exchange(command)[1]

    def _first_contact(self) -> None:
        """Take the power-up alarm, which is reported once, in place of the first answer; later it is an error."""
        if self._contacted:
            return
        self._contacted = True
        try:
            self._exchange("")
        except AlarmError as alarm:
            letter = (alarm.reply or "")[-1:]
            if letter not in ("R", "T") or (letter == "T" and self.settings.safe_mode_s is None):
                raise
            self.was_stopped_by_silence = letter == "T"
        if self._guarded:
            self.state()

    def _guard(self) -> None:
        """Into safe mode, before a dose."""
        if self.settings.safe_mode_s is None or self._guarded:
            return
        try:
            self._change_mode(f"SAF{self.settings.safe_mode_s:.0f}")
        except NoReplyError as error:
            problem = "did not answer whether it goes into safe mode; the dose was not started"
            raise self.link.error(RefusedError, problem, self._message("SAF")) from error
        self._talk(guarded=True)

    def _unguard(self) -> None:
        """Back to basic mode, after a dose."""
        if self._guarded:
            self._change_mode("SAF0")
            self._talk(guarded=False)

    def _change_mode(self, command: str) -> None:
        """An alarm in place of the answer leaves open whether the pump obeyed."""
        try:
            self._set(command)
        except AlarmError:
            self._mode_in_doubt = True
            raise

    def _talk(self, guarded: bool) -> None:
        self.link.reframe(SAFE if guarded else BASIC)
        self._guarded = guarded

    def _find_mode(self) -> None:
        """A pump in safe mode does not listen to basic messages."""
        self._mode_in_doubt = False
        self._talk(guarded=False)
        try:
            self._exchange_once("")
        except (NoReplyError, RefusedError):
            self._talk(guarded=True)

    def _exchange(self, command: str) -> tuple[str, str]:
        """`_exchange_once` in the mode that the pump is in."""
        if self._mode_in_doubt:
            self._find_mode()
        try:
            return self._exchange_once(command)
        except NoReplyError:
            self._mode_in_doubt = self.settings.safe_mode_s is not None
            raise

    def _exchange_once(self, command: str) -> tuple[str, str]:
        """Send one command; its status letter and data.

        Raises:
            AlarmError, RefusedError: as the pump reports.
            BadReadingError: another pump, or no pump, answers.
        """
        message = self._message(command)
        reply = self.link.query(message)
        match = _REPLY.fullmatch(reply)
        if match is None or int(match[1]) != self.settings.address:
            advice = "check address, baud rate and that each pump of a chain has its own address"
            raise self.link.error(BadReadingError, "not a reply of this pump", message, reply, advice)
        status, data = match[2], match[3]
        if (alarm := _alarm_in(reply)) is not None:
            self._prepared = False
            self.was_power_cycled = self.was_power_cycled or status == "A?R"  # it is reported once, whoever asks
            advice = "weigh to learn how much was dosed, and look at the pump before going on"
            raise self.link.error(AlarmError, alarm, message, reply, advice)
        if data.startswith("?"):
            raise self.link.error(RefusedError, _REFUSALS.get(data, "declined the command"), message, reply)
        return status, data

    def _message(self, command: str) -> str:
        if command == "SAF0" and self.settings.address == 0:
            return command  # the one packet that the manual prints, without an address
        return f"{self.settings.address}{command}"
