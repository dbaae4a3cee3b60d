"""The sequencer: a function of its readings that ends, stays inside the envelope, and goes on after a restart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import check_plan, compile_program
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.cycling.program import CurrentStep, LoopStep, RestStep, VoltageStep
from galvanaut.instruments.cycling.sequencer import CycleTotals, Sequencer
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.roles import SourceLimits

REST = RestStep(60.0, "rest")
CHARGE = CurrentStep(0.002, 4.2, None, "charge")
HOLD = VoltageStep(4.2, 0.002, 0.0002, 600.0, "hold")
DISCHARGE = CurrentStep(-0.002, 3.0, None, "discharge")


def fed(sequencer, *readings):
    """Readings ten seconds apart; the numbers of those that ended a step."""
    return [n for n, (volts, amps) in enumerate(readings, start=1) if sequencer.take(10.0 * n, volts, amps)]


def test_a_charge_is_the_voltage_with_the_current_as_limit_and_ends_when_the_current_leaves_it():
    one = Sequencer((CHARGE, HOLD), 0.0)
    assert one.operation == Operation(4.2, 0.002)
    assert fed(one, (3.7, 0.002), (3.9, 0.002), (4.1999, 0.00199), (4.2, 0.0018)) == [4]
    assert one.operation == Operation(4.2, 0.002)
    assert one.step == HOLD


def test_a_discharge_holds_the_lower_voltage():
    one = Sequencer((DISCHARGE, REST), 0.0)
    assert one.operation == Operation(3.0, 0.002)
    assert fed(one, (3.7, -0.002), (3.1, -0.002), (3.001, -0.0015)) == [3]
    assert one.operation is None


def test_a_current_below_its_limit_far_from_the_voltage_ends_nothing():
    one = Sequencer((CHARGE,), 0.0)
    assert fed(one, (3.7, 0.0), (3.7, 0.001), (3.7, -0.002)) == []


def test_a_voltage_that_is_passed_ends_the_step_whatever_flows():
    one = Sequencer((CHARGE,), 0.0)
    assert fed(one, (4.202, 0.002)) == [1]
    assert one.ended


def test_a_hold_ends_by_current_or_by_time():
    one = Sequencer((HOLD, REST), 0.0)
    assert fed(one, (4.1, 0.0001), (4.2, 0.001), (4.2, 0.0002)) == [3]
    slow = Sequencer((HOLD, REST), 0.0)
    assert fed(slow, *[(4.2, 0.001)] * 70)[0] == 60


def test_a_rest_ends_by_time_and_says_when():
    one = Sequencer((REST,), 100.0)
    assert one.left_s(130.0) == 30.0
    assert not one.take(159.9, 3.7, 0.0)
    assert one.take(160.0, 3.7, 0.0)
    assert (one.ended, one.operation, one.step, one.left_s(160.0)) == (True, None, None, None)
    assert not one.take(170.0, 3.7, 0.0)


def test_loops_lie_inside_each_other_and_count_cycles():
    program = (REST, REST, LoopStep(1, 3, "inner"), LoopStep(0, 2, "outer"))
    one, seen = Sequencer(program, 0.0), []
    for n in range(1, 20):
        if one.ended:
            break
        seen.append((one.index, one.cycle))
        one.take(60.0 * n, 3.7, 0.0)
    assert [index for index, _ in seen] == [0, 1, 1, 1, 0, 1, 1, 1]
    assert [cycle for _, cycle in seen] == [1, 1, 2, 3, 4, 4, 5, 6]


def test_charge_is_counted_per_cycle():
    one = Sequencer((CurrentStep(0.002, 4.2, 1800.0, ""), DISCHARGE, LoopStep(0, 2, "")), 0.0)
    for n in range(1, 181):
        one.take(10.0 * n, 3.7, 0.002)
    assert one.totals == CycleTotals(1, pytest.approx(1e-3), 0.0)
    for n in range(181, 360):
        one.take(10.0 * n, 3.5, -0.002)
    one.take(3600.0, 3.0, -0.001)
    assert one.finished == CycleTotals(1, pytest.approx(1e-3), pytest.approx(1e-3, rel=0.01))
    assert (one.cycle, one.totals.charged_Ah) == (2, 0.0)


ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "5 mA",
        "maximum_discharge_current": "5 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "10 h",
    }
)
SOURCE = SourceLimits(0.0, 20.0, 1.05, 1e-9)
VOLTS = st.floats(2.0, 5.0)
MILLIAMPERES = st.floats(-8, 8).filter(bool)
TIMES = st.none() | st.floats(1, 40_000)
STEPS = st.one_of(
    st.builds(lambda time_s: {"step": "open_circuit_voltage", "until_time_s": time_s}, st.floats(1, 40_000)),
    st.builds(
        lambda amps, volts, time_s: {
            "step": "constant_current",
            "current_mA": amps,
            "until_voltage_V": volts,
            "until_time_s": time_s,
        },
        MILLIAMPERES,
        VOLTS,
        TIMES,
    ),
    st.builds(
        lambda volts, amps, time_s: {
            "step": "constant_voltage",
            "voltage_V": volts,
            "until_current_mA": amps,
            "until_time_s": time_s,
        },
        VOLTS,
        MILLIAMPERES,
        TIMES,
    ),
)
READINGS = st.lists(st.tuples(st.floats(0.1, 5000), st.floats(-1, 6), st.floats(-0.01, 0.01)), max_size=60)


@st.composite
def protocols(draw):
    body = draw(st.lists(STEPS, min_size=2, max_size=5))
    loops = [{"step": "loop", "loop_to": 1, "cycle_count": n} for n in draw(st.lists(st.integers(1, 3), max_size=2))]
    return {"record": {"time_s": 10}, "method": [*body, *loops]}


@given(protocol=protocols(), readings=READINGS)
def test_no_readings_lead_outside_of_the_envelope(protocol, readings):
    """Whatever passes the check commands nothing outside, whatever the meter says."""
    plan = plans.TestPlan.model_validate({"protocol": protocol})
    program, _ = compile_program(plan, ENVELOPE, SOURCE)
    if check_plan(plan, ENVELOPE, SOURCE):
        return
    one, at_s = Sequencer(program, 0.0), 0.0
    for seconds, volts, amps in readings:
        operation = one.operation
        if operation is not None:
            assert not ENVELOPE.violations(voltage_V=operation.voltage_V, current_A=operation.current_A)
            assert not ENVELOPE.violations(current_A=-operation.current_A)
            assert operation.current_A > 0
        at_s += seconds
        one.take(at_s, volts, amps)


@given(
    passes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    targets=st.lists(st.integers(0, 1), min_size=3, max_size=3),
)
def test_loops_end(passes, targets):
    loops = tuple(LoopStep(target, count, "") for target, count in zip(targets, passes, strict=False))
    one, taken = Sequencer((REST, REST, *loops), 0.0), 0
    while not one.ended:
        taken += 1
        one.take(60.0 * taken, 3.7, 0.0)
        assert taken <= 2 * 4**3


@given(readings=READINGS, at=st.integers(0, 60))
def test_a_later_process_gives_the_same_commands(readings, at):
    program = (REST, CHARGE, HOLD, DISCHARGE, LoopStep(1, 3, ""))
    one, at_s = Sequencer(program, 0.0), 0.0
    other = None
    for number, (seconds, volts, amps) in enumerate(readings):
        if number == at:
            other = Sequencer.from_json(program, json.loads(json.dumps(one.to_json())))
        at_s += seconds
        changed = one.take(at_s, volts, amps)
        if other is not None:
            assert other.take(at_s, volts, amps) == changed
            assert (other.operation, other.step, other.cycle) == (one.operation, one.step, one.cycle)
            assert other.to_json() == one.to_json()


def test_what_an_earlier_version_wrote_down_is_taken_up():
    one = Sequencer((CHARGE, HOLD), 0.0)
    one.take(60.0, 3.7, 0.002)
    earlier = one.to_json() | {"step_C": 0.12}
    assert Sequencer.from_json((CHARGE, HOLD), earlier).to_json() == one.to_json()


def test_readings_after_the_end_of_a_step_still_count_to_it():
    one = Sequencer((CurrentStep(0.002, 4.2, 3600.0, ""), REST, LoopStep(0, 2, "")), 0.0)
    assert one.weigh(10.0, 4.2, 0.001)
    assert one.weigh(1800.0, 4.2, 0.001)
    assert (one.is_over, one.index, one.operation) == (True, 0, Operation(4.2, 0.002))
    assert one.go_on() == 1790.0
    assert (one.index, one.began_s, one.operation) == (1, 1800.0, None)
    assert one.totals.charged_Ah == pytest.approx(0.001 * 1800 / 3600)


def test_a_step_ends_by_its_time_between_two_readings():
    one = Sequencer((CurrentStep(0.002, 4.2, 1000.0, ""), REST), 0.0)
    assert not one.weigh(900.0, 3.7, 0.002)
    assert not one.expire(999.0)
    assert one.expire(1003.0)
    assert one.go_on() == 0.0
    assert (one.index, one.began_s) == (1, 1000.0)
    assert one.totals.charged_Ah == pytest.approx(0.002 * 1000 / 3600)


def test_a_hold_continues_the_current_before_it_and_nothing_continues_over_a_loop():
    assert Sequencer((CHARGE, HOLD), 0.0).continues
    assert not Sequencer((CHARGE, DISCHARGE), 0.0).continues
    assert Sequencer((REST, REST), 0.0).continues
    assert not Sequencer((REST, LoopStep(0, 2, ""), REST), 0.0).continues
    assert not Sequencer((CHARGE,), 0.0).continues


def test_a_time_without_current_is_no_time_of_the_step():
    for step in (CurrentStep(0.002, 4.2, 3600.0, ""), VoltageStep(4.2, 0.002, None, 3600.0, ""), RestStep(3600.0, "")):
        one = Sequencer((step,), 0.0)
        one.take(1800.0, 3.7, 0.0)
        one.skip_to(7200.0)
        assert one.left_s(7200.0) == 1800.0
        assert not one.take(8990.0, 3.7, 0.0)
        assert not one.expire(8990.0)
        assert one.take(9000.0, 3.7, 0.0)


def test_a_step_that_was_left_before_its_first_reading_begins_when_the_cell_is_driven_again():
    one = Sequencer((CHARGE, CurrentStep(-0.002, 3.0, 3600.0, "")), 0.0)
    assert one.take(600.0, 4.2, 0.001)
    one.skip_to(7200.0)
    assert (one.index, one.began_s, one.left_s(7200.0)) == (1, 7200.0, 3600.0)


def test_a_step_may_have_been_interrupted_some_time_after_the_last_reading_that_was_taken():
    one = Sequencer((CurrentStep(0.002, 4.2, 3600.0, ""),), 0.0)
    one.take(1800.0, 3.7, 0.002)
    one.skip_to(7200.0, spent_s=1810.0)
    assert (one.began_s, one.left_s(7200.0)) == (5390.0, 1790.0)


def test_a_step_that_was_over_before_an_interruption_is_as_late_as_it_was():
    one = Sequencer((CurrentStep(0.002, 4.2, None, ""), REST), 0.0)
    assert one.weigh(10.0, 4.2, 0.001)
    one.weigh(20.0, 4.2, 0.001)
    one.skip_to(7200.0)
    assert one.go_on() == 10.0


def test_a_time_without_current_counts_nothing():
    one = Sequencer((CurrentStep(0.002, 4.2, None, ""),), 0.0)
    one.take(1800.0, 3.7, 0.002)
    one.skip_to(7200.0)
    one.take(9000.0, 3.8, 0.002)
    assert one.totals.charged_Ah == pytest.approx(0.002 * 3600 / 3600)
