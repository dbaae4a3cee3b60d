"""A cycler made of one source meter and this program: it takes the steps, and judges every reading before the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.cycling.check import check_plan
from galvanaut.instruments.cycling.hostrun import HostRun
from galvanaut.instruments.cycling.interlock import STALE_PERIODS, Sample, Trip
from galvanaut.instruments.cycling.output import CellOutput
from galvanaut.instruments.errors import InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.runs import Row, RunHandle, RunState, RunStatus

if TYPE_CHECKING:
    import pandas as pd

    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.roles import Identity, Reading, SourceLimits, SourceMeter

NAN = float("nan")


class HostCycler:
    """A `galvanaut.instruments.roles.Cycler` with one channel, named like its holder.

    Args:
        meter: drives the cell.
        holder: the cell is in.
        envelope: of the holder.
        limits: what the meter can do.
        now: the present instant on the bench's clock, s since the epoch.
        temperature_degC: of the holder's surroundings; None if nothing measures it.
        reopen: gives the meter a fresh connection after a loss.
    """

    def __init__(
        self,
        meter: SourceMeter,
        holder: str,
        envelope: Envelope,
        limits: SourceLimits,
        *,
        now: Callable[[], float],
        temperature_degC: Callable[[], float] | None = None,
        reopen: Callable[[], object] | None = None,
    ) -> None:
        self.meter = meter
        self.holder = holder
        self.envelope = envelope
        self._limits = limits
        self._now = now
        self._temperature_degC = temperature_degC
        self._output = CellOutput(meter, limits, reopen)
        self._run: HostRun | None = None

    def __str__(self) -> str:
        return f"{self.meter} on {self.holder}"

    def identify(self) -> Identity:
        """Of the source meter."""
        return self.meter.identify()

    def channels(self) -> Sequence[str]:
        """The holder."""
        return (self.holder,)

    def make_safe(self) -> None:
        """Output off, verified; a test under way is stopped.

        Raises:
            InstrumentError: what could not be made sure of.
        """
        run = self._run
        if run is None:
            self.meter.make_safe()
            return
        if run.is_open:
            self._end(run, "stopped", "made safe")
        elif run.state != "unknown":
            self.meter.make_safe()
        if run.state == "unknown":
            self._secure(run)
        if run.state == "unknown":
            raise NoReplyError(run.alarm, instrument=str(self.meter))

    def check(self, plan: TestPlan, envelope: Envelope) -> None:
        """See `galvanaut.instruments.roles.Cycler.check`."""
        problems = [Problem(f"envelope.{name}", text) for name, text in envelope.wider_than(self.envelope).items()]
        problems += check_plan(plan, envelope, self._limits)
        if problems:
            raise InputError(f"test plan for {self.holder}", problems)

    def start(self, channel: str, plan: TestPlan, envelope: Envelope, sample: str, test: str = "") -> RunHandle:
        """See `galvanaut.instruments.roles.Cycler.start`."""
        self._require(channel)
        self.check(plan, envelope)
        if self._run is not None and self._run.state in ("running", "unknown"):
            problem = f"its channel is busy with {self._run.handle.test}; nothing was sent"
            raise RefusedError(problem, instrument=str(self.meter), advice="stop that test first")
        if self.meter.is_on():
            advice = "find out whose test that is, then make it safe"
            raise RefusedError("its output is on already", instrument=str(self.meter), advice=advice)
        now_s = self._now()
        handle = RunHandle(channel, test or f"{sample}@{now_s:.0f}", sample)
        run = self._new_run(handle, plan, envelope)
        self._begin(run)
        self._run = run
        return handle

    def attach(
        self, run: RunHandle, plan: TestPlan, envelope: Envelope, state: Mapping[str, Any], rows: Sequence[Row] = ()
    ) -> RunStatus:
        """See `galvanaut.instruments.roles.Cycler.attach`."""
        self._require(run.channel)
        if self._run is not None and self._run.handle == run:
            return self._run.status(self._now())
        self.check(plan, envelope)
        if not state:
            raise InputError(f"test {run.test}", f"nothing is on record of it; {self} cannot tell whether it began")
        one = self._new_run(run, plan, envelope)
        self._run = one
        trip = one.restore(state, rows, self._now(), self._output.sees_rest)
        if one.state != "running":
            return one.status(self._now())
        if trip is not None:
            self._trip(one, trip)
            return one.status(self._now())
        try:
            self._take_up(one)
        except NoReplyError as error:
            self._lose(one, error)
        except InstrumentError as error:
            self._end(one, "tripped", f"it could not be taken up again after a restart: {error}")
        return one.status(self._now())

    def resume(self, run: RunHandle) -> RunStatus:
        """See `galvanaut.instruments.roles.Cycler.resume`."""
        one = self._known(run)
        if one.state != "interrupted":
            problem = f"{run.test} is {one.state}, not interrupted; nothing was sent"
            raise RefusedError(problem, instrument=str(self.meter))
        counted = one.interlock.to_json()
        self._begin(one)
        one.interlock.go_on(counted, one.sequencer.began_s, self._now())
        one.state = "running"
        one.alarms.clear()
        return one.status(self._now())

    def state(self, run: RunHandle) -> Mapping[str, Any]:
        """See `galvanaut.instruments.roles.Cycler.state`."""
        return self._known(run).to_json()

    def poll(self, run: RunHandle) -> RunStatus:
        """One reading, judged; then the next operation, if it is time for that.

        In the state ``unknown`` each poll tries again to make the cell safe.
        """
        one = self._known(run)
        if one.state == "unknown":
            self._secure(one)
        elif one.state == "running" and one.sequencer.ended:
            self._end(one, "ended", "")
        elif one.state == "running":
            self._look_after(one)
        return one.status(self._now())

    def rows(self, run: RunHandle, since: int = 0) -> Sequence[Row]:
        """See `galvanaut.instruments.roles.Cycler.rows`."""
        rows = self._known(run).rows
        while rows and rows[0].number < since:
            rows.popleft()
        return tuple(rows)

    def records(self, run: RunHandle, since: int = 0) -> pd.DataFrame:
        """See `galvanaut.instruments.roles.Cycler.records`."""
        import pandas as pd

        table = pd.DataFrame(self.rows(run, since), columns=list(Row._fields))
        return table.set_index("number")

    def stop(self, run: RunHandle, reason: str) -> RunStatus:
        """See `galvanaut.instruments.roles.Cycler.stop`."""
        one = self._known(run)
        if one.is_open and one.sequencer.ended:  # it came to its end before it was asked to
            self._end(one, "ended", "")
        elif one.is_open:
            self._end(one, "stopped", reason)
        elif one.state == "unknown":
            self._secure(one)
        return one.status(self._now())

    # -- the cell -----------------------------------------------------------------------------------------------

    def _new_run(self, run: RunHandle, plan: TestPlan, envelope: Envelope) -> HostRun:
        return HostRun(run, plan, envelope, self._limits, self._now())

    def _begin(self, run: HostRun) -> None:
        """Switch on, or leave it off and raise."""
        try:
            self._switch_on(run)
        except InstrumentError as error:
            is_safe, text = self._output.switch_off(run.envelope, run.interlock.rest_A)
            if not is_safe:
                run.state, run.alarms = "unknown", [str(error), text]
                self._run = run
            raise

    def _switch_on(self, run: HostRun) -> None:
        """Limits read back, the cell looked at, and only then the operation of the present step."""
        self.meter.forget_silence()
        self._output.set_limits(run.envelope)
        voltage_V = self._output.probe(run.envelope)
        if run.state == "interrupted":
            degC = self._degC()
            run.come_back(self._now(), voltage_V, NAN if degC is None else degC)
        self._operate(run, voltage_V)

    def _take_up(self, run: HostRun) -> None:
        """After a restart: what runs goes on in its step, what does not is left off."""
        if run.sequencer.ended:  # by the readings on record; the dead process may have had no time to say so
            self._end(run, "ended", "")
            return
        is_driving = self._output.is_driving()
        if not is_driving and run.sequencer.operation is None and not self._output.drives_rest:
            self._output.apply(None, NAN, run.envelope)
            self.meter.forget_silence()  # its watchdog protects a cell that rests anyway
            self._holds_limits(run)
            return
        if not is_driving:
            found = ", ".join(self._output.protections()) or "switched off"
            text = f"found without output after a restart ({found}); nothing is switched on again by itself"
            self._end(run, "interrupted", text)
            return
        if self._holds_limits(run) and self._finds_step(run):
            voltage_V = self._output.read().voltage_V
            self._output.apply(run.sequencer.operation, voltage_V, run.envelope)

    def _finds_step(self, run: HostRun) -> bool:
        """Whether a meter that drives does so for the test: in the step on record, or in the next one.

        A process may die once it has told the meter to go on, and before the reading that ended the step is on record.
        """
        found, ahead = self._output.configured(), run.sequencer.ahead()
        if self._output.is_set_to(run.sequencer.operation, found):
            return True
        if not ahead.ended and self._output.is_set_to(ahead.operation, found):
            run.step_on_unseen(self._now(), self._output.sees_rest)
            return True
        setting = f"{found.voltage_V:g} V and {found.current_A:g} A"
        run.remark_unseen(self._now(), f"its meter was found driving at {setting}, and none of that is counted")
        text = f"found driven at {setting} after a restart, which is neither its step nor the next one"
        self._end(run, "interrupted", text)
        return False

    def _holds_limits(self, run: HostRun) -> bool:
        """Whether the meter found again has the limits of the test; if not, the test ends."""
        try:
            self._output.set_limits(run.envelope)
        except NoReplyError:
            raise
        except InstrumentError as error:
            self._end(run, "tripped", f"the limits found after a restart are not those of the test: {error}")
            return False
        return True

    def _look_after(self, run: HostRun) -> None:
        run.is_due = False
        try:
            reading = self._output.read()
        except NoReplyError as error:
            self._lose(run, error)
        except InstrumentError as error:
            trip = run.interlock.missed(self._now(), str(error))
            if trip is not None:
                self._trip(run, trip)
        else:
            held = self._output.holds_rest
            self._take(run, reading)
            if held:
                self._watch_rest(run)

    def _watch_rest(self, run: HostRun) -> None:
        """Whether a rest that is held still is. What was read before is kept, whatever the meter answers now."""
        if run.state != "running":
            return
        try:
            went_off = self._output.went_off_at_rest()
        except NoReplyError as error:
            self._lose(run, error)
        except InstrumentError as error:
            run.missed_rests += 1
            if run.missed_rests >= STALE_PERIODS:
                text = f"at {run.missed_rests} looks in a row it was not known whether the output is on: {error}"
                self._trip(run, Trip("stale", text, self._now()))
        else:
            run.missed_rests = 0
            if went_off:
                self._end(run, "tripped", "the output went off by itself while the cell was resting at it")

    def _take(self, run: HostRun, reading: Reading) -> None:
        now_s, degC = self._now(), self._degC()
        is_blind = run.sequencer.operation is None and not self._output.sees_rest
        voltage_V = NAN if is_blind else reading.voltage_V
        trip = run.interlock.judge(Sample(now_s, voltage_V, reading.current_A, reading.time_s, degC))
        run.record(now_s, voltage_V, reading.current_A, NAN if degC is None else degC)
        if trip is not None:
            self._trip(run, trip)
        elif run.interlock.trusts and run.sequencer.take(now_s, voltage_V, reading.current_A):
            self._go_on(run, voltage_V)

    def _go_on(self, run: HostRun, voltage_V: float) -> None:
        if run.sequencer.ended:  # on disk first: without its last reading an output that is off looks like a fault
            run.is_due = True
            return
        try:
            self._operate(run, voltage_V)
        except NoReplyError as error:
            self._lose(run, error)
        except InstrumentError as error:
            self._end(run, "tripped", f"the next step could not be set: {error}")

    def _operate(self, run: HostRun, voltage_V: float) -> None:
        """What the sequencer wants now; the interlock counts anew from here."""
        self._output.apply(run.sequencer.operation, voltage_V, run.envelope)
        run.watch(self._now(), self._output.sees_rest)

    def _degC(self) -> float | None:
        """Measured now; not a number if it could not be, None if nothing measures it."""
        if self._temperature_degC is None:
            return None
        try:
            return self._temperature_degC()
        except InstrumentError:
            return NAN

    def _trip(self, run: HostRun, trip: Trip) -> None:
        self._end(run, "tripped", trip.text)
        if run.state != "unknown" and (protections := self._output.protections()):
            run.alarms.append(f"the meter reports: {', '.join(protections)}")

    def _lose(self, run: HostRun, error: InstrumentError) -> None:
        """No contact, even on a fresh connection. To say so comes first: what is tried next takes its time-outs."""
        run.lost = f"contact was lost: {error}"
        run.alarms.append(f"{run.lost}; whether the output is off is not known. {self._output.bound()}")
        run.final, run.state, run.is_urgent = "tripped", "unknown", True

    def _end(self, run: HostRun, state: RunState, text: str) -> None:
        """Leave the cell without current, and say so only if that is known."""
        if text:
            run.alarms.append(text)
        run.final = state
        run.state = "unknown"
        self._secure(run)

    def _secure(self, run: HostRun) -> None:
        run.is_urgent = False
        is_safe, text = self._output.switch_off(run.envelope, run.interlock.rest_A, lambda: self._take_rest(run))
        if text and text not in run.alarms:
            run.alarms.append(text)
        if is_safe:
            run.state = run.final
            run.say_contact_is_back()

    def _take_rest(self, run: HostRun) -> None:
        """Readings that the meter still has, once its output is off: one that is asked for each has none."""

    def _require(self, channel: str) -> None:
        if channel != self.holder:
            raise InputError(f"channel {channel}", f"{self.meter} serves {self.holder} only")

    def _known(self, run: RunHandle) -> HostRun:
        if self._run is None or self._run.handle != run:
            raise InputError(f"test {run.test}", f"does not run on {self}; attach to it first")
        return self._run
