"""A live twin for every cell on test, fed with what the station records and with nothing else.

It lives beside the station, in the process that owns the bench. Nobody waits for it: on a real bench it follows in a
thread of its own, and what keeps cells safe is the interlock, which never asks a twin. On a simulated bench it follows
inline, so that one seed tells one story.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import GalvanautError, UnsupportedError
from galvanaut.core.identifiers import JobKey
from galvanaut.core.wholefile import write_whole
from galvanaut.flows.stepnames import CYCLING
from galvanaut.flows.twinprior import prior_of
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.simulators.twin import Finding, Twin

if TYPE_CHECKING:
    from galvanaut.flows.folder import LabFolder
    from galvanaut.instruments.runs import Row
    from galvanaut.instruments.telemetry.labrecorder import LabRecorder

TWINS = "twins"
"""Folder of a lab with what its twins say, a file for each test: for everybody who wants to look at them."""
WRITTEN_S = 30.0
"""While a test runs its file is written so often at most, s of the wall clock."""
CAUSE = "twin: "
"""Begins the cause of an alarm that a twin has given."""

_log = logging.getLogger(__name__)


class LiveTwins:
    """See the module. Only cells that were formed are followed: before that no nominal cell resembles them.

    Args:
        recorder: whose readings are followed.
        folder: of the lab.
        tell: takes alarms; may be called from another thread.
        clear: is told that those of a holder are over, because its test is; as ``tell``.
        is_inline: whether to follow at once, rather than in a thread.

    Attributes:
        twins: by test, of those that run.
    """

    def __init__(
        self,
        recorder: LabRecorder,
        folder: LabFolder,
        tell: Callable[[Alarm], None],
        clear: Callable[[str], None],
        *,
        is_inline: bool,
    ) -> None:
        self._recorder, self._folder, self._tell, self._clear = recorder, folder, tell, clear
        self._queue: queue.SimpleQueue[Callable[[], None] | None] | None = None if is_inline else queue.SimpleQueue()
        self.twins: dict[str, Twin] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._refused: set[str] = set()
        self._written: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow while inside; what waits at the end is left: a later process reads it again from the record."""
        self._recorder.listeners.append(self)
        thread = None if self._queue is None else threading.Thread(target=self._work, name="twins", daemon=True)
        if thread is not None:
            thread.start()
        try:
            yield
        finally:
            self._recorder.listeners.remove(self)
            if thread is not None and self._queue is not None:
                self._queue.put(None)
                thread.join(timeout=5.0)

    def took(self, test: str, rows: Sequence[Row]) -> None:
        """New readings of a test, which are on their way to disk; called where the station's loop runs."""
        if rows and test not in self._refused and JobKey.parse(test).step == CYCLING:
            if self._loop is None and self._queue is not None:
                self._loop = asyncio.get_running_loop()
            self._do(partial(self._follow, test, rows))

    def sealed(self, test: str) -> None:
        """A test is over."""
        self._do(partial(self._end, test))

    def _do(self, work: Callable[[], None]) -> None:
        if self._queue is None:
            _guarded(work)
        else:
            self._queue.put(work)

    def _work(self) -> None:
        while self._queue is not None and (work := self._queue.get()) is not None:
            _guarded(work)

    def _follow(self, test: str, rows: Sequence[Row]) -> None:
        twin = self.twins.get(test) or self._begun(test, rows[0].number)
        if twin is None:
            return
        before = len(twin.cycles)
        for finding in twin.feed_rows(rows):
            self._alarm(test, finding, rows[-1])
        if len(twin.cycles) > before and time.monotonic() - self._written.get(test, -inf) >= WRITTEN_S:
            self._write(test)

    def _begun(self, test: str, until: int) -> Twin | None:
        """A new twin, told what is on record: after a restart that is all of the test so far."""
        facts = self._recorder.store.facts(test)
        try:
            twin = Twin.begin(prior_of(facts))
        except UnsupportedError as error:
            self._refused.add(test)
            _log.warning("%s has no twin: %s", test, error)
            return None
        twin.feed_rows([row for row in self._recorder.rows(test) if row.number < until] if until else [])
        self.twins[test], self._facts[test] = twin, facts
        return twin

    def _alarm(self, test: str, finding: Finding, row: Row) -> None:
        facts = self._facts[test]
        text = f"the twin of {facts['cell']}: {finding.text}"
        at = row.unix_time_s - row.time_s + finding.time_s
        self._say(partial(self._tell, Alarm(text, at, facts["holder"], f"{CAUSE}{finding.cause}", test)))

    def _end(self, test: str) -> None:
        """Write down what a twin has found, and let it go."""
        self._refused.discard(test)
        if test not in self.twins:
            return
        self.twins[test].close_cycle(float("nan"))
        self._write(test, is_over=True)
        del self.twins[test]
        self._written.pop(test, None)
        self._say(partial(self._clear, self._facts.pop(test)["holder"]))

    def _write(self, test: str, *, is_over: bool = False) -> None:
        facts, self._written[test] = self._facts[test], time.monotonic()
        known = {name: facts[name] for name in ("campaign", "cell", "holder", "simulated")}
        kept = {"test": test, **known, "over": is_over, **told(self.twins[test])}
        file = self._folder.path / TWINS / f"{test.replace('/', '-')}.json"
        file.parent.mkdir(exist_ok=True)
        write_whole(file, json.dumps(kept).encode() + b"\n")

    def _say(self, call: Callable[[], None]) -> None:
        """The alarm book belongs to the station's loop."""
        if self._queue is None:
            call()
        elif self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)


def kept_twins(lab: Path, campaign: str) -> list[dict[str, Any]]:
    """What the twins of a campaign last wrote down, by test; empty where there is none."""
    rows = [json.loads(file.read_bytes()) for file in sorted((lab / TWINS).glob(f"{campaign}-*.json"))]
    return [row for row in rows if row["campaign"] == campaign]


def told(twin: Twin) -> dict[str, Any]:
    """All that a twin has to say, in JSON types; what is not a number is null."""
    gap = twin.gap
    return {
        "prior": twin.prior.to_json(),
        "state": _plain(asdict(twin.state)),
        "cycles": [each.to_json() for each in twin.cycles],
        "findings": [_plain(asdict(each)) for each in twin.findings],
        "gap": _plain({"mean_mV": gap.mean_mV, "rms_mV": gap.rms_mV, "readings": gap.readings}),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and value != value else value for name, value in values.items()}


def _guarded(work: Callable[[], None]) -> None:
    """A twin that fails must not stop a test."""
    try:
        work()
    except GalvanautError as error:
        _log.warning("a twin could not follow: %s", error)
    except Exception:  # whatever it is, readings and cells come first
        _log.exception("a twin failed; its test goes on")
