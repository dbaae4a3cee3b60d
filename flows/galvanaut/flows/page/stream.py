"""News of a lab as server-sent events: one stream for all views, small messages, looked for only while somebody looks.

A message says what has changed. Of channels the fields that did come along; of campaigns and twins it is said only
that there is something new, and the page asks for what it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import GalvanautError
from galvanaut.flows.page.bench import bench_view

if TYPE_CHECKING:
    from galvanaut.flows.page.source import LabSource

LOOK_S, SHARE, LONGEST_S = 1.0, 10.0, 15.0
"""A look follows the last one after so long, s, and after so many times the processor time that this took, but never
later than the longest."""
HEARTBEAT_S = 15.0
WAITING = 64
"""Messages that wait for a browser at most; then it has to begin anew."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Glance:
    """What was there at one look.

    Attributes:
        bench: as `bench_view`.
        campaigns: versions by name.
        twins: versions by the name of their file.
    """

    bench: dict[str, Any] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
    twins: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, source: LabSource) -> Glance:
        """Look now."""
        return cls(bench_view(source), source.versions, source.twins())

    def news(self, before: Glance) -> list[tuple[str, Any]]:
        """What differs from an earlier one: kinds of messages with their content."""
        found: list[tuple[str, Any]] = []
        if bench := _bench_news(self.bench, before.bench):
            found.append(("bench", bench))
        for kind, now, then in (("campaigns", self.campaigns, before.campaigns), ("twins", self.twins, before.twins)):
            if changed := {name: version for name, version in now.items() if then.get(name) != version}:
                found.append((kind, changed))
        return found


def _bench_news(now: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    changed = {name: value for name, value in now.items() if name != "channels" and then.get(name) != value}
    known = {row["key"]: row for row in then.get("channels", [])}
    rows = [_row_news(row, known.pop(row["key"], {})) for row in now["channels"]]
    rows = [row for row in rows if len(row) > 1]
    return {**changed, **({"channels": rows} if rows else {}), **({"gone": sorted(known)} if known else {})}


def _row_news(now: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """The key of a row, and the fields that differ."""
    changed = {name: value for name, value in now.items() if name not in then or then[name] != value}
    return {"key": now["key"], **changed}


class Stream:
    """Looks at a lab as long as somebody listens, and tells all who do.

    Args:
        source: the lab.
    """

    def __init__(self, source: LabSource) -> None:
        self._source = source
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._seen: Glance | None = None
        self._task: asyncio.Task[None] | None = None

    async def events(self) -> AsyncIterator[bytes]:
        """For one browser: all there is to know of the bench, then what changes, until it goes away."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        if self._task is None or self._task.done():
            self._seen, _ = await self._look()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._watch())
        self._listeners.add(queue)
        try:
            yield b"retry: 2000\n\n"
            yield self._hello()
            while True:
                try:
                    message = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if message is None:
                    return
                yield message
        finally:
            self._listeners.discard(queue)

    async def close(self) -> None:
        """Send everybody away."""
        for queue in list(self._listeners):
            _put(queue, None)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _hello(self) -> bytes:
        seen = self._seen or Glance()
        return event("hello", {"bench": seen.bench, "campaigns": seen.campaigns})

    async def _watch(self) -> None:
        pause_s = LOOK_S
        while True:
            await asyncio.sleep(pause_s)
            if not self._listeners:
                return
            before = self._seen or Glance()
            self._seen, took_s = await self._look()
            pause_s = min(max(LOOK_S, SHARE * took_s), LONGEST_S)
            for kind, content in self._seen.news(before):
                self._tell(event(kind, content))

    async def _look(self) -> tuple[Glance, float]:
        """What is there, and processor time, s; what was there before, if it cannot be read just now.

        Whatever went wrong: without further looks the page would stand still and call itself live.
        """
        try:
            return await asyncio.to_thread(_timed, self._source)
        except (GalvanautError, OSError) as error:
            _log.warning("the lab cannot be read now: %s", error)
        except Exception:
            _log.exception("the lab cannot be read now")
        return self._seen or Glance({"channels": []}), 0.0

    def _tell(self, message: bytes) -> None:
        for queue in list(self._listeners):
            if queue.full():  # a browser that does not keep up begins anew
                self._listeners.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                _put(queue, None)
            else:
                queue.put_nowait(message)


def _timed(source: LabSource) -> tuple[Glance, float]:
    """Waiting for others does not count: it is no work that one would have to make less of."""
    began = time.thread_time()
    return Glance.at(source), time.thread_time() - began


def _put(queue: asyncio.Queue[bytes | None], message: bytes | None) -> None:
    with contextlib.suppress(asyncio.QueueFull):
        queue.put_nowait(message)


def event(kind: str, content: Any) -> bytes:
    """One message; JSON has no line break outside of its strings, and escapes those within."""
    return f"event: {kind}\ndata: {json.dumps(content, allow_nan=False, separators=(',', ':'))}\n\n".encode()
