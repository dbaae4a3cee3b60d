"""A SCPI engine: command headers with short and long forms, compound messages, typed parameters.

A simulated instrument declares its commands on methods::

    @command(":FREQuency[:CW]", Numeric(20, 2e6))
    def set_frequency(self, frequency_Hz: float) -> None: ...

    @command(":FREQuency[:CW]?")
    def frequency(self) -> str: ...

Grammar as in SCPI-99 volume 1 chapter 6: a mnemonic is accepted in exactly its short or its long form, in any letter
case; a node in brackets may be left out; ``#`` takes a numeric suffix (1 when missing); after ``;`` a header that
starts with ``:`` or ``*`` is absolute, any other is relative to the parent of the header before it. A bad command
answers nothing and goes to `ScpiDevice.reject`; the commands after it in the same message are still carried out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.scpi_types import Maybe, Parameter, Rest, ScpiError, short_form

Method = TypeVar("Method", bound=Callable[..., str | None])

_NODE = re.compile(r"(\[)?:([A-Za-z]+)(#)?(?(1)\])")
_QUOTED_OR = r"""((?:"[^"]*"|'[^']*'|\([^()]*\)|[^{separator}"'()])*)(?:{separator}|$)"""
_UNIT = re.compile(_QUOTED_OR.format(separator=";"))
_ARGUMENT = re.compile(_QUOTED_OR.format(separator=","))


@dataclass(frozen=True)
class _Command:
    header: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    method: str


@dataclass(frozen=True)
class _Call:
    """One command of a message, ready to be carried out; or the error that it is."""

    method: str = ""
    arguments: tuple[Any, ...] = ()
    error: int | None = None


def command(header: str, *parameters: Parameter) -> Callable[[Method], Method]:
    """Mark a method as what an instrument does upon ``header``.

    Args:
        header: as manuals print it, e.g. ``":SOURce#:VOLTage[:LEVel]?"`` or ``"*RST"``.
        parameters: types of its arguments; all are required but the last ones marked `Maybe` or `Rest`.

    The method gets the numeric suffixes first and then the arguments; it returns its reply (without terminator) or
    None, and may raise `ScpiError`.
    """
    pattern = _pattern(header)

    def mark(method: Method) -> Method:
        marks = getattr(method, "scpi_commands", ())
        setattr(method, "scpi_commands", (*marks, _Command(pattern, parameters, method.__name__)))  # noqa: B010  # mypy does not know the attribute
        return method

    return mark


def _pattern(header: str) -> re.Pattern[str]:
    """The regular expression of every spelling of ``header``, with a leading colon always there."""
    if header.startswith("*"):
        return re.compile(re.escape(header), re.IGNORECASE)
    stem, query = (header[:-1], r"\?") if header.endswith("?") else (header, "")
    if _NODE.sub("", stem):
        raise ValueError(f"{header!r} is not a SCPI header such as ':SOURce#:VOLTage[:LEVel]?'")
    parts = []
    for optional, word, suffix in _NODE.findall(stem):
        spelling = f":(?:{word.upper()}|{short_form(word)})" + (r"(\d*)" if suffix else "")
        parts.append(f"(?:{spelling})?" if optional else spelling)
    return re.compile("".join(parts) + query, re.IGNORECASE)


class ScpiDevice(Device):
    """A simulated instrument that speaks SCPI. Messages and replies end with a line feed."""

    terminator = b"\n"
    _commands: ClassVar[tuple[_Command, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        own = [mark for method in vars(cls).values() for mark in getattr(method, "scpi_commands", ())]
        cls._commands = (*own, *cls._commands)

    def handle(self, message: bytes) -> bytes:
        """Carry out one program message; the replies of its queries come in one line, joined by ``;``."""
        replies = []
        for call in _parse(type(self), message):
            reply = self._carry_out(call)
            if reply is not None:
                replies.append(reply)
        return ";".join(replies).encode("ascii") + b"\n" if replies else b""

    def reject(self, error: ScpiError) -> None:
        """Take note of a bad command. An instrument without an error queue forgets it."""

    def _carry_out(self, call: _Call) -> str | None:
        try:
            if call.error is not None:
                raise ScpiError(call.error)
            reply: str | None = getattr(self, call.method)(*call.arguments)
            return reply
        except ScpiError as error:
            self.reject(error)
            return None


@lru_cache(maxsize=2048)
def _parse(device: type[ScpiDevice], message: bytes) -> tuple[_Call, ...]:
    """The commands of a message. They depend on the grammar alone, never on the state of the instrument."""
    text = message.decode("ascii", errors="replace").strip()
    units = _split(_UNIT, text)
    if units is None:
        return (_Call(error=-102),)
    calls, parent = [], ""
    for unit in units:
        header, *rest = unit.split(maxsplit=1) or [""]
        if not header.startswith(("*", ":")):
            header = f"{parent}:{header}"
        if not header.startswith("*"):
            parent = header.rpartition(":")[0]
        calls.append(_call(device, header, rest[0].strip() if rest else ""))
    return tuple(calls)


def _call(device: type[ScpiDevice], header: str, rest: str) -> _Call:
    for known in device._commands:
        match = known.header.fullmatch(header)
        if match is not None:
            suffixes = tuple(int(digits or 1) for digits in match.groups())
            try:
                return _Call(known.method, (*suffixes, *_arguments(known.parameters, rest)))
            except ScpiError as error:
                return _Call(error=error.code)
    return _Call(error=-102 if header.endswith(":") else -113)


def _arguments(parameters: tuple[Parameter, ...], text: str) -> list[Any]:
    found = _split(_ARGUMENT, text)
    if found is None:
        raise ScpiError(-102)
    required = sum(not isinstance(parameter, (Maybe, Rest)) for parameter in parameters)
    if len(found) < required:
        raise ScpiError(-109)
    if parameters and isinstance(parameters[-1], Rest):
        parameters = (*parameters[:-1], *(parameters[-1] for _ in found[len(parameters) - 1 :]))
    if len(found) > len(parameters):
        raise ScpiError(-108)
    return [parameter.parse(part.strip()) for parameter, part in zip(parameters, found, strict=False)]


def _split(part: re.Pattern[str], text: str) -> list[str] | None:
    """``text`` cut at separators outside quotes and parentheses; None when one of these is left open."""
    parts: list[str] = []
    position, more = 0, bool(text)
    while more:
        match = part.match(text, position)
        if match is None:
            return None
        parts.append(match[1])
        position, more = match.end(), match.end() > match.end(1)
    return parts
