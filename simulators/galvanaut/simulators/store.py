"""Where a simulated world is kept: a log of its changes, owned by one process at a time.

The file is text. Its first line says what it is; each line after it is one change: a list of a JSON object with the
rows that changed, of each only what changed, and of the names of rows to forget first. A line is handed to the
operating system at once, in one piece: a killed process loses nothing that it had said, only a power cut could. Half
a line at the end is the change that was being written; nobody had heard of it yet, so it never happened.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from galvanaut.core.errors import InputError
from galvanaut.core.lock import exclusive
from galvanaut.core.wholefile import flush, whole_file

HEADER = b'{"simulated world": 2}\n'
"""The format's number counts on when older files cannot be read any more; 1 was a database."""
_DATABASE = b"SQLite format 3\x00"
_SPARE_BYTES = 32 << 20
"""A log is due to be written anew when it is three times as long as it was when it was new, and this much on top."""

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":"), check_circular=False).encode

Row = dict[str, Any]


class Store:
    """JSON objects by key, in a file that only grows until it is written anew.

    Args:
        path: the file; made by the first `rewrite`. A lock file stands beside it.

    Attributes:
        path: as given.
        rows: what was kept when the file was opened, for whoever takes it up; empty for a new file.

    Raises:
        InputError: it is in use, cannot be opened or is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._kept: dict[str, Row] = {}
        self._size = self._longest = 0
        self._lock = contextlib.ExitStack()
        lock = path.with_name(f"{path.name}.lock")
        self._lock.enter_context(exclusive(lock, f"simulated world {path}"))
        try:
            self.rows = read_rows(path) if path.exists() else {}
        except BaseException:
            self.close()
            raise

    @property
    def is_due(self) -> bool:
        """Whether the log has become long enough to be written anew."""
        return self._size > self._longest

    def rewrite(self, rows: Mapping[str, Row], more: Iterable[tuple[str, Row]] = ()) -> None:
        """Put a new log in the place of the old one, all or nothing. `rows` is empty afterwards.

        Args:
            rows: as for `save`, but all of them.
            more: parts of rows that are too large to be given as a whole; in the end all of them.

        Raises:
            InputError: the file cannot be written; the old one is still there.
        """
        try:
            with whole_file(self.path) as file:
                size = _write_all(file, chain(rows.items(), more))
                self._let_go()  # Windows replaces no file that is open; what is still to come hardly fails
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise self._unwritable(error) from None
        self._kept, self.rows = dict(rows), {}
        self._size, self._longest = size, 3 * size + _SPARE_BYTES

    def save(self, rows: Mapping[str, Row], more: Mapping[str, Row] | None = None) -> None:
        """Keep these values, all or none of them; they are safe from the end of this process when this returns.

        Args:
            rows: whole rows; what differs from what is kept is written. They must not be changed afterwards.
            more: parts to add to rows too large to be given as a whole; written without being compared.

        Raises:
            InputError: the file cannot be written, e.g. because the disk is full.
        """
        changes, forgotten = {}, []
        for key, row in rows.items():
            kept = self._kept.get(key)
            if kept == row:
                continue
            change = row if kept is None else _change(kept, row)
            if change is None:
                forgotten.append(key)
                change = row
            changes[key] = change
        if more:
            changes.update(more)
        if changes:
            self._append(_line(changes, forgotten))
            self._kept.update(rows)

    def close(self) -> None:
        """Let go of the file; may be repeated."""
        self._let_go()
        self._lock.close()

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            if written < len(line):
                os.ftruncate(self._file, self._size)
                raise InputError(self.path, "cannot be written: the disk is full; make room and start again")
        except OSError as error:
            raise self._unwritable(error) from None
        self._size += written

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(self.path, f"cannot be written as a simulated world ({error.strerror})")


def read_rows(path: Path) -> dict[str, Row]:
    """All rows of a world's file; it need not be owned, and is not changed.

    Raises:
        InputError: it cannot be read or is not such a file.
    """
    rows: dict[str, Row] = {}
    try:
        with path.open("rb") as file:
            _check_header(path, file.readline())
            for number, line in enumerate(file, start=2):
                if line.endswith(b"\n"):
                    _take(rows, line, path, number)
    except OSError as error:
        raise InputError(path, f"cannot be opened as a simulated world ({error.strerror})") from None
    return rows


def _check_header(path: Path, line: bytes) -> None:
    if line == HEADER:
        return
    if line.startswith(_DATABASE):
        problem = "this simulated world was written by an earlier version, which kept it in a database"
        raise InputError(path, f"{problem}; begin a new lab folder")
    raise InputError(path, "is not a simulated world; choose another file")


def _take(rows: dict[str, Row], line: bytes, path: Path, number: int) -> None:
    """Carry out one line of the log."""
    try:
        changes, forgotten = json.loads(line)
        for key in forgotten:
            del rows[key]
        for key, change in changes.items():
            _merge(rows.setdefault(key, {}), change)
    except (ValueError, TypeError, KeyError, AttributeError):
        problem = f"line {number} of this simulated world is damaged"
        raise InputError(path, f"{problem}; take a copy from before, or begin a new lab folder") from None


def _write_all(file: BinaryIO, rows: Iterable[tuple[str, Row]]) -> int:
    """Write a new log; its length in bytes."""
    file.write(HEADER)
    for key, row in rows:
        file.write(_line({key: row}, []))
    flush(file)
    return file.tell()


def _line(changes: Mapping[str, Row], forgotten: list[str]) -> bytes:
    return _encode([changes, forgotten]).encode() + b"\n"


def _change(old: Row, new: Row) -> Row | None:
    """What to merge into ``old`` to make it ``new``; None when something in it has gone."""
    if not old.keys() <= new.keys():
        return None
    change = {}
    for key, value in new.items():
        before = old.get(key)
        if before == value and key in old:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            value = _change(before, value)
            if value is None:
                return None
        change[key] = value
    return change


def _merge(row: Row, change: Row) -> None:
    for key, value in change.items():
        before = row.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            _merge(before, value)
        else:
            row[key] = value
