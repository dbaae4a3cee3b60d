"""What a host keeps of one test that it runs: all of it can be rebuilt by a later process."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from galvanaut.instruments.cycling.check import narrowed_envelope
from galvanaut.instruments.cycling.interlock import Interlock, Sample, Trip
from galvanaut.instruments.cycling.program import Program, compile_program
from galvanaut.instruments.cycling.sequencer import CycleTotals, Sequencer
from galvanaut.instruments.runs import Row, RunHandle, RunState, RunStatus

if TYPE_CHECKING:
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.roles import SourceLimits

ROWS_MAX = 100_000
"""Readings kept for a caller who does not fetch them; the oldest are forgotten first."""
Place = tuple[int, int, int, float]
"""The last four fields of a `Row`: where in the program it stands."""
SOON_S = 0.05
"""A look that is due at once comes so much later, s."""


class HostRun:
    """One test: its sequencer, its interlock and its readings.

    Args:
        handle: of the test.
        plan: as written.
        envelope: of the holder.
        limits: what the source meter can do.
        now_s: the present instant, s since the epoch.
    """

    def __init__(
        self, handle: RunHandle, plan: TestPlan, envelope: Envelope, limits: SourceLimits, now_s: float
    ) -> None:
        self.handle = handle
        self.envelope, _ = narrowed_envelope(plan, envelope)
        self.period_s = plan.sampling_s if limits.records else plan.period_s
        self.program: Program = compile_program(plan, self.envelope, limits)[0]
        self._rules = plan.stop_rules
        self.sequencer = Sequencer(self.program, now_s, self._rules)
        slope = plan.slope_max_V_s
        self.interlock = Interlock(self.envelope, self.period_s, slope_max_V_s=slope, at_s=now_s)
        self.began_s = now_s
        self.state: RunState = "running"
        self.final: RunState = "tripped"
        self.alarms: list[str] = []
        self.remarks: list[str] = []
        self.lost = ""  # how contact was lost, if it was
        self.is_urgent = False  # contact is lost, and nothing was tried yet
        self.missed_rests = 0  # looks in a row at which a rest that is held could not be asked for its output
        self.is_due = False  # readings and state have to be on disk before the next look
        self.is_off = False  # the output was found off: from some reading on nothing was driven
        self.count = 0
        self.last: Row | None = None
        self.rows: deque[Row] = deque(maxlen=ROWS_MAX)

    @property
    def is_open(self) -> bool:
        """Whether it may still be stopped."""
        return self.state in ("running", "interrupted")

    @property
    def alarm(self) -> str:
        """All that a person has to know."""
        return "; ".join(self.alarms)

    @property
    def remark(self) -> str:
        """All that a reader of the readings has to know."""
        return "; ".join(self.remarks)

    def say_contact_is_back(self) -> None:
        """The cell is known to be safe; that it may not be stays said no longer than that was so."""
        self.alarms = [
            f"{self.lost}; when it answered again, its output was found or switched off"
            if self.lost and alarm.startswith(self.lost)
            else alarm
            for alarm in self.alarms
        ]

    def record(self, now_s: float, voltage_V: float, current_A: float, temperature_degC: float) -> None:
        """Keep a reading. The time of its step stands still while nothing is driven."""
        is_off = self.is_off and not self.interlock.trusts
        self._keep(now_s, voltage_V, current_A, temperature_degC, self._place(self.sequencer.at_s if is_off else now_s))

    def _place(self, until_s: float) -> Place:
        sequencer = self.sequencer
        return sequencer.index, sequencer.step_number, sequencer.cycle, max(0.0, until_s - sequencer.began_s)

    def _keep(self, now_s: float, voltage_V: float, current_A: float, temperature_degC: float, place: Place) -> None:
        time_s = now_s - self.began_s
        self.last = Row(self.count, time_s, now_s, voltage_V, current_A, temperature_degC, *place)
        self.rows.append(self.last)
        self.count += 1

    def come_back(self, now_s: float, voltage_V: float, temperature_degC: float) -> None:
        """The cell was found without current, and is about to be driven again.

        What it is found at is one more reading of the step it was left in: without current, and at the step time of the
        one before it. By that every reader of the record sees that nothing flowed in between.
        """
        place = self._place(self.sequencer.at_s) if self.last is None else _place_of(self.last)
        self._keep(now_s, voltage_V, 0.0, temperature_degC, place)
        self._skip_to(now_s, place)

    def _skip_to(self, now_s: float, place: Place) -> None:
        left_s, back_s = self.sequencer.at_s - self.began_s, now_s - self.began_s
        is_same = place[1] == self.sequencer.step_number and isfinite(place[3])
        self.sequencer.skip_to(now_s, place[3] if is_same else None)
        self.is_off = False
        gap = f"interrupted at {left_s:.0f} s of the test, and driven again from {back_s:.0f} s on"
        self.remarks.append(f"{gap}: neither charge nor time of the step is counted in between")

    def step_on_unseen(self, now_s: float, sees_rest: bool) -> None:
        """The meter was found in the next step, and the readings that ended the present one are lost.

        When that was nobody knows. All since the last reading counts as of the next step, at the current that is read
        next, for the record, the analysis and the interlock alike.
        """
        number = self.sequencer.step_number
        text = f"step {number} had ended by then, and the time counts at the current read after it"
        self.remark_unseen(now_s, text)
        self.sequencer.go_on()
        self.watch(self.sequencer.began_s, sees_rest)
        self.is_due = True

    def remark_unseen(self, now_s: float, what: str) -> None:
        """What is known of the time since the last reading, while no host lived to look."""
        from_s, until_s = self.sequencer.at_s - self.began_s, now_s - self.began_s
        self.remarks.append(
            f"no readings from {from_s:.0f} s to {until_s:.0f} s of the test: no host was there; {what}"
        )

    def next_s(self, now_s: float) -> float:
        """Time until the next look, s: a period, or what is left of the step under way; none if all steps are done."""
        if self.state == "running" and self.sequencer.ended:
            return 0.0
        return self._no_later_than_the_end(self.period_s, now_s)

    def _no_later_than_the_end(self, next_s: float, now_s: float) -> float:
        left_s = self.sequencer.left_s(now_s) if self.state == "running" else None
        if left_s is not None and left_s < next_s:
            next_s = max(SOON_S, left_s)
        return SOON_S if self.is_urgent else next_s

    def status(self, now_s: float) -> RunStatus:
        """Where it stands, and when to look again."""
        sequencer, next_s = self.sequencer, self.next_s(now_s)
        done = sequencer.finished
        return RunStatus(
            self.state,
            self.last,
            sequencer.step_number,
            sequencer.cycle,
            next_s,
            self.alarm,
            None if done is None else _totals(done),
            _totals(sequencer.totals),
            sequencer.reason,
            self.remark,
            self.is_due,
        )

    def to_json(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {
            "sequencer": self.sequencer.to_json(),
            "interlock": self.interlock.to_json(),
            "began_s": self.began_s,
            "count": self.count,
            "state": self.state,
            "final": self.final,
            "alarms": list(self.alarms),
            "remarks": list(self.remarks),
        }

    def restore(self, state: Mapping[str, Any], rows: Sequence[Row], now_s: float, sees_rest: bool) -> Trip | None:
        """Take up `to_json`, and live through the readings since: the same readings lead to the same place."""
        self.sequencer = Sequencer.from_json(self.program, state["sequencer"], self._rules)
        self.began_s, self.count = state["began_s"], state["count"]
        self.state, self.final, self.alarms = state["state"], state["final"], list(state["alarms"])
        self.remarks = list(state.get("remarks", ()))
        self.watch(self.sequencer.began_s, sees_rest)
        self.interlock.restore(state["interlock"])
        trip = None
        for row in rows:
            if row.number >= self.count and trip is None:
                trip = None if self._comes_back(row) else self.live_through(row, sees_rest)
                self.count = row.number + 1
            self.last = row
        self.interlock.wake(now_s)
        return trip

    def _comes_back(self, row: Row) -> bool:
        """Whether this reading on record is one of `come_back`, which is gone through once more then."""
        last = self.last
        if last is None or row.current_A != 0.0 or _place_of(row) != _place_of(last) or row.time_s <= last.time_s:
            return False
        counted = self.interlock.to_json()
        self._skip_to(row.unix_time_s, _place_of(row))
        self.interlock.go_on(counted, self.sequencer.began_s, row.unix_time_s)
        return True

    def live_through(self, row: Row, sees_rest: bool) -> Trip | None:
        """One reading on record, as it was judged when it was taken."""
        degC = None if isnan(row.temperature_degC) else row.temperature_degC
        trip = self.interlock.judge(Sample(row.unix_time_s, row.voltage_V, row.current_A, None, degC))
        is_good = trip is None and self.interlock.trusts
        if is_good and self.sequencer.take(row.unix_time_s, row.voltage_V, row.current_A):
            self.watch(row.unix_time_s, sees_rest)
        return trip

    def watch(self, at_s: float, sees_rest: bool) -> None:
        """The interlock counts anew, for what the sequencer wants now."""
        operation = self.sequencer.operation
        self.interlock.begin(at_s, operation, operation is not None or sees_rest)


def _place_of(row: Row) -> Place:
    return row.step, row.step_count, row.cycle, row.step_time_s


def _totals(totals: CycleTotals) -> tuple[int, float, float]:
    return totals.cycle, totals.charged_Ah, totals.discharged_Ah
