"""A source meter in Python that records by itself, on the cell of `fakemeter`."""

from collections import Counter

import numpy as np

from fakemeter import FakeClock, FakeMeter
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import RecordingCycler
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.errors import OverrunError, RefusedError
from galvanaut.instruments.readings import SourceLimits
from hostlab import ENVELOPE, METHOD

LIMITS = SourceLimits(0.0, 20.0, 1.05, 1e-9, recording_max_s=10_000.0)


class RecordingMeter(FakeMeter):
    """Plays the role of a `RecordingSourceMeter`.

    Attributes:
        rows: of its buffer: V, A, s since the first of them.
        capacity: readings that it keeps; the oldest give way.
        drift: share by which its clock goes too fast.
        calls: how often each method was called.
    """

    def __init__(self, clock, **cell):
        super().__init__(clock, **cell)
        self.rows = []
        self.capacity = 100_000
        self.drift = 0.0
        self.calls = Counter()
        self.period_s = None
        self._first_s = self._next_s = 0.0

    def _may_fail(self, name):
        self.calls[name] += 1
        super()._may_fail(name)

    def pass_time(self, seconds):
        end_s = self.clock.at_s + seconds
        while self.period_s is not None and self._next_s <= end_s:
            if self._next_s > self.clock.at_s:
                super().pass_time(self._next_s - self.clock.at_s)
            self._sample()
        if end_s > self.clock.at_s:
            super().pass_time(end_s - self.clock.at_s)

    def _sample(self):
        self._next_s += self.period_s
        volts, amps, _ = super().measure() if self.drives() else (0.0, 0.0, 0.0)
        self.rows.append([volts, amps, (self.clock.at_s - self._first_s) * (1 + self.drift)])
        del self.rows[: -self.capacity]

    def measure(self):
        if self.period_s is not None:
            raise RefusedError("records by itself", instrument="meter")
        return super().measure()

    def record(self, period_s):
        self._may_fail("record")
        self.rows, self.period_s = [], period_s
        self._first_s = self._next_s = self.clock.at_s
        self._sample()

    def recorded(self, since=0):
        self._may_fail("recorded")
        if since > len(self.rows):
            raise RefusedError(f"holds {len(self.rows)} readings", instrument="meter")
        if len(self.rows) >= self.capacity:
            raise OverrunError("its buffer is full", instrument="meter")
        return np.array(self.rows[since:], dtype=float).reshape(-1, 3)

    def surviving_readings(self):
        self._may_fail("surviving_readings")
        return np.array(self.rows, dtype=float).reshape(-1, 3)

    def stop_recording(self):
        self._may_fail("stop_recording")
        self.period_s = None

    def is_recording(self):
        return self.period_s is not None

    def make_safe(self):
        super().make_safe()
        self.period_s = None


def plan(method=METHOD, time_s=10, **more):
    tree = {"look_period": "300 s", "protocol": {"record": {"time_s": time_s}, "method": method}, **more}
    return plans.TestPlan.model_validate(tree)


class RecordingLab:
    """A cycler made of such a meter, with everything that may go wrong within reach."""

    def __init__(self, method=METHOD, time_s=10, **cell):
        self.clock = FakeClock()
        self.meter = RecordingMeter(self.clock, **cell)
        self.degC = 25.0
        self.reopened = 0
        self.plan = plan(method, time_s)
        self.one = self.cycler()
        self.kept = []
        self.run = None
        self.status = None

    def cycler(self):
        return RecordingCycler(
            self.meter,
            "clip",
            ENVELOPE,
            LIMITS,
            now=self.clock.now,
            temperature_degC=lambda: self.degC,
            reopen=self.reopen,
        )

    def reopen(self):
        self.reopened += 1

    def start(self):
        self.run = self.one.start("clip", self.plan, ENVELOPE, "cell-1", "test-1")
        self.status = self.one.poll(self.run)
        return self.status

    def look(self):
        """Wait as long as the cycler wants, and look."""
        self.meter.pass_time(self.status.next_s)
        self.status = self.one.poll(self.run)
        return self.status

    def until(self, is_there, looks=2000):
        for _ in range(looks):
            if is_there(self.status):
                return self.status
            self.look()
        raise AssertionError(f"never there: {self.status}")

    def to_the_end(self):
        return self.until(lambda status: status.state != "running")

    def charging(self):
        self.start()
        status = self.until(lambda status: status.step_number == 2)
        assert self.meter.operation == Operation(4.1, 0.002)
        return status

    def rows(self):
        """All readings so far, as a caller that puts them on disk has them."""
        new = self.one.rows(self.run, len(self.kept))
        self.kept += new
        return self.kept
