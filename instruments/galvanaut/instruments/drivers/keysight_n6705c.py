"""Keysight N6705C (N6705B) power analyzer with an N678xA source/measure unit: one of its outputs for one cell.

Sources: Keysight N6705C operating and service guide (p. 113, 296, 314, 350), N6700C guide (p. 154-158, 257, 304),
N6700 user's guide (p. 122). Never run on hardware.

Experimental, that is believed and not read: the spellings ``FUNC``, ``CURR:LIM`` and ``CURR:LIM:COUP`` of the priority
mode and of the current limit of N678xA modules, and the forms of the replies to the queries of what was set.
A wrong spelling is refused by the instrument or not read back, and then the output stays off.

The mainframe switches its outputs off by itself when no message has come for the time of its watchdog. The watchdog
and the error queue belong to the whole mainframe. Each output is an entry of its own in the bench file, up to four at
one resource: they share the connection, any message of one feeds the watchdog of all, and each is made safe by itself.
Coupled protection, by which one trip switches all outputs off, is switched off: one cell's fault is not another's.

What impedance an N678xA shows when it is off is not in the pages read: check with a meter whether a cell that is left
connected is discharged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.units import Unit
from galvanaut.instruments import scpi
from galvanaut.instruments.bounds import Bounds, Operation
from galvanaut.instruments.descriptors import Flag, Number
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Reading, Role, SourceLimits

_MODEL = re.compile(r"(Keysight|Agilent) Technologies,N6705[BC],", re.IGNORECASE)
_RATED_V, _RATED_A, _LEAST_A = 20.0, 3.0, 1e-4  # illustrative; a module's own limits are in force all the same
_OVERRANGE = 1.1  # what it may measure beyond its rating (illustrative)
TIMEOUT_S = 2.0
"""For one reply, well above the longest measurement; a cell that is driven must not wait longer to be missed."""
_VOLTAGE_TOLERANCE_V = 1e-3  # between the value set and the value read back (illustrative)
_CURRENT_TOLERANCE = 1e-3  # of the current limit (illustrative)

_OVERVOLTAGE = 1
_LIMITED = 128 | 256
_SILENT = 2048
_PROTECTIONS = {
    1: "over-voltage",
    2: "over-current",
    4: "power fail",
    8: "positive over-power",
    16: "over-temperature",
    32: "negative over-power",
    64: "negative over-voltage",
    512: "inhibited from outside",
    _SILENT: "coupled protection or watchdog",
    4096: "oscillation",
}
"""Bits of the questionable status that keep the output from being switched on."""


class KeysightN6705Settings(BaseModel):
    """Settings of one output in a bench file.

    Attributes:
        output: number of the output, 1 to 4.
        watchdog_s: silence after which the mainframe switches off, s; at least three times as long as the host's polls.
            The shortest one of all outputs of a mainframe holds.
        overvoltage_margin_V: how far above the cell's highest voltage the over-voltage protection trips, V
            (default illustrative).
        reads_when_off: whether its leads read the cell while the output is off. Not in the pages read: only after a
            voltmeter has agreed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: int = Field(1, ge=1, le=4)
    watchdog_s: Annotated[float, Unit("s"), Field(ge=1, le=3600)] = Field(30.0, alias="watchdog")
    overvoltage_margin_V: Annotated[float, Unit("V"), Field(gt=0, le=1)] = Field(0.1, alias="overvoltage_margin")
    reads_when_off: bool = False


class KeysightN6705C:
    """One output with an N678xA module in voltage priority; plays the role of a `SourceMeter`.

    Args:
        link: to the mainframe.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "source meter"
    model: ClassVar[str] = "Keysight N6705C"
    Settings: ClassVar[type[BaseModel]] = KeysightN6705Settings
    shares_resource: ClassVar[str] = "output"

    watchdog = Flag(":OUTP:PROT:WDOG", "Switch all outputs off when the host is silent.")
    watchdog_s = Number(":OUTP:PROT:WDOG:DEL", unit="s", low=1, high=3600, doc="Silence that trips the watchdog, s.")

    def __init__(self, link: Link, settings: KeysightN6705Settings) -> None:
        self.link = link
        self.settings = settings
        self._channel = f"(@{settings.output})"
        self._bounds = Bounds(link)

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: KeysightN6705Settings) -> Framing:
        """Lines ended by LF."""
        return Framing(
            write_end=b"\n",
            read_end=b"\n",
            probe="*IDN?",
            is_identity=_is_n6705,
            timeout_s=TIMEOUT_S,
        )

    @classmethod
    def joined(
        cls, settings: KeysightN6705Settings, everyone: Sequence[KeysightN6705Settings]
    ) -> KeysightN6705Settings:
        """The watchdog belongs to the mainframe: the shortest delay that any of its outputs asks for holds for all."""
        return settings.model_copy(update={"watchdog_s": min(each.watchdog_s for each in everyone)})

    @classmethod
    def capabilities(cls, settings: KeysightN6705Settings) -> SourceLimits:
        """Of an N6781A to N6786A; what its leads read when it is off the bench file has to say."""
        return SourceLimits(0.0, _RATED_V, _RATED_A, _LEAST_A, settings.watchdog_s, settings.reads_when_off)

    def identify(self) -> Identity:
        """As ``*IDN?`` says; which module sits in the output is not asked.

        Raises:
            InstrumentError: not an N6705B or N6705C.
        """
        reply = self.link.query("*IDN?").strip()
        fields = [field.strip() for field in reply.split(",")]
        if len(fields) != 4 or not _is_n6705(reply):
            advice = "expected a Keysight N6705C; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        return Identity(*fields)

    def set_up(self) -> None:
        """Empty its error queue, uncouple the protections, arm the watchdog; an output that is on is not touched."""
        self.link.write("*CLS")
        scpi.apply(self.link, ":OUTP:PROT:COUP OFF")
        self._arm_watchdog()

    def make_safe(self) -> None:
        """Output off."""
        self._bounds.forget()
        self._switch_off()

    def set_limits(self, envelope: Envelope) -> None:
        """Priority, over-voltage protection, watchdog; see `galvanaut.instruments.roles.SourceMeter.set_limits`."""
        self._bounds.forget()
        if not envelope.voltage_min_V >= 0:
            raise self.link.error(RefusedError, "serves cells above 0 V; nothing was sent", advice="check the envelope")
        if not self.is_on():
            if self._word("FUNC") != "VOLT":  # a change resets the output's settings, so it is made only if needed
                self._set("FUNC", "VOLT")
            self._set("CURR:LIM:COUP", "ON")
            self._set("VOLT:PROT", f"{self._overvoltage_V(envelope):.6g}")
            self._arm_watchdog()
        self._verify(envelope)
        self._bounds.accept(envelope)

    def configure(self, voltage_V: float, current_A: float) -> None:
        """Voltage and current limit; see `galvanaut.instruments.roles.SourceMeter.configure`."""
        operation = Operation(voltage_V, current_A)
        self._bounds.require_inside(operation)
        self._bounds.require_possible(operation, self.capabilities(self.settings))
        self._bounds.forget_operation()
        self._set("CURR:LIM", f"{current_A:.9g}")
        self._set("VOLT", f"{voltage_V:.9g}")
        self._verify_operation(operation)
        self._bounds.confirm(operation)

    def output(self, on: bool) -> None:
        """Switch the output; see `galvanaut.instruments.roles.SourceMeter.output`."""
        if not on:
            self._switch_off()
            return
        operation = self._bounds.operation
        self._verify(self._bounds.envelope)
        self._verify_operation(operation)
        if active := self.protections():
            problem = f"is protected ({', '.join(active)}); the output stays off"
            raise self.link.error(RefusedError, problem, advice="remove the cause, then clear_protection")
        with self.link.held():  # who makes it safe comes before this or after it, never in between
            self._bounds.require_confirmed(operation)
            self._set("OUTP", "ON")
            if not self.is_on():
                raise self.link.error(InstrumentError, "output did not switch on", advice="look at its panel")

    def is_on(self) -> bool:
        """Whether the output is on."""
        return self._flag("OUTP")

    def measure(self) -> Reading:
        """Voltage, then current: two acquisitions, one right after the other. The instrument gives no time."""
        return Reading(self._measured("VOLT", _RATED_V), self._measured("CURR", _RATED_A), None)

    def configured(self) -> Operation:
        """Voltage and current limit that are set now."""
        return Operation(self._number("VOLT"), self._number("CURR:LIM"))

    def is_clamping(self) -> bool:
        """Whether the positive or the negative current limit bounds the output now."""
        return bool(self._questionable() & _LIMITED)

    def is_overvoltage(self) -> bool:
        """Whether the over-voltage protection has tripped."""
        return bool(self._questionable() & _OVERVOLTAGE)

    def protections(self) -> list[str]:
        """What it has protected itself against; an output that is protected is off, whatever `is_on` says."""
        status = self._questionable()
        return [text for bit, text in _PROTECTIONS.items() if status & bit]

    def clear_protection(self) -> None:
        """Forget a protection that has tripped. The output is switched off first: clearing would switch it on again."""
        self._bounds.forget()
        self._switch_off()
        scpi.apply(self.link, f":OUTP:PROT:CLE {self._channel}")
        if self.is_on():
            self._switch_off()
            raise self.link.error(InstrumentError, "output came on when its protection was cleared; it is off again")
        if active := self.protections():
            raise self.link.error(RefusedError, f"is still protected ({', '.join(active)})", advice="remove the cause")

    def forget_silence(self) -> None:
        """Clear what its watchdog did; the instrument does not tell this from a protection coupled to another output.

        The output is off before and after.
        """
        if self.protections() == [_PROTECTIONS[_SILENT]]:
            self.clear_protection()

    def _arm_watchdog(self) -> None:
        self.watchdog_s = self.settings.watchdog_s
        self.watchdog = True

    def _verify(self, envelope: Envelope) -> None:
        bounds, margin_V = self._bounds, self.settings.overvoltage_margin_V
        wanted_V = self._overvoltage_V(envelope)
        bounds.compare("priority", "VOLT", self._word("FUNC"))
        bounds.compare("tracking of the negative current limit", True, self._flag("CURR:LIM:COUP"))
        bounds.compare_number("over-voltage protection", "V", wanted_V, self._number("VOLT:PROT"), margin_V / 10)
        bounds.compare("watchdog", True, self.watchdog)
        bounds.compare_number("watchdog delay", "s", self.settings.watchdog_s, self.watchdog_s, 0.5)

    def _verify_operation(self, operation: Operation) -> None:
        voltage_V, current_A = operation
        compare = self._bounds.compare_number
        compare("voltage", "V", voltage_V, self._number("VOLT"), _VOLTAGE_TOLERANCE_V)
        compare("current limit", "A", current_A, self._number("CURR:LIM"), _CURRENT_TOLERANCE * current_A)

    def _overvoltage_V(self, envelope: Envelope) -> float:
        return envelope.voltage_max_V + self.settings.overvoltage_margin_V

    def _switch_off(self) -> None:
        self._set("OUTP", "OFF")
        if self.is_on():
            raise self.link.error(InstrumentError, "output stays on", advice="switch it off by hand")

    def _questionable(self) -> int:
        return scpi.ask_count(self.link, self._query("STAT:QUES:COND"))

    def _set(self, header: str, value: str) -> None:
        scpi.apply(self.link, f":{header} {value},{self._channel}")

    def _query(self, header: str) -> str:
        return f":{header}? {self._channel}"

    def _number(self, header: str) -> float:
        return scpi.ask_number(self.link, self._query(header))

    def _measured(self, what: str, rated: float) -> float:
        return scpi.ask_within(self.link, self._query(f"MEAS:{what}"), -_OVERRANGE * rated, _OVERRANGE * rated)

    def _flag(self, header: str) -> bool:
        return scpi.ask_flag(self.link, self._query(header))

    def _word(self, header: str) -> str:
        return self.link.query(self._query(header)).strip().upper()


def _is_n6705(reply: str) -> bool:
    return _MODEL.match(reply) is not None
