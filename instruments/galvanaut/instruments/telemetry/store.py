"""Readings of tests that are under way, in SQL: on disk when told so, and gone once their record is sealed.

A reading's key is one whole number: which test, and which reading of it. So the readings of a test lie side by side in
the only tree of their table, with no index beside it: none is kept twice, the newest is found at once, and those of one
test are read and deleted without touching any other. Against rows in the order of arrival this costs a page for each
test in each commit; that is why tests share commits (`galvanaut.instruments.telemetry.batch`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import nan
from typing import Any, NamedTuple

import sqlalchemy as sa

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import BIG, advice, cause, causes, create_table, is_read_only, where
from galvanaut.core.postgresql import again_if_cut_off
from galvanaut.instruments.runs import Row

_BITS = 32
"""Of a key, that number the readings of one test."""
_CHUNK = 20_000
"""Readings fetched at a time, and deleted at a time: others wait no longer than that takes."""


class HotTest(NamedTuple):
    """A test whose readings are in the store.

    Attributes:
        test: its name.
        facts: what was written down at its beginning.
        newest: its last reading; None before the first.
    """

    test: str
    facts: Mapping[str, Any]
    newest: Row | None


class HotStore:
    """Two tables of a database: tests, and their readings.

    One process writes; its threads may, too, one after another. Any number may read.

    Args:
        engine: from `galvanaut.core.eventlog.open_engine`; SQLite in WAL mode, or PostgreSQL.

    Raises:
        InputError: the database is damaged.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        metadata = sa.MetaData()
        self._tests = sa.Table(
            "tests",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
            sa.Column("test", sa.String(200), nullable=False, unique=True),
            sa.Column("facts", sa.Text, nullable=False),
            sa.Column("is_leaving", sa.Boolean, nullable=False),
            sqlite_autoincrement=True,  # a number is never used again, so nothing that is left over gets a new owner
        )
        numbers = ("time_s", "unix_time_s", "voltage_V", "current_A", "temperature_degC")
        self._readings = sa.Table(
            "readings",
            metadata,
            sa.Column("key", BIG, primary_key=True, autoincrement=False),
            *(sa.Column(name, sa.Double, nullable=True) for name in numbers),  # SQLite has no NaN but NULL
            *(sa.Column(name, sa.Integer, nullable=False) for name in ("step", "step_count", "cycle")),
            sa.Column("step_time_s", sa.Double, nullable=True),
        )
        mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
        places = ", ".join([mark] * len(self._readings.c))
        self._insert = f"INSERT INTO readings VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608 - no input in it
        self._ids: dict[str, int] = {}
        with self._usable():
            for table in (self._tests, self._readings):
                create_table(engine, table)
            self._add_what_is_new()

    def _add_what_is_new(self) -> None:
        """A database that an earlier version began has no times of steps; theirs are not known."""
        if is_read_only(self._engine):
            return
        there = {column["name"] for column in sa.inspect(self._engine).get_columns("readings")}
        if "step_time_s" not in there:
            kind = sa.Double().compile(dialect=self._engine.dialect)
            with self._engine.begin() as connection:
                connection.execute(sa.text(f"ALTER TABLE readings ADD COLUMN step_time_s {kind}"))

    def begin(self, test: str, facts: Mapping[str, Any]) -> None:
        """Write down what a test is; what stands there already stays, except no facts at all."""
        text = json.dumps(facts, sort_keys=True, allow_nan=False)
        if test in self.leaving():  # what comes now must not leave with what was there
            self.forget(test)
        with self._writing(test):
            again_if_cut_off(lambda: self._begin(test, text))

    def _begin(self, test: str, text: str) -> None:
        with self._engine.begin() as connection:
            known = connection.execute(sa.select(self._tests).where(self._tests.c.test == test)).one_or_none()
            if known is None:
                connection.execute(self._tests.insert().values(test=test, facts=text, is_leaving=False))
            elif known.facts == "{}":
                connection.execute(self._tests.update().where(self._tests.c.id == known.id).values(facts=text))

    def append_many(self, batch: Mapping[str, Sequence[Row]]) -> None:
        """Keep rows of several tests in one transaction; on disk when this returns. Those kept already stay as is.

        Raises:
            GalvanautError: the database does not take them, and has taken none of them.
        """
        values = []
        for test, rows in batch.items():
            base = self._base(test)
            values += [(base + row[0], *row[1:]) for row in rows]
        if values:
            with self._writing(*batch):
                again_if_cut_off(lambda: self._insert_rows(values))

    def _insert_rows(self, values: list[tuple[Any, ...]]) -> None:
        with self._engine.begin() as connection:
            connection.exec_driver_sql(self._insert, values)

    def rows(self, test: str, since: int = 0) -> list[Row]:
        """The rows of a test from number ``since`` on."""
        return [_row(each) for chunk in self.chunks(test, since) for each in chunk]

    def chunks(self, test: str, since: int = 0) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The same in their order as plain tuples, some at a time; None stands for not a number."""
        first = self._known_id(test)
        if first is None:
            return
        base = first << _BITS
        query = self._select(base).where(self._between(base + since, base + (1 << _BITS)))
        with self._usable(), self._engine.connect() as connection:
            found = connection.execution_options(yield_per=_CHUNK).execute(query.order_by(self._readings.c.key))
            for chunk in found.partitions():
                yield [tuple(row) for row in chunk]  # numpy takes seven times as long for SQLAlchemy's own rows

    def tests(self) -> list[HotTest]:
        """Every test that is here, with its newest reading, in the order of their beginnings."""
        tests, readings = self._tests.c, self._readings
        older = readings.alias()
        base = sa.cast(tests.id, BIG) * (1 << _BITS)
        last = sa.select(sa.func.max(older.c.key)).where(older.c.key >= base, older.c.key < base + (1 << _BITS))
        values = [column for column in readings.c if column.name != "key"]
        query = (
            sa.select(tests.test, tests.facts, readings.c.key - base, *values)
            .select_from(self._tests.outerjoin(readings, readings.c.key == last.scalar_subquery()))
            .where(tests.is_leaving.is_(False))
            .order_by(tests.id)
        )
        found = self._fetch(query)
        return [
            HotTest(test, json.loads(facts), None if row[0] is None else _row(row))
            for test, facts, *row in map(tuple, found)
        ]

    def facts(self, test: str) -> Mapping[str, Any]:
        """What was written down at the beginning of a test; nothing if it is not here."""
        query = sa.select(self._tests.c.facts).where(self._tests.c.test == test)
        found = self._fetch(query)
        return dict(json.loads(found[0].facts)) if found else {}

    def leaving(self) -> list[str]:
        """Tests that were being forgotten when a process died."""
        query = sa.select(self._tests.c.test).where(self._tests.c.is_leaving.is_(True))
        return [row.test for row in self._fetch(query)]

    def forget(self, test: str) -> None:
        """Delete a test and its readings, some at a time. From the beginning on it is not listed any more."""
        found = self._fetch(sa.select(self._tests.c.id).where(self._tests.c.test == test))
        if not found:
            return
        self._ids.pop(test, None)
        this, base = self._tests.c.id == found[0].id, int(found[0].id) << _BITS
        end = base + (1 << _BITS)
        with self._writing(test):
            with self._engine.begin() as connection:
                connection.execute(self._tests.update().where(this).values(is_leaving=True))
                last = connection.execute(sa.select(sa.func.max(self._readings.c.key)).where(self._between(base, end)))
                count = 0 if (key := last.scalar()) is None else int(key) - base + 1
            for low in range(base, base + count, _CHUNK):
                with self._engine.begin() as connection:
                    connection.execute(self._readings.delete().where(self._between(low, low + _CHUNK)))
            with self._engine.begin() as connection:
                connection.execute(self._tests.delete().where(this))

    def _fetch(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        def read() -> Sequence[sa.Row[Any]]:
            with self._engine.connect() as connection:
                return connection.execute(query).all()

        with self._usable():
            return again_if_cut_off(read)

    def _select(self, base: int) -> sa.Select[Any]:
        values = [column for column in self._readings.c if column.name != "key"]
        return sa.select((self._readings.c.key - base).label("number"), *values)

    def _between(self, low: int, high: int) -> sa.ColumnElement[bool]:
        return sa.and_(self._readings.c.key >= low, self._readings.c.key < high)

    def _base(self, test: str) -> int:
        """Key of the first reading of a test, which is begun if it is new."""
        if (number := self._known_id(test)) is None:
            self.begin(test, {})
            number = self._known_id(test)
            assert number is not None
        return number << _BITS

    def _known_id(self, test: str) -> int | None:
        if test not in self._ids:
            stays = sa.and_(self._tests.c.test == test, self._tests.c.is_leaving.is_(False))
            found = self._fetch(sa.select(self._tests.c.id).where(stays))
            if not found:
                return None
            self._ids[test] = int(found[0].id)
        return self._ids[test]

    @contextmanager
    def _writing(self, *tests: str) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            others = f" and {len(tests) - 1} others" if len(tests) > 1 else ""
            raise GalvanautError(
                f"test {tests[0]}{others}: readings cannot be recorded ({cause(error)}); all that was recorded before "
                f"is safe. Put it right ({causes(self._engine)}) and run the same command again"
            ) from error

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise InputError(where(self._engine), f"cannot be used ({cause(error)}); {advice(self._engine)}") from error


def _row(values: Sequence[Any]) -> Row:
    return Row._make(nan if value is None else value for value in values)
