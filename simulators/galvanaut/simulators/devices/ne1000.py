"""A New Era NE-1000 syringe pump in basic and in safe mode.

Sources: NE-1000 manual pages 33 to 35 for the commands, units, status letters, error replies, number format and safe
mode. As nesp-lib-py (florian-lapp) uses it: packets are understood in basic mode too; a reply has the form of the mode
that the pump is in after the message; ``SAF`` is carried out even when its reply reports an alarm. Illustrative where
neither says: any other message that is answered with an alarm is not carried out; settings other than the rate cannot
be changed while the pump runs or pauses; in safe mode anything but a packet is ignored, silence alarms a resting pump
too, and only packets to the pump's own address break it; a power cut ends the run, the totals and safe mode, and leaves
all other settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi
from typing import Any

from galvanaut.core.units import magnitude
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.devices.ne1000_packets import ETX, STX, data_of, first_packet, packet
from galvanaut.simulators.runs import Run
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

VERSION = "NE1000V3.928"
FASTEST_CM_MIN = 5.1005
"""Plunger speed that limits the rate, believed from the maker's rate tables (1699 mL/h at 26.59 mm)."""

_MESSAGE = re.compile(r"(\d{1,2})?(?:([A-Z]{3})(.*))?")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_RATE_UNITS = {"UM": 1e-3 / 60, "MM": 1 / 60, "UH": 1e-3 / 3600, "MH": 1 / 3600}  # mL/s
_VOLUME_UNITS = {"UL": 1e-3, "ML": 1.0}  # mL


class _RefusedError(Exception):
    """Carries what the pump answers instead of data: ``?``, ``?NA`` or ``?OOR``."""


@dataclass
class PumpMemory:
    """What the pump keeps, in the units that it was told.

    Attributes:
        alarm: reported instead of the status once; R after power-up.
        diameter_mm: of the syringe, as set.
        volume_unit: UL or ML.
        volume: to be dispensed, in ``volume_unit``; 0 to go on for ever.
        rate_unit: UM, MM, UH or MH.
        rate: in ``rate_unit``.
        direction: INF or WDR.
        is_paused: stopped once since the run began.
        infused_mL: nominal volume infused in runs before the present one.
        withdrawn_mL: the same, withdrawn.
        counted_mL: what of the present run is already in these, or cleared.
        patience_s: longest silence that safe mode bears; 0 in basic mode.
        silent_at: instant when that silence is over; 0 in basic mode.
    """

    alarm: str = "R"
    diameter_mm: float = 14.57
    volume_unit: str = "ML"
    volume: float = 0.0
    rate_unit: str = "MM"
    rate: float = 0.0
    direction: str = "INF"
    is_paused: bool = False
    infused_mL: float = 0.0
    withdrawn_mL: float = 0.0
    counted_mL: float = 0.0
    patience_s: int = 0
    silent_at: float = 0.0


class SyringePump(Device):
    """Draws from one vessel (wiring ``draws``) into another (``into``).

    The setting ``syringe_diameter`` of the bench file is the true one: with another diameter set, the pump misjudges
    its volumes by the square of the ratio.
    """

    terminator = b"\r"
    baud_rate = 19200

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.settings = PumpMemory()
        self.address = int(spec.settings.get("address", 0))
        true = spec.settings.get("syringe_diameter")
        self.true_diameter_mm = magnitude(true, "mm") if true is not None else None
        self._commands: dict[str, Callable[[str], str]] = {
            "VER": self._version,
            "DIA": self._diameter,
            "VOL": self._volume,
            "RAT": self._rate,
            "DIR": self._direction,
            "RUN": self._start,
            "STP": self._stop,
            "DIS": self._dispensed,
            "CLD": self._clear,
            "SAF": self._safe_mode,
        }

    def memory(self) -> dict[str, Any]:
        """Settings and counters."""
        return to_row(self.settings)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(PumpMemory, memory)

    def cut(self, incoming: bytes) -> tuple[bytes, bytes] | None:
        """A message of basic mode, or a packet with its frame."""
        if self.settings.patience_s or incoming.startswith(STX):
            return first_packet(incoming)
        return super().cut(incoming)

    def handle(self, message: bytes) -> bytes:
        """One command; a message to another address gets no answer."""
        self._mind_silence()
        data = data_of(message) if message.startswith(STX) else message
        if data is None:
            return self._reply(self._status() + "?COM")
        text = data.decode("ascii", errors="replace").upper().replace(" ", "").replace("\n", "")
        match = _MESSAGE.fullmatch(text)
        if match is not None and int(match[1] or 0) != self.address:
            return b""
        name, argument = (match[2], match[3] or "") if match is not None else ("?", "")
        alarm, self.settings.alarm = self.settings.alarm, ""
        answer = self._answer(name, argument) if not alarm or name == "SAF" else ""
        self._break_silence()
        reply = self._reply(f"A?{alarm}" if alarm else self._status() + answer)
        if self.ailments:
            self.feel()
        return reply

    def _answer(self, name: str | None, argument: str) -> str:
        if name is None:
            return ""
        if name not in self._commands:
            return "?"
        try:
            return self._commands[name](argument)
        except _RefusedError as refusal:
            return str(refusal)

    def _reply(self, text: str) -> bytes:
        data = f"{self.address:02d}{text}".encode("ascii")
        return packet(data) if self.settings.patience_s else STX + data + ETX

    # -- faults -------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """The run, the totals and safe mode."""
        settings, run = self.settings, self._run()
        if run is not None:
            self.world.pause(self.name)
            settings.counted_mL = run.dispensed_at(self.now)
        settings.alarm, settings.is_paused = "R", False
        settings.infused_mL = settings.withdrawn_mL = 0.0
        settings.patience_s, settings.silent_at = 0, 0.0

    def feel(self) -> None:
        """A motor that cannot turn stops the run."""
        if self.condition.is_blocked and self._is_moving():
            self.world.pause(self.name)
            self.settings.alarm, self.settings.is_paused = "S", False

    # -- safe mode ----------------------------------------------------------------------------------------------

    def _mind_silence(self) -> None:
        """Sound the alarm if the host was silent for too long. The world has stopped the run at its instant."""
        settings = self.settings
        if not settings.patience_s or self.now < settings.silent_at:
            return
        settings.alarm, settings.is_paused = "T", False
        run = self._run()
        if run is not None and run.is_on:
            self.world.pause(self.name)

    def _break_silence(self) -> None:
        settings = self.settings
        settings.silent_at = self.now + settings.patience_s if settings.patience_s else 0.0
        run, until = self._run(), settings.silent_at or None
        if run is not None and self._is_moving() and run.stops_at != until:
            self.world.limit(self.name, until)

    def _safe_mode(self, argument: str) -> str:
        if not argument:
            return str(self.settings.patience_s)
        _expect(argument.isdecimal())
        if int(argument) > 255:
            raise _RefusedError("?OOR")
        self.settings.patience_s = int(argument)
        return ""

    # -- state --------------------------------------------------------------------------------------------------

    def _run(self) -> Run | None:
        return self.world.run(self.name)

    def _is_moving(self) -> bool:
        run = self._run()
        return run is not None and run.is_moving(self.now)

    def _status(self) -> str:
        if self._is_moving():
            return "I" if self.settings.direction == "INF" else "W"
        return "P" if self.settings.is_paused else "S"

    def _must_rest(self) -> None:
        if self._is_moving() or self.settings.is_paused:
            raise _RefusedError("?NA")

    def _totals_mL(self) -> tuple[float, float]:
        run = self._run()
        fresh = run.dispensed_at(self.now) - self.settings.counted_mL if run is not None else 0.0
        if self.settings.direction == "INF":
            return self.settings.infused_mL + fresh, self.settings.withdrawn_mL
        return self.settings.infused_mL, self.settings.withdrawn_mL + fresh

    def _count(self) -> None:
        """Add the present run to the totals."""
        self.settings.infused_mL, self.settings.withdrawn_mL = self._totals_mL()
        run = self._run()
        self.settings.counted_mL = run.dispensed_at(self.now) if run is not None else 0.0

    # -- commands: each takes its argument and gives the reply's data -------------------------------------------

    def _version(self, argument: str) -> str:
        _expect(not argument)
        return VERSION

    def _diameter(self, argument: str) -> str:
        if not argument:
            return written(self.settings.diameter_mm)
        value = number(argument)
        self._must_rest()
        if not 0.1 <= value <= 80:
            raise _RefusedError("?OOR")
        self.settings.diameter_mm = value
        self.settings.volume_unit = "UL" if value <= 14 else "ML"
        return ""

    def _volume(self, argument: str) -> str:
        if not argument:
            return written(self.settings.volume) + self.settings.volume_unit
        if argument in _VOLUME_UNITS:
            self._must_rest()
            self.settings.volume_unit = argument
            return ""
        value = number(argument)
        self._must_rest()
        self.settings.volume = value
        return ""

    def _rate(self, argument: str) -> str:
        if not argument:
            return written(self.settings.rate) + self.settings.rate_unit
        unit = argument[-2:] if argument[-2:] in _RATE_UNITS else self.settings.rate_unit
        value = number(argument.removesuffix(unit))
        rate_mL_s = value * _RATE_UNITS[unit]
        if not 0 < rate_mL_s <= self._fastest_mL_s():
            raise _RefusedError("?OOR")
        self.settings.rate, self.settings.rate_unit = value, unit
        if self._is_moving():
            self.world.resume(self.name, rate_mL_s)
        return ""

    def _fastest_mL_s(self) -> float:
        return pi / 4 * (self.settings.diameter_mm / 10) ** 2 * FASTEST_CM_MIN / 60

    def _direction(self, argument: str) -> str:
        if not argument:
            return self.settings.direction
        _expect(argument in ("INF", "WDR", "REV"))
        self._must_rest()
        self._count()
        other = "WDR" if self.settings.direction == "INF" else "INF"
        self.settings.direction = other if argument == "REV" else argument
        return ""

    def _start(self, argument: str) -> str:
        _expect(not argument)
        settings = self.settings
        rate_mL_s = settings.rate * _RATE_UNITS[settings.rate_unit]
        if self._is_moving() or not 0 < rate_mL_s <= self._fastest_mL_s():
            raise _RefusedError("?NA")
        if settings.is_paused:
            self.world.resume(self.name, rate_mL_s)
            settings.is_paused = False
            return ""
        self._count()
        source, into = self.spec.wiring["draws"], self.spec.wiring["into"]
        if settings.direction == "WDR":
            source, into = into, source
        target_mL = settings.volume * _VOLUME_UNITS[settings.volume_unit] or None
        gain = (self.true_diameter_mm / settings.diameter_mm) ** 2 if self.true_diameter_mm else 1.0
        self.world.start(self.name, source, into, rate_mL_s, target_mL, gain)
        settings.counted_mL = 0.0
        return ""

    def _stop(self, argument: str) -> str:
        _expect(not argument)
        if self._is_moving():
            self.world.pause(self.name)
            self.settings.is_paused = True
        elif self.settings.is_paused:
            self.settings.is_paused = False
        else:
            raise _RefusedError("?NA")
        return ""

    def _dispensed(self, argument: str) -> str:
        _expect(not argument)
        infused, withdrawn = (total / _VOLUME_UNITS[self.settings.volume_unit] for total in self._totals_mL())
        return f"I{written(infused)}W{written(withdrawn)}{self.settings.volume_unit}"

    def _clear(self, argument: str) -> str:
        _expect(argument in ("INF", "WDR"))
        if self._is_moving():
            raise _RefusedError("?NA")
        self._count()
        if argument == "INF":
            self.settings.infused_mL = 0.0
        else:
            self.settings.withdrawn_mL = 0.0
        return ""


def _expect(holds: bool) -> None:
    if not holds:
        raise _RefusedError("?")


def number(text: str) -> float:
    """A number as the pump takes it: at most four digits and three after the point."""
    if not _NUMBER.fullmatch(text):
        raise _RefusedError("?")
    whole, _, fraction = text.partition(".")
    if len(whole) + len(fraction) > 4 or len(fraction) > 3:
        raise _RefusedError("?OOR")
    return float(text)


def written(value: float) -> str:
    """A number as the pump writes it: four digits, at most three after the point (``9.999``, ``99.99``, ``9999``)."""
    for decimals in (3, 2, 1):
        text = f"{value:.{decimals}f}"
        if len(text) <= 5:
            return text
    return f"{value % 10000:.0f}"
