"""Which faults a simulated bench had, from the file of its world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galvanaut.simulators.faults.fault import EVENTS, LINE_FAULTS, Fault
from galvanaut.simulators.store import read_rows


@dataclass(frozen=True)
class Occurrence:
    """One fault.

    Attributes:
        fault: as asked for.
        begun_at: instant of its beginning, s since the epoch; None if it has not come.
        ended_at: of its end; None as long as it lasts or is to come.
        hits: messages that it has spoilt or swallowed; None of a kind that does something else.
    """

    fault: Fault
    begun_at: float | None
    ended_at: float | None
    hits: int | None


def occurrences(world: Path) -> list[Occurrence]:
    """All faults that were ever injected, in the order of their beginnings; those that have not come are the last.

    Args:
        world: the file; somebody may be writing to it.

    Raises:
        InputError: it is no such file, or cannot be read.
    """
    row = read_rows(world).get("faults")
    if row is None:
        return []
    found = [_occurrence({"ended_at": None, **each}) for each in (*row.get("past", []), *row["cases"])]
    return sorted(found, key=lambda each: (each.begun_at is None, each.begun_at or 0.0))


def _occurrence(row: dict[str, Any]) -> Occurrence:
    fault = Fault.model_validate(row["fault"])
    counts = fault.fault in LINE_FAULTS - EVENTS
    return Occurrence(fault, row["begun_at"], row["ended_at"], row["hits"] if counts else None)
