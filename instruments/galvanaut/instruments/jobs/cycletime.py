"""How long a test may take by its protocol, if its cell is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_unicycler import Tag

from galvanaut.instruments.cycling.program import CurrentStep, LoopStep, RestStep, Step, compile_program

if TYPE_CHECKING:
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope


def longest_s(plan: TestPlan, envelope: Envelope) -> float | None:
    """The time that the steps of a plan take if each moves the whole capacity, s; stop rules only make it shorter.

    None where the protocol does not say: a hold that ends by its current alone, a step that only a cycler of its own
    can take.

    Args:
        plan: with its capacity.
        envelope: of the holder; its capacity stands in where the plan has none.
    """
    program, problems = compile_program(plan, envelope)
    steps = sum(not isinstance(step, Tag) for step in plan.protocol.method)
    if problems or steps != len(program):
        return None
    capacity_Ah = plan.capacity_Ah or envelope.capacity_max_Ah
    total_s = 0.0
    before_s: list[float] = []  # the time until each step begins for the first time
    for step in program:
        before_s.append(total_s)
        if isinstance(step, LoopStep):
            total_s += (step.passes - 1) * (total_s - before_s[step.target])
            continue
        step_s = _step_s(step, capacity_Ah)
        if step_s is None:
            return None
        total_s += step_s
    return total_s


def _step_s(step: Step, capacity_Ah: float) -> float | None:
    if isinstance(step, RestStep):
        return step.time_s
    if isinstance(step, CurrentStep):
        whole_s = 3600 * capacity_Ah / abs(step.current_A)
        return whole_s if step.time_s is None else min(whole_s, step.time_s)
    return None if isinstance(step, LoopStep) else step.time_s
