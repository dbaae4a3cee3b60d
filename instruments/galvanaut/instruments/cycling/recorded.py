"""A cycler made of this program and a source meter that records by itself: one look takes over many readings.

The meter reads the cell at equal distances, also while nobody looks and after the host died. The host fetches what is
new, judges each reading as if it had been there, and looks again when the step is expected to end. Until then the meter
bounds voltage and current alone.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, cast

from galvanaut.instruments.cycling.host import NAN, HostCycler
from galvanaut.instruments.cycling.interlock import Trip
from galvanaut.instruments.cycling.recordedrun import RecordedRun
from galvanaut.instruments.cycling.recording import Recording
from galvanaut.instruments.errors import InstrumentError, NoReplyError, OverrunError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from galvanaut.instruments.cycling.hostrun import HostRun
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.roles import RecordingSourceMeter
    from galvanaut.instruments.runs import RunHandle

Rows = list[list[float]]
"""Out of a buffer: V, A, and s since its first reading."""
REFILL = 50_000
"""Readings after which the buffer is emptied, at half of what a meter keeps."""
MISSED_LOOKS = 2
"""Looks in a row without an answer that is one: the second comes a sampling period after the first."""


class RecordingCycler(HostCycler):
    """A `HostCycler` whose meter plays the role of a `RecordingSourceMeter`."""

    def _new_run(self, run: RunHandle, plan: TestPlan, envelope: Envelope) -> HostRun:
        return RecordedRun(run, plan, envelope, self._limits, self._now())

    @property
    def _recorder(self) -> RecordingSourceMeter:
        return cast("RecordingSourceMeter", self.meter)

    def _switch_on(self, run: HostRun) -> None:
        self._recorder.stop_recording()
        super()._switch_on(run)
        self._record(_recorded(run))

    def _record(self, run: RecordedRun) -> None:
        """Begin a new recording; all that the buffer held is forgotten."""
        self._recorder.record(run.period_s)
        run.recording = Recording.begun(run.count, self._now())
        run.is_due = True

    # -- a look -------------------------------------------------------------------------------------------------

    def _look_after(self, run: HostRun) -> None:
        one = _recorded(run)
        one.is_due = False
        if one.recording is None:
            self._begin_anew(one)
            return
        try:
            rows = self._own_rows(one)
        except OverrunError as error:
            self._find_overrun(one, error)
        except RefusedError as error:
            self._find_cleared(one, error)
        except NoReplyError as error:
            self._lose(one, error)
        except InstrumentError as error:
            self._miss_look(one, error)
        else:
            one.missed_looks = 0
            held = self._output.holds_rest
            self._judge(one, rows)
            if held:
                self._watch_rest(one)

    def _fetch(self, since: int) -> Rows:
        rows: Rows = self._output.asked(lambda: self._recorder.recorded(since)).tolist()
        return rows

    def _judge(self, run: RecordedRun, rows: Rows) -> None:
        now_s, degC = self._now(), self._degC()
        trip = self._keep(run, rows, degC)
        trip = trip or run.interlock.judge_temperature(now_s, degC)
        if trip is None and not rows:
            trip = run.interlock.missed(now_s, "the meter has recorded nothing new")
        if trip is not None:
            self._trip(run, trip)
        elif run.sequencer.expire(now_s):
            self._leave_step(run)
        elif run.taken >= REFILL:
            self._make_room(run)

    def _keep(self, run: RecordedRun, rows: Rows, degC: float | None = None, *, is_judged: bool = True) -> Trip | None:
        if run.recording is None:
            return None
        block = run.recording.take(rows, self._now(), run.period_s)
        beside_degC = NAN if degC is None else degC
        return run.take_block(block, self._now(), beside_degC, self._output.sees_rest, is_judged=is_judged)

    def _leave_step(self, run: RecordedRun) -> None:
        """Tell the meter first; what it has read until then is of the old step. Then the next one begins."""
        ahead = run.sequencer.ahead()
        if ahead.ended:
            self._end(run, "ended", "")
            run.step_on(self._output.sees_rest)
            run.sequencer.finish(ahead.reason)
            return
        try:
            self._output.apply(ahead.operation, self._last_V(run), run.envelope)
            self._take_rest(run)
            run.step_on(self._output.sees_rest)
            self._output.apply(run.sequencer.operation, self._last_V(run), run.envelope)
        except NoReplyError as error:
            self._lose(run, error)
        except InstrumentError as error:
            self._end(run, "tripped", f"the next step could not be set: {error}")
        if run.state == "running" and run.sequencer.ended:
            self._end(run, "ended", "")

    def _take_rest(self, run: HostRun) -> None:
        """What was read until the meter was set anew or switched off; it is kept, and not judged any more."""
        one = _recorded(run)
        if one.recording is None:
            return
        failure = self._salvage(one, is_judged=False)
        if one.state != "running":
            one.say_unread(failure)
            if failure is None or isinstance(failure, RefusedError):
                one.recording = None

    def _salvage(self, run: RecordedRun, *, is_judged: bool) -> InstrumentError | None:
        """Keep what the meter still holds of the test; why it cannot be had."""
        try:
            try:
                self._keep(run, self._own_rows(run), is_judged=is_judged)
            except OverrunError as error:
                self._keep_survivors(run, str(error), lambda rows: self._keep(run, rows, is_judged=is_judged))
        except InstrumentError as error:
            return error
        return None

    def _make_room(self, run: RecordedRun) -> None:
        """Stop the recording and take over the last of it; it is begun anew once all that is on disk."""
        try:
            self._output.asked(self._recorder.stop_recording)
            trip = self._keep(run, self._own_rows(run))
        except NoReplyError as error:
            self._lose(run, error)
        except InstrumentError as error:
            self._miss_look(run, error)
        else:
            run.recording, run.is_due = None, True
            if trip is not None:
                self._trip(run, trip)

    def _begin_anew(self, run: RecordedRun) -> None:
        try:
            self._record(run)
        except NoReplyError as error:
            self._lose(run, error)
        except InstrumentError as error:
            self._miss_look(run, error)
        else:
            run.missed_looks = 0
            run.interlock.wake(self._now())

    def _find_cleared(self, run: RecordedRun, error: InstrumentError) -> None:
        """Readings are gone: with its power, or by somebody's hand."""
        if self._may_go_on(run, error):
            self._mark_gap(run, str(error))

    def _find_overrun(self, run: RecordedRun, error: OverrunError) -> None:
        """Nobody looked for so long that readings have given way to newer ones."""
        try:
            trip = self._keep_survivors(run, str(error), lambda rows: self._keep(run, rows))
        except NoReplyError as silence:
            self._lose(run, silence)
        except InstrumentError as other:
            self._miss_look(run, other)
        else:
            if trip is not None:
                self._trip(run, trip)
            else:
                self._may_go_on(run, error)

    def _keep_survivors(self, run: RecordedRun, why: str, keep: Callable[[Rows], Trip | None]) -> Trip | None:
        """Keep what a full buffer still holds, and say what is missing before it; a new recording is begun after that.

        Args:
            run: whose readings they are.
            why: it is full.
            keep: takes the readings over.

        Raises:
            InstrumentError: it does not give them away.
        """
        from_s, trip = _last_s(run), None
        has_gone_on = self._output.asked(self._recorder.is_recording)
        self._output.asked(self._recorder.stop_recording)
        now_s = self._now()
        until_s = now_s - run.began_s
        rows: Rows = self._output.asked(self._recorder.surviving_readings).tolist()
        if run.recording is not None:
            rows = run.recording.later(rows, now_s, run.period_s, has_gone_on=has_gone_on)
            if rows:
                until_s = run.recording.anchor_s + rows[0][2] - run.began_s
                trip = keep(rows)
        self._say_gap(run, from_s, until_s, why)
        run.recording, run.is_due = None, True
        return trip

    def _may_go_on(self, run: RecordedRun, error: InstrumentError) -> bool:
        """Whether the meter still does what the step asks for, though readings are missing; if not, the test ends."""
        operation = run.sequencer.operation
        try:
            is_on = self._output.is_driving() or not self._is_driven(run)
            is_set = not self._is_driven(run) or self._output.is_set_to(operation, self._output.configured())
        except NoReplyError as silence:
            self._lose(run, silence)
        except InstrumentError as other:
            self._miss_look(run, other)
        else:
            if not is_on:
                text = "the meter has lost its readings and its output, as after a power cut"
                self._end(run, "tripped", f"{text}: {error}")
            elif not is_set:
                text = "the meter has lost readings, and is set to something else than the step asks for"
                self._end(run, "tripped", f"{text}: {error}")
            return is_on and is_set
        return False

    def _miss_look(self, run: RecordedRun, error: InstrumentError) -> None:
        run.missed_looks += 1
        if run.missed_looks >= MISSED_LOOKS:
            text = f"no good readings at {run.missed_looks} looks in a row: {error}"
            self._trip(run, Trip("stale", text, self._now()))

    # -- after a restart ----------------------------------------------------------------------------------------

    def _take_up(self, run: HostRun) -> None:
        """What the meter has recorded meanwhile closes the gap; then as for any other meter."""
        one = _recorded(run)
        if run.sequencer.ended:
            self._end(run, "ended", "")
            return
        if self._is_driven(one) and not self._output.is_driving():
            one.is_off = True
            one.say_unread(self._salvage(one, is_judged=True))
            if run.sequencer.is_over and run.sequencer.ahead().ended:
                self._leave_step(one)
                return
            found = ", ".join(self._output.protections()) or "switched off"
            text = f"found without output after a restart ({found}); nothing is switched on again by itself"
            self._end(one, "interrupted", text)
            return
        if not self._holds_limits(one):
            return
        self._catch_up(one)
        if one.state == "running" and not one.sequencer.ended:
            self._output.apply(one.sequencer.operation, self._last_V(one), one.envelope)

    def _catch_up(self, run: RecordedRun) -> None:
        has_gone_on = self._output.asked(self._recorder.is_recording)
        trip, why = None, "" if has_gone_on else "the meter did not record when it was found"
        try:
            rows = self._own_rows(run)
        except OverrunError as error:
            trip = self._keep_survivors(run, str(error), lambda rows: self._relive(run, rows))
        except RefusedError as error:
            why = str(error)
            self._follow(run)
        else:
            trip = self._relive(run, rows)
            why = why or ("no recording was on record" if run.recording is None else "")
        if why:
            self._mark_gap(run, why)
        run.interlock.wake(self._now())
        if trip is not None:
            self._trip(run, trip)
        elif run.sequencer.expire(self._now()):
            self._leave_step(run)

    def _relive(self, run: RecordedRun, rows: Rows) -> Trip | None:
        """The dead process may have told the meter to go on and not lived to put that on record."""
        if run.recording is None:
            return None
        has_switched = not self._output.is_set_to(run.sequencer.operation, self._output.configured())
        block = run.recording.take(rows, self._now(), run.period_s)
        return run.catch_up(block, self._now(), self._output.sees_rest, has_switched=has_switched)

    def _follow(self, run: RecordedRun) -> None:
        """Without the readings that ended a step, what the meter is set to tells that it has ended."""
        found = self._output.configured()
        ahead = run.sequencer.ahead()
        has_left = not self._output.is_set_to(run.sequencer.operation, found)
        if has_left and not ahead.ended and self._output.is_set_to(ahead.operation, found):
            run.step_on(self._output.sees_rest)

    def _own_rows(self, run: RecordedRun) -> Rows:
        """The new readings, if the buffer is the one that the test knows: the last one known is read again.

        Raises:
            RefusedError: it is another one.
        """
        last, taken = run.last, run.taken
        if last is None or last.number != run.count - 1 or taken < 1:
            return self._fetch(taken)
        known, *new = self._fetch(taken - 1) or [[NAN, NAN, NAN]]
        is_same_V = known[0] == last.voltage_V or isnan(last.voltage_V)
        if not is_same_V or (known[1] != last.current_A and not (isnan(known[1]) and isnan(last.current_A))):
            raise RefusedError("its buffer holds other readings than those of the test", instrument=str(self.meter))
        return new

    def _mark_gap(self, run: RecordedRun, why: str) -> None:
        self._say_gap(run, _last_s(run), self._now() - run.began_s, why)
        run.recording, run.is_due = None, True

    def _say_gap(self, run: RecordedRun, from_s: float, until_s: float, why: str) -> None:
        run.remarks.append(f"no readings from {from_s:.0f} s to {until_s:.0f} s of the test: {why}")

    def _is_driven(self, run: RecordedRun) -> bool:
        return run.sequencer.operation is not None or self._output.drives_rest

    def _last_V(self, run: RecordedRun) -> float:
        return self._output.configured().voltage_V if run.last is None else run.last.voltage_V


def _recorded(run: HostRun) -> RecordedRun:
    return cast("RecordedRun", run)


def _last_s(run: RecordedRun) -> float:
    """Time of the last reading of a test, s since it began."""
    return 0.0 if run.last is None else run.last.time_s
