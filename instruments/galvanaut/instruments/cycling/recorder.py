"""Where the readings of a test are kept: append-only, on disk before anybody counts on them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import Protocol

import sqlalchemy as sa

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.runs import Row


class Recorder(Protocol):
    """Keeps the readings of tests."""

    def append(self, test: str, rows: Sequence[Row]) -> None:
        """Keep rows of a test; on disk when this returns. Rows that are kept already may be handed over again."""
        ...

    def rows(self, test: str, since: int = 0) -> list[Row]:
        """The rows of a test from number ``since`` on."""
        ...


class SqlRecorder:
    """A `Recorder` in a table of a database.

    Args:
        engine: from `galvanaut.core.eventlog.open_engine`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        numbers = [
            sa.Column(name, sa.Float, nullable=True)
            for name in ("time_s", "unix_time_s", "voltage_V", "current_A", "temperature_degC")
        ]
        self._table = sa.Table(
            "readings",
            sa.MetaData(),
            sa.Column("test", sa.String(200), primary_key=True),
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            *numbers,
            *(sa.Column(name, sa.Integer, nullable=False) for name in ("step", "step_count", "cycle")),
        )
        self._next: dict[str, int] = {}
        self._table.create(engine, checkfirst=True)

    def append(self, test: str, rows: Sequence[Row]) -> None:
        """See `Recorder.append`.

        Raises:
            GalvanautError: the database does not take them.
        """
        first = self._next_number(test)
        new = [row for row in rows if row.number >= first]
        if not new:
            return
        values = [{"test": test, **{name: _stored(value) for name, value in row._asdict().items()}} for row in new]
        try:
            with self._engine.begin() as connection:
                connection.execute(self._table.insert(), values)
        except sa.exc.DBAPIError as error:
            raise GalvanautError(
                f"test {test}: readings cannot be recorded ({error.orig}); those before number {first} are safe. "
                "Put it right (space on the disk, permissions) and run the same command again"
            ) from error
        self._next[test] = new[-1].number + 1

    def rows(self, test: str, since: int = 0) -> list[Row]:
        """See `Recorder.rows`."""
        columns = [self._table.c[name] for name in Row._fields]
        kept = sa.and_(self._table.c.test == test, self._table.c.number >= since)
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(*columns).where(kept).order_by(self._table.c.number)).all()
        return [Row._make(nan if value is None else value for value in row) for row in found]

    def _next_number(self, test: str) -> int:
        if test not in self._next:
            query = sa.select(sa.func.max(self._table.c.number)).where(self._table.c.test == test)
            with self._engine.connect() as connection:
                last = connection.execute(query).scalar()
            self._next[test] = 0 if last is None else int(last) + 1
        return self._next[test]


def _stored(value: float) -> float | None:
    """SQL has no word for not a number but NULL."""
    return None if isinstance(value, float) and isnan(value) else value
