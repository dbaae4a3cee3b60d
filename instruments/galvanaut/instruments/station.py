"""The station: the one owner of a bench. It runs jobs as coroutines on one clock and records them in the journal.

It begins with what a dead run has left (`Station.reconcile`), and keeps independent supervision at work while jobs run
(`Station.guarded`), where the bench has a thermometer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from galvanaut.core.clock import Clock, ClockLock, Gate, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.guard.alarmbook import AlarmBook
from galvanaut.instruments.guard.limits import AlarmLimits
from galvanaut.instruments.guard.places import places_of
from galvanaut.instruments.guard.reconcile import Finding, reconcile
from galvanaut.instruments.guard.running import supervised
from galvanaut.instruments.guard.supervision import PERIOD_S, Supervisor
from galvanaut.instruments.guard.watch import Watch
from galvanaut.instruments.jobs.action import Action, Job, JobFailedError, PostponedError
from galvanaut.instruments.jobs.cycling import EARLY
from galvanaut.instruments.journal import JobRecord, Journal
from galvanaut.instruments.orders import OrderBook
from galvanaut.instruments.traffic import Traffic

Outcome = Mapping[str, Any] | Exception

CLOSING_S = 15.0
"""Longer than an answer of any instrument takes (illustrative)."""

UNCLAIMED_S = 600.0
"""So long what a dead run has left may wait for its job; then it is made safe (illustrative)."""

_log = logging.getLogger(__name__)


class Station:
    """Runs jobs on a connected bench.

    Simulated instruments answer inline. Real ones answer in a worker thread each, so that a hung one never holds up
    another.

    Args:
        bench: connected instruments.
        journal: where every job is recorded.
        clock: the bench's clock.
        supervision_s: from one look of the supervision to the next, s.
        orders: where people are asked to do what no instrument does; without it such jobs fail.
        limits: from when on silence is an alarm.
        folder: of the lab, whose disk is watched; None for none.

    Attributes:
        book: all alarms, raised once per cause and cleared once; they stand in the journal too.
        is_resident: whether it goes on when a fault of this program has ended the work on a job; elsewhere the program
            ends, and makes everything safe.
    """

    def __init__(
        self,
        bench: ConnectedBench,
        journal: Journal,
        clock: Clock,
        *,
        supervision_s: float = PERIOD_S,
        orders: OrderBook | None = None,
        limits: AlarmLimits | None = None,
        folder: Path | None = None,
    ) -> None:
        self.bench = bench
        self.journal = journal
        self.clock = clock
        self.orders = orders
        self.is_resident = False
        self.book = AlarmBook(journal, clock.now)
        self._watch = Watch(self.book, journal, clock, bench.bench, limits, folder)
        self._supervision_s = supervision_s
        self._supervisors: list[Supervisor] = []
        self._unclaimed: dict[str, str] = {}  # what a dead run has left on, and the job that is to take it up
        self._running: dict[str, Gate[Outcome]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._halting: set[str] = set()
        self._unsafe: list[str] = []  # what could not be made safe while jobs were broken off
        self._done_here: set[str] = set()
        self._locks: dict[str, ClockLock] = {}
        self._threads: dict[int, ThreadPoolExecutor] = {}  # by the identity of the driver

    async def run(self, key: JobKey, action: Action) -> Mapping[str, Any]:
        """Submit a job or attach to it, and wait for its result.

        A job that the journal holds as done returns at once, one that failed fails again, and one that a dead host
        left unfinished is taken up where it stands.

        Raises:
            JobFailedError: the job failed.
            PostponedError: it cannot be closed now; run it again.
            GalvanautError: the key stands for another action.
            Exception: a fault of this program; the job stays open. If the station `is_resident`, what the job used was
                made safe, and an alarm says so.
        """
        known = self.journal.find(key)
        is_outdated = action.expires and str(key) not in self._done_here
        if known is not None and known.state != "intended" and not is_outdated:
            return _settled(known, action)
        gate = self._running.get(str(key))
        if gate is None:
            gate = self._running[str(key)] = Gate(self.clock)
            self._tasks[str(key)] = spawn(self.clock, self._work(key, action))
        outcome = await gate.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def halt(self, campaign: str) -> None:
        """Break off every job of a campaign and make safe what they use. They stay open in the journal.

        So is what a dead run has left on for a job of the campaign that nobody has taken up yet.

        Raises:
            GalvanautError: something could not be made safe; all else was.
        """
        broken = {key: task for key, task in self._tasks.items() if JobKey.parse(key).campaign == campaign}
        self._halting |= broken.keys()
        for task in broken.values():
            task.cancel()
        if broken:
            await asyncio.wait(broken.values())
        for key in broken:  # one that was cancelled before its first step has told nobody
            self._tell(key, _interrupted(key))
        self._halting -= broken.keys()
        self._done_here = {key for key in self._done_here if JobKey.parse(key).campaign != campaign}
        await self._give_up(campaign)
        unsafe, self._unsafe = self._unsafe, []
        if unsafe:
            raise GalvanautError("\n".join(unsafe))

    async def _give_up(self, campaign: str) -> None:
        left = {name: job for name, job in self._unclaimed.items() if JobKey.parse(job).campaign == campaign}
        for name, job in left.items():
            try:
                await self._call(self.bench.make_safe, {name})
                self._unclaimed.pop(name, None)
            except GalvanautError as error:  # it is tried again when nobody has taken up the job in time
                self._unsafe.append(f"{name} was left on for job {job}, and could NOT be made safe: {error}")

    def end_early(self, key: JobKey, reason: str) -> None:
        """Have a test end at its next look although its plan goes on; its cell is left without current.

        That is no failure: its readings so far are its record. It is written down, so that a later process ends it,
        too. A test that is over, or was asked to end before, stays as it is.
        """
        record = self.journal.find(key)
        if record is not None and record.state == "intended" and EARLY not in record.notes:
            self.journal.note(key, **{EARLY: reason})

    def is_done(self, key: JobKey) -> bool:
        """Whether the journal holds a result under this key."""
        known = self.journal.find(key)
        return known is not None and known.state == "done"

    @asynccontextmanager
    async def reserved(self, name: str) -> AsyncIterator[None]:
        """Keep a vessel for one batch from its first dose until it is clean again; others queue."""
        async with self._lock(f"reserved {name}").held():
            yield

    def reconcile(self) -> list[Finding]:
        """Find what a dead run has left, before the first job, and make safe what no unfinished job owns.

        Raises:
            BenchError: something could not be made safe; nothing must be started on this bench.
        """
        found = reconcile(self.bench, self.journal)
        for each in found:
            self.journal.remark("found", each.instrument, text=each.text, job=each.job, action=each.action)
            _log.info("left by an earlier run: %s", each)
        self._unclaimed = {each.instrument: each.job for each in found if each.job}
        return found

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """While inside, each thermometer of the bench watches its places and stops what leaves its limits.

        What makes no noise of its own is looked after, too, see `galvanaut.instruments.guard.watch`.
        What `reconcile` has left to a job that nobody takes up within `UNCLAIMED_S` is made safe. The caller is at
        work on the clock.
        """
        self._supervisors = [self._supervisor(name) for name in self.bench.names("thermometer")]
        waiting = spawn(self.clock, self._let_go())
        try:
            async with supervised(self._supervisors, self.clock, self._supervision_s), self._watch.kept():
                yield
        finally:
            waiting.cancel()
            await asyncio.wait([waiting])

    async def _let_go(self) -> None:
        """Nobody looks after what a dead run has left to a job, as long as nobody asks for that job again."""
        if self._unclaimed:
            await self.clock.sleep(UNCLAIMED_S, order="~unclaimed")
        for name, job in list(self._unclaimed.items()):
            if name not in self._unclaimed:  # taken up while another one was made safe
                continue
            try:
                await self._call(self.bench.make_safe, {name})
                done = "it was made safe"
            except GalvanautError as error:
                done = f"it could NOT be made safe: {error}"
            text = f"was left on by a dead run, and nobody took up job {job} within {UNCLAIMED_S:g} s; {done}"
            self.alarm(Alarm(text, self.clock.now(), name, "unclaimed"))

    def alarm(self, alarm: Alarm) -> None:
        """Give an alarm, once per instrument and cause: in the journal, in the log, and to whoever listens."""
        self.book.raise_once(alarm)

    @property
    def alarms(self) -> list[Alarm]:
        """All that were raised since the start, in their order."""
        return self.book.told

    @property
    def traffic(self) -> Traffic:
        """What went over the wires since the start."""
        return self.bench.traffic

    def _supervisor(self, name: str) -> Supervisor:
        loop = asyncio.get_running_loop()

        def tell(alarm: Alarm) -> None:
            if self.clock.is_virtual or loop.is_closed():
                self.alarm(alarm)
            else:
                loop.call_soon_threadsafe(self.alarm, alarm)

        places = places_of(self.bench.bench, name)
        chambers = {each: self.bench.chamber(each) for each in self.bench.names("chamber") if each in places}
        return Supervisor(
            name,
            self.bench.thermometer(name),
            places,
            self.bench.make_safe,
            tell,
            self.clock,
            chambers,
            lambda: self.bench.reopen(name),
        )

    async def _work(self, key: JobKey, action: Action) -> None:
        outcome: Outcome = _interrupted(key)
        try:
            await self.clock.sleep(0.0, order=str(key))  # jobs of one instant begin in the order of their keys
            async with AsyncExitStack() as stack:
                for name in sorted(set(action.needs(self.bench.bench))):  # a lock taken twice never opens
                    await stack.enter_async_context(self._lock(name).held())
                self._require_not_stopped(key, action)
                try:
                    outcome = await self._perform(key, action)
                except asyncio.CancelledError:
                    if str(key) in self._halting:  # before anybody else may use what it holds
                        await self._break_off(key, action)
                    raise
                except GalvanautError:
                    raise
                except Exception as fault:
                    if self.is_resident:
                        await self._break_down(key, action, fault)
                    raise
        except Exception as error:  # handed to whoever waits for the job
            outcome = error
        finally:
            self._tell(str(key), outcome)

    async def _break_off(self, key: JobKey, action: Action) -> None:
        """Make safe what a job uses. A test that it ran is found interrupted by whoever takes it up again."""
        used = set(action.needs(self.bench.bench)).intersection(self.bench.bench.instruments)
        try:
            await self._call(self.bench.make_safe, used)
        except GalvanautError as error:
            self._unsafe.append(f"job {key} was broken off, and what it used could NOT be made safe: {error}")
        self.bench.forget_tests(used)

    async def _break_down(self, key: JobKey, action: Action, fault: Exception) -> None:
        """A fault of this program: the job stays open as after a death, and what it used is not left to itself."""
        name, done, used = "station", "what it used was made safe", set[str]()
        try:
            needs = action.needs(self.bench.bench)
            if found := [each for each in needs if each in self.bench.bench.instruments]:
                name, used = found[0], set(found)
                await self._call(self.bench.make_safe, used)
        except Exception as error:
            done = f"what it used could NOT be made safe: {error}"
        if used:
            self.bench.forget_tests(used)
        text = f"the work on job {key} ended by a fault of this program ({fault!r}). It may have acted, and stays open"
        self.alarm(Alarm(f"{text}; {done}", self.clock.now(), name, f"fault in {key}", str(key)))

    def _tell(self, key: str, outcome: Outcome) -> None:
        """Hand the outcome of a job to all who wait for it, unless that was done; it is under way no more."""
        self._tasks.pop(key, None)
        if (gate := self._running.pop(key, None)) is not None:
            gate.open(outcome)

    async def _perform(self, key: JobKey, action: Action) -> Outcome:
        record = self.journal.intend(key, action.request())
        if self._unclaimed:
            needs = action.needs(self.bench.bench)
            left = self._unclaimed.items()
            self._unclaimed = {name: job for name, job in left if job != str(key) and name not in needs}
        clock, vitals = self.clock, self._watch.follow(key, action.needs(self.bench.bench))
        job = Job(record, self.journal, self.bench, self._call, clock.sleep, clock.now, self.alarm, self.orders, vitals)
        outcome: Outcome
        try:
            outcome = await action.perform(job)
        except PostponedError:
            raise
        except GalvanautError as error:
            outcome = error if isinstance(error, JobFailedError) else JobFailedError(f"job {key}: {error}")
            self.journal.failed(key, str(outcome))
        else:
            self.journal.done(key, outcome)
            self._done_here.add(str(key))
        finally:
            self._watch.leave(key)
        await self._after(job)
        return outcome

    async def _after(self, job: Job) -> None:
        """What may be done only now, and changes nothing about the end of the job."""
        for step in job.afterwards:
            try:
                await self._call(*step)
            except GalvanautError as error:
                _log.warning("job %s has ended, but after it: %s", job.key, error)

    def _require_not_stopped(self, key: JobKey, action: Action) -> None:
        """What supervision has stopped nobody uses until a person has looked and started the program again."""
        stopped = {name for supervisor in self._supervisors for name in supervisor.stopped}
        concerned = sorted(stopped.intersection(action.needs(self.bench.bench)))
        if concerned:
            raise JobFailedError(
                f"job {key}: not begun, because supervision has stopped {', '.join(concerned)}; see the alarms, put "
                "it right, and start the program that works the bench again."
            )

    async def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.bench.is_simulated:
            return method(*args, **kwargs)
        driver = getattr(method, "__self__", None) or next(iter(args), method)
        if id(driver) not in self._threads:
            self._threads[id(driver)] = ThreadPoolExecutor(1, thread_name_prefix=str(driver)[:40])
        thread = self._threads[id(driver)]
        called = asyncio.get_running_loop().run_in_executor(thread, lambda: method(*args, **kwargs))
        try:
            return await asyncio.shield(called)
        except asyncio.CancelledError:
            if self._halting:  # it may be in the midst of switching on: first that, then the safe state
                await asyncio.wait([called], timeout=CLOSING_S)
            raise

    def _lock(self, name: str) -> ClockLock:
        return self._locks.setdefault(name, ClockLock(self.clock))

    def close(self) -> None:
        """End the worker threads, so that nothing is sent any more; instruments are closed by their bench.

        A thread whose instrument hangs is waited for only so long: the others still have to be made safe.
        """
        ends = [
            Thread(target=partial(each.shutdown, cancel_futures=True), daemon=True) for each in self._threads.values()
        ]
        for end in ends:
            end.start()
        deadline = time.monotonic() + CLOSING_S
        for end in ends:
            end.join(max(0.0, deadline - time.monotonic()))


def _interrupted(key: JobKey | str) -> JobFailedError:
    return JobFailedError(f"job {key}: interrupted; the next run takes it up again.")


def _settled(record: JobRecord, action: Action) -> Mapping[str, Any]:
    if record.request != action.request():
        raise GalvanautError(
            f"job {record.key}: the journal holds another request under this key; give the campaign a new name."
        )
    if record.state == "failed" or record.result is None:
        raise JobFailedError(record.reason)
    return record.result
