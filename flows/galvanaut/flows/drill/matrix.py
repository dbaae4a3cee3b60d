"""Which scenarios a bench is put through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galvanaut.core.errors import InputError
from galvanaut.simulators.faults import applicable
from galvanaut.simulators.faults.fault import KINDS

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench

HOST_DIES = "host dies"
HOST_DIES_WAITING = "host dies waiting for an answer"
DEATHS = (HOST_DIES, HOST_DIES_WAITING)
"""The program is gone without a word: before a message, or after it was sent and before its answer is read."""


@dataclass(frozen=True)
class Scenario:
    """One fault of one instrument at one of the moments that are tried, from 1."""

    instrument: str
    fault: str
    moment: int


def faults_of(bench: Bench, instrument: str) -> tuple[str, ...]:
    """Everything that can go wrong with an instrument.

    Nothing with an assembler: it drives no cell, exists in simulation only, and loads holders that are switched off.
    That a cell is built once whatever happens is for its job to see to, and for that job's tests.
    """
    if bench.instruments[instrument].role == "assembler":
        return ()
    return (*applicable(bench.instruments[instrument].driver), *DEATHS)


def scenarios(bench: Bench, faults: Sequence[str] = (), names: Sequence[str] = (), moments: int = 1) -> list[Scenario]:
    """All scenarios, or those with some faults and some instruments only.

    Raises:
        InputError: an instrument or a fault is not known, or none of the faults applies to any of the instruments.
    """
    where = f"bench {bench.name}"
    for name in names:
        if name not in bench.instruments:
            raise InputError(where, f"has no instrument {name}; it has {', '.join(bench.instruments)}")
    known = (*KINDS, *DEATHS)
    for fault in faults:
        if fault not in known:
            raise InputError(where, f"{fault!r} is not a fault; known are {', '.join(known)}")
    found = list(_scenarios(bench, faults or known, names or list(bench.instruments), moments))
    if not found:
        possible = "; ".join(
            f"{name}: {', '.join(faults_of(bench, name)) or 'none'}" for name in names or bench.instruments
        )
        wanted = ", ".join(faults) or "the drill"
        raise InputError(where, f"{wanted} applies to none of these instruments. Possible are {possible}")
    return found


def _scenarios(bench: Bench, faults: Sequence[str], names: Sequence[str], moments: int) -> Iterator[Scenario]:
    for name in bench.instruments:
        for fault in faults_of(bench, name):
            if name in names and fault in faults:
                yield from (Scenario(name, fault, moment) for moment in range(1, moments + 1))
