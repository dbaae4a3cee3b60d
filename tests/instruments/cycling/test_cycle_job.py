"""The job that runs a test: recorded, resumed after a crash, and failed only after the cell is safe."""

import asyncio
from contextlib import ExitStack
from itertools import pairwise

import pytest

from contractlab import ContractLab
from cyclinglab import DESCRIPTION, HOLDERS
from galvanaut.core.clock import at_work, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.cycling.recorder import SqlRecorder
from galvanaut.instruments.jobs import CycleTest, JobFailedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.runs import Row
from galvanaut.instruments.station import Station
from galvanaut.simulators.faults import parse_fault

KEY = JobKey("demo", 1, "cycle", 1)
METHOD = [
    {"step": "open_circuit_voltage", "until_time_s": 120},
    {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.0},
    {"step": "constant_voltage", "voltage_V": 4.0, "until_rate_C": "C/5"},
    {"step": "constant_current", "rate_C": "D/2", "until_voltage_V": 3.5},
    {"step": "loop", "loop_to": 2, "cycle_count": 2},
]


def plan(method=METHOD, **more):
    tree = {"nominal_capacity": "4 mAh", "protocol": {"record": {"time_s": 10}, "method": method}, **more}
    return plans.TestPlan.model_validate(tree)


class Host:
    """One process: what it has in memory dies with it, the world and the files do not."""

    def __init__(self, folder, stack, earlier=None):
        self.lab = earlier or ContractLab(DESCRIPTION, folder / "world.db", "in-process", stack)
        if earlier is not None:
            self.lab.connected.close()
            self.lab.connected = self.lab.connect()
        self.clock = self.lab.world.clock
        self.engine = open_engine(folder / "station.db", durable=False)
        stack.callback(self.engine.dispose)
        self.recorder = SqlRecorder(self.engine)
        self.journal = Journal(EventLog(self.engine, "journal"), self.clock)
        self.station = Station(self.lab.connected, self.journal, self.clock)

    def action(self, holder, method=METHOD, **more):
        return CycleTest(holder, plan(method, **more), "cell-1", self.recorder)

    async def run(self, holder, **more):
        with at_work(self.clock):
            return await self.station.run(KEY, self.action(holder, **more))

    async def run_and_die(self, holder, after_s, **more):
        """Run for a while, then forget everything without a word to any instrument."""
        with at_work(self.clock):
            job = spawn(self.clock, self.station.run(KEY, self.action(holder, **more)))
            await self.clock.sleep(after_s)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(job, return_exceptions=True)

    def truth(self, holder):
        return self.lab.world.world.holders.at(holder, self.clock.now())


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.mark.parametrize("holder", HOLDERS)
async def test_a_test_is_done_once_and_recorded(tmp_path, stack, holder):
    host = Host(tmp_path, stack)
    result = await host.run(holder)
    assert result["state"] == "ended"
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert result["cycles"][1][1] == pytest.approx(result["cycles"][1][2], rel=0.01)
    rows = host.recorder.rows(str(KEY))
    assert [row.number for row in rows] == list(range(result["readings"]))
    assert all(late.unix_time_s > early.unix_time_s for early, late in pairwise(rows))
    assert host.truth(holder).mode == "open"
    assert await host.run(holder) == result


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("after_s", [5, 118, 125, 1500, 2710])
async def test_a_killed_host_is_taken_over_in_the_same_step(tmp_path, stack, holder, after_s):
    first = Host(tmp_path, stack)
    await first.run_and_die(holder, after_s)
    before = first.recorder.rows(str(KEY))
    began = first.journal.find(KEY).began
    assert first.truth(holder).trip == ""
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run(holder)
    rows = second.recorder.rows(str(KEY))
    assert [row[:3] for row in rows[: len(before)]] == [row[:3] for row in before]
    assert [row.number for row in rows] == list(range(result["readings"]))
    assert rows[0].unix_time_s - began < 60
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert second.truth(holder).mode == "open"


@pytest.mark.parametrize("fault", ["dead peer", "power cut", "over-voltage trip"])
async def test_a_job_fails_only_when_the_cell_is_safe(tmp_path, stack, fault):
    host = Host(tmp_path, stack)
    lasts = " for 90 s" if fault == "dead peer" else ""
    host.lab.world.inject(parse_fault(f"{fault} on smu after 600 s{lasts}"))
    with pytest.raises(
        JobFailedError, match=r"demo/0001/cycle/1: the test of cell-1 was tripped after .* its cell is safe"
    ):
        await host.run("left")
    assert host.truth("left").mode == "open"
    assert host.journal.find(KEY).state == "failed"
    with pytest.raises(JobFailedError, match="was tripped"):
        await host.run("left")


async def test_a_cell_that_cannot_be_made_safe_is_named(tmp_path, stack):
    host = Host(tmp_path, stack)
    host.lab.world.inject(parse_fault("dead peer on smu after 600 s"))
    with pytest.raises(JobFailedError, match=r"may NOT be safe: contact was lost.*It has no watchdog"):
        await host.run("left")


async def test_what_is_found_off_after_a_crash_ends_the_test(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    first.lab.connected.make_safe()
    second = Host(tmp_path, stack, earlier=first.lab)
    with pytest.raises(JobFailedError, match=r"was interrupted after .* found without output after a restart"):
        await second.run("left")
    assert second.truth("left").mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
async def test_a_plan_may_say_that_an_interrupted_test_goes_on(tmp_path, stack, holder):
    first = Host(tmp_path, stack)
    await first.run_and_die(holder, 1000, after_interruption="continue")
    first.lab.connected.make_safe()
    first.lab.pass_time(600)
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run(holder, after_interruption="continue")
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert "found without output" in second.journal.find(KEY).notes["interrupted"]
    assert second.truth(holder).mode == "open"


async def test_a_plan_outside_the_envelope_reaches_no_instrument(tmp_path, stack):
    host = Host(tmp_path, stack)
    action = host.action("left", [METHOD[1] | {"until_voltage_V": 4.3}])
    with at_work(host.clock), pytest.raises(JobFailedError, match=r"4\.3 V is outside the envelope"):
        await host.station.run(KEY, action)
    assert not host.lab.connected.source_meter("smu").is_on()


async def test_a_full_disk_leaves_the_cell_safe(tmp_path, stack, monkeypatch):
    host = Host(tmp_path, stack)

    def full(test, rows):
        raise GalvanautError("readings cannot be recorded (disk full)")

    monkeypatch.setattr(host.recorder, "append", full)
    with pytest.raises(JobFailedError, match="disk full"):
        await host.run("left")
    assert host.truth("left").mode == "open"


def test_rows_are_kept_once(tmp_path, stack):
    engine = open_engine(tmp_path / "one.db", durable=False)
    stack.callback(engine.dispose)
    rows = [Row(n, 10.0 * n, 1e9 + 10 * n, float("nan"), 0.0, 25.0, 0, 1, 1) for n in range(5)]
    for batch in (rows[:3], rows[1:], rows):
        SqlRecorder(engine).append("a", batch)
    SqlRecorder(engine).append("b", rows[:1])
    found = SqlRecorder(engine).rows("a", 2)
    assert [row.number for row in found] == [2, 3, 4]
    assert found[0].voltage_V != found[0].voltage_V
    assert found[0][4:] == rows[2][4:]


@pytest.mark.parametrize("change", [["smu", "2450", "another"], ["smu_2", "2450", "04412345"]])
async def test_a_test_goes_on_behind_its_own_instrument_only(tmp_path, stack, change):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    first.journal.note(KEY, at=change)
    second = Host(tmp_path, stack, earlier=first.lab)
    with pytest.raises(JobFailedError, match=f"began on {change[0]} .* but left is wired to smu .* go and see"):
        await second.run("left")
    assert second.truth("left").mode == "open"


async def test_what_is_left_to_a_job_that_nobody_takes_up_is_made_safe(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    second = Host(tmp_path, stack, earlier=first.lab)
    second.station.reconcile()
    with at_work(second.clock):
        async with second.station.guarded():
            await second.clock.sleep(590)
            assert second.truth("left").mode != "open"
            await second.clock.sleep(20)
    assert second.truth("left").mode == "open"
    assert [(alarm.instrument, alarm.cause) for alarm in second.station.alarms] == [("smu", "unclaimed")]


async def test_what_its_job_takes_up_is_left_alone(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    second = Host(tmp_path, stack, earlier=first.lab)
    second.station.reconcile()
    with at_work(second.clock):
        async with second.station.guarded():
            result = await second.station.run(KEY, second.action("left"))
    assert (result["state"], second.station.alarms) == ("ended", [])
