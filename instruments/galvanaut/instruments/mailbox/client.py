"""The client's side of the mailbox: a station in another process, used like one in this process."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from galvanaut.core.clock import Clock, ClockLock, Gate, SystemClock
from galvanaut.core.errors import GalvanautError
from galvanaut.core.leases import LeaseKeeper
from galvanaut.instruments.jobs import JobFailedError, PostponedError, UnfinishedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.mailbox.alarms import AlarmsReadAlong
from galvanaut.instruments.mailbox.clock import DistantClock
from galvanaut.instruments.mailbox.letters import (
    CLIENTS,
    HALT,
    HURRY_S,
    LEASE_S,
    POLL_S,
    STATION,
    Mailbox,
    Welcome,
    fresh_name,
)
from galvanaut.instruments.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from galvanaut.core.eventlog import Event, EventLog
    from galvanaut.core.identifiers import JobKey
    from galvanaut.core.leases import Leases
    from galvanaut.instruments.guard.alarm import Alarm
    from galvanaut.instruments.jobs import Action
    from galvanaut.instruments.orders import OrderBook

WELCOME_S = 30.0
"""So long a station may take to its first answer, s (illustrative)."""

_OUTCOMES = {
    "failed": JobFailedError,
    "postponed": PostponedError,
    "unfinished": UnfinishedError,
    "refused": GalvanautError,
}


class RemoteStation:
    """Jobs on the bench of another process; see `galvanaut.instruments.station.Station` for what is alike.

    Args:
        mailbox: of this client.
        log: table of the journal, which the other process writes.
        welcome: what the station has told.
        alive: raises an error if the station is gone.
        orders: the station's book.

    Attributes:
        journal: read along.
        clock: the bench's.
        book: alarms of the bench.
        traffic: over the wires of the bench since this client came.
    """

    def __init__(
        self, mailbox: Mailbox, log: EventLog, welcome: Welcome, alive: LeaseKeeper, orders: OrderBook
    ) -> None:
        self._mailbox = mailbox
        self.orders = orders
        self._alive = alive
        self.clock: Clock = DistantClock(welcome.now) if welcome.is_virtual else SystemClock()
        self.journal = Journal(log, self.clock)
        self.traffic = Traffic()
        self._gates: dict[str, Gate[Mapping[str, Any]]] = {}
        self._locks: dict[str, ClockLock] = {}
        self._rests = 0
        self.book = AlarmsReadAlong(self.journal)
        self._traffic_before: list[int] | None = None

    async def run(self, key: JobKey, action: Action) -> Mapping[str, Any]:
        """Submit a job or attach to it, and wait for its result; errors as of `Station.run`.

        Raises:
            UnfinishedError: in the place of an error that is none of ours.
        """
        return await self._news(str(key), "submit", job=str(key), request=dict(action.request()))

    async def halt(self, campaign: str) -> None:
        """See `Station.halt`."""
        await self._news(HALT, HALT, campaign=campaign)

    def end_early(self, key: JobKey, reason: str) -> None:
        """See `Station.end_early`."""
        self._mailbox.post(STATION, "end_early", job=str(key), reason=reason)

    async def _news(self, name: str, kind: str, **data: Any) -> Mapping[str, Any]:
        """Write a letter, unless one about this was written, and wait for what comes of it."""
        gate = self._gates.get(name)
        if gate is None:
            gate = self._gates[name] = Gate(self.clock)
            self._mailbox.post(STATION, kind, **data)
        try:
            found = await gate.wait()
        finally:
            self._gates.pop(name, None)
        if found["state"] == "done":
            result: Mapping[str, Any] = found["result"]
            return result
        raise _OUTCOMES[found["state"]](found["reason"])

    def is_done(self, key: JobKey) -> bool:
        """Whether the journal holds a result under this key."""
        known = self.journal.find(key)
        return known is not None and known.state == "done"

    @asynccontextmanager
    async def reserved(self, name: str) -> AsyncIterator[None]:
        """Keep a vessel for one batch from its first dose until it is clean again; others queue."""
        async with self._locks.setdefault(name, ClockLock(self.clock)).held():
            yield

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """While inside, letters are exchanged. Guarding the bench is the other process's business."""
        exchange = asyncio.get_running_loop().create_task(self._exchange())
        work = asyncio.current_task()
        assert work is not None
        exchange.add_done_callback(lambda done: None if done.cancelled() else work.cancel())
        try:
            yield
        except asyncio.CancelledError:
            if exchange.done() and not exchange.cancelled():
                exchange.result()
            raise
        finally:
            exchange.cancel()
            with suppress(asyncio.CancelledError, GalvanautError):
                await exchange

    @property
    def alarms(self) -> list[Alarm]:
        """Raised since this process came."""
        return self.book.told

    # -- the exchange -------------------------------------------------------------------------------------------

    async def _exchange(self) -> None:
        """Never at work on the clock: it is what moves it."""
        clock = self.clock
        while True:
            if isinstance(clock, DistantClock):
                await clock.all_rest.wait()
                await self._rest(clock)
            else:
                await self._next_letters(POLL_S)
                self.book.follow()

    async def _rest(self, clock: DistantClock) -> None:
        """Everybody here rests: let time run until the station has news or the first sleeper's instant has come."""
        self._rests += 1
        self._mailbox.post(STATION, "rest", until=clock.until, number=self._rests)
        while not await self._next_letters(HURRY_S):
            pass
        clock.wake()

    async def _next_letters(self, poll_s: float) -> bool:
        """Whether one of them wakes us."""
        await asyncio.sleep(poll_s)
        self._alive.check()
        woken = False
        for letter in self._mailbox.letters():
            woken = self._take(letter) or woken
        return woken

    def _take(self, letter: Event) -> bool:
        if letter.kind not in ("woken", "ended"):
            return False
        self.journal.follow()
        self.book.follow()
        self._count(letter.data["traffic"])
        if isinstance(self.clock, DistantClock):
            self.clock.go_to(letter.data["now"])
        for news in letter.data["ended"]:
            gate = self._gates.get(news["job"])
            if gate is not None:
                gate.open(news)
        return letter.kind == "woken" and letter.data["number"] == self._rests

    def _count(self, counts: list[int]) -> None:
        before = self._traffic_before = self._traffic_before or counts
        now = [count - old for count, old in zip(counts, before, strict=True)]
        self.traffic.messages, self.traffic.sent_bytes, self.traffic.received_bytes = now


@contextmanager
def connected_station(
    log: EventLog, journal: EventLog, leases: Leases, orders: OrderBook, station: str
) -> Iterator[tuple[RemoteStation, Welcome]]:
    """Become a client of a resident station.

    Args:
        log: table of letters.
        journal: table of the journal.
        leases: the table of leases.
        orders: the station's book.
        station: name of the station's lease.

    Raises:
        GalvanautError: it does not answer.
    """
    name = fresh_name("client")
    lease = leases.find(station)
    owner = "" if lease is None else lease.owner
    alive = LeaseKeeper(leases, f"{CLIENTS}{name}", name, LEASE_S, lambda: _missing(leases, station, owner))
    with alive.kept():
        mailbox = Mailbox(log, name)
        mailbox.post(STATION, "hello")
        welcome = _welcomed(mailbox, alive)
        try:
            yield RemoteStation(mailbox, journal, welcome, alive, orders), welcome
        finally:
            with suppress(GalvanautError):
                mailbox.post(STATION, "bye")


def _missing(leases: Leases, station: str, owner: str) -> str:
    """What is wrong with the station, in words; a new one in its place knows nothing of this client."""
    lease = leases.find(station)
    if lease is not None and lease.owner == owner:
        return ""
    return (
        "the station of this bench is gone; its cells are as its instruments keep them. Start it again (`galvanaut "
        "station`), then run the same command again."
    )


def _welcomed(mailbox: Mailbox, alive: LeaseKeeper) -> Welcome:
    deadline = time.monotonic() + WELCOME_S
    while time.monotonic() < deadline:
        alive.check()
        for letter in mailbox.letters():
            if letter.kind == "welcome":
                fields = {key: value for key, value in letter.data.items() if key not in ("from", "traffic")}
                return Welcome(**fields)
        time.sleep(HURRY_S)
    raise GalvanautError(f"the station does not answer within {WELCOME_S:g} s; see its log, or start it again.")
