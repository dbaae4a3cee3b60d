r"""Wire traffic as text: every message of a bench, one line each, to be read by people and replayed by tests.

A transcript looks like this; control characters are escaped as in Python, and so is the backslash itself::

    galvanaut transcript 1
    # Galvanaut 0.1.0, PyVISA 1.16.2, bench glovebox (@py)
    instrument balance mettler-mt-sics ASRL11::INSTR
         0.000 > balance I11\r\n
         0.012 < balance I11 A "XPR204"\r\n

The first column is the time since the recording began, s. Silence is not written down: a question without a line of
reply after it was not answered in time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from galvanaut.core.errors import GalvanautError, InputError, Problem

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench

FIRST_LINE = "galvanaut transcript 1"
_MESSAGE = re.compile(r" *(\d+\.\d+) ([<>]) (\S+) (.*)")
_INSTRUMENT = re.compile(r"instrument (\S+) (\S+) (\S+)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")
_NAMED = {"\r": "\\r", "\n": "\\n", "\\": "\\\\"}
_NAMES = {"r": "\r", "n": "\n", "\\": "\\"}


class TranscriptError(GalvanautError):
    """What happens is not what the transcript says; the text names its line."""


@dataclass(frozen=True)
class Message:
    """One line of a transcript.

    Attributes:
        line: its number in the file, from 1.
        time_s: since the recording began.
        direction: ``>`` sent to the instrument, ``<`` received from it.
        instrument: its name in the bench file.
        data: the bytes, terminators included.
    """

    line: int
    time_s: float
    direction: str
    instrument: str
    data: bytes


@dataclass(frozen=True)
class Heard:
    """An instrument of a transcript.

    Attributes:
        driver: its name in the bench file.
        resource: VISA resource name.
    """

    driver: str
    resource: str


@dataclass(frozen=True)
class Transcript:
    """A transcript that was read.

    Attributes:
        source: the file, for messages.
        instruments: by name, in the order of the bench file.
        messages: in the order in which they went over the wire.
    """

    source: str
    instruments: dict[str, Heard]
    messages: tuple[Message, ...]

    @classmethod
    def read(cls, path: Path) -> Transcript:
        """Read a file; errors as in `parse`."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise InputError(path, "is not UTF-8 text") from None

    @classmethod
    def parse(cls, text: str, source: str) -> Transcript:
        """Understand the text of a transcript.

        Raises:
            InputError: it is none; names the first line that cannot be understood.
        """
        lines = text.split("\n")
        if lines[0].rstrip() != FIRST_LINE:
            raise InputError(source, Problem("", f"is not a transcript; its first line is not {FIRST_LINE!r}", 1))
        instruments: dict[str, Heard] = {}
        messages: list[Message] = []
        for number, line in enumerate(lines[1:], start=2):
            if (found := _INSTRUMENT.fullmatch(line)) is not None:
                instruments[found[1]] = Heard(found[2], found[3])
            elif line.strip() and not line.startswith("#"):
                messages.append(_message(source, number, line, instruments))
        return cls(source, instruments, tuple(messages))


class Recording:
    """Writes a transcript while it happens; give it to `galvanaut.instruments.connect.ConnectedBench.open` as trace.

    Each line is in the file before the next message goes out, so a program that dies leaves a transcript up to there.

    Args:
        sink: an open text file.
        bench: whose instruments are recorded.
        now: the time, s; of the bench's clock.
    """

    def __init__(self, sink: TextIO, bench: Bench, now: Callable[[], float]) -> None:
        self._sink = sink
        self._now = now
        self._begin = now()
        self._lock = threading.Lock()
        self._write(FIRST_LINE)
        self.note(f"Galvanaut {version('galvanaut')}, PyVISA {version('pyvisa')}, bench {bench.name} ({bench.visa})")
        for name, entry in bench.instruments.items():
            self._write(f"instrument {name} {entry.driver} {entry.resource}")

    def __call__(self, instrument: str, direction: str, data: bytes) -> None:
        """Write one message down; this is the signature of a `galvanaut.instruments.link.Trace`."""
        self._write(f"{self._now() - self._begin:10.3f} {direction} {instrument} {escaped(data)}")

    def note(self, text: str) -> None:
        """Write a comment, for people; replaying ignores it."""
        for line in text.splitlines():
            self._write(f"# {line}")

    def _write(self, line: str) -> None:
        with self._lock:
            self._sink.write(line + "\n")
            self._sink.flush()


def escaped(data: bytes) -> str:
    r"""Bytes as one line of ASCII: printable ones as they are, the others as ``\r``, ``\n`` or ``\x02``."""
    return "".join(
        _NAMED.get(char) or (char if " " <= char <= "~" else f"\\x{ord(char):02x}") for char in data.decode("latin-1")
    )


def unescaped(text: str) -> bytes:
    """The bytes that `escaped` wrote.

    Raises:
        ValueError: it did not write this.
    """
    if not text.isascii() or not text.isprintable():
        raise ValueError("control characters and characters beyond ASCII must be escaped, e.g. \\r or \\x02")
    return _ESCAPE.sub(_character, text).encode("latin-1")


def _character(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        return chr(int(escape[1], 16))
    if escape[2] not in _NAMES:
        raise ValueError(f"{escape[0]!r} is no escape; known are \\r, \\n, \\\\ and \\x with two hexadecimal digits")
    return _NAMES[escape[2]]


def _message(source: str, number: int, line: str, instruments: dict[str, Heard]) -> Message:
    found = _MESSAGE.fullmatch(line)
    if found is None:
        problem = f"is not a message such as '0.000 > balance I11\\r\\n', found {line!r}"
        raise InputError(source, Problem("", problem, number))
    if found[3] not in instruments:
        raise InputError(source, Problem("", f"no line above says which instrument {found[3]} is", number))
    try:
        data = unescaped(found[4])
    except ValueError as error:
        raise InputError(source, Problem("", str(error), number)) from None
    return Message(number, float(found[1]), found[2], found[3], data)
