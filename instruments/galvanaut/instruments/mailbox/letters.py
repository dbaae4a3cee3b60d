"""Letters between a station and those who want jobs of it: an append-only table in the station's database.

``to`` is the topic of a letter: ``station``, or the name of a client. Nothing is ever answered out of order: both sides
read in the order of writing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from galvanaut.core.eventlog import Event, EventLog

LEASE_S = 15.0
"""Whoever is silent for so long is gone: a station, a client (illustrative)."""
HURRY_S, POLL_S = 0.002, 0.1
"""Between two looks for letters, s of the wall clock: where one is about to come, and otherwise (illustrative)."""
STATIONS = "station/"
"""Begins the name of a station's lease; the bench's name follows."""
CLIENTS = "client/"
"""Begins the names of the leases of clients."""
HALT = "halt"
"""Stands in the place of a job's key in the news that a campaign was halted."""
STATION = "station"
"""Whom the letters of clients go to."""


def fresh_name(what: str) -> str:
    """A name that nobody has had, e.g. ``client-3f9a0c1d2e4b5a67``."""
    return f"{what}-{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Welcome:
    """What a station tells a client first.

    Attributes:
        now: instant of the bench's clock.
        is_virtual: whether that clock jumps.
        found: what a dead station had left on the bench, in words.
        contradictions: holders in which an assembler contradicts the journal: its name, and how.
        empty: holders that are empty although the journal is not certain of it.
        bench: digest of the bench as it is now: its file, and the bottles put up since.
        seed: of a simulated world; None on a real bench.
    """

    now: float
    is_virtual: bool
    found: list[str]
    contradictions: dict[str, list[str]]
    empty: list[str]
    bench: str
    seed: int | None


class Mailbox:
    """The letters to one party.

    Args:
        log: the table.
        owner: whose letters are read.
        since: those up to this number are old.
    """

    def __init__(self, log: EventLog, owner: str, since: int = 0) -> None:
        self._log = log
        self.owner = owner
        self._read = since

    def post(self, to: str, kind: str, at: float = 0.0, **data: Any) -> int:
        """Send a letter; it is there for good when this returns. Gives its number."""
        letter: Mapping[str, Any] = {"from": self.owner, **data}
        return self._log.append(at, to, kind, letter).sequence

    def letters(self) -> list[Event]:
        """Those that have come since the last call."""
        found = self._log.read(topic=self.owner, after=self._read)
        if found:
            self._read = found[-1].sequence
        return found
