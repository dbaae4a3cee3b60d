"""Of which kind each cycle of a program is: a check-up, or one of the cycles in between."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from galvanaut.instruments.cycling.program import LoopStep, compile_program

if TYPE_CHECKING:
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.cycling.program import Program
    from galvanaut.instruments.envelope import Envelope

_ANY_AH = 1e-3


def any_program(plan: TestPlan, envelope: Envelope) -> Program:
    """The steps of a plan for whatever cell: what C-rates refer to plays no part in the kinds of its cycles."""
    return compile_program(plan.with_capacity(_ANY_AH) if plan.wants_capacity else plan, envelope)[0]


def cycle_kinds(program: Program) -> list[int]:
    """The position of the loop step that ends each cycle, if no rule ends the test before.

    Element 0 belongs to cycle 1. Cycles of one kind end at the same step, as for the stop rules.
    """
    kinds, passes, at, moved = [], Counter[int](), 0, False
    while at < len(program):
        step = program[at]
        if not isinstance(step, LoopStep):
            at, moved = at + 1, True
            continue
        if moved:
            kinds.append(at)
        moved = False
        passes[at] += 1
        if passes[at] < step.passes:
            at = step.target
        else:
            passes[at], at = 0, at + 1
    return kinds


def main_cycles(program: Program) -> frozenset[int]:
    """Numbers, from 1, of the cycles of the kind that a program has most of; empty if it has no loop."""
    kinds = cycle_kinds(program)
    if not kinds:
        return frozenset()
    most = Counter(kinds).most_common(1)[0][0]
    return frozenset(number for number, kind in enumerate(kinds, start=1) if kind == most)
