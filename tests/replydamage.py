"""Ways in which a reply goes wrong, from one flipped bit to an instrument that talks without end."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
TOKENS = (
    *(b"9.9E37", b"9.91E+37", b"-9.9E37", b"1E9", b"1E10", b"-1E10", b"nan", b"inf", b"-inf", b"1e999", b"-1e999"),
    *(
        b"0",
        b"-0",
        b"-1",
        b"1",
        b"+1",
        b"2",
        b"1.5",
        b"4294967296",
        b"1e308",
        b"1e-400",
        b"1_000",
        b"0x10",
        b"1e",
        b".",
    ),
    *(b"9" * 30, b"9" * 400, b"1" * 5000, b"", b" ", b"\xb2", b"\xd9\xa1", b"--1", b"+-1", b"1,1", b"ON", b"NONE"),
)
PIECES = (
    *(b"00S", b"00I", b"00A?R", b"00A?S", b"00A?T", b"01S", b"\x02", b"\x03", b"?", b"?OOR", b"?NA", b"?COM"),
    *(b"ML", b"UL", b"S S", b"S D", b"S I", b"S +", b"Z A", b"ES", b"EL", b'I4 A "', b'"', b" g", b" kg", b"     "),
    *(b"High", b"ERR 55", b",", b";", b":", b"0,", b'-113,"Undefined header"', b'0,"No error"', b"OK:", b"NA:"),
    *(b"KEITHLEY", b"E4980A", b"HIOKI", b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b"PROT5", b"VOLT", b"HIMP"),
    *(b"SCPI", b"TSP", *TOKENS[:20]),
)

Change = Callable[[random.Random, bytes, bytes], bytes]


def _truncated(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    return reply[: chance.randrange(len(reply) + 1)]


def _cut_short(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    return _truncated(chance, reply, end) + end


def _flipped(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    data = bytearray(reply)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _replaced_byte(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    at = chance.randrange(len(reply) + 1)
    return reply[:at] + bytes([chance.randrange(256)]) + reply[at + 1 :]


def _inserted(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    at = chance.randrange(len(reply) + 1)
    return reply[:at] + chance.randbytes(chance.choice((1, 1, 2, 9))) + reply[at:]


def _deleted(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    at = chance.randrange(len(reply) + 1)
    return reply[:at] + reply[at + chance.randrange(1, 5) :]


def _number(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    """One of the numbers in the reply becomes a mark, a giant, or none."""
    found = list(_NUMBER.finditer(reply))
    if not found:
        return _pieces(chance, reply, end)
    match = chance.choice(found)
    return reply[: match.start()] + chance.choice(TOKENS) + reply[match.end() :]


def _pieces(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    return b"".join(chance.choices(PIECES, k=chance.randrange(1, 6))) + end


def _spliced(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    at = chance.randrange(len(reply) + 1)
    return reply[:at] + chance.choice(PIECES) + reply[at:]


def _noise(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    return chance.randbytes(chance.randrange(40)) + chance.choice((end, b""))


def _twice(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    return reply + reply


def _nothing(chance: random.Random, reply: bytes, end: bytes) -> bytes:
    return b""


CHANGES: tuple[Change, ...] = (
    *(_number, _number, _number, _flipped, _flipped, _replaced_byte, _truncated, _cut_short),
    *(_inserted, _deleted, _spliced, _pieces, _noise, _twice, _nothing),
)  # fmt: skip


class Damage:
    """What happens to the replies of one call.

    Args:
        chance: source of all choices.
        first: number of the first message whose reply is damaged.
        mode: ``"one"`` reply, ``"all"`` from there on, ``"late"`` (it comes with the next one), ``"foreign"`` (that to
            another question), ``"lost"`` (the connection) or ``"babble"`` (talks without being asked).
        pool: replies to other questions.
        end: the last byte of each reply.
    """

    def __init__(self, chance: random.Random, first: int, mode: str, pool: list[bytes], end: bytes) -> None:
        self._chance, self._first, self._mode, self._pool, self._end = chance, first, mode, pool, end
        self._owed = b""
        self._begun = False

    def reply(self, place: int, reply: bytes) -> bytes:
        """What arrives instead of ``reply`` to message number ``place``."""
        if self._owed:
            reply, self._owed = self._owed + reply, b""
        if place < self._first or (self._begun and self._mode not in ("all", "lost")):
            return reply
        self._begun = True
        if self._mode == "late":
            self._owed = reply
            return b""
        if self._mode == "foreign":
            return self._chance.choice(self._pool)
        if self._mode == "lost":
            raise self._chance.choice(_LOSSES)
        return self._chance.choice(CHANGES)(self._chance, reply, self._end)

    def unasked(self) -> bytes:
        """What arrives without a question."""
        if self._mode == "babble" and self._begun:
            return self._chance.choice((*self._pool[:1], _noise(self._chance, b"", self._end) + self._end))
        return b""


_LOSSES = (
    ConnectionResetError("peer is gone"),
    BrokenPipeError("peer is gone"),
    VisaIOError(StatusCode.error_connection_lost),
    VisaIOError(StatusCode.error_io),
)
_MODES = ("one",) * 12 + ("all", "late", "foreign", "foreign", "lost", "babble")


def damages(chance: random.Random, messages: int, pool: list[bytes], end: bytes) -> Damage:
    """A random damage to a call of ``messages`` messages."""
    return Damage(chance, chance.randrange(max(1, messages)), chance.choice(_MODES), pool, end)
