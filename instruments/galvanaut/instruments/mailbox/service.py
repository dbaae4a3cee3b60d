"""The station's side of the mailbox: jobs for clients, and their hold on a virtual clock.

A client that is at work holds virtual time still, as a coroutine in the station's own process does; it writes when it
rests, and until when. A client whose lease has run out is gone: its jobs go on, its hold ends. Without any client the
time of a simulated bench passes as on a wall clock.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from galvanaut.core.clock import Gate, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.jobs import JobFailedError, PostponedError
from galvanaut.instruments.mailbox.actions import action_of
from galvanaut.instruments.mailbox.letters import CLIENTS, HALT, HURRY_S, POLL_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from galvanaut.core.eventlog import Event
    from galvanaut.core.leases import LeaseKeeper, Leases
    from galvanaut.instruments.mailbox.actions import Surroundings
    from galvanaut.instruments.mailbox.letters import Mailbox, Welcome
    from galvanaut.instruments.station import Station

CHECK_S = 1.0
"""Between two looks whether the clients still live, s of the wall clock (illustrative)."""

_log = logging.getLogger(__name__)


@dataclass
class _Client:
    """One client.

    Attributes:
        name: as it signs.
        is_at_work: virtual time stands still for it.
        until: instant at which it wants to be woken, if it rests; None for none.
        number: of its last word that it rests.
        news: jobs that have ended and that it was not told of.
    """

    name: str
    is_at_work: bool = True
    until: float | None = None
    number: int = 0
    news: list[dict[str, Any]] = field(default_factory=list)


class Service:
    """Answers letters until it is cancelled.

    Args:
        station: that runs the jobs.
        mailbox: the station's.
        leases: where clients show that they live.
        around: of the jobs.
        welcome: what a client is told that comes at an instant; asked anew each time, as bottles may have been put up.
        keeper: of the station's own lease; without it the station must not go on.
    """

    def __init__(
        self,
        station: Station,
        mailbox: Mailbox,
        leases: Leases,
        around: Surroundings,
        welcome: Callable[[float], Welcome],
        keeper: LeaseKeeper,
    ) -> None:
        self._station, self._mailbox, self._leases = station, mailbox, leases
        self._around, self._welcome, self._keeper = around, welcome, keeper
        station.is_resident = True
        self._clock = station.clock
        self._clients: dict[str, _Client] = {}
        self._inbox: list[Event] = []
        self._arrived = asyncio.Event()
        self._hurries = asyncio.Event()  # a client was woken, and will write soon
        self._stirs: Gate[None] = Gate(self._clock)

    async def run(self) -> None:
        """See the class. The caller is at work on the clock."""
        postman = asyncio.get_running_loop().create_task(self._carry())
        try:
            while True:
                postman_died = postman.done()
                letters, self._inbox = self._inbox, []
                for letter in letters:
                    self._take(letter)
                if postman_died:
                    postman.result()
                await self._wait()
        finally:
            postman.cancel()
            with suppress(asyncio.CancelledError):
                await postman

    async def _carry(self) -> None:
        """Look for letters by the wall clock, also while virtual time runs. Never at work on the bench's clock."""
        loop, checked_s = asyncio.get_running_loop(), 0.0
        try:
            while True:
                self._inbox += self._mailbox.letters()
                if loop.time() - checked_s > CHECK_S:
                    checked_s = loop.time()
                    self._keeper.check()
                    self._let_go_of_the_dead()
                if self._inbox:
                    self._stir()
                await _set_or_late(self._hurries, HURRY_S if self._is_held else POLL_S)
                self._hurries.clear()
        finally:
            self._stir()

    def _stir(self) -> None:
        self._arrived.set()
        self._stirs.open(None)

    @property
    def _is_held(self) -> bool:
        """Whether virtual time stands still for a client."""
        return self._clock.is_virtual and any(client.is_at_work for client in self._clients.values())

    # -- time ---------------------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until there is a letter, or a client has to be woken."""
        if not self._clock.is_virtual or self._is_held:
            await self._next_letter()
        elif not self._clients:
            self._arrived.clear()
            await _set_or_late(self._arrived, POLL_S)
            await self._clock.sleep(POLL_S, order="~pace")
        elif not self._wake_those_concerned():
            await self._let_time_run()

    async def _next_letter(self) -> None:
        self._arrived.clear()
        if not self._inbox:
            await self._arrived.wait()

    async def _let_time_run(self) -> None:
        """All clients rest."""
        self._stirs = Gate(self._clock)
        if self._inbox:
            return
        instants = [client.until for client in self._clients.values() if client.until is not None]
        timer = spawn(self._clock, self._stir_at(min(instants))) if instants else None
        try:
            await self._stirs.wait()
            await self._clock.sleep(0.0, order="~service")  # what else happens at this instant happens first
        finally:
            if timer is not None:
                timer.cancel()
                await asyncio.wait([timer])

    async def _stir_at(self, instant: float) -> None:
        await self._clock.sleep(instant - self._clock.now(), order="~client")
        self._stirs.open(None)

    def _wake_those_concerned(self) -> bool:
        now, woken = self._clock.now(), False
        for client in self._clients.values():
            if client.news or (client.until is not None and client.until <= now):
                ended = sorted(client.news, key=lambda news: str(news["job"]))
                self._post(client.name, "woken", number=client.number, ended=ended)
                client.is_at_work, client.until, client.news = True, None, []
                woken = True
        if woken:
            self._hurries.set()
        return woken

    def _let_go_of_the_dead(self) -> None:
        alive = {lease.owner for lease in self._leases.all(CLIENTS)}
        for name in [name for name in self._clients if name not in alive]:
            _log.warning("%s has not been heard of; its jobs go on", name)
            del self._clients[name]
            self._stir()

    # -- letters ------------------------------------------------------------------------------------------------

    def _take(self, letter: Event) -> None:
        name, data = str(letter.data["from"]), letter.data
        if letter.kind == "bye":
            self._clients.pop(name, None)
            return
        if letter.kind == "hello":
            self._clients[name] = _Client(name)
        client = self._clients.get(name)
        if client is None:  # it was silent for too long, or belongs to an earlier station: it has been told
            return
        if letter.kind == "hello":
            self._post(name, "welcome", **asdict(self._welcome(self._clock.now())))
        elif letter.kind == "submit":
            spawn(self._clock, self._do(client, JobKey.parse(data["job"]), data["request"]))
        elif letter.kind == "end_early":
            self._station.end_early(JobKey.parse(data["job"]), data["reason"])
        elif letter.kind == "halt":
            spawn(self._clock, self._halt(client, data["campaign"]))
        elif letter.kind == "rest":
            client.is_at_work, client.until, client.number = False, data["until"], data["number"]

    async def _do(self, client: _Client, key: JobKey, request: Mapping[str, Any]) -> None:
        """Run a job, or wait for it with whoever waits for it already; then tell the client."""
        found: dict[str, Any]
        try:
            action = action_of(request, key.campaign, self._around)
            found = {"state": "done", "result": dict(await self._station.run(key, action))}
        except PostponedError as error:
            found = {"state": "postponed", "reason": str(error)}
        except JobFailedError as error:
            found = {"state": "failed", "reason": str(error)}
        except GalvanautError as error:
            found = {"state": "refused", "reason": str(error)}
        except Exception as error:  # whatever it was, somebody waits for an answer
            _log.exception("the work on job %s ended by a fault of the station's program", key)
            found = self._broken(key, error)
        self._tell(client, {"job": str(key), **found})

    def _broken(self, key: JobKey, fault: Exception) -> dict[str, Any]:
        """What is true of a job whose work a fault of this program has ended: the journal knows whether it began."""
        text = f"job {key}: a fault of the station's program ({fault!r})"
        if self._station.journal.find(key) is None:
            return {"state": "refused", "reason": f"{text}; nothing was begun. See the station's log."}
        then = "It may have acted and stays open. Look at the alarms and the station's log, then run the same command "
        then += "again: it is taken up where it stands, and nothing is done twice."
        return {"state": "unfinished", "reason": f"{text} ended the work on it. {then}"}

    async def _halt(self, client: _Client, campaign: str) -> None:
        found = {"state": "done", "result": {}}
        try:
            await self._station.halt(campaign)
        except GalvanautError as error:
            found = {"state": "refused", "reason": str(error)}
        except Exception as error:
            _log.exception("campaign %s could not be halted", campaign)
            reason = f"campaign {campaign}: a fault of the station's program ({error!r}) while it was halted"
            then = "what its jobs used may NOT be safe. Go and look; ending the station makes all of the bench safe"
            found = {"state": "refused", "reason": f"{reason}; {then}."}
        self._tell(client, {"job": HALT, **found})

    def _tell(self, client: _Client, news: dict[str, Any]) -> None:
        if not self._clock.is_virtual:
            self._post(client.name, "ended", ended=[news])
            return
        client.news.append(news)
        self._stirs.open(None)

    def _post(self, to: str, kind: str, **data: Any) -> None:
        traffic = self._station.bench.traffic
        counts = [traffic.messages, traffic.sent_bytes, traffic.received_bytes]
        self._mailbox.post(to, kind, at=self._clock.now(), **{"now": self._clock.now(), "traffic": counts, **data})


async def _set_or_late(event: asyncio.Event, seconds: float) -> None:
    """Wait for it, but not longer. `asyncio.wait_for` would lose a cancellation that comes as the event is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
