"""Which cell is in which holder: what the journal says, and whether an assembler agrees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.instruments.connect import ConnectedBench
    from galvanaut.instruments.journal import JobRecord


@dataclass(frozen=True)
class Loaded:
    """A cell in a holder, as far as the journal knows.

    Attributes:
        cell: its name.
        job: key of the job that put it there, or was to.
        is_certain: not so while it is put in or taken out, and after a job that ended without knowing.
        is_settled: whether the job that made it uncertain has ended, so that nobody will find out any more.
    """

    cell: str
    job: str
    is_certain: bool = True
    is_settled: bool = True


@dataclass(frozen=True)
class Survey:
    """What the assemblers of a bench say about the holders that they load.

    Attributes:
        contradictions: by holder: the assembler, and in words how it contradicts the journal.
        empty: holders that are empty although the journal is not certain of it.
    """

    contradictions: dict[str, tuple[str, str]] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()


def loaded_cells(records: Iterable[JobRecord]) -> dict[str, Loaded]:
    """By holder, the cells that are in one or may be.

    Args:
        records: of the journal, in the order in which the jobs were intended.
    """
    found: dict[str, Loaded] = {}
    for record in records:
        kind = record.request.get("kind")
        if kind == "assemble":
            _assembled(found, record)
        elif kind == "unload":
            _unloaded(found, record)
    return found


def survey(connected: ConnectedBench, records: Iterable[JobRecord]) -> Survey:
    """Ask every assembler what is in its holders; nothing is changed, and no job runs yet.

    Raises:
        InstrumentError: one does not tell.
    """
    known = loaded_cells(records)
    contradictions: dict[str, tuple[str, str]] = {}
    empty = set()
    for name in connected.names("assembler"):
        for holder in connected.bench.instruments[name].wiring.loads or ():
            cell, expected = connected.assembler(name).cell_in(holder), known.get(holder)
            if expected is not None and not expected.is_certain and cell is None:
                empty |= {holder} if expected.is_settled else set()
            elif cell != (None if expected is None else expected.cell):
                told = "is empty" if expected is None else f"holds {expected.cell} (job {expected.job})"
                holds = "is empty" if cell is None else f"holds {cell}"
                contradictions[holder] = (name, f"{holder} {holds}, but by the journal it {told}")
    return Survey(contradictions, frozenset(empty))


def _assembled(found: dict[str, Loaded], record: JobRecord) -> None:
    holder = record.request["holder"]
    loaded = Loaded(record.request["cell"], str(record.key))
    if record.state == "done":
        if record.result is not None and record.result["assembled"]:
            found[holder] = loaded
    elif record.state == "intended" or record.notes.get("told"):
        found[holder] = replace(loaded, is_certain=False, is_settled=record.state != "intended")


def _unloaded(found: dict[str, Loaded], record: JobRecord) -> None:
    holder = record.request["holder"]
    if record.state == "done":
        found.pop(holder, None)
    elif holder in found and record.notes.get("told"):
        found[holder] = replace(found[holder], is_certain=False, is_settled=record.state != "intended")
