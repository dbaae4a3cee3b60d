"""What people say about a campaign while it runs: pause, resume, stop. An append-only table, read again and again.

Paused: what is under way ends, nothing new begins. Stopped: cells are brought to their safe state, and the campaign's
process ends; as long as that was not confirmed, resuming takes all of it back. Confirmed: what was open has failed for
good, and its readings are sealed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, TypeVar

from galvanaut.core.clock import Gate
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import EventLog

if TYPE_CHECKING:
    import sqlalchemy as sa

    from galvanaut.core.clock import Clock

State = Literal["running", "paused", "stopped", "ended"]
T = TypeVar("T")

POLL_S = 0.5
"""Between two looks at what people have said, s of the wall clock."""
_STATES: dict[str, State] = {"resumed": "running", "paused": "paused", "stopped": "stopped", "confirmed": "ended"}


class StoppedError(GalvanautError):
    """A person has stopped the campaign."""


class Controls:
    """What was said about the campaigns of a lab.

    Args:
        engine: of the ledger's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._log = EventLog(engine, "controls")

    def state(self, campaign: str) -> State:
        """What holds now."""
        said = self._log.read(topic=campaign)
        return _STATES[said[-1].kind] if said else "running"

    def require_not_stopped(self, campaign: str) -> None:
        """Refuse to go on with a campaign that somebody has stopped.

        Raises:
            InputError: it is.
        """
        state = self.state(campaign)
        if state == "stopped":
            raise InputError(
                f"campaign {campaign}",
                f"was stopped; `galvanaut resume {campaign}` takes that back, then run the same command again",
            )
        if state == "ended":
            raise InputError(f"campaign {campaign}", "was stopped for good; give the campaign file a new name to go on")

    def say(self, campaign: str, what: Literal["paused", "resumed", "stopped", "confirmed"]) -> None:
        """Write it down, by the wall clock."""
        self._log.append(time.time(), campaign, what, {})


class Valve:
    """Lets the jobs of a campaign begin, or has them wait.

    Args:
        controls: of the lab.
        campaign: its name.
        clock: of the bench. A virtual one stands still while the campaign is paused and nothing is under way.
        problem: why the campaign must not go on in this process, in words; empty if all is well.

    Attributes:
        on_opening: called when the campaign goes on.
        tell: told in words when something changes.
    """

    def __init__(
        self, controls: Controls, campaign: str, clock: Clock, problem: Callable[[], str] = lambda: ""
    ) -> None:
        self._controls, self._campaign, self._clock, self._problem = controls, campaign, clock, problem
        self.on_opening: Callable[[], None] = lambda: None
        self.tell: Callable[[str], None] = lambda text: None
        self._state: State = controls.state(campaign)
        self._opened: Gate[None] = Gate(clock)
        self._under_way = 0
        self._holds_time = False

    @property
    def is_open(self) -> bool:
        """Whether jobs may begin."""
        return self._state == "running"

    async def through(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something once jobs may begin."""
        await self.opened()
        return await self.past(work)

    async def opened(self) -> None:
        """Wait until jobs may begin."""
        while not self.is_open:
            await self._opened.wait()

    async def past(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that has begun before, paused or not."""
        self._under_way += 1
        if self._under_way == 1:
            self._let_time_go()
        try:
            return await work()
        finally:
            self._under_way -= 1
            self._hold_time()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """While inside, what people say is heeded.

        Raises:
            StoppedError: the campaign was stopped.
            GalvanautError: it must not go on in this process.
        """
        work = asyncio.current_task()
        assert work is not None
        watch = asyncio.get_running_loop().create_task(self._watch())
        watch.add_done_callback(lambda done: None if done.cancelled() else work.cancel())
        self._hold_time()
        try:
            yield
        except asyncio.CancelledError:
            if watch.done() and not watch.cancelled():
                work.uncancel()
                watch.result()
            raise
        finally:
            watch.cancel()
            await asyncio.wait([watch])
            self._let_time_go()

    async def _watch(self) -> None:
        """By the wall clock, and never at work."""
        while True:
            await asyncio.sleep(POLL_S)
            if problem := self._problem():
                raise GalvanautError(problem)
            state = self._controls.state(self._campaign)
            if state in ("stopped", "ended"):
                raise StoppedError(
                    f"campaign {self._campaign} was stopped; its cells are safe. `galvanaut resume {self._campaign}` "
                    f"takes that back, `galvanaut stop {self._campaign} --confirm` ends it for good."
                )
            if state != self._state:
                self._change(state)

    def _change(self, state: State) -> None:
        self._state = state
        if self.is_open:
            self.tell("the campaign goes on")
            self.on_opening()
            opened, self._opened = self._opened, Gate(self._clock)
            opened.open(None)
            self._let_time_go()
        else:
            self.tell("paused: what is under way ends, nothing new begins")
            self._hold_time()

    def _hold_time(self) -> None:
        """A person may take hours to resume; on a virtual clock that is no time at all."""
        if not self.is_open and not self._under_way and not self._holds_time:
            self._holds_time = True
            self._clock.resume()

    def _let_time_go(self) -> None:
        if self._holds_time:
            self._holds_time = False
            self._clock.rest()
