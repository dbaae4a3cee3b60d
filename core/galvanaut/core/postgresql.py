"""PostgreSQL as a database of ours: a schema for each lab, links that come back, tables that only grow, in order.

Each lab has a schema of its own, so that many share a database. Events become visible in the order of their numbers:
whoever appends holds a lock of the table from before the number is drawn until the row can be seen. Otherwise a reader
that follows by number could pass one that is committed late.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from galvanaut.core.labdatabase import LAB, password_for

T = TypeVar("T")

PATIENCE_S = 5.0
"""So long a server that was there before may be away, e.g. while it starts anew (illustrative)."""
READ_ONLY = "galvanaut_read_only"
"""Execution option of engines with which nothing may be written, see `galvanaut.core.readonly`."""
_there = set[str]()
"""Databases that answered last, so that a process waits once for one that is gone, and not again at each step."""
_LIMITS = {
    # A server that has lost its power does not say so. Without these the host would wait for hours, and guard nothing.
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_SESSION = {
    # ... and a host that has lost its power must not keep the locks of its last transaction.
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "10s",
}
_STARTING = "57P03"
_LOCK = 0x67616C76
"""Space of our advisory locks, so that they meet no other program's."""
_GUARD = f"""
CREATE OR REPLACE FUNCTION galvanaut_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock({_LOCK}, hashoid(TG_RELID));
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
# Asked of the catalogue itself: to_regclass may not know yet what another process has just made.
_SCHEMA = sa.text("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema)")
_TABLE = sa.text(
    "SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
    "WHERE relname = :name AND nspname = coalesce(CAST(:schema AS text), current_schema()))"
)


def is_postgresql(engine: sa.Engine) -> bool:
    """Whether an engine is of a PostgreSQL database."""
    return engine.dialect.name == "postgresql"


def open_postgresql(url: sa.URL, read_only: bool = False) -> sa.Engine:
    """An engine that finds back to a server that was away, and works in the schema of the lab that the URL names.

    Args:
        url: of the database.
        read_only: the server refuses every change.
    """
    options = {READ_ONLY: True} if read_only else {}
    given = {"options": "-cdefault_transaction_read_only=on"} if read_only else {}
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=given, execution_options=options)
    sa.event.listen(engine, "do_connect", _Connector(url))
    return engine


class _Connector:
    """Makes links; waits for a server that was there before.

    Args:
        url: of the database, perhaps with the name of a lab.
    """

    def __init__(self, url: sa.URL) -> None:
        self._url = url
        self._name = url.render_as_string()

    def __call__(self, dialect: Any, _record: object, args: list[Any], parameters: dict[str, Any]) -> Any:
        parameters = self._complete(parameters)
        deadline = time.monotonic() + (PATIENCE_S if self._name in _there else 0.0)
        while True:
            try:
                found = dialect.connect(*args, **parameters)
            except dialect.loaded_dbapi.OperationalError as error:
                if error.sqlstate not in (None, _STARTING) or time.monotonic() > deadline:
                    _there.discard(self._name)
                    raise
                time.sleep(0.1)
            else:
                _there.add(self._name)
                return found

    def _complete(self, parameters: dict[str, Any]) -> dict[str, Any]:
        found = {**_LIMITS, **parameters}
        settings = dict(_SESSION)
        if found.pop(LAB, None) is not None:
            settings["search_path"] = str(schema_of(self._url))
            if password := password_for(self._url):
                found["password"] = password
        texts = [f"-c{name}={value}" for name, value in settings.items()]
        found["options"] = " ".join([*texts, str(found.get("options", ""))]).strip()
        return found


def schema_of(url: sa.URL) -> str | None:
    """The schema of the lab that an URL names."""
    lab = url.query.get(LAB)
    return f"lab_{lab}" if isinstance(lab, str) else None


def again_if_cut_off(work: Callable[[], T]) -> T:
    """Ask a database; once more if it went away meanwhile, since it may be back. For work that may be done twice."""
    try:
        return work()
    except sa.exc.DBAPIError as error:
        if not error.connection_invalidated:
            raise
        return work()


def token_column() -> sa.Column[Any]:
    """Of a table for `insert_once`."""
    return sa.Column("token", sa.Uuid, unique=True)


def insert_once(engine: sa.Engine, table: sa.Table, values: dict[str, Any]) -> int:
    """Insert one row, once, even if the server goes away and nobody knows whether it was before or after.

    Args:
        engine: each statement is a transaction of its own.
        table: with a column `token_column`.
        values: of the other columns.

    Returns:
        Its ``sequence``.
    """
    token, number = uuid4(), table.c.sequence
    row = insert(table).values({**values, "token": token}).on_conflict_do_nothing(index_elements=[table.c.token])
    known = sa.select(number).where(table.c.token == token)

    def write() -> int:
        with engine.connect() as connection:
            found = connection.execute(row.returning(number)).scalar()
            return int(connection.execute(known).scalar_one() if found is None else found)

    return again_if_cut_off(write)


def has_table(engine: sa.Engine, name: str) -> bool:
    """Whether the lab of an engine has a table."""
    with engine.connect() as connection:
        return _has(connection, name, schema_of(engine.url))


def create_table(engine: sa.Engine, table: sa.Table, *, append_only: bool) -> None:
    """Create a table, its indexes and what guards it, whole or not at all; nothing where it is there.

    Args:
        engine: of the lab, whose schema is made as well.
        table: without a schema.
        append_only: no row may be changed or deleted, and numbers become visible in their order.
    """
    if has_table(engine, table.name):
        return
    with engine.begin() as connection:
        # "IF NOT EXISTS" fails where two do it at once
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        schema = schema_of(engine.url)
        if schema is not None and not connection.execute(_SCHEMA, {"schema": schema}).scalar():
            connection.execute(sa.schema.CreateSchema(schema))
        if _has(connection, table.name, schema):
            return
        table.create(connection)
        if append_only:
            _guard(connection, table.name)


def _has(connection: sa.Connection, name: str, schema: str | None) -> bool:
    return bool(connection.execute(_TABLE, {"name": name, "schema": schema}).scalar())


def _guard(connection: sa.Connection, name: str) -> None:
    """A trigger takes the lock, not our code: so it holds for whoever writes."""
    connection.execute(sa.text(_GUARD))
    for trigger, verbs in (("in_order", "INSERT"), ("no_change", "UPDATE OR DELETE OR TRUNCATE")):
        connection.execute(
            sa.text(
                f"CREATE TRIGGER {name}_{trigger} BEFORE {verbs} ON {name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION galvanaut_append_only()"
            )
        )
