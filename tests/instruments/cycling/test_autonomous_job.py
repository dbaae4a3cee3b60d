"""The job of a test on a cycler that takes its steps by itself: handed over once, followed, taken up, all rows kept."""

import pytest

from autonomousbox import ENVELOPE, HOLD, REST, AutonomousCycler, Box, plan
from fakejob import FakeJob, Killed, MemoryRecorder
from fakemeter import FakeClock
from galvanaut.core.errors import InputError
from galvanaut.instruments.jobs import CycleTest, JobFailedError

PLAN = plan(REST, HOLD)


class Cycler(AutonomousCycler):
    """Counts what is asked of it, and dies where it is told to."""

    def __init__(self, box, log, dies_at=()):
        super().__init__(box)
        self.log = log
        self.dies_at = list(dies_at)

    def _count(self, name):
        self.log.append(name)
        if self.dies_at and self.dies_at[0] == (name, self.log.count(name)):
            self.dies_at.clear()
            raise Killed

    def start(self, *args):
        self._count("start")
        run = super().start(*args)
        self._count("started")
        return run

    def poll(self, run):
        self._count("poll")
        return super().poll(run)

    def make_safe(self):
        self._count("make_safe")
        super().make_safe()


class Process:
    def __init__(self):
        self.clock = FakeClock()
        self.box = Box(self.clock)
        self.log = []
        self.dies_at = ()
        self.recorder = MemoryRecorder()
        self.job = FakeJob(self.clock, lambda: Cycler(self.box, self.log, self.dies_at), ENVELOPE, self.live)

    def live(self, seconds):
        self.clock.at_s += seconds

    def run(self, *dies_at):
        self.dies_at = dies_at
        return self.job.run(CycleTest("1-1", PLAN, "cell-1", self.recorder))


def test_the_plan_is_handed_over_once_and_followed_to_its_end():
    process = Process()
    result = process.run()
    assert (result["state"], result["readings"]) == ("ended", 19)
    assert process.log.count("start") == 1
    assert [row.number for row in process.recorder.kept] == list(range(19))


@pytest.mark.parametrize("at", [1, 2, 4, 6])
def test_a_host_that_dies_while_it_follows_is_taken_over(at):
    process = Process()
    assert process.run(("poll", at)) is None
    process.live(70)
    result = process.run()
    assert (result["state"], result["readings"]) == ("ended", 19)
    assert process.log.count("start") == 1
    assert "make_safe" not in process.log
    assert [row.number for row in process.recorder.kept] == list(range(19))


def test_a_test_that_was_started_when_the_host_died_is_found_and_not_started_twice():
    process = Process()
    assert process.run(("started", 1)) is None
    process.live(50)
    result = process.run()
    assert (result["state"], process.log.count("start")) == ("ended", 1)
    assert [row.number for row in process.recorder.kept] == list(range(19))


def test_a_test_that_was_not_started_when_the_host_died_is_started():
    process = Process()
    assert process.run(("start", 1)) is None
    assert process.run()["state"] == "ended"
    assert process.log.count("started") == 1


def test_one_that_somebody_ends_early_is_stopped_there_and_has_not_failed():
    process = Process()
    assert process.run(("poll", 3)) is None
    process.job.notes["early"] = "hopeless"
    result = process.run()
    assert (result["state"], result["reason"]) == ("ended", "ended early: hopeless")
    assert process.box.jobs["1-1"]["state"] == "stopped"
    assert 0 < result["readings"] < 19


def test_what_the_instrument_stops_by_itself_fails_the_job():
    process = Process()
    assert process.run(("poll", 3)) is None
    process.box.jobs["1-1"] |= {"state": "tripped", "why": "over-voltage"}
    with pytest.raises(JobFailedError, match=r"was tripped after .* its cell is safe: over-voltage"):
        process.run()


def test_a_measured_capacity_is_part_of_the_request():
    recorder = MemoryRecorder()
    rate = {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.1}
    wanting = plan(rate).model_copy(update={"nominal_capacity_Ah": "measured"})
    action = CycleTest("1-1", wanting, "cell-1", recorder, capacity_Ah=0.004)
    assert action.request()["capacity_Ah"] == 0.004
    assert action.resolved.capacity_Ah == 0.004
    assert "capacity_Ah" not in CycleTest("1-1", PLAN, "cell-1", recorder).request()
    with pytest.raises(InputError, match="hand it over when the test starts"):
        CycleTest("1-1", wanting, "cell-1", recorder)
    with pytest.raises(InputError, match="a second one has no place"):
        CycleTest("1-1", PLAN, "cell-1", recorder, capacity_Ah=0.004)
