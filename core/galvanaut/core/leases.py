"""Leases: who may act for a name until when, in a table that many machines share.

A lease dies by itself: whoever does not renew it in time has lost it. On one computer a lock of the operating system is
surer (`galvanaut.core.lock`); a lease also tells other machines, and anybody who asks.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import sqlalchemy as sa

from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import advice, cause, create_table, where
from galvanaut.core.lock import command
from galvanaut.core.postgresql import again_if_cut_off, is_postgresql

_log = logging.getLogger(__name__)


class UnavailableError(GalvanautError):
    """The database of leases does not answer now."""


@dataclass(frozen=True)
class Lease:
    """Who holds a name.

    Attributes:
        name: what is held.
        owner: who holds it, unique for ever.
        about: in words, for people: host, process, command.
        until: end unless it is renewed, seconds since the epoch by the wall clock.
        facts: what its owner said at the last renewal.
    """

    name: str
    owner: str
    about: str
    until: float
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, row: sa.Row[Any]) -> Lease:
        """From a row of the table."""
        return cls(row.name, row.owner, row.about, row.until, json.loads(row.facts))


class Leases:
    """A table of leases.

    Args:
        engine: from `galvanaut.core.eventlog.open_engine`.
        now: the wall clock; if left out, that of the server, whom all computers ask, or of this computer with SQLite.

    Raises:
        UnavailableError: the database cannot be used; so do all methods.
    """

    def __init__(self, engine: sa.Engine, now: Callable[[], float] | None = None) -> None:
        self._engine = engine
        self._now = now or (self._server_s if is_postgresql(engine) else time.time)
        self._table = sa.Table(
            "leases",
            sa.MetaData(),
            sa.Column("name", sa.String(200), primary_key=True),
            sa.Column("owner", sa.String(80), nullable=False),
            sa.Column("about", sa.Text, nullable=False),
            sa.Column("until", sa.Float, nullable=False),
            sa.Column("facts", sa.Text, nullable=False),
        )
        with self._answering():
            create_table(engine, self._table)

    def find(self, name: str) -> Lease | None:
        """The lease on a name, if somebody holds it now."""
        found = self._current(self._table.c.name == name)
        return found[0] if found else None

    def all(self, prefix: str = "") -> list[Lease]:
        """All leases that hold now and whose name begins like this, by name."""
        return self._current(self._table.c.name.startswith(prefix, autoescape=True))

    def take(self, name: str, owner: str, about: str, seconds: float, facts: Mapping[str, Any] | None = None) -> None:
        """Take a lease, or renew one's own.

        Raises:
            GalvanautError: somebody else holds it.
        """
        with self._answering():
            values = {"about": about, "facts": json.dumps(facts or {})}
            if not again_if_cut_off(lambda: self._took(name, owner, values, seconds)):
                held = self.find(name)
                by = f" by {held.about}" if held is not None else ""
                raise GalvanautError(f"{name} is held{by}; wait for it to end, or stop it.")

    def release(self, name: str, owner: str) -> None:
        """Give a lease back, if it is still one's own."""
        mine = self._table.delete().where(self._table.c.name == name, self._table.c.owner == owner)
        with self._answering(), self._engine.begin() as connection:
            connection.execute(mine)

    def _took(self, name: str, owner: str, values: Mapping[str, Any], seconds: float) -> bool:
        table, now = self._table.c, self._now()
        values = {**values, "owner": owner, "until": now + seconds}
        mine = sa.or_(table.owner == owner, table.until <= now)
        with self._engine.begin() as connection:
            if connection.execute(self._table.update().where(table.name == name, mine).values(values)).rowcount:
                return True
        try:
            with self._engine.begin() as connection:
                connection.execute(self._table.insert().values(name=name, **values))
        except sa.exc.IntegrityError:
            return False
        return True

    def _current(self, which: sa.ColumnElement[bool]) -> list[Lease]:
        def read() -> list[Lease]:
            query = sa.select(self._table).where(which, self._table.c.until > self._now())
            with self._engine.connect() as connection:
                return [Lease.of(row) for row in connection.execute(query.order_by(self._table.c.name))]

        with self._answering():
            return again_if_cut_off(read)

    def _server_s(self) -> float:
        with self._engine.connect() as connection:
            return float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            text = f"{where(self._engine)}: cannot be used ({cause(error)}); {advice(self._engine)}"
            raise UnavailableError(text) from error


class LeaseKeeper:
    """Keeps a lease from a thread of its own, however long its process computes.

    Args:
        leases: the table.
        name: of the lease.
        owner: who keeps it, unique for ever.
        seconds: for which it is taken, again and again.
        look: called each time; what it returns is kept in `problem`.
        facts: to be told with each renewal.

    Attributes:
        problem: why one must not go on, in words; empty if all is well.
    """

    def __init__(
        self,
        leases: Leases,
        name: str,
        owner: str,
        seconds: float,
        look: Callable[[], str] = lambda: "",
        facts: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._leases, self._name, self._owner, self._seconds = leases, name, owner, seconds
        self._look, self._facts = look, facts
        self._ends = Event()
        self._about = f"process {os.getpid()} on {socket.gethostname()} ({command()})"
        self.problem = ""

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Hold the lease while inside.

        Raises:
            GalvanautError: somebody else has it.
        """
        self._renew()
        thread = Thread(target=self._keep, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join(self._seconds)
            with suppress(GalvanautError):  # it runs out by itself
                self._leases.release(self._name, self._owner)

    def check(self) -> None:
        """Raise `problem`.

        Raises:
            GalvanautError: there is one.
        """
        if self.problem:
            raise GalvanautError(self.problem)

    def _keep(self) -> None:
        renewed_s = time.monotonic()
        while not self._ends.wait(self._seconds / 5):
            if time.monotonic() - renewed_s > self._seconds:  # a computer that slept; somebody may have acted on it
                self.problem = f"{self._name}: was not heard of for {self._seconds:g} s; run the same command again."
                return
            try:
                self._renew()
                renewed_s = time.monotonic()
            except UnavailableError as error:  # busy, or away for a moment: the lease outlasts that
                _log.warning("%s cannot be renewed now: %s", self._name, error)
            except Exception as error:  # whatever it is, whoever relies on the lease has to know
                self.problem = f"{self._name}: {error or type(error).__name__}"
                return

    def _renew(self) -> None:
        self._leases.take(self._name, self._owner, self._about, self._seconds, self._facts())
        self.problem = self._look()
