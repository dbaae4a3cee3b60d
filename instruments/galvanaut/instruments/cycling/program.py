"""A protocol as a flat row of steps in floats: A, V and s, C-rates resolved, tags and loops as positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aurora_unicycler import (
    ConstantCurrent,
    ConstantVoltage,
    ImpedanceSpectroscopy,
    Loop,
    OpenCircuitVoltage,
    Tag,
    VoltageScan,
)

from galvanaut.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.roles import SourceLimits


@dataclass(frozen=True)
class RestStep:
    """No current for ``time_s`` seconds. ``where`` is its place in the plan, e.g. ``protocol.method.3``."""

    time_s: float
    where: str


@dataclass(frozen=True)
class CurrentStep:
    """Constant current until a voltage is reached or a time is over.

    Attributes:
        current_A: positive charges, A.
        voltage_V: ends the step, V; where the protocol gives none, the envelope's.
        time_s: ends the step, s.
        where: its place in the plan.
    """

    current_A: float
    voltage_V: float
    time_s: float | None
    where: str


@dataclass(frozen=True)
class VoltageStep:
    """Constant voltage until the current has faded or a time is over.

    Attributes:
        voltage_V: held, V.
        limit_A: largest current meanwhile, A. After a constant current to the same voltage it is that current:
            nothing is changed at the instrument between the two.
        until_A: magnitude of the current that ends the step, A.
        time_s: ends the step, s.
        where: its place in the plan.
    """

    voltage_V: float
    limit_A: float
    until_A: float | None
    time_s: float | None
    where: str


@dataclass(frozen=True)
class LoopStep:
    """Go back to the step at ``target`` until it was done ``passes`` times in all."""

    target: int
    passes: int
    where: str


Step = RestStep | CurrentStep | VoltageStep | LoopStep
Program = tuple[Step, ...]


def compile_program(
    plan: TestPlan, envelope: Envelope, source: SourceLimits | None = None
) -> tuple[Program, list[Problem]]:
    """The steps of a plan, and what could not be translated, all at once.

    Impedance and voltage scans have no place in the program of a cycler that takes its steps by itself: they are only
    looked at. A source meter is refused them.

    Args:
        plan: as written.
        envelope: in force for this test.
        source: what the source meter can do, if one is to run the plan.
    """
    return _Compiler(plan, envelope, source).run()


class _Compiler:
    def __init__(self, plan: TestPlan, envelope: Envelope, source: SourceLimits | None) -> None:
        self.plan = plan
        self.envelope = envelope
        self.both_ways_A = min(envelope.charge_max_A, envelope.discharge_max_A)
        if source is not None:
            self.both_ways_A = min(self.both_ways_A, source.current_max_A)
        self.is_hosted = source is not None
        self.steps: list[Step] = []
        self.has_own_steps = False  # that only a cycler of its own can take
        self.problems: list[Problem] = []
        self.positions: list[int] = []  # of each step of the method in the program; a tag has that of its successor
        self.tags: dict[str, int] = {}

    def run(self) -> tuple[Program, list[Problem]]:
        for number, step in enumerate(self.plan.protocol.method):
            self.positions.append(len(self.steps))
            if isinstance(step, Tag):
                self.tags[step.tag] = len(self.steps)
                continue
            if isinstance(step, ImpedanceSpectroscopy | VoltageScan) and not self.is_hosted:
                self.has_own_steps = True
                self.problems += _own_problems(step, f"protocol.method.{number}", self.envelope)
                continue
            try:
                self.steps.append(self._translated(step, f"protocol.method.{number}"))
            except _UntranslatableError as error:
                self.problems.append(error.problem)
        if not self.problems:
            self.problems += _crossed_loops(self.steps)
        does_nothing = not self.has_own_steps and all(isinstance(step, LoopStep) for step in self.steps)
        if not self.problems and does_nothing:
            self.problems.append(Problem("protocol.method", "has no step that does anything"))
        return tuple(self.steps), self.problems

    def _translated(self, step: object, where: str) -> Step:
        if isinstance(step, OpenCircuitVoltage):
            return RestStep(_required(step.until_time_s, f"{where}.until_time_s"), where)
        if isinstance(step, ConstantCurrent):
            return self._current(step, where)
        if isinstance(step, ConstantVoltage):
            return self._voltage(step, where)
        if isinstance(step, Loop):
            target = self.tags[step.loop_to] if isinstance(step.loop_to, str) else self.positions[step.loop_to - 1]
            return LoopStep(target, step.cycle_count, where)
        name = str(getattr(step, "step", type(step).__name__)).replace("_", " ")
        raise _UntranslatableError(f"{where}.step", f"{name} is more than a source meter can do; use another cycler")

    def _current(self, step: ConstantCurrent, where: str) -> CurrentStep:
        current_A = self._amperes(step.rate_C, step.current_mA, f"{where}.rate_C")
        if current_A is None:
            raise _UntranslatableError(where, "has neither rate_C nor current_mA")
        _no_zero(step.until_voltage_V, f"{where}.until_voltage_V")
        limit_V = self.envelope.voltage_max_V if current_A > 0 else self.envelope.voltage_min_V
        target_V = limit_V if step.until_voltage_V is None else step.until_voltage_V
        return CurrentStep(current_A, target_V, _optional(step.until_time_s, f"{where}.until_time_s"), where)

    def _voltage(self, step: ConstantVoltage, where: str) -> VoltageStep:
        _no_zero(step.voltage_V, f"{where}.voltage_V")
        until_A = self._amperes(step.until_rate_C, step.until_current_mA, f"{where}.until_rate_C")
        time_s = _optional(step.until_time_s, f"{where}.until_time_s")
        before = self.steps[-1] if self.steps else None
        follows = isinstance(before, CurrentStep) and before.voltage_V == step.voltage_V
        limit_A = abs(before.current_A) if follows and isinstance(before, CurrentStep) else self.both_ways_A
        return VoltageStep(step.voltage_V, limit_A, None if until_A is None else abs(until_A), time_s, where)

    def _amperes(self, rate_C: float | None, current_mA: float | None, where: str) -> float | None:
        """Unicycler's rule: a C-rate that is set comes first, and zero is not set."""
        if rate_C:
            if self.plan.capacity_Ah is None:
                text = "a C-rate needs nominal_capacity (or protocol.sample.capacity_mAh)"
                if self.plan.wants_capacity:
                    text = "a C-rate needs the measured capacity, which has to be handed over when the test starts"
                raise _UntranslatableError(where, text)
            return float(rate_C) * self.plan.capacity_Ah
        return current_mA / 1000 if current_mA else None


class _UntranslatableError(Exception):
    def __init__(self, where: str, message: str) -> None:
        self.problem = Problem(where, message)
        super().__init__(message)


def _required(time_s: float, where: str) -> float:
    if not 0 < time_s < float("inf"):
        raise _UntranslatableError(where, f"{time_s:g} s is not a time above zero")
    return float(time_s)


def _optional(time_s: float | None, where: str) -> float | None:
    return _required(time_s, where) if time_s else None


def _no_zero(voltage_V: float | None, where: str) -> None:
    if voltage_V == 0:
        raise _UntranslatableError(where, "0 V counts as not set in unicycler; give a voltage above zero")


def _own_problems(step: ImpedanceSpectroscopy | VoltageScan, where: str, envelope: Envelope) -> Iterator[Problem]:
    """What can be told of a step whose course only the cycler knows."""
    if isinstance(step, ImpedanceSpectroscopy):
        if step.amplitude_mA is not None:
            for text in envelope.violations(current_A=abs(step.amplitude_mA) / 1000):
                yield Problem(f"{where}.amplitude_mA", text)
        return
    for name in ("start_voltage_V", "end_voltage_V"):
        for text in envelope.violations(voltage_V=getattr(step, name)):
            yield Problem(f"{where}.{name}", text)


def _crossed_loops(steps: list[Step]) -> Iterator[Problem]:
    loops = [(step.target, end, step.where) for end, step in enumerate(steps) if isinstance(step, LoopStep)]
    for begin, end, where in loops:
        if begin >= end:
            yield Problem(f"{where}.loop_to", "goes back to nothing that could be repeated")
        for other_begin, other_end, other in loops:
            if begin < other_begin <= end < other_end:
                yield Problem(f"{where}.loop_to", f"crosses the loop at {other}; loops may only lie inside each other")
