"""A SourceMeter that records by itself against the simulated one, over both transports; and tests that live from it.

All of this needs the trigger model of the simulated meter, and is skipped where that meter has none.
"""

import asyncio
from contextlib import ExitStack
from itertools import pairwise

import pytest

from contractlab import TRANSPORTS, ContractLab
from cyclinglab import CYCLE, DESCRIPTION, ENVELOPE, plan
from galvanaut.core import bdf
from galvanaut.core.clock import at_work, spawn
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import recorded
from galvanaut.instruments.drivers import keithley_2450
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.jobs import CycleTest, JobFailedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry import LabRecorder, read_record
from galvanaut.simulators.faults import parse_fault

KEY = JobKey("demo", 1, "cycle", 1)
SMU = DESCRIPTION["instruments"]["smu"]
RECORDING = DESCRIPTION | {
    "holders": {"left": DESCRIPTION["holders"]["left"]},
    "instruments": {"smu": SMU | {"settings": {"records": True}}},
}


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.fixture(params=TRANSPORTS)
def lab(tmp_path, stack, request):
    return recording_lab(tmp_path, stack, request.param)


@pytest.fixture
def quick(tmp_path, stack):
    return recording_lab(tmp_path, stack, "in-process")


def recording_lab(folder, stack, transport):
    """The bench, if its simulated meter can record."""
    one = ContractLab(RECORDING, folder / "world.db", transport, stack)
    try:
        one.connected.source_meter("smu").is_recording()
    except NoReplyError:
        pytest.skip("the simulated source meter has no trigger model")
    return one


def charging(lab, period_s=10.0):
    meter = lab.connected.source_meter("smu")
    meter.set_limits(Envelope.model_validate(ENVELOPE))
    meter.configure(4.1, 0.002)
    meter.output(True)
    meter.record(period_s)
    return meter


def test_it_reads_at_equal_distances_while_nobody_looks(lab):
    meter = charging(lab)
    lab.pass_time(305)
    rows = meter.recorded()
    assert 30 <= len(rows) <= 32
    assert [late[2] - early[2] for early, late in pairwise(rows)] == pytest.approx([10.0] * (len(rows) - 1), abs=0.05)
    assert rows[0][2] == 0
    assert rows[-1][1] == pytest.approx(0.002, rel=1e-2)
    lab.pass_time(20)
    assert 1 <= len(meter.recorded(len(rows))) <= 3


def test_its_output_can_be_set_while_it_records(lab):
    meter = charging(lab)
    lab.pass_time(50)
    assert meter.is_recording()
    meter.configure(3.0, 0.001)
    assert meter.configured() == Operation(3.0, 0.001)
    before = meter.count_readings()
    lab.pass_time(50)
    assert [row[1] for row in meter.recorded(before)] == pytest.approx([-0.001] * 5, rel=1e-2)


def test_it_is_not_asked_for_a_reading_while_it_records(lab):
    meter = charging(lab)
    lab.pass_time(15)
    assert meter.measure().current_A == pytest.approx(0.002, rel=1e-2)
    with pytest.raises(RefusedError, match="records by itself"):
        meter.measure()
    meter.stop_recording()
    assert meter.measure().current_A == pytest.approx(0.002, rel=1e-2)


def test_it_stops_and_begins_anew(lab):
    meter = charging(lab)
    lab.pass_time(95)
    meter.stop_recording()
    meter.stop_recording()
    held = meter.count_readings()
    lab.pass_time(95)
    assert (meter.is_recording(), meter.count_readings()) == (False, held)
    meter.record(10.0)
    assert meter.count_readings() <= 1
    with pytest.raises(RefusedError, match="none after number"):
        meter.recorded(held)


def test_another_connection_finds_it_recording(lab):
    charging(lab)
    lab.pass_time(50)
    lab.connected.close()
    lab.connected = lab.connect()
    meter = lab.connected.source_meter("smu")
    assert meter.is_recording()
    assert len(meter.recorded()) >= 5
    meter.make_safe()
    assert (meter.is_recording(), meter.is_on()) == (False, False)
    assert len(meter.recorded()) >= 5


def test_a_power_cut_ends_it_and_empties_its_buffer(quick):
    meter = charging(quick)
    quick.pass_time(50)
    quick.world.inject(parse_fault("power cut on smu of 5 s"))
    quick.pass_time(30)
    with pytest.raises(InstrumentError):
        meter.recorded(5)


def without_holes(folder, result):
    """The record of a test, looked through."""
    frame = read_record(folder, str(KEY))
    assert len(frame) == result["readings"] == result["record"]["rows"]
    assert frame[bdf.UNIX_TIME].diff().max() < 10.5
    assert result["record"]["problems"] == []
    return frame


class Host:
    """One process on the bench: what it has in memory dies with it."""

    def __init__(self, folder, lab, stack):
        lab.connected.close()
        lab.connected = lab.connect()
        self.clock = lab.world.clock
        engine = open_engine(folder / "station.db", durable=False)
        stack.callback(engine.dispose)
        self.recorder = stack.enter_context(LabRecorder.opened(folder))
        self.journal = Journal(EventLog(engine, "journal"), self.clock)
        self.station = Station(lab.connected, self.journal, self.clock)

    def action(self, method, **more):
        return CycleTest("left", plan(method, look_period="300 s", **more), "cell-1", self.recorder)

    async def run(self, method):
        with at_work(self.clock):
            return await self.station.run(KEY, self.action(method))

    async def run_and_die(self, method, after_s):
        with at_work(self.clock):
            job = spawn(self.clock, self.station.run(KEY, self.action(method)))
            await self.clock.sleep(after_s)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def test_a_cell_is_cycled_with_few_looks(tmp_path, quick, stack):
    host = Host(tmp_path, quick, stack)
    result = await host.run(CYCLE)
    assert result["state"] == "ended"
    (_, charged_Ah, discharged_Ah) = result["cycles"][1]
    assert charged_Ah == pytest.approx(discharged_Ah, rel=0.01)
    frame = without_holes(tmp_path, result)
    assert frame[frame[bdf.CURRENT].abs() > 1e-4][bdf.VOLTAGE].between(2.995, 4.105).all()
    assert quick.world.world.holders.at("left", quick.world.clock.now()).mode == "open"


@pytest.mark.parametrize("after_s", [5, 605, 1500, 7000, 15_000])
async def test_a_host_that_was_away_leaves_no_hole_in_the_record(tmp_path, quick, stack, after_s):
    first = Host(tmp_path, quick, stack)
    await first.run_and_die(CYCLE, after_s)
    quick.pass_time(900)
    second = Host(tmp_path, quick, stack)
    result = await second.run(CYCLE)
    assert result["state"] == "ended"
    without_holes(tmp_path, result)


async def spoilt(host, lab, *places):
    """A charge, in which readings that nobody has fetched yet, counted from the newest, turn into overflows."""
    with at_work(host.clock):
        job = spawn(host.clock, host.station.run(KEY, host.action(CYCLE[2:3])))
        await host.clock.sleep(2000)
        meter = lab.world.devices["smu"]
        meter.catch_up()
        buffer = meter.buffers["defbuffer1"]
        for place in places:
            buffer._readings[len(buffer) + place] = 9.9e37
        try:
            return await host.station.run(KEY, host.action(CYCLE[2:3]))
        finally:
            await asyncio.gather(job, return_exceptions=True)


async def test_one_overflow_in_the_buffer_costs_no_other_reading(tmp_path, quick, stack):
    host = Host(tmp_path, quick, stack)
    result = await spoilt(host, quick, -3)
    assert result["state"] == "ended"
    frame = read_record(tmp_path, str(KEY))
    assert result["record"]["problems"] == []
    assert frame.attrs["left_out"] == 1
    assert sorted(frame[bdf.UNIX_TIME].diff().dropna())[-2:] == pytest.approx([10.0, 20.0], abs=0.5)


async def test_two_overflows_trip_and_the_record_has_all_before_them(tmp_path, quick, stack):
    host = Host(tmp_path, quick, stack)
    with pytest.raises(JobFailedError, match=r"was tripped after .* its cell is safe: the reading is nan V"):
        await spoilt(host, quick, -4, -3)
    assert read_record(tmp_path, str(KEY))[bdf.UNIX_TIME].diff().max() == pytest.approx(30, abs=0.5)


@pytest.mark.parametrize("after_s", [5, 605])
async def test_a_host_that_was_away_for_longer_than_the_buffer_lasts(tmp_path, quick, stack, monkeypatch, after_s):
    """A meter that keeps 200 readings, at a cell that rests."""
    monkeypatch.setattr(keithley_2450, "BUFFER_SIZE", 200)
    monkeypatch.setattr(recorded, "REFILL", 100)
    method = [{"step": "open_circuit_voltage", "until_time_s": 9000}]
    await Host(tmp_path, quick, stack).run_and_die(method, after_s)
    quick.pass_time(5000)
    result = await Host(tmp_path, quick, stack).run(method)
    assert result["state"] == "ended"
    assert "its buffer is full" in result["remark"]
    after = read_record(tmp_path, str(KEY)).query(f"`{bdf.TEST_TIME}` > {after_s + 300}")
    first_s = after[bdf.TEST_TIME].iloc[0]
    assert f" to {first_s:.0f} s of the test" in result["remark"]
    assert first_s < 5000 + after_s - 1600
    assert after[bdf.UNIX_TIME].diff().max() < 12
    assert len(after) == pytest.approx((9000 - first_s) / 10, abs=8)  # each filling begins with a reading


@pytest.mark.parametrize("fault", ["power cut", "over-voltage trip", "dead peer"])
async def test_a_lasting_fault_leaves_the_cell_safe(tmp_path, quick, stack, fault):
    host = Host(tmp_path, quick, stack)
    lasts = " for 90 s" if fault == "dead peer" else ""
    quick.world.inject(parse_fault(f"{fault} on smu after 1500 s{lasts}"))
    with pytest.raises(Exception, match=r"was tripped after .* its cell is safe"):
        await host.run(CYCLE)
    assert quick.world.world.holders.at("left", quick.world.clock.now()).mode == "open"
