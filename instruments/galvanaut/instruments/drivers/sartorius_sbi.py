"""Sartorius balances that speak SBI (Entris II, Cubis, WZA weigh cells).

Sources: Sartorius GC803S, WZA and Cubis MSE manuals (escape commands, lines of 16 and 22 characters), sartoriuslib's
list of SBI commands, checked against pylabrobot ``entris.py``. Never run on hardware.

Experimental: that a blank unit means "not stable yet" is believed, not read. Weights without a unit are therefore never
taken for stable ones. Taring and zeroing have no reply; the weight that follows tells whether they worked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.units import Unit
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

_ESC = "\x1b"
_WEIGHT = re.compile(r"(?:[A-Z][A-Za-z0-9# ]{5})?([-+ ]) *(?=[\d.]{1,10}(?: |$))(\d+\.?\d*)(?: +([A-Za-z%/]{1,3}))? *")
_FAULT = re.compile(r"(?:Stat)?\s*(High|Low|ERR \d\d|(?:APP|DIS|COMM|SYS)\.ERR)\s*")
_FAULTS = {
    "High": "is overloaded",
    "ERR 55": "is overloaded",
    "Low": "is underloaded",
    "ERR 54": "is underloaded",
}
_LARGEST_g = 1e6
"""More than any balance of this kind weighs (illustrative)."""
_PAUSE_S = 1.0
"""Between two looks at a weight that is not stable yet (illustrative)."""


class SartoriusSettings(BaseModel):
    """Settings of one balance in a bench file. The balance itself must be set to grams.

    Attributes:
        stable_timeout_s: longest wait for a stable weight, and for a tare to take effect, s.
        zero_tolerance_g: what a balance that was just tared or zeroed may still show (default illustrative).
        baud_rate: as set at the balance.
        parity: as set at the balance; odd when it leaves the factory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stable_timeout_s: Annotated[float, Unit("s"), Field(ge=1, le=600)] = Field(60.0, alias="stable_timeout")
    zero_tolerance_g: Annotated[float, Unit("g"), Field(gt=0)] = Field(0.01, alias="zero_tolerance")
    baud_rate: int = Field(9600, gt=0)
    parity: Literal["none", "odd", "even"] = "odd"


class SartoriusSBI:
    """One balance, in grams; plays the role of a `Balance`.

    Args:
        link: to the balance.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "balance"
    model: ClassVar[str] = "Sartorius SBI balance"
    Settings: ClassVar[type[BaseModel]] = SartoriusSettings
    scan_question: ClassVar[str] = f"{_ESC}x1_"

    def __init__(self, link: Link, settings: SartoriusSettings) -> None:
        self.link = link
        self.settings = settings

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: SartoriusSettings) -> Framing:
        """``ESC <letter> CR LF`` out, lines ended by CR LF back; the model's name is no weight, so it identifies."""
        return Framing(
            write_end=b"\r\n",
            read_end=b"\r\n",
            probe=f"{_ESC}x1_",
            is_identity=_is_name,
            baud_rate=settings.baud_rate,
            parity=settings.parity,
        )

    def identify(self) -> Identity:
        """Model and serial number.

        Raises:
            InstrumentError: a weight, a fault or nothing came instead of a name.
        """
        return Identity("Sartorius", self._text("x1_", _is_name), serial=self._text("x2_", _is_text))

    def set_up(self) -> None:
        """Nothing: unit and print condition are set at the balance, and each weight is checked for its unit."""

    def make_safe(self) -> None:
        """Nothing: a balance can do no harm."""

    def weigh_g(self) -> float:
        """The stable weight, g; looked for once a second.

        Raises:
            RefusedError: until the time-out it came without a unit: not stable.
            BadReadingError: overload, underload, a fault, or a unit other than gram.
        """
        for is_last in self._looks():
            weight_g, unit = self._print()
            if unit is not None:
                return weight_g
            if not is_last:
                self.link.pause(_PAUSE_S)
        advice = "keep draughts and vibration away, then try again"
        raise self.link.error(RefusedError, "did not become stable in time", f"{_ESC}P", None, advice)

    def immediate_g(self) -> float:
        """The weight at this moment, g; one without a unit is taken to be in grams. Errors as in `weigh_g`."""
        return self._print()[0]

    def tare(self) -> None:
        """Take the weight as tare, and wait until the balance shows zero; errors as in `zero`."""
        self._clear("U")

    def zero(self) -> None:
        """Take the weight as the new zero and delete the tare, and wait until the balance shows zero.

        Raises:
            InstrumentError: it still shows another weight.
        """
        self._clear("T")

    def _clear(self, letter: str) -> None:
        command = f"{_ESC}{letter}"
        self.link.write(command)
        weight_g = 0.0
        for is_last in self._looks():
            weight_g, unit = self._print()
            if unit is not None and abs(weight_g) <= self.settings.zero_tolerance_g:
                return
            if not is_last:
                self.link.pause(_PAUSE_S)
        problem = f"still shows {weight_g:g} g, or is not stable, after taring"
        raise self.link.error(InstrumentError, problem, command, advice="keep draughts and vibration away")

    def _looks(self) -> Iterator[bool]:
        """One per look; whether it is the last one."""
        count = round(self.settings.stable_timeout_s / _PAUSE_S)
        yield from (number == count for number in range(1, count + 1))

    def _print(self) -> tuple[float, str | None]:
        """One weight in g and its unit; None if that is blank."""
        command = f"{_ESC}P"
        reply = self.link.query(command, self.settings.stable_timeout_s)
        if (fault := _FAULT.fullmatch(reply)) is not None:
            problem = _FAULTS.get(fault[1], f"reports {fault[1]}")
            raise self.link.error(BadReadingError, problem, command, reply, "check what stands on the pan")
        match = _WEIGHT.fullmatch(reply)
        if match is None:
            raise self.link.error(BadReadingError, "expected a weight", command, reply)
        if match[3] not in ("g", None):
            raise self.link.error(BadReadingError, "expected grams", command, reply, "set the balance to grams")
        weight_g = float(f"{match[1].strip()}{match[2]}")
        if abs(weight_g) > _LARGEST_g:
            raise self.link.error(BadReadingError, "weight is beyond what it can weigh", command, reply)
        return weight_g, match[3]

    def _text(self, letters: str, is_expected: Callable[[str], bool]) -> str:
        command = f"{_ESC}{letters}"
        reply = self.link.query(command)
        if not is_expected(reply):
            advice = "expected a Sartorius balance with SBI; check the resource"
            raise self.link.error(InstrumentError, "is another instrument or cannot answer", command, reply, advice)
        return reply.strip()


def _is_text(reply: str) -> bool:
    return bool(reply.strip()) and _FAULT.fullmatch(reply) is None


def _is_name(reply: str) -> bool:
    """Whether a line can be a model's name: text, and neither a weight nor a fault."""
    return _is_text(reply) and _WEIGHT.fullmatch(reply) is None
