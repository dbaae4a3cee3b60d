"""Append-only event logs in SQL: the one storage form of the ledger and of the journal.

SQLite in WAL mode with full synchronisation by default, or PostgreSQL. The database itself refuses to change or delete
a row that is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from galvanaut.core import postgresql
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.postgresql import READ_ONLY, again_if_cut_off, is_postgresql

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Whole numbers of 64 bits; by this name only they can be SQLite's own row numbers."""
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
        target: where; see `galvanaut.core.labdatabase` for a lab's part of a PostgreSQL database.
        durable: survive a power cut, not only a killed process (SQLite only; costs a disk flush per commit).

    Raises:
        InputError: it cannot be opened for writing, is no database, or needs a driver that is not installed.
    """
    url = sa.make_url(target if isinstance(target, str) and "://" in target else f"sqlite:///{target}")
    try:
        is_server = url.get_backend_name() == "postgresql"
        engine = postgresql.open_postgresql(url) if is_server else sa.create_engine(url)
    except ImportError as error:
        advice = 'for PostgreSQL: pip install "galvanaut[postgresql]" and an URL that begins with postgresql+psycopg://'
        raise InputError(url.render_as_string(), f"cannot be opened ({error}); {advice}") from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_settings("FULL" if durable else "NORMAL"))
    try:
        with engine.connect():
            pass
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise InputError(where(engine), f"cannot be opened as a database ({cause(error)})") from None
    return engine


@contextmanager
def opened(target: Path | str, durable: bool = True) -> Iterator[sa.Engine]:
    """`open_engine`, closed at the end."""
    engine = open_engine(target, durable)
    try:
        yield engine
    finally:
        engine.dispose()


def create_table(engine: sa.Engine, table: sa.Table, *, append_only: bool = False) -> None:
    """Create a table with its indexes where they are missing, also when another process does so at this moment.

    Args:
        engine: from `open_engine`.
        table: what to create.
        append_only: the database refuses to change or delete a row.
    """
    if is_read_only(engine):
        return
    if is_postgresql(engine):
        postgresql.create_table(engine, table, append_only=append_only)
        return
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
        for verb in ("UPDATE", "DELETE") if append_only else ():
            connection.execute(
                sa.text(
                    f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
                )
            )


def is_read_only(engine: sa.Engine) -> bool:
    """Whether nothing may be written with an engine, see `galvanaut.core.readonly`."""
    return bool(engine.get_execution_options().get(READ_ONLY, False))


def where(engine: sa.Engine) -> str:
    """The file of a database, or its URL without the password."""
    if engine.dialect.name != "sqlite":
        return engine.url.render_as_string()
    file = engine.url.database or engine.get_execution_options().get(READ_ONLY)
    return str(file) if file else engine.url.render_as_string()


def cause(error: sa.exc.DBAPIError) -> str:
    """What a database said, on one line."""
    return " ".join(str(error.orig).split())


def causes(engine: sa.Engine) -> str:
    """Why a database may refuse to be written, in words."""
    return (
        "its server, the network, permissions" if is_postgresql(engine) else "space on the disk, permissions, a backup"
    )


def advice(engine: sa.Engine) -> str:
    """What to do about a database that cannot be used, in words."""
    server = "see that its server runs and lets this user read and write there, then run the same command again"
    return server if is_postgresql(engine) else _BACKUP


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
        # One statement is one transaction: so no lock waits for a host, which may have died.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT") if is_postgresql(engine) else engine
        self._table = sa.Table(
            name,
            sa.MetaData(),
            sa.Column("sequence", BIG, primary_key=True, autoincrement=True),
            sa.Column("at", sa.Float, nullable=False),
            sa.Column("topic", sa.String(200), nullable=False, index=True),
            sa.Column("kind", sa.String(40), nullable=False),
            sa.Column("data", sa.Text, nullable=False),
            *([postgresql.token_column()] if is_postgresql(engine) else []),
            sqlite_autoincrement=True,
        )
        self._insertion = self._table.insert()  # one statement for all events: SQLAlchemy need not form it for each
        with self._readable():
            create_table(engine, self._table, append_only=True)

    def append(self, at: float, topic: str, kind: str, data: Mapping[str, Any]) -> Event:
        """Write one event; it is on disk when this returns.

        Raises:
            GalvanautError: the database does not take it, e.g. because the disk is full.
        """
        text = json.dumps(data, allow_nan=False)
        try:
            number = self._insert({"at": at, "topic": topic, "kind": kind, "data": text})
        except sa.exc.DBAPIError as error:
            raise GalvanautError(
                f"{where(self._engine)}: cannot be written ({cause(error)}); what was recorded before is safe. "
                f"Put it right ({causes(self._engine)}) and run the same command again"
            ) from error
        return Event(number, at, topic, kind, json.loads(text))

    def read(self, topic: str | None = None, prefix: str | None = None, after: int = 0) -> list[Event]:
        """Events in the order written: all, those of one topic, or those whose topic starts with ``prefix``.

        Args:
            topic: of the events.
            prefix: of their topics.
            after: only those that come after this sequence number.

        Raises:
            InputError: the database is damaged.
        """
        table = self._table.c
        query = sa.select(table.sequence, table.at, table.topic, table.kind, table.data).order_by(table.sequence)
        if after:
            query = query.where(table.sequence > after)
        if topic is not None:
            query = query.where(table.topic == topic)
        if prefix is not None:
            query = query.where(table.topic.startswith(prefix, autoescape=True))
        with self._readable():
            rows = again_if_cut_off(lambda: self._rows(query))
            return [Event(row.sequence, row.at, row.topic, row.kind, json.loads(row.data)) for row in rows]

    def _insert(self, values: dict[str, Any]) -> int:
        if is_postgresql(self._engine):
            return postgresql.insert_once(self._engine, self._table, values)
        with self._engine.begin() as connection:
            key = connection.execute(self._insertion, values).inserted_primary_key
        return int(key[0]) if key else 0

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise InputError(where(self._engine), f"cannot be used ({cause(error)}); {advice(self._engine)}") from error
        except json.JSONDecodeError as error:
            raise InputError(where(self._engine), f"holds an event that is not JSON ({error}); {_BACKUP}") from error
