"""Mettler-Toledo balances and weigh modules that speak MT-SICS (XPR/XSR, ML, WXS ...).

Sources: MT-SICS reference manuals (commands S, SI, T, Z, @, I3, I4, I11, M21; status letters; error codes), checked
against pylabrobot ``mettler_toledo.py``. Never run on hardware.

``@`` cancels what is pending, and deletes the tare as well. It is never sent: a lost reply, a new connection or an
error elsewhere may come between two weights whose difference is a mass, and both have to count from the same zero.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.units import Unit
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

_NUMBER = re.compile(r"(?=.{1,10}$)[-+]?\d+\.?\d*")  # the field of a weight is ten characters wide
_LARGEST_g = 1e6
"""More than any balance of this kind weighs (illustrative)."""
_TEXT = re.compile(r'(I\d+) A "(.*)"')
_LINE_ERRORS = {"ES": "does not know the command", "ET": "received a damaged command", "EL": "cannot do that now"}
_REFUSALS = {
    "I": "is busy, or did not become stable in time",
    "L": "says that a parameter is wrong",
}
_OVERFLOWS = {"+": "is overloaded", "-": "is underloaded"}


class MettlerSettings(BaseModel):
    """Settings of one balance in a bench file.

    Attributes:
        stable_timeout_s: longest wait for a stable weight, s. The balance's own limit should be shorter.
        baud_rate: as set at the balance.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stable_timeout_s: Annotated[float, Unit("s"), Field(ge=1, le=600)] = Field(60.0, alias="stable_timeout")
    baud_rate: int = Field(9600, gt=0)


class MettlerMTSICS:
    """One balance, in grams; plays the role of a `Balance`.

    Args:
        link: to the balance.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "balance"
    model: ClassVar[str] = "Mettler-Toledo MT-SICS balance"
    Settings: ClassVar[type[BaseModel]] = MettlerSettings
    scan_question: ClassVar[str] = "I4"

    def __init__(self, link: Link, settings: MettlerSettings) -> None:
        self.link = link
        self.settings = settings

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: MettlerSettings) -> Framing:
        """Lines ended by CR LF. ``I4`` is the serial number; the link throws away what was pending before it."""
        return Framing(
            write_end=b"\r\n",
            read_end=b"\r\n",
            probe="I4",
            is_identity=lambda reply: reply.startswith('I4 A "'),
            baud_rate=settings.baud_rate,
        )

    def identify(self) -> Identity:
        """Type, serial number and software.

        Raises:
            InstrumentError: the replies are not MT-SICS.
        """
        return Identity("Mettler-Toledo", self._text("I11"), serial=self._text("I4"), firmware=self._text("I3"))

    def set_up(self) -> None:
        """Weigh in grams. Zero and tare stay: a weight from before a restart may be on record."""
        self._done("M21 0 0")

    def make_safe(self) -> None:
        """Nothing: a balance can do no harm."""

    def weigh_g(self) -> float:
        """The stable weight, g.

        Raises:
            RefusedError: not stable in time.
            BadReadingError: overload, underload, a sensor error or a unit other than gram.
        """
        return self._weight("S", "S", self.settings.stable_timeout_s, accepted="S")

    def immediate_g(self) -> float:
        """The weight at this moment, stable or not, g; errors as in `weigh_g`."""
        return self._weight("SI", "S", None, accepted="SD")

    def tare(self) -> None:
        """Take the stable weight as tare; errors as in `weigh_g`."""
        self._weight("T", "T", self.settings.stable_timeout_s, accepted="S")

    def zero(self) -> None:
        """Take the stable weight as the new zero; errors as in `weigh_g`."""
        self._done("Z", self.settings.stable_timeout_s)

    def _weight(self, command: str, identifier: str, timeout_s: float | None, accepted: str) -> float:
        reply, words = self._exchange(command, identifier, timeout_s)
        if len(words) >= 2 and words[1] == "Error":
            raise self.link.error(BadReadingError, "has a sensor error", command, reply, "call its maker's service")
        if len(words) != 3 or words[0] not in accepted or not _NUMBER.fullmatch(words[1]):
            raise self.link.error(BadReadingError, "expected a weight", command, reply)
        if words[2] != "g":
            raise self.link.error(
                BadReadingError, "expected grams", command, reply, "connect again: this sets the unit"
            )
        weight_g = float(words[1])
        if abs(weight_g) > _LARGEST_g:
            raise self.link.error(BadReadingError, "weight is beyond what it can weigh", command, reply)
        return weight_g

    def _done(self, command: str, timeout_s: float | None = None) -> None:
        reply, words = self._exchange(command, command.split()[0], timeout_s)
        if words != ["A"]:
            raise self.link.error(InstrumentError, "did not confirm", command, reply)

    def _text(self, command: str) -> str:
        reply = self.link.query(command)
        match = _TEXT.fullmatch(reply.strip())
        if match is None or match[1] != command:
            advice = f"expected an MT-SICS balance ({command} A ...); check the resource"
            raise self.link.error(InstrumentError, "is another instrument or cannot answer", command, reply, advice)
        return match[2]

    def _exchange(self, command: str, identifier: str, timeout_s: float | None) -> tuple[str, list[str]]:
        """The whole reply, and its words after the identifier.

        Raises:
            RefusedError, BadReadingError: as the status letter says.
        """
        reply = self.link.query(command, timeout_s)
        words = reply.split()
        if words and words[0] in _LINE_ERRORS:
            raise self.link.error(RefusedError, _LINE_ERRORS[words[0]], command, reply)
        if not words or words[0] != identifier:
            raise self.link.error(BadReadingError, "reply to another command", command, reply)
        if len(words) == 2 and words[1] in _REFUSALS:
            advice = "keep draughts and vibration away, then try again"
            raise self.link.error(RefusedError, _REFUSALS[words[1]], command, reply, advice)
        if len(words) == 2 and words[1] in _OVERFLOWS:
            raise self.link.error(BadReadingError, _OVERFLOWS[words[1]], command, reply, "check what stands on the pan")
        return reply, words[1:]
