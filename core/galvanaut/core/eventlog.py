"""Append-only event logs in SQL: the one storage form of the ledger and of the journal.

SQLite in WAL mode with full synchronisation by default; any SQLAlchemy URL works. The database itself refuses to
change or delete a row that is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from galvanaut.core.errors import GalvanautError, InputError

_BACKUP = "if it is damaged, bring it back from a backup"


@dataclass(frozen=True)
class Event:
    """One row of a log.

    Attributes:
        sequence: position in the log, rising, never used twice.
        at: instant on the bench's clock, seconds since the epoch.
        topic: what it is about: a campaign name or a job key.
        kind: what happened.
        data: details, as JSON.
    """

    sequence: int
    at: float
    topic: str
    kind: str
    data: Mapping[str, Any]


def open_engine(target: Path | str, durable: bool = True) -> sa.Engine:
    """A database engine for a file path or an SQLAlchemy URL.

    Args:
        target: where.
        durable: survive a power cut, not only a killed process (SQLite only; costs a disk flush per commit).

    Raises:
        InputError: it cannot be opened for writing, is no database, or needs a driver that is not installed.
    """
    url = target if isinstance(target, str) and "://" in target else f"sqlite:///{target}"
    try:
        engine = sa.create_engine(url)
    except ImportError as error:
        advice = 'for PostgreSQL: pip install "galvanaut[postgresql]" and an URL that begins with postgresql+psycopg://'
        raise InputError(sa.make_url(url).render_as_string(), f"cannot be opened ({error}); {advice}") from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_settings("FULL" if durable else "NORMAL"))
    try:
        with engine.connect():
            pass
    except sa.exc.DBAPIError as error:
        raise InputError(_where(engine), f"cannot be opened as a database ({error.orig})") from None
    return engine


def create_table(engine: sa.Engine, table: sa.Table) -> None:
    """Create a table with its indexes where they are missing, also when another process does so at this moment."""
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _where(engine: sa.Engine) -> str:
    """The file of a database, or its URL without the password."""
    is_file = engine.dialect.name == "sqlite" and engine.url.database
    return str(engine.url.database) if is_file else engine.url.render_as_string()


def _sqlite_settings(synchronous: str) -> Any:
    def apply(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return apply


class EventLog:
    """An append-only table of events.

    Args:
        engine: from `open_engine`.
        name: of the table; created when missing.

    Raises:
        InputError: the database is damaged or holds another table of this name.
    """

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._table = sa.Table(
            name,
            sa.MetaData(),
            sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
            sa.Column("at", sa.Float, nullable=False),
            sa.Column("topic", sa.String(200), nullable=False, index=True),
            sa.Column("kind", sa.String(40), nullable=False),
            sa.Column("data", sa.Text, nullable=False),
            sqlite_autoincrement=True,
        )
        self._insert = self._table.insert()  # one statement for all events: SQLAlchemy need not form it for each
        with self._readable():
            create_table(engine, self._table)
            if engine.dialect.name == "sqlite":
                self._forbid_changes(name)

    def append(self, at: float, topic: str, kind: str, data: Mapping[str, Any]) -> Event:
        """Write one event; it is on disk when this returns.

        Raises:
            GalvanautError: the database does not take it, e.g. because the disk is full.
        """
        text = json.dumps(data, allow_nan=False)
        try:
            with self._engine.begin() as connection:
                result = connection.execute(self._insert, {"at": at, "topic": topic, "kind": kind, "data": text})
                key = result.inserted_primary_key
        except sa.exc.DBAPIError as error:
            raise GalvanautError(
                f"{_where(self._engine)}: cannot be written ({error.orig}); what was recorded before is safe. "
                "Put it right (space on the disk, permissions, a backup) and run the same command again"
            ) from error
        return Event(int(key[0]) if key else 0, at, topic, kind, json.loads(text))

    def read(self, topic: str | None = None, prefix: str | None = None, after: int = 0) -> list[Event]:
        """Events in the order written: all, those of one topic, or those whose topic starts with ``prefix``.

        Args:
            topic: of the events.
            prefix: of their topics.
            after: only those that come after this sequence number.

        Raises:
            InputError: the database is damaged.
        """
        query = sa.select(self._table).order_by(self._table.c.sequence)
        if after:
            query = query.where(self._table.c.sequence > after)
        if topic is not None:
            query = query.where(self._table.c.topic == topic)
        if prefix is not None:
            query = query.where(self._table.c.topic.startswith(prefix, autoescape=True))
        with self._readable():
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            return [Event(row.sequence, row.at, row.topic, row.kind, json.loads(row.data)) for row in rows]

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise InputError(_where(self._engine), f"cannot be used ({error.orig}); {_BACKUP}") from error
        except json.JSONDecodeError as error:
            raise InputError(_where(self._engine), f"holds an event that is not JSON ({error}); {_BACKUP}") from error

    def _forbid_changes(self, name: str) -> None:
        with self._engine.begin() as connection:
            for verb in ("UPDATE", "DELETE"):
                connection.execute(
                    sa.text(
                        f"CREATE TRIGGER IF NOT EXISTS {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                        f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
                    )
                )
