"""The station: the one owner of a bench. It runs jobs as coroutines on one clock and records them in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from galvanaut.core.clock import Clock, ClockLock, Gate, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.jobs.action import Action, Job, JobFailedError
from galvanaut.instruments.journal import JobRecord, Journal

Outcome = Mapping[str, Any] | Exception


class Station:
    """Runs jobs on a connected bench.

    Simulated instruments answer inline. Real ones answer in a worker thread each, so that a hung one never holds up
    another.

    Args:
        bench: connected instruments.
        journal: where every job is recorded.
        clock: the bench's clock.
    """

    def __init__(self, bench: ConnectedBench, journal: Journal, clock: Clock) -> None:
        self.bench = bench
        self.journal = journal
        self.clock = clock
        self._running: dict[str, Gate[Outcome]] = {}
        self._done_here: set[str] = set()
        self._locks: dict[str, ClockLock] = {}
        self._threads: dict[int, ThreadPoolExecutor] = {}  # by the identity of the driver

    async def run(self, key: JobKey, action: Action) -> Mapping[str, Any]:
        """Submit a job or attach to it, and wait for its result.

        A job that the journal holds as done returns at once, one that failed fails again, and one that a dead host
        left unfinished is taken up where it stands.

        Raises:
            JobFailedError: the job failed.
            GalvanautError: the key stands for another action.
        """
        known = self.journal.find(key)
        is_outdated = action.expires and str(key) not in self._done_here
        if known is not None and known.state != "intended" and not is_outdated:
            return _settled(known, action)
        gate = self._running.get(str(key))
        if gate is None:
            gate = self._running[str(key)] = Gate(self.clock)
            spawn(self.clock, self._work(key, action, gate))
        outcome = await gate.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def is_done(self, key: JobKey) -> bool:
        """Whether the journal holds a result under this key."""
        known = self.journal.find(key)
        return known is not None and known.state == "done"

    @asynccontextmanager
    async def reserved(self, name: str) -> AsyncIterator[None]:
        """Keep a vessel for one batch from its first dose until it is clean again; others queue."""
        async with self._lock(f"reserved {name}").held():
            yield

    async def _work(self, key: JobKey, action: Action, gate: Gate[Outcome]) -> None:
        outcome: Outcome = JobFailedError(f"job {key}: interrupted; the next run takes it up again.")
        try:
            await self.clock.sleep(0.0, order=str(key))  # jobs of one instant begin in the order of their keys
            async with AsyncExitStack() as stack:
                for name in sorted(action.needs(self.bench.bench)):
                    await stack.enter_async_context(self._lock(name).held())
                outcome = await self._perform(key, action)
        except Exception as error:  # handed to whoever waits for the job
            outcome = error
        finally:
            del self._running[str(key)]
            gate.open(outcome)

    async def _perform(self, key: JobKey, action: Action) -> Outcome:
        record = self.journal.intend(key, action.request())
        job = Job(record, self.journal, self.bench, self._call, self.clock.sleep, self.clock.now)
        try:
            result = await action.perform(job)
        except GalvanautError as error:
            failure = error if isinstance(error, JobFailedError) else JobFailedError(f"job {key}: {error}")
            self.journal.failed(key, str(failure))
            return failure
        self.journal.done(key, result)
        self._done_here.add(str(key))
        return result

    async def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.bench.is_simulated:
            return method(*args, **kwargs)
        driver = getattr(method, "__self__", None) or next(iter(args), method)
        if id(driver) not in self._threads:
            self._threads[id(driver)] = ThreadPoolExecutor(1, thread_name_prefix=str(driver)[:40])
        thread = self._threads[id(driver)]
        return await asyncio.get_running_loop().run_in_executor(thread, lambda: method(*args, **kwargs))

    def _lock(self, name: str) -> ClockLock:
        return self._locks.setdefault(name, ClockLock(self.clock))

    def close(self) -> None:
        """End the worker threads, so that nothing is sent any more; instruments are closed by their bench."""
        for thread in self._threads.values():
            thread.shutdown(wait=True, cancel_futures=True)


def _settled(record: JobRecord, action: Action) -> Mapping[str, Any]:
    if record.request != action.request():
        raise GalvanautError(
            f"job {record.key}: the journal holds another request under this key; give the campaign a new name."
        )
    if record.state == "failed" or record.result is None:
        raise JobFailedError(record.reason)
    return record.result
