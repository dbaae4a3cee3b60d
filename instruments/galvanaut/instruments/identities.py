"""Who answered at each resource, written down in the journal: a number is worth what its instrument is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from galvanaut.instruments.journal import Journal
from galvanaut.instruments.readings import Identity

IDENTIFIED = "identified"
"""Kind of the journal's remark."""


def note_identities(journal: Journal, identities: Mapping[str, Identity]) -> None:
    """Write down who answers, of those instruments of which it is not the last thing that was written down.

    Args:
        journal: of the station.
        identities: by instrument.
    """
    known = {event.topic.rpartition("/")[2]: event.data for event in journal.remarks(IDENTIFIED)}
    for name, identity in identities.items():
        if known.get(name) != asdict(identity):
            journal.remark(IDENTIFIED, name, **asdict(identity))
