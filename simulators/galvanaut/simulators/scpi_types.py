"""Typed parameters of SCPI commands: numbers, switches, choices and texts, and the error each of them answers with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

ERROR_TEXTS = {
    -100: "Command error",
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -211: "Trigger ignored",
    -213: "Init ignored",
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -350: "Queue overflow",
    -420: "Query UNTERMINATED",
    1133: "Parameter, Syntax error, expected valid name parameters",
}
"""Standard codes of SCPI-99 volume 2 chapter 21 as far as the simulated instruments use them, and makers' own: 1133 is
Keithley's (2450 reference manual; its wording here is illustrative)."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CHANNEL_LIST = re.compile(r"\(@\s*(\d+(?::\d+)?(?:\s*,\s*\d+(?::\d+)?)*)\s*\)")
_INTEGER = re.compile(r"[+-]?\d+")


class ScpiError(Exception):
    """A command that an instrument refuses.

    Args:
        code: standard SCPI code, see `ERROR_TEXTS`.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f'{code},"{ERROR_TEXTS[code]}"')
        self.code = code


def short_form(word: str) -> str:
    """The capitals (and digits) of a mnemonic as manuals print it: ``FREQuency`` is ``FREQ``."""
    return "".join(letter for letter in word if not letter.islower())


class Parameter(Protocol):
    """One argument of a command."""

    def parse(self, text: str) -> Any:
        """The value of ``text``; raises `ScpiError`."""
        ...


@dataclass(frozen=True)
class Numeric:
    """A number within bounds, written as NR1, NR2 or NR3, or the words MINimum and MAXimum."""

    low: float
    high: float

    def parse(self, text: str) -> float:
        """The value; -104 if it is no number, -222 if it is out of range."""
        word = text.upper()
        if word in ("MIN", "MINIMUM"):
            return self.low
        if word in ("MAX", "MAXIMUM"):
            return self.high
        if not _NUMBER.fullmatch(text):
            raise ScpiError(-104)
        return _within(float(text), self.low, self.high)


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds, written as NR1."""

    low: int
    high: int

    def parse(self, text: str) -> int:
        """The value; -104 if it is no whole number, -222 if it is out of range."""
        if not _INTEGER.fullmatch(text):
            raise ScpiError(-104)
        return int(_within(int(text), self.low, self.high))


@dataclass(frozen=True)
class Switch:
    """ON, OFF, 1 or 0."""

    def parse(self, text: str) -> bool:
        """The value; -224 for another word."""
        states = {"ON": True, "1": True, "OFF": False, "0": False}
        if text.upper() not in states:
            raise ScpiError(-224)
        return states[text.upper()]


@dataclass(frozen=True)
class Choice:
    """One of some words, in short or long form, e.g. ``Choice("SHORt", "LONG")``. The value is the short form."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)

    def parse(self, text: str) -> str:
        """The short form; -224 for another word."""
        for word in self.words:
            if text.upper() in (word.upper(), short_form(word)):
                return short_form(word)
        raise ScpiError(-224)


@dataclass(frozen=True)
class Text:
    """A text in single or double quotes; a doubled quote stands for itself."""

    def parse(self, text: str) -> str:
        """The text without its quotes; -104 if it has none."""
        if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
            raise ScpiError(-104)
        return text[1:-1].replace(text[0] * 2, text[0])


@dataclass(frozen=True)
class Channels:
    """A channel list such as ``(@1)``, ``(@1,3)`` or ``(@1:4)``; the value is a tuple of numbers in that order."""

    known: tuple[int, ...]

    def parse(self, text: str) -> tuple[int, ...]:
        """The numbers; -104 if it is no channel list, -222 if a channel does not exist."""
        match = _CHANNEL_LIST.fullmatch(text)
        if match is None:
            raise ScpiError(-104)
        numbers: list[int] = []
        for part in match[1].split(","):
            first, _, last = part.strip().partition(":")
            _within(int(last or first), int(first), max(self.known))
            numbers += range(int(first), int(last or first) + 1)
        if not set(numbers) <= set(self.known):
            raise ScpiError(-222)
        return tuple(numbers)


@dataclass(frozen=True)
class Maybe:
    """A parameter that may be left out; the method's own default takes its place."""

    parameter: Parameter

    def parse(self, text: str) -> Any:
        """As the parameter itself."""
        return self.parameter.parse(text)


@dataclass(frozen=True)
class Rest:
    """Any number of parameters of one type, also none; only as the last one of a command."""

    parameter: Parameter

    def parse(self, text: str) -> Any:
        """One of them, as the parameter itself."""
        return self.parameter.parse(text)


def _within(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ScpiError(-222)
    return value
