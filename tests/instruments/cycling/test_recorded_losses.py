"""A cycler whose meter records by itself, where readings are none or have given way: what is left is kept, and said."""

import json
from itertools import pairwise
from math import isfinite, nan

import pytest

from fakemeter import silence
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling.recording import Recording
from galvanaut.instruments.errors import BadReadingError
from hostlab import ENVELOPE, METHOD
from recordingmeter import RecordingLab

LONG_REST = {"step": "open_circuit_voltage", "until_time_s": 20_000}
CHARGE = METHOD[1]


@pytest.fixture
def lab():
    return RecordingLab()


@pytest.fixture
def resting():
    """A cell at rest for hours, on a meter that keeps a hundred readings; the first ones are taken over."""
    lab = RecordingLab([LONG_REST, CHARGE])
    lab.meter.capacity = 100
    lab.start()
    lab.look()
    return lab


def spoil(meter, *places):
    """Mark readings in the buffer as no measurement, as its driver tells it."""
    for place in places:
        meter.rows[place][:2] = [nan, nan]


# -- readings that are none -----------------------------------------------------------------------------------


def test_a_reading_that_is_none_costs_no_other_and_stops_nothing(lab):
    lab.charging()
    lab.look()
    lab.meter.pass_time(200)
    spoil(lab.meter, -5)
    status = lab.one.poll(lab.run)
    assert (status.state, status.step_number) == ("running", 2)
    rows = lab.rows()
    assert len(rows) == len(lab.meter.rows)
    assert sum(not isfinite(row.current_A) for row in rows) == 1
    charge_Ah = 2e-3 * (rows[-1].time_s - 60) / 3600
    assert status.current_cycle[1] == pytest.approx(charge_Ah, rel=0.02)
    assert lab.to_the_end().state == "ended"


def test_two_in_a_row_trip_and_the_good_ones_before_them_are_kept(lab):
    lab.charging()
    lab.look()
    lab.meter.pass_time(200)
    spoil(lab.meter, -6, -5)
    status = lab.one.poll(lab.run)
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "the reading is nan V and nan A, 2 readings in a row" in status.alarm
    assert len(lab.rows()) == len(lab.meter.rows)


def test_the_newest_reading_may_be_none_and_the_buffer_is_known_again(lab):
    lab.charging()
    lab.look()
    lab.meter.pass_time(200)
    spoil(lab.meter, -1)
    lab.one.poll(lab.run)
    assert lab.look().remark == ""
    assert len(lab.rows()) == len(lab.meter.rows)


def test_every_second_reading_may_be_none_and_the_charge_is_counted_all_the_same():
    lab = RecordingLab([{**CHARGE, "current_mA": 9}], farad=1e6)
    lab.start()
    for _ in range(200):
        lab.meter.pass_time(100)
        spoil(lab.meter, *range(-9, 0, 2))
        if lab.one.poll(lab.run).state != "running":
            break
    assert "more than 0.02 Ah" in lab.one.poll(lab.run).alarm


def test_what_was_read_while_the_meter_was_switched_off_may_be_none(lab):
    lab.charging()
    lab.meter.pass_time(55)
    spoil(lab.meter, -1, -2)
    status = lab.one.stop(lab.run, "enough")
    assert status.state == "stopped"
    assert all(map(isfinite, status.current_cycle))


def test_a_buffer_that_was_cleared_and_filled_again_is_not_taken_for_the_old_one(lab):
    """Its readings stand at the same distances, so that only their values tell."""
    lab.charging()
    taken = len(lab.meter.rows)
    lab.meter.rows = []
    lab.meter.pass_time(10 * taken + 100)
    assert "other readings than those of the test" in lab.one.poll(lab.run).remark


def test_a_meter_whose_buffer_was_cleared_and_that_was_set_anew_is_made_safe(lab):
    lab.charging()
    lab.look()
    lab.meter.rows, lab.meter.operation = [], Operation(4.15, 0.002)
    status = lab.look()
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "set to something else than the step asks for" in status.alarm
    assert "no readings from" not in status.remark


# -- a buffer that is full ------------------------------------------------------------------------------------


def test_a_cell_that_is_well_goes_on_with_what_the_buffer_still_holds(resting):
    before = len(resting.rows())
    resting.meter.pass_time(5000)
    resting.status = status = resting.one.poll(resting.run)
    assert (status.state, status.alarm, resting.meter.on) == ("running", "", True)
    assert (status.is_due, resting.meter.period_s) == (True, None)  # so that nothing more gives way
    rows = resting.rows()
    assert len(rows) == before + 100
    newest_s = resting.clock.at_s - rows[-1].unix_time_s
    assert 0 <= newest_s < 10
    gap = f"no readings from {rows[before - 1].time_s:.0f} s to {rows[before].time_s:.0f} s of the test"
    assert status.remark == f"{gap}: meter: its buffer is full"
    resting.meter.capacity = 100_000
    assert resting.to_the_end().state == "ended"
    assert resting.status.remark == status.remark
    times = [row.unix_time_s for row in resting.rows()]
    gaps = [late - early for early, late in pairwise(times)]
    assert max(gaps) == pytest.approx(rows[before].time_s - rows[before - 1].time_s)
    assert sum(gap > 11 for gap in gaps) == 1


def test_a_meter_that_was_set_anew_meanwhile_is_made_safe(resting):
    before = len(resting.rows())
    resting.meter.pass_time(3000)
    resting.meter.operation = Operation(3.9, 0.001)
    resting.meter.pass_time(3)
    status = resting.one.poll(resting.run)
    assert (status.state, resting.meter.on) == ("tripped", False)
    assert "set to something else than the step asks for" in status.alarm
    assert len(resting.rows()) == before + 100


def test_a_cell_that_was_driven_all_the_time_may_have_taken_too_much(lab):
    """The charge of the time without readings is counted with the larger current."""
    lab.charging()
    lab.look()
    before = len(lab.rows())
    lab.meter.capacity = 100
    lab.meter.farad = 1e6
    lab.meter.pass_time(60_000)
    status = lab.one.poll(lab.run)
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "more than 0.02 Ah" in status.alarm
    assert "its buffer is full" in status.remark
    assert len(lab.rows()) == before + 100


def test_a_buffer_that_cannot_be_had_is_tried_again_at_the_next_look(resting):
    resting.meter.pass_time(5000)
    noise = BadReadingError("garbled reply", instrument="meter")
    resting.meter.failures["surviving_readings"] = [noise, noise]
    resting.status = resting.one.poll(resting.run)
    assert resting.status.state == "running"
    assert resting.look().state == "running"
    assert "its buffer is full" in resting.status.remark
    assert len(resting.rows()) > 100


def test_readings_that_cannot_be_had_at_the_end_are_said(lab):
    lab.charging()
    lab.meter.pass_time(55)
    noise = BadReadingError("garbled reply", instrument="meter")
    lab.meter.failures["recorded"] = [noise, noise]
    status = lab.one.stop(lab.run, "enough")
    assert (status.state, status.alarm) == ("stopped", "enough")
    assert status.remark == "readings that the meter still held could not be fetched: meter: garbled reply"


def test_after_a_loss_the_readings_are_asked_for_until_they_come(lab):
    lab.charging()
    lab.look()
    lab.meter.pass_time(55)
    lab.meter.failures = {"recorded": [silence()] * 6, "measure": [silence()] * 3}
    lab.status = lab.one.poll(lab.run)
    assert lab.status.state == "unknown"
    assert "could not be fetched" in lab.look().remark
    lab.until(lambda status: status.state == "tripped")
    assert lab.status.remark == ""
    assert len(lab.rows()) == len(lab.meter.rows)


# -- after a restart ------------------------------------------------------------------------------------------


def taken_up(lab, away_s):
    """By another process, after a while; all readings and the state are on disk."""
    rows, state = list(lab.rows()), json.loads(json.dumps(lab.one.state(lab.run), allow_nan=False))
    lab.meter.pass_time(away_s)
    lab.one = lab.cycler()
    lab.status = lab.one.attach(lab.run, lab.plan, ENVELOPE, state, rows[state["count"] - 1 :])
    return lab.status


def test_the_last_reading_on_record_may_be_none(lab):
    lab.charging()
    lab.look()
    lab.meter.pass_time(200)
    spoil(lab.meter, -1)
    lab.one.poll(lab.run)
    status = taken_up(lab, 300)
    assert (status.state, status.remark) == ("running", "")
    assert len(lab.rows()) == len(lab.meter.rows)


def test_a_host_that_was_away_for_longer_than_the_buffer_lasts_goes_on(resting):
    before = len(resting.rows())
    status = taken_up(resting, 5000)
    assert (status.state, status.alarm, resting.meter.on) == ("running", "", True)
    rows = resting.rows()
    assert [row.number for row in rows] == list(range(before + 100))
    assert 0 <= resting.clock.at_s - rows[-1].unix_time_s < 10
    assert f"no readings from {rows[before - 1].time_s:.0f} s to {rows[before].time_s:.0f} s" in status.remark
    resting.meter.capacity = 100_000
    assert resting.to_the_end().state == "ended"


def test_a_step_that_was_over_in_the_meantime_is_left(lab):
    """Charged and held until its current had faded, long ago; the discharge begins now."""
    lab.charging()
    lab.until(lambda status: status.step_number == 3)
    lab.meter.capacity = 600
    status = taken_up(lab, 9000)
    assert (status.state, lab.meter.operation.voltage_V) == ("running", 3.0)
    assert "its buffer is full" in status.remark
    assert "step 3 went on for" in status.remark


def test_what_is_found_off_after_so_long_is_interrupted_with_what_is_left(resting):
    before = len(resting.rows())
    resting.meter.pass_time(3000)
    resting.meter.on = False
    status = taken_up(resting, 500)
    assert status.state == "interrupted"
    assert "its buffer is full" in status.remark
    assert len(resting.rows()) == before + 100


def test_what_cannot_be_taken_up_is_made_safe_for_the_reason_that_is_true(resting):
    noise = BadReadingError("garbled reply", instrument="meter")
    resting.meter.failures["surviving_readings"] = [noise, noise]
    status = taken_up(resting, 5000)
    assert (status.state, resting.meter.on) == ("tripped", False)
    assert "could not be taken up again after a restart: meter: garbled reply" in status.alarm
    assert "its buffer is full" in status.remark
    assert len(resting.rows()) > 100


def test_a_slow_clock_is_put_right_once_however_long_the_readings_take_to_come():
    recording = Recording(first=0, anchor_s=0.0, looked_s=100.0, newest_s=100.0)
    rows = [[3.7, 0.0, 0.9995 * 10.0 * n] for n in range(9000, 10_001)]
    left = recording.later(rows, 100_000.0, 10.0, has_gone_on=True)
    assert left == rows
    assert recording.take(left, 100_600.0, 10.0)[-1].time_s == pytest.approx(99_990.0, abs=1.0)


def test_times_that_began_anew_with_the_oldest_reading_left_are_counted_back_from_now():
    """How a meter counts them once its buffer is full was never seen."""
    recording = Recording(first=0, anchor_s=1000.0, looked_s=1100.0, newest_s=1100.0)
    rows = [[3.7, 0.0, 10.0 * n] for n in range(100)]
    left = recording.later(rows, 9000.0, 10.0, has_gone_on=True)
    assert left == rows
    assert [each.time_s for each in recording.take(left, 9002.0, 10.0)][-1] == pytest.approx(9000.0)
