"""Where a simulated world is kept: one SQLite file of JSON rows, owned by one process at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from galvanaut.core.errors import InputError

_SETTINGS = ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL")
# Exclusive: a second process, or a second bench in this one, is turned away as long as the file is open; the operating
# system lifts the lock when the process dies. Not synchronised at each write: a killed process loses nothing that way,
# only a power cut could.

_encode = json.JSONEncoder(allow_nan=False).encode


class Store:
    """JSON values by key; written only when they differ from what is kept.

    Args:
        path: the file; made when missing.

    Raises:
        InputError: it is in use, cannot be opened or is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise InputError(path, f"cannot be opened as a simulated world ({error})") from None
        try:
            for setting in _SETTINGS:
                self._connection.execute(f"PRAGMA {setting}")
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("CREATE TABLE IF NOT EXISTS world (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            self._connection.execute("COMMIT")
            rows = self._connection.execute("SELECT key, value FROM world").fetchall()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise InputError(path, _reason(error)) from None
        self._kept: dict[str, Any] = {key: json.loads(value) for key, value in rows}

    def rows(self) -> dict[str, Any]:
        """Everything kept."""
        return dict(self._kept)

    def save(self, rows: Mapping[str, Any]) -> None:
        """Keep these values, all or none of them; they are safe from the end of this process when this returns."""
        fresh = [(key, value) for key, value in rows.items() if self._kept.get(key) != value]
        if not fresh:
            return
        texts = [(key, _encode(value)) for key, value in fresh]
        execute = self._connection.execute
        execute("BEGIN")
        try:
            for pair in texts:
                execute("INSERT INTO world VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", pair)
        except BaseException:
            execute("ROLLBACK")
            raise
        execute("COMMIT")
        self._kept.update(fresh)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _reason(error: sqlite3.DatabaseError) -> str:
    if "locked" in str(error):
        return "this simulated world is in use by another process; wait for it to end, or stop it"
    return f"is not a simulated world ({error}); choose another file"
