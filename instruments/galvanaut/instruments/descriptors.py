"""Settings of SCPI instruments, declared once with header, unit, limits and meaning.

Example:
    ``frequency_Hz = Number(":FREQ", unit="Hz", low=20, high=2e6, doc="Test frequency")`` makes ``meter.frequency_Hz``
    ask ``:FREQ?`` and ``meter.frequency_Hz = 1000`` send ``:FREQ 1000;:SYST:ERR?``.

Values outside the limits are refused before anything is sent, never clipped.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import ClassVar, Generic, Protocol, TypeVar, overload

from galvanaut.instruments import scpi
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Link

T = TypeVar("T")


class HasLink(Protocol):
    """What owns settings: a driver."""

    link: Link


class Verify(Enum):
    """How a setting is confirmed."""

    ERROR_QUEUE = "the instrument's error queue, asked in the same message"
    READ_BACK = "reading the setting back, for instruments without an error queue"


class Setting(ABC, Generic[T]):
    """One setting, read and written as an attribute of a driver. Subclasses know how values are spelled.

    Args:
        header: absolute SCPI header without ``?``.
        doc: what it controls.
        verify: how a change is confirmed.
    """

    def __init__(self, header: str, doc: str, verify: Verify = Verify.ERROR_QUEUE) -> None:
        self.header = header
        self.verify = verify
        self.__doc__ = doc

    @overload
    def __get__(self, owner: None, kind: type) -> Setting[T]: ...

    @overload
    def __get__(self, owner: HasLink, kind: type) -> T: ...

    def __get__(self, owner: HasLink | None, kind: type) -> Setting[T] | T:
        """Ask the instrument.

        Raises:
            BadReadingError: the reply is not a value of this setting.
        """
        if owner is None:
            return self
        query = f"{self.header}?"
        reply = owner.link.query(query)
        value = self.parse(reply.strip())
        if value is None:
            raise owner.link.error(BadReadingError, f"expected {self.domain()}", query, reply)
        return value

    def __set__(self, owner: HasLink, value: T) -> None:
        """Tell the instrument and make sure that it agreed.

        Raises:
            RefusedError: outside the limits (nothing was sent), or refused by the instrument.
            InstrumentError: the value read back is another one.
        """
        if not self.allows(value):
            problem = f"{self.header} cannot be {value!r}, only {self.domain()}; nothing was sent"
            raise owner.link.error(RefusedError, problem)
        command = f"{self.header} {self.spell(value)}"
        if self.verify is Verify.ERROR_QUEUE:
            scpi.apply(owner.link, command)
            return
        owner.link.write(command)
        found = self.__get__(owner, type(owner))
        if not self.same(value, found):
            advice = "check the instrument's own limits and whether its panel is locked"
            raise owner.link.error(InstrumentError, "setting was not taken over", command, repr(found), advice)

    @abstractmethod
    def allows(self, value: T) -> bool:
        """Whether ``value`` may be sent."""

    @abstractmethod
    def spell(self, value: T) -> str:
        """``value`` as SCPI text."""

    @abstractmethod
    def parse(self, reply: str) -> T | None:
        """The value that ``reply`` spells, or None if it spells none."""

    @abstractmethod
    def domain(self) -> str:
        """The allowed values in words."""

    def same(self, wanted: T, found: T) -> bool:
        """Whether the value read back is the one that was sent."""
        return wanted == found


def _nine_digits(value: float) -> str:
    return f"{value:.9g}"


class Number(Setting[float]):
    """A number with a unit.

    Args:
        header: absolute SCPI header without ``?``.
        unit: of the value, as in the attribute's name.
        low: smallest value allowed.
        high: largest value allowed.
        doc: what it controls.
        verify: how a change is confirmed.
        tolerance: largest difference accepted when reading back, in ``unit``.
        write: spells a value; by default nine significant digits.
    """

    def __init__(
        self,
        header: str,
        *,
        unit: str,
        low: float,
        high: float,
        doc: str,
        verify: Verify = Verify.ERROR_QUEUE,
        tolerance: float = 0.0,
        write: Callable[[float], str] = _nine_digits,
    ) -> None:
        super().__init__(header, doc, verify)
        self.unit = unit
        self.low = low
        self.high = high
        self.tolerance = tolerance
        self._write = write

    def allows(self, value: float) -> bool:
        """Whether ``value`` is finite and within the limits."""
        return math.isfinite(value) and self.low <= value <= self.high

    def spell(self, value: float) -> str:
        """``value`` as SCPI text."""
        return self._write(value)

    def parse(self, reply: str) -> float | None:
        """The number that ``reply`` spells, or None; it may lie beyond the limits by what an instrument rounds."""
        value = scpi.number(reply)
        slack = 1e-3 * max(abs(self.low), abs(self.high))
        return value if value is not None and self.low - slack <= value <= self.high + slack else None

    def domain(self) -> str:
        """The limits in words."""
        return f"{self.low:g} to {self.high:g} {self.unit}".strip()

    def same(self, wanted: float, found: float) -> bool:
        """Whether both differ by no more than the tolerance."""
        return abs(wanted - found) <= self.tolerance


class Choice(Setting[str]):
    """One of several words.

    Args:
        header: absolute SCPI header without ``?``.
        options: the words, as the instrument returns them.
        doc: what it controls.
        verify: how a change is confirmed.
    """

    def __init__(self, header: str, *, options: tuple[str, ...], doc: str, verify: Verify = Verify.ERROR_QUEUE) -> None:
        super().__init__(header, doc, verify)
        self.options = options

    def allows(self, value: str) -> bool:
        """Whether ``value`` is one of the options."""
        return value in self.options

    def spell(self, value: str) -> str:
        """The word itself."""
        return value

    def parse(self, reply: str) -> str | None:
        """The option that ``reply`` is, or None."""
        word = reply.upper()
        return word if word in self.options else None

    def domain(self) -> str:
        """The options in words."""
        return " or ".join(self.options)


class Flag(Setting[bool]):
    """On or off.

    Args:
        header: absolute SCPI header without ``?``.
        doc: what it controls.
        verify: how a change is confirmed.
    """

    _WORDS: ClassVar[dict[str, bool]] = {"1": True, "+1": True, "ON": True, "0": False, "+0": False, "OFF": False}

    def allows(self, value: bool) -> bool:
        """Whether ``value`` is a boolean."""
        return isinstance(value, bool)

    def spell(self, value: bool) -> str:
        """ON or OFF."""
        return "ON" if value else "OFF"

    def parse(self, reply: str) -> bool | None:
        """Accepts 1, 0, ON and OFF."""
        return self._WORDS.get(reply.upper())

    def domain(self) -> str:
        """In words."""
        return "ON or OFF"
