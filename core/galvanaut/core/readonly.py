"""Databases opened to be read, by who must leave no trace: nothing is created, changed or held up.

SQLite writes even to be read: a database in WAL mode has two files beside it while somebody uses it, and whoever comes
first makes them. So it is looked for first who is there. With a writer its files are used as they are, the shared
memory read-only; without one the database counts as immutable, which needs neither files nor locks. Each question
opens it anew, since the answer may change, and since a link that is kept would keep a writer from tidying up.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from galvanaut.core import postgresql
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import cause, where
from galvanaut.core.postgresql import READ_ONLY

BUSY_S, _PAUSE_S = 1.0, 0.01


def open_read_only(target: Path | str) -> sa.Engine:
    """An engine for a file path or an URL of PostgreSQL, with which nothing can be written.

    Raises:
        InputError: there is no such file, or a driver is missing.
    """
    if isinstance(target, str) and "://" in target:
        try:
            return postgresql.open_postgresql(sa.make_url(target), read_only=True)
        except ImportError as error:
            raise InputError("PostgreSQL", f'needs a driver ({error}): pip install "galvanaut[postgresql]"') from None
    path = Path(target)
    if not path.is_file():
        raise InputError(path, "is not there")
    options = {READ_ONLY: str(path)}  # its URL does not name the file
    return sa.create_engine(
        "sqlite://", creator=lambda: _connected(path), poolclass=sa.pool.NullPool, execution_options=options
    )


@contextmanager
def reading(target: Path | str) -> Iterator[sa.Engine]:
    """`open_read_only`, closed at the end."""
    engine = open_read_only(target)
    try:
        yield engine
    finally:
        engine.dispose()


def has_table(engine: sa.Engine, name: str) -> bool:
    """Whether a database has a table.

    Raises:
        InputError: it is none.
    """
    try:
        if postgresql.is_postgresql(engine):
            return postgresql.has_table(engine, name)
        return sa.inspect(engine).has_table(name)
    except sa.exc.DBAPIError as error:
        raise InputError(where(engine), f"cannot be used ({cause(error)})") from error


def _connected(path: Path) -> sqlite3.Connection:
    """As a reader of whoever writes now, or of a file at rest.

    A writer that comes or goes makes and removes its two files one after the other, so it is looked for anew.
    """
    log, until = path.with_name(f"{path.name}-wal"), time.monotonic() + BUSY_S
    while True:
        try:
            return _opened(path, "mode=ro&readonly_shm=1" if log.exists() else "immutable=1")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)


def _opened(path: Path, way: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?{way}"
    connection = sqlite3.connect(uri, timeout=BUSY_S, uri=True, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").close()
    except BaseException:
        connection.close()
        raise
    return connection
