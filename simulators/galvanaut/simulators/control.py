"""A simulated bench's own port: what only a simulated bench can do, asked for in the manner of an instrument.

===========================  ====================================================================
``*IDN?``                    who this is
``:TIME?``                   the bench's time, seconds since the Unix epoch
``:TIME:PASS 60``            let so many seconds pass at once
``:FAULT "<sentence>"``      inject a fault, e.g. ``"dropped reply on lcr at message 3"``
``:FAULT:LIST?``             all faults, quoted and separated by commas; ``""`` for none
``:FAULT:CLEAR [<name>]``    end all faults, or those of one instrument
``:SYST:ERR?``               the oldest error, ``0,"No error"`` for none
===========================  ====================================================================

Messages end with LF, commands of one message are separated by ``;``. What is wrong has no reply but an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from galvanaut.core.errors import InputError
from galvanaut.simulators.faults import parse_fault

if TYPE_CHECKING:
    from galvanaut.simulators.bench import SimulatedBench

_LONGEST_S = 3600 * 24 * 366
_COMMAND = re.compile(r"""((?:"[^"]*"|[^;"])*)(?:;|$)""")
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


class ControlPort:
    """Carries out the commands above.

    Args:
        bench: to be controlled; its lock is held by the caller.
    """

    def __init__(self, bench: SimulatedBench) -> None:
        self._bench = bench
        self._errors: list[str] = []
        self._commands: list[tuple[re.Pattern[str], Callable[..., str | None]]] = [
            (_header(r"\*IDN\?"), self._identify),
            (_header(r":?TIME\?"), self._time),
            (_header(r":?TIME:PASS\s+(\S+)"), self._pass_time),
            (_header(r":?FAULT:LIST\?"), self._list_faults),
            (_header(r":?FAULT:CLEAR(?:\s+(\S+))?"), self._clear_faults),
            (_header(r':?FAULT\s+"([^"]*)"'), self._inject),
            (_header(r":?SYST(?:EM)?:ERR(?:OR)?(?::NEXT)?\?"), self._next_error),
        ]

    def answer(self, message: bytes) -> bytes:
        """Carry out one message (without terminator); the reply with its terminator, or nothing."""
        text = message.decode("ascii", errors="replace").strip()
        replies = [self._carry_out(part.strip()) for part in _COMMAND.findall(text) if part.strip()]
        given = [reply for reply in replies if reply is not None]
        return ";".join(given).encode("ascii", errors="replace") + b"\n" if given else b""

    def _carry_out(self, command: str) -> str | None:
        for header, act in self._commands:
            match = header.fullmatch(command)
            if match is not None:
                try:
                    return act(*match.groups())
                except (InputError, ValueError) as error:
                    self._errors.append(f"-224,{quoted(str(error))}")
                    return None
        self._errors.append(f"-113,{quoted(f'Undefined header;{command}')}")
        return None

    def _identify(self) -> str:
        return f"Galvanaut,Simulated bench,{self._bench.spec.name},1"

    def _time(self) -> str:
        return f"{self._bench.clock.now():.3f}"

    def _pass_time(self, seconds: str) -> None:
        if _NUMBER.fullmatch(seconds) is None or float(seconds) > _LONGEST_S:
            raise ValueError(f"{seconds!r} is not a number of seconds between 0 and {_LONGEST_S}")
        self._bench.clock.spend(float(seconds))

    def _inject(self, sentence: str) -> None:
        self._bench.inject(parse_fault(sentence))

    def _list_faults(self) -> str:
        return ",".join(quoted(str(fault)) for fault in self._bench.present_faults()) or '""'

    def _clear_faults(self, instrument: str | None) -> None:
        self._bench.clear_faults(instrument)

    def _next_error(self) -> str:
        return self._errors.pop(0) if self._errors else '0,"No error"'


def quoted(text: str) -> str:
    """As SCPI string data in one line; a quote inside is written twice."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'


def _header(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
