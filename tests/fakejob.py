"""A job without a station: what its test writes down survives, the process that runs it may be killed."""

import asyncio
import json
from types import SimpleNamespace

from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.readings import Identity
from galvanaut.instruments.telemetry.sealed import Sealed

KEY = JobKey("demo", 1, "cycle", 1)


class Killed(BaseException):
    """The process is gone, in the middle of whatever it did."""


class MemoryRecorder:
    """A `Recorder` whose disk is a list.

    Attributes:
        kept: rows on record.
        writes: how often something was written.
        remark: of the record that was sealed last.
    """

    def __init__(self):
        self.kept = []
        self.writes = 0
        self.remark = ""

    def begin(self, test, facts):
        pass

    def append(self, test, rows):
        self.kept += [row for row in rows if row.number >= len(self.kept)]
        self.writes += 1

    put = append

    def rows(self, test, since=0):
        return [row for row in self.kept if row.number >= since]

    def seal(self, test, outcome, reason="", remark=""):
        self.remark = remark
        time_s = self.kept[-1].time_s if self.kept else 0.0
        return Sealed("record", "digest", len(self.kept), time_s)

    def release(self, test):
        pass


class FakeJob:
    """Notes on disk, and a bench with one cycler.

    Args:
        clock: of the bench.
        make: gives the cycler of a new process.
        envelope: of the holder.
        live: lets bench time pass.
    """

    def __init__(self, clock, make, envelope, live):
        self.key, self.now, self.live = KEY, clock.now, live
        self.notes, self.written, self.alarms, self.afterwards = {}, 0, [], []
        self.make, self.began = make, clock.now()
        bench = SimpleNamespace(
            name="made-up",
            is_synthetic=True,
            envelope_at=lambda holder: envelope,
            cyclers_at=lambda holder: ["box"],
            source_meter_at=lambda holder: "box",
        )
        self.bench = SimpleNamespace(
            bench=bench,
            identities={"box": Identity("made up", "box", "1")},
            cycler_at=lambda holder, now: self.cycler,
            forget_tests=lambda instruments: None,
        )

    def run(self, action):
        """One process: runs until the end, or until it is killed; the result, or None."""
        self.cycler = self.make()
        try:
            return asyncio.run(action.perform(self))
        except Killed:
            return None

    async def call(self, method, *args, **kwargs):
        return method(*args, **kwargs)

    async def sleep(self, seconds):
        self.live(seconds)

    def note(self, **facts):
        self.notes.update(json.loads(json.dumps(facts, allow_nan=False)))
        self.written += 1

    def alarm(self, instrument, cause, text):
        self.alarms.append((instrument, cause, text))

    def expects(self, seconds, since=None):
        pass

    def sampled(self, number, sampling_s, pause_s=0.0):
        pass
