"""A process that dies leaves no hole in the record: the meter goes on recording, and the next process reads it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakejob import FakeJob, Killed, MemoryRecorder
from galvanaut.core import bdf
from galvanaut.instruments.jobs import CycleTest, JobFailedError
from galvanaut.instruments.telemetry.columns import columns_of
from galvanaut.instruments.telemetry.validate import problems_in
from hostlab import ENVELOPE, METHOD
from recordingmeter import RecordingLab

REST = {"step": "open_circuit_voltage", "until_time_s": 95}
CYCLE = [METHOD[1], METHOD[2], REST, METHOD[3], REST, {"step": "loop", "loop_to": 1, "cycle_count": 2}]
FARAD = 2.0  # so that a cycle takes half an hour


class Process:
    """A test on disk, on a meter that lives on, and one process after the other that runs it."""

    def __init__(self, after_interruption="continue"):
        self.lab = RecordingLab(CYCLE, farad=FARAD)
        self.plan = self.lab.plan.model_copy(update={"after_interruption": after_interruption})
        self.recorder = MemoryRecorder()
        self.job = FakeJob(self.lab.clock, self.lab.cycler, ENVELOPE, self.lab.meter.pass_time)

    def run(self, **failures):
        """Until the end, or until a failure that kills."""
        self.lab.meter.failures = failures
        return self.job.run(CycleTest("clip", self.plan, "cell-1", self.recorder))

    def killed(self, method, at_call, away_s=0.0):
        """Killed at a call of a method of the meter, and away for a while."""
        result = self.run(**{method: [None] * at_call + [Killed()]})
        if result is None:
            self.lab.meter.pass_time(away_s)
        return result


class Whole:
    """What a test leaves behind that nobody disturbs."""

    def __init__(self):
        process = Process()
        self.result = process.run()
        self.rows, self.written = process.recorder.kept, process.job.written


@pytest.fixture(scope="module")
def whole():
    return Whole()


def test_a_whole_test(whole):
    result, rows = whole.result, whole.rows
    assert result["state"] == "ended"
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert "remark" not in result
    assert len(rows) == result["readings"]


def test_the_journal_is_written_once_per_cycle_and_not_at_each_step(whole):
    """Before the start, after it, after the first cycle, at the end, how it ended, and where its record is."""
    assert whole.written == 6


def test_readings_go_to_disk_with_each_step_and_now_and_then():
    process = Process()
    process.run()
    steps = len({row.step_count for row in process.recorder.kept})
    assert process.recorder.writes <= steps + process.recorder.kept[-1].time_s / 600 + 1


PLACES = st.tuples(
    st.sampled_from(["recorded", "configure", "is_on"]),
    st.integers(0, 60),
)


@settings(deadline=None, max_examples=80)
@given(place=PLACES)
def test_a_process_that_dies_anywhere_changes_nothing(whole, place):
    result, rows = whole.result, whole.rows
    process = Process()
    found = process.killed(*place)
    kept = list(process.recorder.kept)
    if found is None:
        found = process.run()
    assert process.recorder.kept[: len(kept)] == kept
    again = process.recorder.kept
    is_same = [row[:2] + row[3:5] + row[6:] for row in again] == [row[:2] + row[3:5] + row[6:] for row in rows]
    assert is_same or "interrupted" in process.job.notes
    if is_same:
        assert found["cycles"] == [pytest.approx(cycle, rel=1e-9) for cycle in result["cycles"]]
    assert ("remark" in found) == ("interrupted" in process.job.notes)
    assert process.recorder.remark == found.get("remark", "")


@settings(deadline=None, max_examples=60)
@given(place=PLACES, away_s=st.floats(1, 4000))
def test_a_host_that_is_away_leaves_no_hole(place, away_s):
    process = Process()
    if process.killed(*place, away_s=away_s) is None:
        process.run()
    rows = process.recorder.kept
    assert [row.number for row in rows] == list(range(len(rows)))
    if "interrupted" not in process.job.notes:
        assert all(0 <= late.unix_time_s - early.unix_time_s < 10.6 for early, late in pairwise(rows))
    moved = [row.current_A for row in rows if row.step == 0]
    assert max(moved) <= 2e-3
    assert not process.lab.meter.on


def test_a_meter_that_lost_its_readings_is_a_gap_that_is_said():
    process = Process()
    assert process.killed("recorded", 4) is None
    process.lab.meter.rows, process.lab.meter.period_s = [], None
    process.lab.meter.pass_time(100)
    result = process.run()
    assert "no readings from" in result["remark"]
    gaps = [late.time_s - early.time_s for early, late in pairwise(process.recorder.kept)]
    assert 100 < max(gaps) < 700


def test_of_a_test_that_trips_after_too_long_an_absence_it_is_said_what_is_missing():
    """With that current its envelope's charge may have moved, and nobody can tell."""
    process = Process()
    process.lab.meter.capacity = 500
    assert process.killed("recorded", 2, away_s=50_000) is None
    kept = len(process.recorder.kept)
    with pytest.raises(JobFailedError, match=r"its cell is safe: .* moved in this step.* Of its readings: no readings"):
        process.run()
    assert len(process.recorder.kept) == kept + 500
    assert not process.lab.meter.on


def test_readings_of_somebody_else_are_not_taken_for_those_of_the_test():
    process = Process()
    assert process.killed("recorded", 4) is None
    meter = process.lab.meter
    meter.rows = [[9.9, 0.5, 10.0 * n] for n in range(500)]
    meter.pass_time(5)
    result = process.run()
    assert "other readings than those of the test" in result["remark"]
    assert max(row.current_A for row in process.recorder.kept) <= 2e-3


def test_what_is_found_off_is_interrupted_with_all_its_readings():
    process = Process(after_interruption="stop")
    assert process.killed("recorded", 2) is None
    process.lab.meter.pass_time(60)
    process.lab.meter.on = False
    process.lab.meter.pass_time(60)
    with pytest.raises(JobFailedError, match="found without output after a restart"):
        process.run()
    rows = process.recorder.kept
    assert all(late.unix_time_s - early.unix_time_s < 10.6 for early, late in pairwise(rows))
    assert rows[-1].step == rows[-7].step
    assert (rows[-1].current_A, rows[-7].current_A) == (0.0, 0.002)


def test_an_interrupted_test_goes_on_in_its_step_and_counts_no_charge_meanwhile(whole):
    process = Process()
    assert process.killed("recorded", 4) is None
    process.lab.meter.on = False
    process.lab.meter.pass_time(3600)
    result = process.run()
    assert result["state"] == "ended"
    for one, other in zip(result["cycles"], whole.result["cycles"], strict=True):
        assert one == pytest.approx(other, rel=0.02)
    columns = columns_of([process.recorder.kept])[1]
    for place, name in ((1, bdf.CHARGED), (2, bdf.DISCHARGED)):
        assert columns[name][-1] == pytest.approx(sum(cycle[place] for cycle in result["cycles"]), rel=1e-6)
    assert problems_in(columns) == []


def test_readings_before_an_interruption_do_not_tell_when_the_step_will_end():
    lab = RecordingLab()
    lab.start()
    state = lab.one.state(lab.run)
    lab.until(lambda status: status.step_number == 2 and status.row.step_time_s > 300)
    rows = lab.rows()
    lab.meter.on = False
    lab.meter.pass_time(3600)
    later = lab.cycler()
    assert later.attach(lab.run, lab.plan, ENVELOPE, state, rows).state == "interrupted"
    later.resume(lab.run)
    assert later.poll(lab.run).next_s < 35, "three readings first"


@pytest.mark.parametrize(("at_call", "number"), [(2, 0), (8, 2)], ids=["charge", "rest"])
def test_what_a_meter_records_while_it_is_off_is_no_time_of_the_step(at_call, number):
    process = Process()
    assert process.killed("recorded", at_call) is None
    process.lab.meter.on = False
    process.lab.meter.pass_time(3600)
    result = process.run()
    rows = [row for row in process.recorder.kept if row.step == number and row.cycle == 1]
    off = [row for row in rows if row.current_A == 0.0]
    assert len(off) > 350
    assert len({row.step_time_s for row in off}) == 1
    assert rows[-1].step_time_s < 1000
    assert "interrupted at" in result["remark"]
