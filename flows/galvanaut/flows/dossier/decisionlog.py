"""The decision log of a dossier: the events of a ledger as JSON lines, and a ledger read from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import Event, EventLog


def lines_of(events: Iterable[Event]) -> bytes:
    """One JSON object a line, in the order in which they were written; keys keep theirs, on which planners depend."""
    rows = (json.dumps(vars(event), allow_nan=False) for event in events)
    return "".join(f"{row}\n" for row in rows).encode()


def events_of(content: bytes, source: object) -> list[Event]:
    """The events that `lines_of` gave.

    Raises:
        InputError: it is no such log.
    """
    try:
        rows = [json.loads(line) for line in content.decode("utf-8").splitlines()]
        return [Event(int(row["sequence"]), float(row["at"]), row["topic"], row["kind"], row["data"]) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(source, f"is no decision log ({error})") from None


class KeptLog(EventLog):
    """A log that is read from a list, and that nothing is written to.

    Args:
        events: in their order.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = list(events)

    def read(self, topic: str | None = None, prefix: str | None = None, after: int = 0) -> list[Event]:
        """As `EventLog.read`."""
        return [
            event
            for event in self._events
            if event.sequence > after
            and (topic is None or event.topic == topic)
            and (prefix is None or event.topic.startswith(prefix))
        ]

    def append(self, at: float, topic: str, kind: str, data: Mapping[str, Any]) -> Event:
        """Refuse.

        Raises:
            GalvanautError: always.
        """
        raise GalvanautError("a dossier's decision log is not written to")
