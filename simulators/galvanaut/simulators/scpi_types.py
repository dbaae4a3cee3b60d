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
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -350: "Queue overflow",
}
"""Standard codes of SCPI-99 volume 2 chapter 21, as far as the simulated instruments use them."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
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


def _within(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ScpiError(-222)
    return value
