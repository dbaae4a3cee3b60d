"""Kinds of cycles, held against the sequencer that takes the steps."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cyclinglab import ENVELOPE
from galvanaut.instruments.cycling import compile_program
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.cycling.kinds import cycle_kinds, main_cycles
from galvanaut.instruments.cycling.program import LoopStep, RestStep
from galvanaut.instruments.cycling.sequencer import Sequencer
from galvanaut.instruments.envelope import Envelope

REST = RestStep(60.0, "rest")
AGEING = Path(__file__).parents[3] / "instruments/plans/ageing.yaml"


class Witness:
    """Stands in for stop rules: it is told the kind of every cycle, and stops nothing."""

    def __init__(self):
        self.kinds = []

    def judge(self, memory, kind, charged_Ah, discharged_Ah):
        self.kinds.append(int(kind))
        return ""


def walked(program):
    witness, at_s = Witness(), 0.0
    one = Sequencer(program, at_s, witness)
    while not one.ended:
        at_s += 60.0
        one.take(at_s, 3.7, 0.0)
    return witness.kinds


@st.composite
def nested(draw, depth=2):
    """Rests and loops, loops inside loops, each of them around at least one rest."""
    program = []

    def add(level):
        begin = len(program)
        for _ in range(draw(st.integers(1, 2))):
            if level and draw(st.booleans()):
                add(level - 1)
            else:
                program.append(REST)
        program.append(LoopStep(begin, draw(st.integers(1, 3)), "loop"))

    for _ in range(draw(st.integers(1, 2))):
        add(depth)
    return tuple(program)


@given(nested())
def test_they_are_those_that_the_sequencer_goes_through(program):
    assert cycle_kinds(program) == walked(program)


def test_without_a_loop_there_is_no_cycle():
    assert cycle_kinds((REST, REST)) == []
    assert main_cycles((REST,)) == frozenset()


def test_the_shipped_ageing_has_check_ups_around_every_fifty_cycles():
    plan = plans.load_plan(AGEING).with_capacity(0.004)
    envelope = Envelope.model_validate(ENVELOPE)
    main = main_cycles(compile_program(plan, envelope)[0])
    others = sorted(set(range(1, 308)) - main)
    assert len(main) == 300
    assert others == [1, 52, 103, 154, 205, 256, 307]
