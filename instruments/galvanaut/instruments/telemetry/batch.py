"""Readings of many tests on their way to disk, in one transaction for all of them.

A commit costs about as much for one reading as for hundreds. So those of all tests wait for each other a little; who
needs his on disk takes all that wait with him.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

from galvanaut.instruments.runs import Row

FLUSH_S = 5.0
"""A reading waits so long, and until the next one of any test; so much is lost when the program is killed."""
_ROWS_MAX = 20_000


class SharedBatch:
    """Rows that wait.

    Args:
        write: keeps rows of several tests at once, or none of them.
        flush_s: see `FLUSH_S`; by the instants of the readings themselves.
    """

    def __init__(self, write: Callable[[Mapping[str, Sequence[Row]]], None], flush_s: float = FLUSH_S) -> None:
        self._write = write
        self._flush_s = flush_s
        self._waiting: dict[str, list[Row]] = {}
        self._count = 0
        self._since_s = inf

    def put(self, test: str, rows: Sequence[Row]) -> None:
        """Let rows wait, and write all that wait if it is time to. Errors are those of ``write``; all wait on."""
        if not rows:
            return
        self._waiting.setdefault(test, []).extend(rows)
        self._count += len(rows)
        self._since_s = min(self._since_s, rows[0].unix_time_s)
        if rows[-1].unix_time_s - self._since_s >= self._flush_s or self._count >= _ROWS_MAX:
            self.flush()

    def flush(self) -> None:
        """Write all that wait. Errors are those of ``write``; all wait on."""
        if self._waiting:
            self._write(self._waiting)
        self._waiting, self._count, self._since_s = {}, 0, inf
