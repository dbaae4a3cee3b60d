"""What keeps the readings of tests, as a job sees it: soon on disk, at once on disk, and sealed in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry.sealed import Sealed


class Recorder(Protocol):
    """Keeps the readings of tests. Many tests share one."""

    def begin(self, test: str, facts: Mapping[str, Any]) -> None:
        """Write down what a test is, before its first reading; what is known already stays.

        Args:
            test: names it for ever: a job key.
            facts: cell, plan, instrument and the like, as plain JSON; they go into its record.
        """
        ...

    def put(self, test: str, rows: Sequence[Row]) -> None:
        """Keep rows of a test; on disk soon, together with those of other tests."""
        ...

    def append(self, test: str, rows: Sequence[Row]) -> None:
        """Keep rows of a test; on disk when this returns, and so is all that was `put` before.

        Rows that are kept already may be handed over again, here and to `put`.
        """
        ...

    def rows(self, test: str, since: int = 0) -> list[Row]:
        """The rows on disk of a test that is not sealed and let go, from number ``since`` on."""
        ...

    def seal(self, test: str, outcome: str, reason: str = "", remark: str = "") -> Sealed | None:
        """Make the record of a test that has ended; None if it has no reading. May be repeated, with the same end.

        Args:
            test: all its rows are on disk.
            outcome: how it ended.
            reason: why, if not because all was done.
            remark: what a reader of its readings has to know, e.g. a gap.

        Raises:
            SealError: not now; nothing is lost, and the text says what to put right.
        """
        ...

    def release(self, test: str) -> None:
        """Let go of the readings of a test whose record is sealed and noted; not if the record has problems."""
        ...
