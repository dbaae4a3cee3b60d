"""Supervisors at work: on the virtual clock a coroutine among the others, on a real bench each a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from galvanaut.core.clock import spawn

if TYPE_CHECKING:
    from galvanaut.core.clock import Clock
    from galvanaut.instruments.guard.supervision import Supervisor

OVERDUE = 3
"""A look that takes longer than so many periods, and `HANGING_S`, hangs."""
HANGING_S = 60.0
"""Longer than a look with all its time-outs takes (illustrative)."""
LEAVING_S = 10.0
"""So long a look under way may take to its end when supervision ends."""


@asynccontextmanager
async def supervised(supervisors: Collection[Supervisor], clock: Clock, period_s: float) -> AsyncIterator[None]:
    """While inside, each supervisor looks every ``period_s``. Its caller is at work on the clock."""
    async with AsyncExitStack() as stack:
        for supervisor in supervisors:
            running = _as_coroutine if clock.is_virtual else _as_thread
            await stack.enter_async_context(running(supervisor, clock, period_s))
        yield


@asynccontextmanager
async def _as_coroutine(supervisor: Supervisor, clock: Clock, period_s: float) -> AsyncIterator[None]:
    async def work() -> None:
        while True:
            supervisor.look()
            await clock.sleep(period_s, order="~supervision")

    async with _until_left(spawn(clock, work())):
        yield


@asynccontextmanager
async def _as_thread(supervisor: Supervisor, clock: Clock, period_s: float) -> AsyncIterator[None]:
    """The thread looks; a coroutine sees to it that it does not hang."""
    ended = Event()

    def work() -> None:
        while not ended.is_set():
            supervisor.look()
            ended.wait(period_s)

    async def watch() -> None:
        while True:
            await clock.sleep(period_s)
            await asyncio.to_thread(supervisor.check_overdue, OVERDUE * period_s + HANGING_S)

    thread = Thread(target=work, name=f"supervision by {supervisor.name}", daemon=True)
    thread.start()
    try:
        async with _until_left(spawn(clock, watch())):
            yield
    finally:
        ended.set()
        await asyncio.to_thread(thread.join, LEAVING_S)


@asynccontextmanager
async def _until_left(task: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # only the end of the whole program gets here, and that others see too
