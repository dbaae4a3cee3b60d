"""A cycler whose meter records by itself: few looks, every reading, and steps that end where the readings say so."""

import json
from itertools import pairwise
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakemeter import refusal, silence
from galvanaut.core.errors import InputError
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import recorded
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from hostlab import ENVELOPE, METHOD, Lab
from hostlab import plan as polled_plan
from recordingmeter import RecordingLab, plan

REST = {"step": "open_circuit_voltage", "until_time_s": 95}
CHARGE = {"step": "constant_current", "current_mA": 2, "until_voltage_V": 4.1, "until_time_s": 600}
CHARGED_C = 20.0 * 0.5


@pytest.fixture
def lab():
    return RecordingLab()


def test_a_test_runs_to_its_end_with_few_looks_and_every_reading(lab):
    lab.start()
    status = lab.to_the_end()
    assert (status.state, status.alarm, status.remark, lab.meter.on) == ("ended", "", "", False)
    rows = lab.rows()
    assert [row.number for row in rows] == list(range(len(rows)))
    assert len(rows) == pytest.approx(16_110 / 10, abs=3)
    assert lab.meter.calls["recorded"] < len(rows) / 15
    steps = [late.unix_time_s - early.unix_time_s for early, late in pairwise(rows)]
    assert steps == pytest.approx([10.0] * len(steps))
    assert {row.step for row in rows} == {0, 1, 2, 3}


def test_it_moves_the_same_charge_as_one_that_polls():
    one, other = RecordingLab(), Lab()
    one.start()
    recorded_cycle = one.to_the_end().current_cycle
    other.run = other.one.start("clip", polled_plan(), ENVELOPE, "cell-1", "test-1")
    status = other.one.poll(other.run)
    while status.state == "running":
        other.meter.pass_time(status.next_s)
        status = other.one.poll(other.run)
    assert recorded_cycle[1:] == pytest.approx(status.current_cycle[1:], rel=0.01)


@pytest.mark.parametrize("time_s", [1, 10, 60])
def test_cut_offs_are_met_within_about_one_sampling_period(time_s):
    lab = RecordingLab(time_s=time_s)
    lab.charging()
    lab.until(lambda status: status.step_number == 4)
    last = [row for row in lab.rows() if row.step == 2][-2:]
    assert last[1].current_A <= 0.2e-3 < last[0].current_A
    assert lab.clock.at_s - last[1].unix_time_s < time_s
    lab.to_the_end()
    beyond = [row for row in lab.rows() if row.step == 3 and row.current_A > -0.98 * 2e-3]
    assert len(beyond) == 1


def test_a_step_ends_by_time_on_the_instant_between_two_readings():
    lab = RecordingLab([REST, CHARGE, REST])
    lab.start()
    lab.until(lambda status: status.step_number == 2)
    assert lab.clock.at_s == pytest.approx(1000 + 95, abs=0.01)
    lab.until(lambda status: status.step_number == 3)
    assert lab.clock.at_s == pytest.approx(1000 + 695, abs=0.01)
    lab.to_the_end()
    assert lab.status.current_cycle[1] == pytest.approx(2e-3 * 600 / 3600, rel=1e-4)
    assert [row.step for row in lab.rows()] == [0] * 10 + [1] * 60 + [2] * 10


def test_nothing_is_changed_at_the_meter_between_a_current_and_the_hold_that_follows(lab):
    lab.charging()
    lab.until(lambda status: status.step_number == 4)
    driven = [each for each in lab.meter.log if isinstance(each, Operation) and each.current_A == 0.002]
    assert driven == [Operation(4.1, 0.002), Operation(3.0, 0.002)]


def test_nobody_looks_for_the_end_of_a_current_that_the_meter_holds_by_itself():
    """No ever nearer looks, but one at most three readings after that end."""
    lab, looks = RecordingLab(METHOD[1:], soc_V=3.9), []
    lab.start()
    while lab.status.step_number == 1:
        looks.append(lab.clock.at_s)
        lab.look()
    hold_s = next(row.unix_time_s for row in lab.rows() if row.step == 1)
    assert min(b - a for a, b in pairwise(looks[1:])) > 200
    assert 0 <= lab.clock.at_s - hold_s < 31


def test_no_more_charge_moves_than_the_envelope_allows_however_rare_the_looks():
    """A cell that takes and takes: its voltage never gets anywhere, and nothing foretells an end."""
    lab, method = RecordingLab(farad=1e6), [{**METHOD[1], "current_mA": 9}, METHOD[3]]
    lab.plan = plan(method, 30, look_period="900 s")
    lab.start()
    status = lab.to_the_end()
    assert "more than 0.02 Ah" in status.alarm
    assert 20e-3 < 9e-3 * lab.rows()[-1].time_s / 3600 < 20e-3 + 9e-3 * 2.5 * 30 / 3600


def test_what_was_read_after_the_end_of_a_step_belongs_to_it(lab):
    """The host did not look for an hour: the cell was held at its voltage, and the readings say so."""
    lab = RecordingLab([METHOD[1], METHOD[3]])
    lab.start()
    lab.meter.pass_time(5400)
    status = lab.one.poll(lab.run)
    assert (status.state, status.step_number, lab.meter.operation.voltage_V) == ("running", 2, 3.0)
    assert status.remark.startswith("step 1 went on for ")
    rows = lab.rows()
    assert {row.step for row in rows} == {0}
    assert len(rows) == 541
    assert status.current_cycle[1] == pytest.approx(CHARGED_C / 3600, rel=0.03)


def test_the_temperature_stands_beside_the_readings_of_its_minute(lab):
    lab.charging()
    lab.until(lambda status: status.row.number > 200)
    first = lab.look().row.number
    last = lab.look().row.number
    known = [not isnan(row.temperature_degC) for row in lab.rows()[first + 1 : last + 1]]
    assert known == [False] * 24 + [True] * 6


def test_two_looks_at_a_cell_that_is_too_warm_trip_it_soon(lab):
    lab.charging()
    lab.degC = 60.0
    status = lab.look()
    assert (status.state, status.next_s) == ("running", pytest.approx(10, abs=0.6))
    status = lab.look()
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "60 degC is outside the envelope" in status.alarm


def test_a_thermometer_may_be_silent_for_one_look(lab):
    lab.charging()
    lab.look()
    lab.degC = float("nan")
    assert lab.look().state == "running"
    lab.degC = 25.0
    assert lab.look().next_s > 200
    lab.degC = float("nan")
    lab.look()
    assert lab.look().state == "tripped"


def test_every_reading_is_judged_in_its_order(lab):
    """A lead that was off for a while between two looks is found."""
    lab.charging()
    lab.look()
    lab.meter.pass_time(100)
    lab.meter.has_cell = False
    lab.meter.pass_time(50)
    lab.meter.has_cell = True
    lab.meter.pass_time(100)
    status = lab.one.poll(lab.run)
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "vanished from one reading to the next" in status.alarm
    rows = lab.rows()
    assert lab.clock.at_s - rows[-1].unix_time_s < 10
    assert [row.number for row in rows] == list(range(len(rows)))


@pytest.mark.parametrize("offset_V", [1.5, -3.0, float("nan")])
def test_one_spike_neither_trips_nor_ends_a_step(lab, offset_V):
    lab.charging()
    lab.look()
    lab.meter.pass_time(5)
    lab.meter.offset_V = offset_V
    lab.meter.pass_time(8)
    lab.meter.offset_V = 0.0
    lab.meter.pass_time(50)
    status = lab.one.poll(lab.run)
    assert (status.state, status.step_number) == ("running", 2)
    assert json.dumps(lab.one.state(lab.run), allow_nan=False)


def test_a_meter_that_records_nothing_new_trips_after_two_periods(lab):
    lab.charging()
    lab.look()
    lab.meter.period_s = None
    lab.meter.pass_time(9)
    assert lab.one.poll(lab.run).state == "running"
    lab.meter.pass_time(11)
    status = lab.one.poll(lab.run)
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "recorded nothing new" in status.alarm


def test_noise_instead_of_readings_trips_at_the_second_look(lab):
    lab.charging()
    noise = BadReadingError("garbled reply", instrument="meter")
    lab.meter.failures["recorded"] = [noise] * 4
    status = lab.look()
    assert (status.state, status.next_s) == ("running", pytest.approx(10, abs=0.6))
    assert "garbled reply" in lab.look().alarm
    assert (lab.status.state, lab.meter.on) == ("tripped", False)


def test_a_lost_reply_loses_no_reading(lab):
    lab.charging()
    lab.meter.failures["recorded"] = [silence(), silence()]
    assert (lab.look().state, lab.reopened) == ("running", 1)
    rows = lab.rows()
    assert [row.number for row in rows] == list(range(len(rows)))
    assert len(rows) == len(lab.meter.rows)


def test_lost_contact_is_said_first_and_then_made_safe(lab):
    lab.charging()
    lab.meter.failures = {"recorded": [silence()] * 3, "make_safe": [silence()]}
    status = lab.look()
    assert (status.state, lab.meter.on) == ("unknown", True)
    assert status.next_s < 0.1
    status = lab.look()
    assert (status.state, lab.meter.on, lab.reopened) == ("tripped", False, 2)


def test_a_buffer_that_was_cleared_is_a_gap_that_is_said(lab):
    lab.charging()
    lab.look()
    lab.meter.pass_time(5)
    lab.meter.rows = []
    status = lab.look()
    assert (status.state, status.alarm) == ("running", "")
    assert "no readings from 80 s to 116 s of the test" in status.remark
    assert status.is_due
    status = lab.look()
    assert status.is_due
    assert not lab.look().is_due
    assert lab.to_the_end().state == "ended"
    rows = lab.rows()
    assert [row.number for row in rows] == list(range(len(rows)))
    assert max(late.time_s - early.time_s for early, late in pairwise(rows)) > 30


def test_a_power_cut_is_no_gap_but_an_end(lab):
    lab.charging()
    lab.look()
    lab.meter.rows, lab.meter.on = [], False
    status = lab.look()
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "as after a power cut" in status.alarm


def test_a_buffer_that_fills_is_emptied_after_its_readings_are_on_disk(lab, monkeypatch):
    monkeypatch.setattr(recorded, "REFILL", 100)
    lab.charging()
    status = lab.until(lambda status: status.is_due and status.row.number > 90)
    assert (lab.meter.period_s, status.next_s) == (None, 0.05)
    kept = len(lab.rows())
    lab.look()
    assert len(lab.meter.rows) == 1
    assert lab.to_the_end().state == "ended"
    rows = lab.rows()
    assert len(rows) > kept
    assert [row.number for row in rows] == list(range(len(rows)))
    assert max(late.time_s - early.time_s for early, late in pairwise(rows)) < 11


def test_a_recording_that_cannot_be_begun_leaves_the_output_off(lab):
    lab.meter.failures["record"] = [refusal()]
    with pytest.raises(InstrumentError, match="reads back another"):
        lab.start()
    assert not lab.meter.on
    lab.meter.failures["stop_recording"] = [refusal()]
    with pytest.raises(InstrumentError, match="reads back another"):
        lab.start()
    assert not lab.meter.on


def test_a_step_that_cannot_be_set_ends_the_test(lab):
    lab.start()
    lab.meter.failures["configure"] = [refusal()]
    lab.until(lambda status: status.state != "running")
    assert (lab.status.state, lab.meter.on) == ("tripped", False)
    assert "the next step could not be set" in lab.status.alarm


def test_stopping_keeps_the_last_readings(lab):
    lab.charging()
    lab.meter.pass_time(55)
    assert lab.one.stop(lab.run, "enough").alarm == "enough"
    rows = lab.rows()
    assert lab.clock.at_s - rows[-1].unix_time_s < 10
    assert {row.step for row in rows} == {0, 1}


def test_a_fast_clock_of_the_meter_never_leads_into_the_future(lab):
    lab.meter.drift = 1e-3
    lab.charging()
    lab.to_the_end()
    rows = lab.rows()
    assert all(late.unix_time_s >= early.unix_time_s for early, late in pairwise(rows))
    assert rows[-1].unix_time_s <= lab.clock.at_s
    assert rows[-1].unix_time_s == pytest.approx(lab.clock.at_s, abs=11)


def test_a_slow_clock_of_the_meter_is_no_silence(lab):
    lab.meter.drift = -5e-4
    lab.charging()
    assert lab.to_the_end().state == "ended"
    assert lab.rows()[-1].unix_time_s == pytest.approx(lab.clock.at_s, abs=21)


def test_an_empty_holder_is_refused_before_anything_is_recorded(lab):
    lab.meter.has_cell = False
    with pytest.raises(RefusedError, match="no cell is connected"):
        lab.start()
    assert (lab.meter.on, lab.meter.period_s) == (False, None)


def test_a_plan_that_it_could_not_record_is_refused(lab):
    lab.plan = lab.plan.model_copy(update={"poll_s": 5.0})
    with pytest.raises(InputError, match=r"poll_period: the source meter records by itself, every 10 s"):
        lab.start()
    assert lab.meter.log == []


FAILURES = st.dictionaries(
    st.sampled_from(
        [
            *("recorded", "surviving_readings", "record", "stop_recording"),
            *("configure", "output", "is_on", "make_safe", "set_limits"),
        ]
    ),
    st.lists(st.sampled_from([None, silence(), refusal()]), max_size=6),
)
MISHAPS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from(["fail", "off", "trip", "lead", "hot", "spike", "stick", "clear", "halt", "none", "full"]),
        FAILURES,
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=100)
@given(mishaps=MISHAPS, soc_V=st.floats(2.4, 4.3))
def test_whatever_happens_nothing_is_called_safe_that_is_not(mishaps, soc_V):
    """No operation leaves the envelope, and a test is only over when no current can flow, unless a relay sticks."""
    lab = RecordingLab(soc_V=soc_V)
    try:
        lab.start()
    except InstrumentError:
        assert not lab.meter.on
        return
    for looks, what, failures in mishaps:
        for _ in range(looks + 1):
            lab.look()
        if lab.status.state not in ("running", "unknown"):
            break
        befall(lab, what, failures)
    for _ in range(30):
        status = lab.look()
        if status.state in ("ended", "stopped", "tripped"):
            assert lab.meter.stuck or not lab.meter.drives()
            assert abs(lab.meter.current_A()) <= 1e-4
    for operation in lab.meter.log:
        if isinstance(operation, Operation):
            assert not ENVELOPE.violations(voltage_V=operation.voltage_V, current_A=operation.current_A)
    rows = lab.rows()
    assert [row.number for row in rows] == list(range(len(rows)))
    assert all(late.unix_time_s >= early.unix_time_s for early, late in pairwise(rows))


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
    elif what == "clear":
        meter.rows = []
    elif what == "halt":
        meter.period_s = None
    elif what == "none" and meter.rows:
        meter.rows[-1][:2] = [nan, nan]
    elif what == "full":
        meter.capacity = len(meter.rows) + 5
