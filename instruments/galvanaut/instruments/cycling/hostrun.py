"""What a host keeps of one test that it runs: all of it can be rebuilt by a later process."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from math import isnan
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
_SOON_S = 0.05


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
        self.period_s = plan.period_s
        self.program: Program = compile_program(plan, self.envelope, limits)[0]
        self.sequencer = Sequencer(self.program, now_s)
        slope = plan.slope_max_V_s
        self.interlock = Interlock(self.envelope, plan.period_s, slope_max_V_s=slope, at_s=now_s)
        self.began_s = now_s
        self.state: RunState = "running"
        self.final: RunState = "tripped"
        self.alarms: list[str] = []
        self.is_urgent = False  # contact is lost, and nothing was tried yet
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

    def record(self, now_s: float, voltage_V: float, current_A: float, temperature_degC: float) -> None:
        """Keep a reading."""
        sequencer = self.sequencer
        time_s = now_s - self.began_s
        place = sequencer.index, sequencer.step_number, sequencer.cycle
        self.last = Row(self.count, time_s, now_s, voltage_V, current_A, temperature_degC, *place)
        self.rows.append(self.last)
        self.count += 1

    def status(self, now_s: float) -> RunStatus:
        """Where it stands, and when to look again."""
        sequencer, next_s = self.sequencer, self.period_s
        left_s = sequencer.left_s(now_s) if self.state == "running" else None
        if left_s is not None and left_s < next_s:
            next_s = max(_SOON_S, left_s)
        if self.is_urgent:
            next_s = _SOON_S
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
        }

    def restore(self, state: Mapping[str, Any], rows: Sequence[Row], now_s: float, sees_rest: bool) -> Trip | None:
        """Take up `to_json`, and live through the readings since: the same readings lead to the same place."""
        self.sequencer = Sequencer.from_json(self.program, state["sequencer"])
        self.began_s, self.count = state["began_s"], state["count"]
        self.state, self.final, self.alarms = state["state"], state["final"], list(state["alarms"])
        self._watch(self.sequencer.began_s, sees_rest)
        self.interlock.restore(state["interlock"])
        trip = None
        for row in rows:
            self.last = row
            if row.number < self.count or trip is not None:
                continue
            degC = None if isnan(row.temperature_degC) else row.temperature_degC
            trip = self.interlock.judge(Sample(row.unix_time_s, row.voltage_V, row.current_A, None, degC))
            self.count = row.number + 1
            if (
                trip is None
                and self.interlock.trusts
                and self.sequencer.take(row.unix_time_s, row.voltage_V, row.current_A)
            ):
                self._watch(row.unix_time_s, sees_rest)
        self.interlock.wake(now_s)
        return trip

    def _watch(self, at_s: float, sees_rest: bool) -> None:
        operation = self.sequencer.operation
        self.interlock.begin(at_s, operation, operation is not None or sees_rest)


def _totals(totals: CycleTotals) -> tuple[int, float, float]:
    return totals.cycle, totals.charged_Ah, totals.discharged_Ah
