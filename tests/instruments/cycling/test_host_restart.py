"""A later process takes up a test: what runs goes on in its step, and what is found off is not switched on."""

import json

import pytest

from fakemeter import refusal, silence
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.errors import InstrumentError
from galvanaut.instruments.roles import SourceLimits
from hostlab import ENVELOPE, Lab, plan


@pytest.fixture
def lab():
    return Lab()


def attached(lab, since=0):
    """A later process with what an earlier one has put on disk."""
    state = json.loads(json.dumps(lab.one.state(lab.run)))
    other = lab.cycler()
    return other, other.attach(lab.run, plan(), ENVELOPE, state, ())


def test_a_later_process_goes_on_in_the_step(lab):
    lab.charging()
    lab.meter.pass_time(60)
    log = list(lab.meter.log)
    lab.one, status = attached(lab)
    assert (status.state, status.step_number, lab.meter.on) == ("running", 2, True)
    assert lab.meter.log == [*log, Operation(4.1, 0.002)]
    assert lab.poll(3).row.number == 11


def test_readings_on_record_lead_to_the_place_where_the_dead_process_was(lab):
    lab.start()
    state = json.loads(json.dumps(lab.one.state(lab.run)))
    lab.poll(12)
    rows = lab.one.rows(lab.run)
    other = lab.cycler()
    status = other.attach(lab.run, plan(), ENVELOPE, state, rows)
    assert (status.state, status.step_number) == ("running", 2)
    assert other.state(lab.run)["sequencer"] == lab.one.state(lab.run)["sequencer"]
    assert other.state(lab.run)["count"] == lab.one.state(lab.run)["count"]


@pytest.mark.parametrize("asked", ["is_on", "protections", "set_limits", "configured", "configure", "measure"])
def test_no_single_lost_reply_ends_a_test_that_is_taken_up(lab, asked):
    lab.charging()
    lab.meter.pass_time(60)
    lab.meter.failures[asked] = [silence()]
    lab.one, status = attached(lab)
    assert (status.state, lab.meter.on, lab.meter.failures[asked]) == ("running", True, [])
    assert lab.poll(3).row.number == 11


DISCHARGE = Operation(3.0, 0.002)


def holding(lab):
    """In the hold, with all readings and the place on disk so far."""
    lab.start()
    lab.meter.rest_V = 4.08
    while lab.poll().step_number < 3:
        pass
    return lab.poll()


def test_a_meter_found_in_the_next_step_goes_on_there(lab):
    """The process died once it had told the meter, and the reading that ended the hold died with it."""
    before = holding(lab)
    lab.meter.operation = DISCHARGE
    lab.meter.pass_time(1800)
    log = list(lab.meter.log)
    lab.one, status = attached(lab)
    assert (status.state, status.step_number, status.is_due) == ("running", 4, True)
    assert lab.meter.log == [*log, DISCHARGE]
    said = f"no readings from {before.row.time_s:.0f} s to {before.row.time_s + 1800:.0f} s of the test"
    assert status.remark.startswith(said)
    status = lab.poll()
    assert status.row.step_time_s == pytest.approx(1810)
    assert status.current_cycle[2] == pytest.approx(0.002 * 1810 / 3600, rel=1e-3), "as its record counts, too"
    assert status.current_cycle[1] == pytest.approx(before.current_cycle[1])
    assert not status.is_due


def test_what_a_later_process_found_is_on_record_for_the_one_after_it(lab):
    holding(lab)
    lab.meter.operation = DISCHARGE
    lab.meter.pass_time(600)
    lab.one, found = attached(lab)
    lab.meter.pass_time(60)
    lab.one, again = attached(lab)
    assert (again.step_number, again.remark) == (4, found.remark)


def test_a_rest_without_output_is_over_if_the_meter_does_the_next_step():
    lab = Lab(limits=SourceLimits(0.0, 20.0, 3.0, 1e-4))
    lab.start()
    assert (lab.poll().step_number, lab.meter.on) == (1, False)
    lab.meter.operation, lab.meter.on = Operation(4.1, 0.002), True
    lab.meter.pass_time(600)
    lab.one, status = attached(lab)
    assert (status.state, status.step_number, lab.meter.on) == ("running", 2, True)
    assert lab.poll().current_cycle[1] == pytest.approx(0.002 * 610 / 3600, rel=1e-3)


@pytest.mark.parametrize("rests", [False, True])
def test_a_meter_found_in_no_step_of_the_test_is_switched_off(lab, rests):
    """Set half, as when a process dies between voltage and current, or by hand."""
    lab = Lab(limits=SourceLimits(0.0, 20.0, 3.0, 1e-4)) if rests else lab
    lab.start()
    if not rests:
        lab.poll(8)
    lab.meter.operation, lab.meter.on = Operation(4.1, 0.004), True
    lab.meter.pass_time(600)
    lab.one, status = attached(lab)
    assert (status.state, lab.meter.on) == ("interrupted", False)
    assert "found driven at 4.1 V and 0.004 A after a restart" in status.alarm
    assert "was found driving at 4.1 V and 0.004 A, and none of that is counted" in status.remark
    assert lab.one.resume(lab.run).state == "running"
    assert lab.poll(2).state == "running"


@pytest.mark.parametrize("protections", [[], ["coupled protection or watchdog"]])
def test_what_is_found_off_is_not_switched_on(lab, protections):
    lab.charging()
    lab.meter.on, lab.meter.tripped = bool(protections), protections
    log = list(lab.meter.log)
    lab.one, status = attached(lab)
    assert (status.state, lab.meter.on) == ("interrupted", False)
    assert "found without output after a restart" in status.alarm
    assert "on" not in lab.meter.log[len(log) :]
    assert lab.poll().state == "interrupted"
    assert lab.one.resume(lab.run).state == "running"
    assert lab.poll(2).state == "running"
    assert lab.meter.operation == Operation(4.1, 0.002)


def resumed(lab, off_s):
    """Charging, found off, and driven again after a while."""
    before = lab.charging().row
    lab.meter.on = False
    lab.meter.pass_time(off_s)
    lab.one, _ = attached(lab)
    return before, lab.one.resume(lab.run)


def test_what_the_cell_was_found_at_is_a_reading_of_the_step_it_was_left_in(lab):
    before, status = resumed(lab, 7200)
    found = status.row
    assert (found.number, found.time_s) == (before.number + 1, before.time_s + 7200)
    assert (found.current_A, found.step_time_s) == (0.0, before.step_time_s)
    assert found.voltage_V == pytest.approx(lab.meter.rest_V, abs=1e-4)
    assert status.remark.startswith("interrupted at 80 s of the test, and driven again from 7280 s on: neither charge")
    assert lab.poll().row.step_time_s == before.step_time_s + 10


def test_a_month_without_current_is_no_charge_that_trips(lab):
    """2 mA for a month are 1.4 Ah, of 20 mAh that the envelope allows."""
    resumed(lab, 30 * 24 * 3600)
    assert lab.poll(3).state == "running"


def test_a_cell_that_cannot_be_driven_again_stays_off_and_its_reading_stays(lab):
    lab.charging()
    lab.meter.on = False
    lab.meter.pass_time(600)
    lab.one, _ = attached(lab)
    lab.meter.failures["configure"] = [None, refusal()]
    with pytest.raises(InstrumentError, match="reads back another"):
        lab.one.resume(lab.run)
    assert (lab.poll().state, lab.meter.on) == ("interrupted", False)
    assert lab.one.rows(lab.run)[-1].current_A == 0.0
    assert lab.one.resume(lab.run).state == "running"


def test_other_limits_found_after_a_restart_stop_the_cell(lab):
    lab.charging()
    lab.meter.failures["set_limits"] = [refusal()]
    lab.one, status = attached(lab)
    assert (status.state, lab.meter.on) == ("tripped", False)
    assert "are not those of the test" in status.alarm


def test_a_test_that_is_over_is_over_after_a_restart_too(lab):
    lab.charging()
    lab.one.stop(lab.run, "enough")
    lab.one, status = attached(lab)
    assert (status.state, status.alarm, lab.meter.on) == ("stopped", "enough", False)


def at_the_end(lab):
    """The reading that ends the last step is taken, and its output is on until that is on disk."""
    holding(lab)
    status = next(found for _ in range(3000) if (found := lab.poll()).state != "running" or found.next_s == 0)
    assert (status.state, status.is_due, lab.meter.on) == ("running", True, True)
    return status


@pytest.mark.parametrize("is_on", [True, False])
def test_a_test_whose_last_reading_is_on_disk_has_ended(lab, is_on):
    """Whether its process died before the output was off, or after it."""
    at_the_end(lab)
    if not is_on:
        assert lab.one.poll(lab.run).state == "ended"
    state = json.loads(json.dumps(lab.one.state(lab.run)))
    rows = lab.one.rows(lab.run)
    lab.one = lab.cycler()
    status = lab.one.attach(lab.run, plan(), ENVELOPE, state, rows)
    assert (status.state, status.alarm, lab.meter.on) == ("ended", "", False)


@pytest.mark.parametrize("how", ["poll", "stop", "make_safe"])
def test_at_its_end_the_output_goes_off_whatever_comes_next(lab, how):
    at_the_end(lab)
    log = list(lab.meter.log)
    {"poll": lambda: lab.one.poll(lab.run), "stop": lambda: lab.one.stop(lab.run, "enough")}.get(
        how, lab.one.make_safe
    )()
    assert (lab.meter.on, lab.meter.log) == (False, [*log, "off"])
    assert lab.one.poll(lab.run).state == ("stopped" if how == "make_safe" else "ended")


def test_readings_that_the_caller_has_are_forgotten(lab):
    lab.charging()
    assert [row.number for row in lab.one.rows(lab.run, 7)] == [7, 8]
    assert [row.number for row in lab.one.rows(lab.run)] == [7, 8]
    table = lab.one.records(lab.run, 8)
    assert list(table.columns) == [
        "time_s",
        "unix_time_s",
        "voltage_V",
        "current_A",
        "temperature_degC",
        "step",
        "step_count",
        "cycle",
        "step_time_s",
    ]
    assert table.index.tolist() == [8]
