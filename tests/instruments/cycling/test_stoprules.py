"""Rules that end a test before its last step: per kind of cycle, from charge alone, and the same after a restart."""

import json

import pytest
from pydantic import ValidationError

from galvanaut.instruments.cycling import Sequencer
from galvanaut.instruments.cycling.program import CurrentStep, LoopStep
from galvanaut.instruments.cycling.stoprules import StopRules

FADE = StopRules.model_validate({"minimum_retention": "80 %", "consecutive": 2})
CHARGE = CurrentStep(0.001, 4.2, None, "charge")
DISCHARGE = CurrentStep(-0.001, 3.0, None, "discharge")


def judged(rules, cycles):
    """The reason of each cycle, given as kind, charge in and charge out."""
    memory = {}
    return [rules.judge(memory, *cycle) for cycle in cycles]


def fading(*shares, kind="a"):
    return [(kind, 1.0, share) for share in shares]


def test_capacity_is_held_against_the_first_cycle_of_its_kind():
    assert judged(FADE, fading(1.0, 0.9, 0.79, 0.81, 0.79)) == [""] * 5
    found = judged(FADE, fading(1.0, 0.9, 0.79, 0.78))
    assert found[:3] == [""] * 3
    assert found[3] == "minimum_retention: 78.00% is below 0.8, 2 such cycles in a row"


def test_a_check_up_is_compared_with_check_ups_only():
    cycles = [*fading(0.7, kind="1C"), *fading(1.0, kind="C/10"), *fading(0.69, 0.68, kind="1C")]
    assert judged(FADE, [*cycles, *fading(0.95, kind="C/10")]) == [""] * 5
    found = judged(FADE, [*cycles, *fading(0.79, kind="C/10"), *fading(0.68, kind="1C"), *fading(0.7, kind="C/10")])
    assert found[-1].startswith("minimum_retention: 70.00%")


def test_the_efficiency_of_the_first_cycle_is_not_judged():
    rules = StopRules.model_validate({"minimum_coulombic_efficiency": "99 %"})
    assert judged(rules, [("a", 0.5, 1.0), ("a", 1.0, 0.995)]) == ["", ""]
    assert judged(rules, [("a", 1.0, 0.8), ("a", 1.0, 0.98)])[1] == (
        "minimum_coulombic_efficiency: 98.00% is below 0.99"
    )
    assert judged(rules, [("a", 1.0, 0.8), ("a", 0.0, 0.98)]) == ["", ""]


def test_a_number_of_cycles_is_of_whatever_kind():
    rules = StopRules.model_validate({"maximum_cycles": 3})
    found = judged(rules, [("a", 1.0, 1.0), ("b", 1.0, 1.0), ("a", 1.0, 1.0)])
    assert found == ["", "", "maximum_cycles: 3 cycles are complete"]


def test_a_cycle_that_gave_nothing_is_no_measure():
    assert judged(FADE, fading(0.0, 1.0, 0.9, 0.5)) == [""] * 4


@pytest.mark.parametrize(
    "rules",
    [{}, {"consecutive": 2}, {"minimum_retention": "120 %"}, {"maximum_cycles": 0}, {"minimum_capacity": "1 mAh"}],
)
def test_rules_that_say_nothing_are_refused(rules):
    with pytest.raises(ValidationError):
        StopRules.model_validate(rules)


def cycled(one, capacities_Ah, restart=False):
    """Cycle a cell of these capacities, one after the other; how many cycles it took."""
    at_s = 0.0
    for number, capacity_Ah in enumerate(capacities_Ah):
        for current_A, end_V in ((0.001, 4.21), (-0.001, 2.99)):
            one.take(at_s, 3.7, current_A)
            at_s += 3600 * capacity_Ah / 0.001
            one.take(at_s, 3.7, current_A)
            one.take(at_s, end_V, current_A)
            if restart:
                one = Sequencer.from_json(PROGRAM, json.loads(json.dumps(one.to_json())), FADE)
        if one.ended:
            return number + 1, one
    return len(capacities_Ah), one


PROGRAM = (CHARGE, DISCHARGE, LoopStep(0, 100, "loop"))


@pytest.mark.parametrize("restart", [False, True])
def test_the_sequencer_ends_by_rule_and_says_why(restart):
    cycles, one = cycled(Sequencer(PROGRAM, 0.0, FADE), [0.004, 0.0039, 0.0031, 0.003, 0.0029], restart)
    assert cycles == 4
    assert (one.ended, one.operation) == (True, None)
    assert one.reason == ("stop rule minimum_retention: 75.00% is below 0.8, 2 such cycles in a row, after cycle 4")


def test_without_rules_it_takes_all_its_steps():
    cycles, one = cycled(Sequencer(PROGRAM, 0.0), [0.004] + [0.001] * 99)
    assert (cycles, one.ended, one.reason) == (100, True, "")


def test_looking_ahead_counts_nothing():
    one = Sequencer(PROGRAM, 0.0, FADE)
    one.take(3600.0, 4.21, 0.001)
    one.weigh(7200.0, 2.99, -0.001)
    before = one.to_json()
    ahead = one.ahead()
    assert (ahead.cycle, ahead.to_json()["rules"]["done"]) == (2, 1)
    assert one.to_json() == before
