"""What can happen to the bytes of a reply on their way to the host."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from galvanaut.simulators.devices.ne1000_packets import ETX, STX
from galvanaut.simulators.faults.dialects import Dialect

_MOST_FLIPS = 3
_FRAMING = frozenset(b"\r\n" + STX + ETX)
Frozen = dict[str, str]
"""Readings that have stuck, by their query."""
_Spoiler = Callable[[bytes, bytes, bytes, Dialect, np.random.Generator, Frozen], bytes | None]


def spoil(
    kind: str, message: bytes, reply: bytes, dialect: Dialect, random: np.random.Generator, frozen: Frozen
) -> bytes | None:
    """A reply as a fault leaves it: nothing, less, more or something else; None if this kind cannot spoil it.

    Args:
        kind: of fault.
        message: to the instrument, without terminator.
        reply: with terminator.
        dialect: of the instrument.
        random: of this one message.
        frozen: what has stuck so far; grows.
    """
    body = reply.rstrip(b"\r\n" + ETX)
    return _SPOILERS[kind](message, body, reply[len(body) :], dialect, random, frozen)


def _garbled(
    message: bytes, body: bytes, end: bytes, dialect: Dialect, random: np.random.Generator, frozen: Frozen
) -> bytes | None:
    """Some bits flipped, never into or out of framing bytes."""
    places = [place for place, byte in enumerate(body) if byte not in _FRAMING]
    if not places:
        return None
    noisy = bytearray(body)
    for place in random.choice(places, size=min(len(places), int(random.integers(1, _MOST_FLIPS + 1))), replace=False):
        choices = [byte for bit in range(8) if (byte := noisy[place] ^ (1 << bit)) not in _FRAMING]
        noisy[place] = choices[random.integers(len(choices))]
    return bytes(noisy) + end


def _truncated(
    message: bytes, body: bytes, end: bytes, dialect: Dialect, random: np.random.Generator, frozen: Frozen
) -> bytes | None:
    """The beginning only; the line then stays silent."""
    return body[: int(random.integers(1, max(2, len(body))))]


def _of_another(
    message: bytes, body: bytes, end: bytes, dialect: Dialect, random: np.random.Generator, frozen: Frozen
) -> bytes | None:
    if dialect.identity.search(message) is None:
        return None
    other = dialect.other(message, body)
    return None if other == body else other + end


def _sentinel(
    message: bytes, body: bytes, end: bytes, dialect: Dialect, random: np.random.Generator, frozen: Frozen
) -> bytes | None:
    if dialect.reading.search(message) is None:
        return None
    failure = dialect.failure(message, body, random)
    return None if failure == body else failure + end


def _stuck(
    message: bytes, body: bytes, end: bytes, dialect: Dialect, random: np.random.Generator, frozen: Frozen
) -> bytes | None:
    """The first reading that comes is the last one to the same question."""
    found = dialect.reading.search(message)
    if found is None:
        return None
    query = message[found.start() :].partition(b";")[0].strip().upper().decode("latin-1")
    return frozen.setdefault(query, (body + end).decode("latin-1")).encode("latin-1")


_SPOILERS: dict[str, _Spoiler] = {
    "dropped reply": lambda *_: b"",
    "late reply": lambda message, body, end, *_: body + end,
    "duplicated reply": lambda message, body, end, *_: (body + end) * 2,
    "garbled reply": _garbled,
    "truncated reply": _truncated,
    "wrong instrument": _of_another,
    "sentinel": _sentinel,
    "stuck reading": _stuck,
}
