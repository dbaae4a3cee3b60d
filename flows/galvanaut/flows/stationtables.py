"""The database of a lab's station for commands that only read: nothing is made there, nor need it be writable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

from galvanaut.core.clock import SystemClock
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.leases import Lease, Leases
from galvanaut.core.readonly import has_table, reading
from galvanaut.instruments.journal import Journal

if TYPE_CHECKING:
    import sqlalchemy as sa

    from galvanaut.flows.folder import LabFolder


class StationTables:
    """What a station has written down. A table that was never made, such as before the first job, is empty.

    Args:
        engine: of its database, read-only; None where there is none.
        nothing: of an empty database, which stands in for what is missing.
    """

    def __init__(self, engine: sa.Engine | None, nothing: sa.Engine) -> None:
        self._engine, self._nothing = engine, nothing

    @classmethod
    @contextmanager
    def of(cls, folder: LabFolder) -> Iterator[Self]:
        """Those of a lab.

        Raises:
            InputError: the database is damaged.
        """
        with ExitStack() as stack:
            engine = stack.enter_context(reading(folder.station)) if folder.has("station") else None
            yield cls(engine, stack.enter_context(opened("sqlite://")))

    @property
    def is_begun(self) -> bool:
        """Whether a station has ever worked there."""
        return self._has("journal")

    def log(self, name: str) -> EventLog:
        """A log, only to be read."""
        return EventLog(self._with(name), name)

    def journal(self) -> Journal:
        """The jobs."""
        return Journal(self.log("journal"), SystemClock())

    def leases(self, prefix: str) -> list[Lease]:
        """Those that hold now and whose name begins like this."""
        return Leases(self._with("leases")).all(prefix)

    def _with(self, name: str) -> sa.Engine:
        return self._engine if self._engine is not None and self._has(name) else self._nothing

    def _has(self, name: str) -> bool:
        return self._engine is not None and has_table(self._engine, name)
