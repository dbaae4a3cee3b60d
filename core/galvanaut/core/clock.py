"""Time as a parameter: the wall clock of a real bench, and the discrete-event clock of a simulated one.

Virtual time stands still while anybody is *at work* and jumps to the next wake-up when everybody sleeps or waits, so
weeks pass in seconds and a slow computer changes nothing. Sleepers of one instant wake one after another, in the
order of their keys: one seed, one result.

Rule for coroutines on a clock: be at work (`Clock.at_work` or `Clock.spawn`), and wait only through the clock
(`sleep`, `Gate.wait`, `ClockLock`). Waiting on anything else, such as a slow server, counts as work: time stands still.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Seconds since the Unix epoch, and ways to wait for them."""

    def now(self) -> float:
        """The present instant in seconds since the epoch."""
        ...

    async def sleep(self, seconds: float, order: str = "") -> None:
        """Wake up ``seconds`` later; among sleepers of one instant in the sequence of ``order``."""
        ...

    def resume(self) -> None:
        """Count one more coroutine as at work. Used by `Gate`, not by hand."""
        ...

    def rest(self) -> None:
        """Count one coroutine less as at work. Used by `Gate`, not by hand."""
        ...

    @property
    def is_virtual(self) -> bool:
        """Whether time jumps."""
        ...


class SystemClock:
    """Real time: the wall clock's at the start, from then on counted by the computer's monotonic clock.

    A step of the wall clock (summer time, a time server, a hand) therefore neither ends nor prolongs a holding time.
    """

    is_virtual = False

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._offset_s + time.monotonic()

    async def sleep(self, seconds: float, order: str = "") -> None:
        """Sleep in real time; ``order`` plays no part."""
        await asyncio.sleep(max(0.0, seconds))

    def resume(self) -> None:
        """Nothing to count: real time never waits."""

    def rest(self) -> None:
        """Nothing to count: real time never waits."""


class VirtualClock:
    """A discrete-event clock for simulated benches.

    Args:
        start: the first instant, seconds since the epoch.
        on_advance: told each new instant before anybody wakes up, so that a simulated world can keep it on disk.
    """

    is_virtual = True

    def __init__(self, start: float = 0.0, on_advance: Callable[[float], None] | None = None) -> None:
        self._now = start
        self._on_advance = on_advance
        self._at_work = 0
        self._sequence = itertools.count()
        self._sleepers: list[tuple[float, str, int, asyncio.Future[None]]] = []
        self._onlookers: list[Callable[[float], None]] = []

    def watch(self, onlooker: Callable[[float], None]) -> None:
        """Tell ``onlooker`` each new instant, too, before anybody acts at it."""
        self._onlookers.append(onlooker)

    def now(self) -> float:
        """Virtual seconds since the epoch."""
        return self._now

    def spend(self, seconds: float) -> None:
        """Let time pass inside one action, e.g. while an instrument integrates or a read runs into its time-out."""
        self._set(self._now + seconds)

    async def sleep(self, seconds: float, order: str = "") -> None:
        """Wake up at the instant ``seconds`` from now, once everybody else rests too."""
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), order, next(self._sequence), wake))
        self.rest()
        await _woken(self, wake)

    def resume(self) -> None:
        """Count one more coroutine as at work."""
        self._at_work += 1

    def rest(self) -> None:
        """Count one coroutine less as at work; when none is left, jump to the next wake-up."""
        self._leave()
        while self._at_work == 0 and self._sleepers:
            instant, _, _, wake = heapq.heappop(self._sleepers)
            if not wake.cancelled():
                self._set(max(instant, self._now))
                self._at_work += 1
                wake.set_result(None)

    def _leave(self) -> None:
        if self._at_work <= 0:
            raise RuntimeError("a coroutine that waits on the virtual clock must be at work: use at_work() or spawn()")
        self._at_work -= 1

    def _set(self, instant: float) -> None:
        if instant > self._now:
            self._now = instant
            if self._on_advance is not None:
                self._on_advance(instant)
            for onlooker in self._onlookers:
                onlooker(instant)


async def _woken(clock: Clock, wake: asyncio.Future[T]) -> T:
    """Await ``wake``, whose setter counts us as at work again; keep the count right when we are cancelled."""
    try:
        return await wake
    except asyncio.CancelledError:
        if wake.cancelled():
            clock.resume()
        raise


@contextmanager
def at_work(clock: Clock) -> Iterator[None]:
    """While inside, virtual time moves only when this coroutine waits through the clock."""
    clock.resume()
    try:
        yield
    finally:
        clock.rest()


def spawn(clock: Clock, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run ``work`` as a task that is at work from this very moment until it ends."""
    clock.resume()
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda _: clock.rest())
    return task


async def together(clock: Clock, works: Iterable[Coroutine[Any, Any, T]]) -> list[T | Exception]:
    """Run coroutines at one time and wait until all have ended; what each returned or raised, in their order.

    If this is cancelled, so are they.
    """
    all_ended: Gate[None] = Gate(clock)
    under_way = 0

    async def counted(work: Coroutine[Any, Any, T]) -> T:
        nonlocal under_way
        try:
            return await work
        finally:  # before its task ends, or time would go on before we do
            under_way -= 1
            if under_way == 0:
                all_ended.open(None)

    tasks = [spawn(clock, counted(work)) for work in works]
    under_way = len(tasks)
    try:
        if tasks:
            await all_ended.wait()
        return [_ended(task) for task in tasks]
    finally:
        for task in tasks:
            task.cancel()


def _ended(task: asyncio.Task[T]) -> T | Exception:
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, Exception):
        return error
    raise error


class Gate(Generic[T]):
    """Opens once, with a value. Those who wait for it rest, and are at work again the moment it opens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[asyncio.Future[T]] = []
        self._value: tuple[T] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a value is there."""
        return self._value is not None

    def open(self, value: T) -> None:
        """Hand ``value`` to all who wait now or later; only the first opening counts."""
        if self._value is not None:
            return
        self._value = (value,)
        for waiter in self._waiting:
            if not waiter.done():
                self._clock.resume()
                waiter.set_result(value)

    async def wait(self) -> T:
        """The value, as soon as there is one."""
        if self._value is not None:
            return self._value[0]
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._clock.rest()
        return await _woken(self._clock, waiter)


class ClockLock:
    """First come, first served; those who queue rest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held = False
        self._queue: deque[Gate[None]] = deque()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Own the lock while inside."""
        if self._held:
            turn: Gate[None] = Gate(self._clock)
            self._queue.append(turn)
            try:
                await turn.wait()
            except asyncio.CancelledError:
                if turn.is_open:
                    self._release()
                else:
                    self._queue.remove(turn)
                raise
        self._held = True
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        if self._queue:
            self._queue.popleft().open(None)
        else:
            self._held = False
