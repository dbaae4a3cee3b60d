"""What a host keeps of one test whose meter records by itself: readings come in blocks, some of them late.

A step is over at the first reading that says so, whenever the host looks. What was read after it, before the meter was
told, still belongs to that step: it is what the cell went through. Where nothing changes at the meter between two
steps, as between a constant current and the hold that follows, the next one begins at that reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

from galvanaut.instruments.cycling.foresight import SHARE, Point, expected_s, next_look_s
from galvanaut.instruments.cycling.hostrun import SOON_S, HostRun
from galvanaut.instruments.cycling.interlock import TEMPERATURE_STALE_S, Sample, Trip
from galvanaut.instruments.cycling.plan import PERIOD_MAX_S, TestPlan
from galvanaut.instruments.cycling.recording import Recorded, Recording
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.readings import SourceLimits
from galvanaut.instruments.runs import Row, RunHandle, RunStatus

NAN = float("nan")
UNREAD = "readings that the meter still held could not be fetched"
LATE_PERIODS = 2.0
"""A step that went on for longer after its end is remarked upon."""
FIRST_POINTS = 3
"""So many readings of a step are looked at soon, to tell when it will end."""


class RecordedRun(HostRun):
    """A `HostRun` that takes over what a meter has recorded.

    Attributes:
        recording: what the meter's buffer holds; None if a new recording has to be begun.
        missed_looks: looks in a row at which no readings could be fetched.
    """

    def __init__(
        self, handle: RunHandle, plan: TestPlan, envelope: Envelope, limits: SourceLimits, now_s: float
    ) -> None:
        super().__init__(handle, plan, envelope, limits, now_s)
        self.looking_s = plan.looking_s
        self.recording: Recording | None = None
        self.missed_looks = 0
        self._points: deque[Point] = deque(maxlen=FIRST_POINTS)

    @property
    def taken(self) -> int:
        """How many readings of the buffer the test has."""
        return 0 if self.recording is None else self.count - self.recording.first

    def next_s(self, now_s: float) -> float:
        """Time until the next look, s; see `galvanaut.instruments.cycling.foresight`."""
        if self.state != "running":
            return SOON_S if self.is_urgent else min(self.period_s, PERIOD_MAX_S)
        if self.recording is None:
            return SOON_S
        wanted_s = min(self.looking_s, self._charge_left_s())
        if self.interlock.is_wary or self.missed_looks or self.missed_rests:
            wanted_s = min(wanted_s, self.period_s)
        wanted_s = min(wanted_s, self._step_left_s(now_s))
        next_s = next_look_s(now_s, self.recording.newest_s, self.period_s, wanted_s)
        return self._no_later_than_the_end(next_s, now_s)

    def _charge_left_s(self) -> float:
        """No sooner than this can the envelope's charge be moved, of which the meter knows nothing."""
        operation = self.sequencer.operation
        return inf if operation is None else max(self.interlock.left_C / operation.current_A, self.period_s)

    def _step_left_s(self, now_s: float) -> float:
        """When to look for the sake of the end of the step; infinite if nothing tells."""
        first_s = FIRST_POINTS * self.period_s
        if len(self._points) < FIRST_POINTS and self.sequencer.operation is not None:
            return first_s
        found_s = expected_s(self.sequencer.step, self._points)
        if found_s is None:
            return inf
        left_s = self._points[-1].time_s + found_s - now_s
        if self.sequencer.continues:  # the meter goes on by itself: in time for the step after it
            return max(left_s, 0.0) + first_s
        return max(SHARE * left_s, self.period_s)

    def status(self, now_s: float) -> RunStatus:
        """Where it stands, and when to look again."""
        return super().status(now_s)._replace(is_kept=self.recording is not None)

    def take_block(
        self, block: Iterable[Recorded], now_s: float, degC: float, sees_rest: bool, *, is_judged: bool = True
    ) -> Trip | None:
        """Keep every reading and judge one after the other; those after a trip are kept only.

        Args:
            block: new readings.
            now_s: the present instant, s since the epoch.
            degC: measured now; it stands beside readings that are no older than a minute. Not a number if unknown.
            sees_rest: whether the meter reads the voltage of a resting cell.
            is_judged: False for readings taken while the meter was being set anew: they may be of both settings.
        """
        trip: Trip | None = None
        for each in block:
            blind = self.sequencer.operation is None and not sees_rest
            voltage_V = NAN if blind else each.voltage_V
            if is_judged and trip is None:
                trip = self.interlock.judge(Sample(each.time_s, voltage_V, each.current_A, each.instrument_s))
            self.record(each.time_s, voltage_V, each.current_A, degC if _is_near(each.time_s, now_s) else NAN)
            if trip is None and (self.interlock.trusts or not is_judged):
                self._weigh(each.time_s, voltage_V, each.current_A, sees_rest)
        return trip

    def catch_up(self, block: Iterable[Recorded], now_s: float, sees_rest: bool, *, has_switched: bool) -> Trip | None:
        """`take_block` after a restart.

        Args:
            block: recorded since the last reading on record.
            now_s: the present instant, s since the epoch.
            sees_rest: whether the meter reads the voltage of a resting cell.
            has_switched: whether the meter was found at something else than what is on record: a process that died
                had told it to go on, which it did as soon as the step was over.
        """
        trip: Trip | None = None
        for each in block:
            has_switched = has_switched and not self._left(each.time_s, sees_rest)
            trip = self.take_block((each,), now_s, NAN, sees_rest, is_judged=trip is None) or trip
            has_switched = has_switched and not (self.sequencer.is_over and self._left(each.time_s, sees_rest))
        if has_switched:
            self._left(now_s, sees_rest)
        return trip

    def _left(self, now_s: float, sees_rest: bool) -> bool:
        """Begin the next step if this one is over."""
        if not self.sequencer.expire(now_s):
            return False
        self.step_on(sees_rest)
        return True

    def say_unread(self, why: Exception | None) -> None:
        """Whether readings that the meter still held could be fetched at the end, as was tried last."""
        self.remarks = [each for each in self.remarks if not each.startswith(UNREAD)]
        if why is not None:
            self.remarks.append(f"{UNREAD}: {why}")

    def step_on(self, sees_rest: bool) -> None:
        """The next step begins."""
        number = self.sequencer.step_number
        if not self.sequencer.continues:  # what was read tells nothing of a step under another operation
            self._points.clear()
        late_s = self.sequencer.go_on()
        if late_s > LATE_PERIODS * self.period_s:
            self.remarks.append(f"step {number} went on for {late_s:.0f} s after its end; its last readings show it")
        self.watch(self.sequencer.began_s, sees_rest)

    def _weigh(self, time_s: float, voltage_V: float, current_A: float, sees_rest: bool) -> None:
        if not isfinite(current_A) or (self.sequencer.operation is not None and not isfinite(voltage_V)):
            return
        self._points.append(Point(time_s, voltage_V, current_A))
        was_over = self.sequencer.is_over
        if self.sequencer.weigh(time_s, voltage_V, current_A) and not was_over and self.sequencer.continues:
            self.step_on(sees_rest)

    def come_back(self, now_s: float, voltage_V: float, temperature_degC: float) -> None:
        """See `HostRun.come_back`. What was read before tells no more when the step will end."""
        super().come_back(now_s, voltage_V, temperature_degC)
        self._points.clear()

    def to_json(self) -> dict[str, Any]:
        """What `restore` needs."""
        recording = None if self.recording is None else self.recording.to_json()
        return super().to_json() | {"recording": recording}

    def restore(self, state: Mapping[str, Any], rows: Sequence[Row], now_s: float, sees_rest: bool) -> Trip | None:
        """Take up `to_json`, and live through the readings since.

        Readings go to disk whenever a step has changed: so a step whose last reading is on record has been left.
        """
        found = state.get("recording")
        self.recording = None if found is None else Recording.from_json(found)
        trip = super().restore(state, rows, now_s, sees_rest)
        if rows and self.recording is not None:
            self.recording.newest_s = max(self.recording.newest_s, rows[-1].unix_time_s)
        if trip is None and self.sequencer.is_over:
            self.step_on(sees_rest)
        return trip

    def live_through(self, row: Row, sees_rest: bool) -> Trip | None:
        """One reading on record; the number of its step tells when the meter was told to go on."""
        if row.step_count > self.sequencer.step_number:
            self.sequencer.expire(row.unix_time_s)
            self.step_on(sees_rest)
        if self.sequencer.expire(row.unix_time_s):  # what may be of two settings was not judged then either
            self._weigh(row.unix_time_s, row.voltage_V, row.current_A, sees_rest)
            return None
        trip = self.interlock.judge(Sample(row.unix_time_s, row.voltage_V, row.current_A))
        if trip is None and self.interlock.trusts:
            self._weigh(row.unix_time_s, row.voltage_V, row.current_A, sees_rest)
        return trip


def _is_near(time_s: float, now_s: float) -> bool:
    return now_s - time_s <= TEMPERATURE_STALE_S
