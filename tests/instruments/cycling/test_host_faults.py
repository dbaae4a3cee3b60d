"""A cycler made of a source meter when something fails: it says what is known, and never assumes that a cell is off."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakemeter import refusal, silence
from galvanaut.core.errors import InputError
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import Interlock, Sequencer, compile_program
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.roles import SourceLimits
from hostlab import ENVELOPE, LIMITS, METHOD, Lab, plan


@pytest.fixture
def lab():
    return Lab()


def test_a_test_runs_to_its_end_and_the_output_is_off(lab):
    lab.start()
    for _ in range(5000):
        status = lab.poll()
        if status.state != "running":
            break
    assert (status.state, status.alarm, lab.meter.on) == ("ended", "", False)
    assert status.current_cycle[1] == pytest.approx(20 * 0.5 / 3600, rel=0.05)
    assert lab.meter.rest_V == pytest.approx(3.0, abs=0.03)


def test_limits_come_before_the_output(lab):
    lab.meter.failures["set_limits"] = [refusal()]
    with pytest.raises(InstrumentError, match="reads back another"):
        lab.start()
    assert "on" not in lab.meter.log
    assert not lab.meter.on


def test_a_rest_holds_the_cell_at_its_voltage_with_almost_no_current(lab):
    lab.start()
    voltage_V, current_A = lab.meter.operation
    assert (voltage_V, current_A) == (pytest.approx(3.6, abs=1e-4), 1e-7)
    assert lab.meter.on


def test_where_the_smallest_limit_is_no_rest_the_output_is_off():
    lab = Lab(limits=SourceLimits(0.0, 20.0, 3.0, 1e-4))
    status = lab.start()
    assert not lab.meter.on
    assert status.row.voltage_V != status.row.voltage_V  # not a number: the meter does not see it
    assert lab.poll(7).state == "running"
    assert lab.meter.on


@pytest.mark.parametrize("voltage_V", [1.0, 2.4, 4.3, 4.9])
def test_a_cell_outside_the_envelope_is_refused(voltage_V):
    lab = Lab(soc_V=voltage_V)
    with pytest.raises(RefusedError, match="no cell that may be tested"):
        lab.start()
    assert not lab.meter.on
    assert max(op.current_A for op in lab.meter.log if isinstance(op, Operation)) <= 1e-7


def test_an_empty_holder_is_refused(lab):
    lab.meter.has_cell = False
    with pytest.raises(RefusedError, match="no cell is connected"):
        lab.start()
    assert not lab.meter.on


@pytest.mark.parametrize("voltage_V", [2.5, 4.2])
def test_a_cell_at_the_end_of_the_envelope_is_a_cell(voltage_V):
    assert Lab(soc_V=voltage_V).start().state == "running"


def test_an_output_that_is_on_already_is_somebody_elses(lab):
    lab.meter.on = True
    with pytest.raises(RefusedError, match="on already"):
        lab.start()
    assert lab.meter.log == []


def test_a_plan_outside_the_envelope_is_refused_before_anything_is_sent(lab):
    with pytest.raises(InputError, match=r"protocol\.method\.0\.until_voltage_V: 4\.3 V is outside"):
        lab.start([METHOD[1] | {"until_voltage_V": 4.3}])
    wide = ENVELOPE.model_copy(update={"voltage_max_V": 4.4})
    with pytest.raises(InputError, match=r"envelope\.maximum_voltage: 4\.4 V is wider"):
        lab.one.start("clip", plan(), wide, "cell-1")
    assert lab.meter.log == []


def test_a_busy_channel_takes_no_second_test(lab):
    lab.start()
    with pytest.raises(RefusedError, match="busy with test-1"):
        lab.start()


def test_one_lost_reply_changes_nothing(lab):
    lab.charging()
    lab.meter.failures["measure"] = [silence()]
    assert (lab.poll().state, lab.reopened) == ("running", 0)


def test_two_lost_replies_are_a_fresh_connection(lab):
    lab.charging()
    lab.meter.failures["measure"] = [silence(), silence()]
    assert (lab.poll().state, lab.reopened) == ("running", 1)


@pytest.fixture
def resting():
    """A cell that rests, held at the output, for longer than any test of this file takes."""
    lab = Lab()
    lab.start([METHOD[0] | {"until_time_s": 3600}])
    return lab


def noise():
    return BadReadingError("garbled reply", instrument="meter")


@pytest.mark.parametrize("spoilt", [silence, noise])
def test_one_spoilt_word_of_the_output_changes_nothing_at_rest(resting, spoilt):
    resting.meter.failures["is_on"] = [spoilt()]
    status = resting.poll(2)
    assert (status.state, status.row.number, resting.reopened) == ("running", 2, 0)


def test_two_lost_words_of_the_output_are_a_fresh_connection(resting):
    resting.meter.failures["is_on"] = [silence(), silence()]
    assert (resting.poll().state, resting.reopened) == ("running", 1)


def test_contact_lost_after_a_reading_costs_no_reading(resting):
    resting.meter.failures["is_on"] = [silence()] * 3
    status = resting.poll()
    assert (status.state, status.row.time_s, status.row.number) == ("unknown", 10.0, 1)
    assert "contact was lost" in status.alarm


def test_an_output_that_cannot_be_asked_at_rest_trips_at_the_second_look_and_costs_no_reading(resting):
    resting.meter.failures["is_on"] = [noise()] * 4
    status = resting.poll()
    assert (status.state, status.row.number) == ("running", 1)
    status = resting.poll()
    assert (status.state, status.row.number, resting.meter.on) == ("tripped", 2, False)
    assert "at 2 looks in a row it was not known whether the output is on: meter: garbled reply" in status.alarm


def test_looks_at_rest_between_which_the_output_was_known_are_not_in_a_row(resting):
    for _ in range(3):
        resting.meter.failures["is_on"] = [noise()] * 2
        assert resting.poll().state == "running"
        assert resting.poll().state == "running"


def test_an_output_that_goes_off_at_rest_ends_the_test(resting):
    resting.meter.on = False
    status = resting.poll()
    assert (status.state, status.row.number) == ("tripped", 1)
    assert "went off by itself while the cell was resting" in status.alarm


def test_after_a_fresh_connection_a_rest_is_watched_as_before(resting):
    resting.meter.failures["measure"] = [silence()] * 2
    assert (resting.poll().state, resting.reopened) == ("running", 1)
    resting.meter.on = False
    assert "went off by itself while the cell was resting" in resting.poll().alarm


def test_after_a_fresh_connection_an_output_that_went_off_is_not_switched_on_again(lab):
    lab.start()
    lab.poll(5)
    lab.meter.failures["measure"] = [silence()] * 2
    configure, log = lab.meter.configure, len(lab.meter.log)

    def goes_off(*operation):
        configure(*operation)
        lab.meter.on = False

    lab.meter.configure = goes_off
    status = lab.poll()
    assert (status.state, lab.reopened, "on" in lab.meter.log[log:]) == ("tripped", 1, False)
    assert "it is not switched on again" in status.alarm


@pytest.mark.parametrize("spoilt", [silence, noise])
@pytest.mark.parametrize("method", ["configure", "is_on"])
def test_one_spoilt_reply_at_a_step_change_changes_nothing(lab, method, spoilt):
    lab.start()
    lab.poll(5)
    log = len(lab.meter.log)
    lab.meter.failures[method] = [spoilt()]
    status = lab.poll(3)
    assert (status.state, status.step_number, lab.reopened) == ("running", 2, 0)
    assert lab.meter.log[log:] == [Operation(4.1, 0.002)]


def test_a_step_that_is_not_confirmed_twice_is_lost_contact(lab):
    lab.start()
    lab.meter.failures["configure"] = [silence()] * 2
    status = lab.poll(6)
    assert (status.state, "contact was lost" in status.alarm) == ("unknown", True)


def test_an_output_is_never_told_twice_to_switch_on(lab):
    lab.meter.failures["output"] = [silence()]
    with pytest.raises(NoReplyError):
        lab.start()
    assert "on" not in lab.meter.log


def test_noise_instead_of_readings_trips_after_two_periods(lab):
    lab.charging()
    lab.meter.failures["measure"] = [noise()] * 4
    assert lab.poll().state == "running"
    status = lab.poll()
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "no good reading for 20 s: meter: garbled reply" in status.alarm


def test_lost_contact_makes_the_cell_safe_on_a_fresh_connection(lab):
    lab.charging()
    lab.meter.failures = {"measure": [silence()] * 3, "make_safe": [silence()]}
    status = lab.poll()
    assert (status.state, lab.meter.on) == ("unknown", True)
    assert status.next_s < 0.1  # said first, then made safe at once
    status = lab.poll()
    assert (status.state, lab.meter.on, lab.reopened) == ("tripped", False, 2)
    assert "contact was lost" in status.alarm


def test_a_dead_meter_is_unknown_until_it_answers_again():
    lab = Lab(reopens=False)
    lab.charging()
    lab.meter.failures = {"measure": [silence()] * 2, "make_safe": [silence()] * 2}
    status = lab.poll()
    assert status.state == "unknown"
    assert "whether the output is off is not known" in status.alarm
    assert "It has no watchdog: it may hold the cell" in status.alarm
    with pytest.raises(NoReplyError, match="not known"):
        lab.one.make_safe()
    assert lab.poll().state == "unknown"
    assert lab.meter.on
    status = lab.poll()
    assert (status.state, lab.meter.on) == ("tripped", False)


def test_a_watchdog_is_named_where_there_is_one():
    lab = Lab(limits=SourceLimits(0.0, 20.0, 1.0, 1e-9, watchdog_s=60.0), reopens=False)
    lab.charging()
    lab.meter.failures = {"measure": [silence()] * 2, "make_safe": [silence()]}
    assert "Its watchdog switches it off after 60 s of silence" in lab.poll().alarm


def test_a_relay_that_sticks_leaves_the_smallest_current_and_an_alarm(lab):
    lab.charging()
    lab.meter.stuck = True
    status = lab.one.stop(lab.run, "enough")
    assert status.state == "unknown"
    assert "0.002 A flow although the output is off" in status.alarm
    assert "disconnect the cell by hand" in status.alarm
    assert lab.meter.operation.current_A == 1e-9
    status = lab.poll()
    assert (status.state, "disconnect the cell by hand" in status.alarm) == ("stopped", True)


def test_an_interlock_leaves_the_output_off(lab):
    lab.charging()
    lab.degC = 60.0
    assert lab.poll().state == "running"
    status = lab.poll()
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "60 degC is outside the envelope" in status.alarm
    assert lab.poll().state == "tripped"
    assert lab.meter.log[-1] == "off"


@pytest.mark.parametrize("offset_V", [1.5, -3.0, float("nan")])
def test_one_spike_neither_trips_nor_ends_a_step(lab, offset_V):
    lab.charging()
    lab.meter.offset_V = offset_V
    status = lab.poll()
    assert (status.state, status.step_number) == ("running", 2)
    lab.meter.offset_V = 0.0
    assert lab.poll(3).step_number == 2
    assert json.dumps(lab.one.state(lab.run), allow_nan=False)


def test_what_the_meter_protected_itself_against_is_told(lab):
    lab.charging()
    lab.meter.tripped = ["over-voltage"]
    status = lab.poll(2)
    assert status.state == "tripped"
    assert "the meter reports: over-voltage" in status.alarm


def test_a_step_that_cannot_be_set_ends_the_test(lab):
    lab.start()
    lab.meter.failures["configure"] = [refusal()]
    status = lab.poll(8)
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "the next step could not be set" in status.alarm


def test_stopping_is_safe_and_may_be_repeated(lab):
    lab.charging()
    assert lab.one.stop(lab.run, "enough").state == "stopped"
    assert lab.one.stop(lab.run, "enough").alarm == "enough"
    lab.one.make_safe()
    assert not lab.meter.on


def test_unknown_runs_and_channels_are_named(lab):
    lab.start()
    with pytest.raises(InputError, match="meter serves clip only"):
        lab.one.start("other", plan(), ENVELOPE, "cell-1")
    with pytest.raises(InputError, match="does not run on meter on clip"):
        lab.one.poll(SimpleNamespace(test="else", channel="clip"))


FAILURES = st.dictionaries(
    st.sampled_from(["measure", "configure", "output", "is_on", "make_safe", "set_limits"]),
    st.lists(st.sampled_from([None, silence(), refusal()]), max_size=6),
)
MISHAPS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["fail", "off", "trip", "lead", "hot", "spike", "stick", "die"]),
        FAILURES,
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(mishaps=MISHAPS, soc_V=st.floats(2.4, 4.3), watchdog=st.booleans())
def test_whatever_happens_nothing_is_called_safe_that_is_not(mishaps, soc_V, watchdog):
    """No operation leaves the envelope, and a test is only over when no current can flow, unless a relay sticks."""
    limits = SourceLimits(0.0, 20.0, 3.0, 1e-4, watchdog_s=60.0) if watchdog else LIMITS
    lab = Lab(limits=limits, soc_V=soc_V)
    try:
        lab.start()
    except InstrumentError:
        assert not lab.meter.on
        return
    for polls, what, failures in mishaps:
        if lab.poll(polls + 1).state not in ("running", "unknown"):
            break
        befall(lab, what, failures)
    for _ in range(30):
        status = lab.poll()
        if status.state in ("ended", "stopped", "tripped"):
            assert lab.meter.stuck or not lab.meter.drives()
            assert abs(lab.meter.current_A()) <= 1e-4
    for operation in lab.meter.log:
        if isinstance(operation, Operation):
            assert not ENVELOPE.violations(voltage_V=operation.voltage_V, current_A=operation.current_A)


def befall(lab, what, failures):
    """A mishap; those of the line come and go, the others stay."""
    meter = lab.meter
    meter.failures = {name: list(errors) for name, errors in failures.items()}
    if what == "off":
        meter.on = False
    elif what == "trip":
        meter.tripped = ["over-voltage"]
    elif what == "lead":
        meter.has_cell = False
    elif what == "hot":
        lab.degC = 70.0
    elif what == "spike":
        meter.offset_V = 2.0
    elif what == "stick":
        meter.stuck = True
    elif what == "die":
        lab.one = lab.cycler()
        state = {"count": 0, "began_s": 1000.0, "state": "running", "final": "tripped", "alarms": []}
        fresh = Sequencer(compile_program(plan(), ENVELOPE, lab.limits)[0], 1000.0)
        state |= {"sequencer": fresh.to_json(), "interlock": Interlock(ENVELOPE, 10.0, at_s=1000.0).to_json()}
        lab.one.attach(lab.run, plan(), ENVELOPE, state)
