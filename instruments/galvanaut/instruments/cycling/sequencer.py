"""The sequencer: which step of a program a cell is in, and what the source meter is to do now; no input, no output.

A source meter is always a voltage source with a current limit. A constant current is the voltage at which the step
ends with the current as limit: the step is over when the current has left the limit, because then the voltage is
reached. A constant voltage is the same operation for longer. So cell and instrument bound each other without a host.

It is a function of the readings it is given: the same readings lead to the same commands, also in a later process that
goes on from `to_json` with the readings since. Stop rules are part of it for the same reason.

Where a meter records by itself, readings come in blocks, and a step may be over some readings before the meter is told:
`weigh` takes those that still belong to it, `go_on` begins the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling.program import CurrentStep, LoopStep, Program, RestStep, Step, VoltageStep
from galvanaut.instruments.cycling.stoprules import StopRules, fresh_memory

LEFT_LIMIT = 0.98
"""Share of the current limit below which the current counts as having left it (accuracy of meters, illustrative)."""
REACHED_V = 5e-3
"""A voltage counts as reached within this once the current has left its limit (illustrative)."""
BEYOND_V = 1e-3
"""A voltage counts as reached this far beyond it, whatever the current does (illustrative)."""
TIME_TOLERANCE_S = 1e-6
"""Digits that instants of a clock may lose."""


@dataclass(frozen=True)
class CycleTotals:
    """Charge moved within one cycle.

    Attributes:
        cycle: its number, from 1; a cycle ends at a loop step.
        charged_Ah: moved into the cell.
        discharged_Ah: moved out of the cell, positive.
    """

    cycle: int
    charged_Ah: float
    discharged_Ah: float


@dataclass
class _State:
    """All that changes, in JSON types."""

    began_s: float
    at_s: float
    index: int = 0
    passes: dict[str, int] = field(default_factory=dict)  # done so far, by the index of the loop step
    cycle: int = 1
    did_something: bool = False  # within this cycle
    step_number: int = 1  # counts every step taken, also repeated ones
    charged_C: float = 0.0
    discharged_C: float = 0.0
    last_A: float | None = None
    finished: list[float] | None = None  # cycle, Ah in, Ah out of the cycle before this one
    ended: bool = False
    over_s: float | None = None  # since when the present step is over, while the meter still does it
    rules: dict[str, Any] = field(default_factory=dict)  # what the stop rules have counted
    reason: str = ""  # why it ended before its last step


class Sequencer:
    """One program on one cell.

    Args:
        program: from `galvanaut.instruments.cycling.program.compile_program`.
        at_s: instant of the beginning, s since the epoch.
        rules: that end it before its last step.
    """

    def __init__(self, program: Program, at_s: float, rules: StopRules | None = None) -> None:
        self._program = program
        self._rules = rules
        self._state = _State(began_s=at_s, at_s=at_s)
        self._settle_loops()

    def to_json(self) -> dict[str, Any]:
        """Where it stands, as plain JSON."""
        return asdict(self._state)

    @classmethod
    def from_json(cls, program: Program, state: Mapping[str, Any], rules: StopRules | None = None) -> Sequencer:
        """Go on where `to_json` left off, also of an earlier version, which wrote down more."""
        known = {each.name: state[each.name] for each in fields(_State) if each.name in state}
        return cls._at(program, rules, _State(**known))

    @classmethod
    def _at(cls, program: Program, rules: StopRules | None, state: _State) -> Sequencer:
        sequencer = cls.__new__(cls)
        sequencer._program, sequencer._rules = program, rules
        sequencer._state = replace(state, passes=dict(state.passes), rules=fresh_memory(state.rules))
        return sequencer

    @property
    def step(self) -> Step | None:
        """The step under way; None when all are done."""
        return None if self._state.ended else self._program[self._state.index]

    @property
    def ended(self) -> bool:
        """Whether all steps are done."""
        return self._state.ended

    @property
    def reason(self) -> str:
        """Why all is done before the last step; empty if it is not."""
        return self._state.reason

    @property
    def is_over(self) -> bool:
        """Whether the step under way is over, and the next one has still to be begun."""
        return self._state.over_s is not None

    @property
    def step_number(self) -> int:
        """Counts the steps taken, from 1."""
        return self._state.step_number

    @property
    def index(self) -> int:
        """Position of the present step in the program, from 0."""
        return self._state.index

    @property
    def cycle(self) -> int:
        """Number of the cycle, from 1."""
        return self._state.cycle

    @property
    def began_s(self) -> float:
        """When the present step began, s since the epoch."""
        return self._state.began_s

    @property
    def at_s(self) -> float:
        """Until when charge is counted: the last reading that was taken, s since the epoch."""
        return self._state.at_s

    @property
    def totals(self) -> CycleTotals:
        """Of the cycle under way."""
        state = self._state
        return CycleTotals(state.cycle, state.charged_C / 3600, state.discharged_C / 3600)

    @property
    def finished(self) -> CycleTotals | None:
        """Of the cycle before this one, if there was one."""
        row = self._state.finished
        return None if row is None else CycleTotals(int(row[0]), row[1], row[2])

    @property
    def operation(self) -> Operation | None:
        """What the source meter is to do now; None while the cell rests, and when all is done."""
        return _operation(self.step)

    @property
    def continues(self) -> bool:
        """Whether the meter has nothing to change between this step and the next, within one cycle."""
        index = self._state.index + 1
        if index >= len(self._program) or isinstance(self._program[index], LoopStep):
            return False
        return _operation(self._program[index]) == self.operation

    def left_s(self, now_s: float) -> float | None:
        """Time until the present step ends by time, s; None if it does not."""
        limit_s = self._limit_s
        return None if limit_s is None else max(0.0, self._state.began_s + limit_s - now_s)

    @property
    def _limit_s(self) -> float | None:
        step = self.step
        return None if step is None or isinstance(step, LoopStep) else step.time_s

    def take(self, at_s: float, voltage_V: float, current_A: float) -> bool:
        """Take one reading; whether it has ended the step, so that `operation` may be another one now."""
        if not self.weigh(at_s, voltage_V, current_A):
            return False
        self.go_on()
        return True

    def weigh(self, at_s: float, voltage_V: float, current_A: float) -> bool:
        """Take one reading of the present step; whether that step is over."""
        state, step = self._state, self.step
        if step is None:
            return False
        self._count(at_s, current_A)
        if state.over_s is None and _is_over(step, at_s - state.began_s, voltage_V, current_A):
            state.over_s = at_s
        return state.over_s is not None

    def expire(self, now_s: float) -> bool:
        """Whether the present step is over by now: by its readings, or by its time without one."""
        state, limit_s = self._state, self._limit_s
        if state.over_s is None and limit_s is not None and now_s - state.began_s >= limit_s - TIME_TOLERANCE_S:
            state.over_s = state.began_s + limit_s
        return state.over_s is not None

    def go_on(self) -> float:
        """Begin the next step, where the last reading of the present one lies, or where its time was over.

        Returns:
            How long the meter went on after the end of the step, s.
        """
        state = self._state
        over_s = state.at_s if state.over_s is None else state.over_s
        if over_s > state.at_s and state.last_A is not None:
            self._count(over_s, state.last_A)
        state.began_s = max(over_s, state.at_s)
        late_s = state.began_s - over_s
        state.at_s, state.over_s = state.began_s, None
        state.index += 1
        self._settle_loops()
        state.step_number += 1
        state.last_A = None  # the next step has a current of its own from now on
        return late_s

    def ahead(self) -> Sequencer:
        """Where `go_on` would lead; this one stays where it is."""
        ahead = self._at(self._program, self._rules, self._state)
        ahead.go_on()
        return ahead

    def skip_to(self, now_s: float, spent_s: float | None = None) -> None:
        """No current has flowed since the last reading: the cell was switched off until now, and so was the step.

        Args:
            now_s: the present instant, s since the epoch.
            spent_s: of the step's time before it was switched off, s; by default until the last reading.
        """
        state = self._state
        off_s = now_s - state.at_s if spent_s is None else now_s - spent_s - state.began_s
        state.began_s += off_s
        if state.over_s is not None:
            state.over_s += off_s
        state.at_s, state.last_A = now_s, None

    def finish(self, reason: str) -> None:
        """All is done, because of ``reason``."""
        self._state.ended, self._state.reason = True, reason

    def _count(self, at_s: float, current_A: float) -> None:
        """Integrate the current by trapezoids; at the beginning of a step, with its first reading throughout."""
        state = self._state
        before_A = current_A if state.last_A is None else state.last_A
        moved_C = (before_A + current_A) / 2 * max(0.0, at_s - state.at_s)
        if moved_C > 0:
            state.charged_C += moved_C
        else:
            state.discharged_C -= moved_C
        state.at_s, state.last_A, state.did_something = at_s, current_A, True

    def _settle_loops(self) -> None:
        """Go through loop steps until a step that does something, or the end."""
        state = self._state
        while state.index < len(self._program):
            step = self._program[state.index]
            if not isinstance(step, LoopStep):
                return
            key = str(state.index)
            done = state.passes.get(key, 0) + 1
            self._close_cycle(key)
            if state.reason:
                break
            if done < step.passes:
                state.passes[key] = done
                state.index = step.target
            else:
                state.passes.pop(key, None)
                state.index += 1
        state.ended = True

    def _close_cycle(self, kind: str) -> None:
        state = self._state
        if state.did_something:
            charged_Ah, discharged_Ah = state.charged_C / 3600, state.discharged_C / 3600
            state.finished = [state.cycle, charged_Ah, discharged_Ah]
            if self._rules is not None and (why := self._rules.judge(state.rules, kind, charged_Ah, discharged_Ah)):
                state.reason = f"stop rule {why}, after cycle {state.cycle}"
            state.cycle += 1
            state.charged_C = state.discharged_C = 0.0
            state.did_something = False


def _operation(step: Step | None) -> Operation | None:
    if isinstance(step, CurrentStep):
        return Operation(step.voltage_V, abs(step.current_A))
    return Operation(step.voltage_V, step.limit_A) if isinstance(step, VoltageStep) else None


def _is_over(step: Step, elapsed_s: float, voltage_V: float, current_A: float) -> bool:
    if isinstance(step, LoopStep):
        return True
    if step.time_s is not None and elapsed_s >= step.time_s - TIME_TOLERANCE_S:
        return True
    if isinstance(step, RestStep):
        return False
    if isinstance(step, VoltageStep):
        is_held = abs(voltage_V - step.voltage_V) <= REACHED_V
        return step.until_A is not None and is_held and abs(current_A) <= step.until_A
    direction = 1.0 if step.current_A > 0 else -1.0
    beyond_V = direction * (voltage_V - step.voltage_V)
    has_left = direction * current_A < LEFT_LIMIT * abs(step.current_A)
    return beyond_V >= BEYOND_V or (has_left and beyond_V >= -REACHED_V)
