"""Supervision on wires of its own: it stops what leaves its limits, says so once, and never starts anything."""

import asyncio
import copy
import time

import pytest

from cellsbench import DESCRIPTION, charging, current_A, looks, showing, supervisor
from contractlab import ContractLab, contract_lab
from galvanaut.core.clock import SystemClock, at_work
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.guard.places import Place, places_of
from galvanaut.instruments.guard.supervision import Supervisor
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station


@pytest.fixture
def lab(tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", "in-process") as one:
        yield one


@pytest.fixture
def journal(lab, tmp_path):
    return Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), lab.world.clock)


@pytest.fixture
def station(lab, journal):
    return Station(lab.connected, journal, lab.world.clock)


def test_places_and_what_has_to_stop_when_they_leave_their_limits():
    places = places_of(Bench.model_validate(DESCRIPTION), "watch")
    assert places["left"].temperature_degC == (-2, 47)
    assert places["left"].voltage_V == pytest.approx((2.49, 4.21))
    assert (places["left"].sources, places["left"].chambers) == (("smu",), ("chamber",))
    assert places["right"].stops == ("analyzer",)
    assert places["chamber"].temperature_degC == (-22, 82)
    assert places["chamber"].stops == ("smu", "chamber")
    assert places["room"] == Place(None, None)


def test_a_bench_that_is_well_is_left_alone(lab):
    alarms = []
    for name in ("smu", "analyzer"):
        charging(lab, name)
    one = supervisor(lab, alarms)
    for _ in range(20):
        looks(one, lab, 1)
        lab.connected.source_meter("analyzer").measure()  # feeds its watchdog
    assert alarms == []
    assert one.stopped == set()
    assert current_A(lab, "left") == pytest.approx(0.002, rel=0.01)
    assert current_A(lab, "right") == pytest.approx(0.002, rel=0.01)


@pytest.mark.parametrize(
    ("shown", "cause", "safe", "driven"),
    [
        ({"V_left": [4.25]}, "voltage of left", "left", "right"),
        ({"V_right": [4.25]}, "voltage of right", "right", "left"),
        ({"T_left": [50.0]}, "temperature of left", "left", "right"),
        ({"T_left": [-5.0]}, "temperature of left", "left", "right"),
        ({"T_left": [float("nan")]}, "temperature of left", "left", "right"),
        ({"V_left": [float("nan")]}, "voltage of left", "left", "right"),
        ({"V_left": [3.7, 2.0]}, "voltage of left", "left", "right"),
        ({"T_chamber": [90.0]}, "temperature of chamber", "left", "right"),
    ],
)
def test_a_place_outside_its_limits_stops_what_is_wired_there_and_nothing_else(
    lab, monkeypatch, shown, cause, safe, driven
):
    alarms = []
    for name in ("smu", "analyzer"):
        charging(lab, name)
    showing(lab, monkeypatch, **shown)
    one = supervisor(lab, alarms)
    looks(one, lab, 2)
    assert [alarm.cause for alarm in alarms][:1] == [cause]
    assert "; stopped: " in alarms[0].text
    assert current_A(lab, safe) == 0
    assert current_A(lab, driven) == pytest.approx(0.002, rel=0.01)
    looks(one, lab, 5)
    assert [alarm.cause for alarm in alarms].count(cause) == 1


def test_a_voltage_stops_no_chamber(lab, monkeypatch):
    alarms = []
    chamber = lab.connected.chamber("chamber")
    chamber.set_temperature(30)
    chamber.run()
    showing(lab, monkeypatch, V_left=[4.25])
    looks(supervisor(lab, alarms), lab, 2)
    assert alarms[0].text.endswith("stopped: smu")
    assert chamber.is_running()


def test_a_single_reading_that_a_second_one_does_not_confirm_stops_nothing(lab, monkeypatch):
    alarms = []
    charging(lab, "smu")
    showing(lab, monkeypatch, V_left=[4.9, 3.8])
    looks(supervisor(lab, alarms), lab, 3)
    assert alarms == []
    assert current_A(lab, "left") > 0


def test_an_empty_holder_is_no_cell_that_is_too_low(lab, monkeypatch):
    alarms = []
    showing(lab, monkeypatch, V_left=[0.0])
    looks(supervisor(lab, alarms), lab, 3)
    assert alarms == []


def test_what_was_stopped_and_is_switched_on_again_is_stopped_again(lab, monkeypatch):
    alarms = []
    showing(lab, monkeypatch, T_left=[60.0, 60.0, 25.0])
    one = supervisor(lab, alarms)
    looks(one, lab, 1)
    charging(lab, "smu")
    assert current_A(lab, "left") > 0
    looks(one, lab, 1)
    assert current_A(lab, "left") == 0
    assert len(alarms) == 1


def test_a_thermometer_without_an_answer_stops_what_it_watches_at_the_second_look(lab):
    alarms = []
    for name in ("smu", "analyzer"):
        charging(lab, name)
    one = supervisor(lab, alarms)
    looks(one, lab, 1)
    lab.world.devices["watch"].handle = lambda message: b""
    looks(one, lab, 1)
    assert alarms == []
    looks(one, lab, 1)
    assert [alarm.cause for alarm in alarms] == ["scan"]
    assert "gives no reading" in alarms[0].text
    assert current_A(lab, "left") == current_A(lab, "right") == 0


def test_a_lost_connection_of_the_thermometer_is_opened_anew(lab):
    alarms = []
    charging(lab, "smu")
    one = supervisor(lab, alarms)
    lab.connected.driver("watch").link.close()
    looks(one, lab, 4)
    assert alarms == []
    assert current_A(lab, "left") > 0


def test_the_same_readings_again_and_again_are_an_old_scan(lab, monkeypatch):
    alarms = []
    charging(lab, "smu")
    showing(lab, monkeypatch, T_left=[25.0], T_chamber=[25.0], T_room=[25.0])
    one = supervisor(lab, alarms)
    looks(one, lab, 2)
    assert alarms == []
    looks(one, lab, 1)
    assert [alarm.cause for alarm in alarms] == ["stale scan"]
    assert current_A(lab, "left") == 0


def test_a_chamber_that_disagrees_with_the_thermometer_is_stopped(lab, monkeypatch):
    alarms = []
    chamber = lab.connected.chamber("chamber")
    chamber.set_temperature(30)
    chamber.run()
    charging(lab, "smu")
    monkeypatch.setattr(chamber, "temperature_degC", lambda: 40.0)
    looks(supervisor(lab, alarms), lab, 3)
    assert [alarm.cause for alarm in alarms] == ["disagreement with chamber"]
    assert "which itself reads 40.0 degC" in alarms[0].text
    assert not chamber.is_running()
    assert current_A(lab, "left") == 0


def test_a_chamber_that_does_not_answer_is_told(lab):
    alarms = []
    one = supervisor(lab, alarms)
    lab.world.devices["chamber"].handle = lambda message: b""
    looks(one, lab, 3)
    assert [alarm.cause for alarm in alarms] == ["silence of chamber"]
    assert "NOT all could be stopped" in alarms[0].text
    assert "its state is unknown" in alarms[0].text


def test_an_error_of_its_own_is_a_trip(lab, monkeypatch):
    alarms = []
    charging(lab, "smu")
    monkeypatch.setattr(lab.connected.driver("watch"), "scan", lambda: 1 / 0)
    looks(supervisor(lab, alarms), lab, 1)
    assert "ZeroDivisionError" in alarms[0].text
    assert current_A(lab, "left") == 0


def test_an_alarm_that_cannot_be_recorded_does_not_end_supervision(lab, monkeypatch, caplog):
    def full(alarm):
        raise GalvanautError("station.db: cannot be written (disk full)")

    charging(lab, "smu")
    showing(lab, monkeypatch, T_left=[60.0])
    one = supervisor(lab, [])
    monkeypatch.setattr(one, "_tell", full)
    looks(one, lab, 2)
    assert current_A(lab, "left") == 0
    assert "alarm that could not be recorded: watch: reads 60 degC at left" in caplog.text


def test_one_that_hangs_is_noticed_from_outside(lab):
    alarms = []
    charging(lab, "smu")
    one = supervisor(lab, alarms)
    looks(one, lab, 1)
    one.check_overdue(60)
    lab.pass_time(61)
    one.check_overdue(60)
    assert [alarm.cause for alarm in alarms] == ["scan"]
    assert current_A(lab, "left") == 0


class Wait:
    expires = False

    def __init__(self, seconds, *needs):
        self.seconds, self.uses = seconds, list(needs)

    def request(self):
        return {"kind": "wait", "seconds": self.seconds}

    def needs(self, bench):
        return self.uses

    async def perform(self, job):
        await job.sleep(self.seconds)
        return {}


async def test_a_station_keeps_supervision_at_work_while_jobs_run(lab, station, journal, monkeypatch):
    charging(lab, "smu")
    showing(lab, monkeypatch, T_left=[25.0] * 50 + [60.0])
    with at_work(station.clock):
        async with station.guarded():
            await station.run(JobKey("demo", 1, "wait"), Wait(3600))
            assert [alarm.cause for alarm in station.alarms] == ["temperature of left"]
            assert current_A(lab, "left") == 0
            with pytest.raises(JobFailedError, match=r"not begun, because supervision has stopped smu; see the alarms"):
                await station.run(JobKey("demo", 1, "again"), Wait(1, "smu"))
            await station.run(JobKey("demo", 1, "elsewhere"), Wait(1, "analyzer"))
    [remark] = journal.remarks("alarm")
    assert remark.data["cause"] == "temperature of left"
    assert remark.at == pytest.approx(station.alarms[0].at)
    assert journal.find(JobKey("demo", 1, "again")) is None


async def test_supervision_ends_with_the_block_and_moves_no_time_afterwards(lab, station):
    with at_work(station.clock):
        async with station.guarded():
            await station.clock.sleep(100)
        ended = station.clock.now()
    await asyncio.sleep(0.01)
    assert station.clock.now() == ended


async def test_a_bench_without_a_thermometer_is_not_slowed(tmp_path):
    description = copy.deepcopy(DESCRIPTION)
    del description["instruments"]["watch"]
    with contract_lab(description, tmp_path / "world.db", "in-process") as lab:
        journal = Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), lab.world.clock)
        station = Station(lab.connected, journal, lab.world.clock)
        sent = []
        lab.world.exchange = lambda *message: sent.append(message)
        with at_work(station.clock):
            async with station.guarded():
                await station.clock.sleep(86400)
        assert sent == []


def test_the_station_begins_with_what_a_dead_run_has_left(lab, station, journal):
    charging(lab, "smu")
    [found] = station.reconcile()
    assert found.action == "made safe"
    assert current_A(lab, "left") == 0
    [remark] = journal.remarks("found")
    assert remark.topic.endswith("smu")
    assert remark.data["action"] == "made safe"
    assert journal.records() == []


async def test_on_a_real_bench_supervision_has_a_thread_of_its_own(tmp_path, monkeypatch):
    from contextlib import ExitStack

    with ExitStack() as stack:
        lab = ContractLab(DESCRIPTION, tmp_path / "world.db", "tcp", stack)
        lab.connected.close()
        bench = Bench.model_validate(lab.bench.model_dump(by_alias=True) | {"visa": "@py", "armed": True})
        lab.connected = ConnectedBench.open(bench, lab.manager, arm=True)
        charging(lab, "smu")
        clock = SystemClock()
        journal = Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), clock)
        station = Station(lab.connected, journal, clock, supervision_s=0.05)
        showing(lab, monkeypatch, T_left=[25.0] * 3 + [60.0])
        async with station.guarded():
            time.sleep(0.5)  # the event loop is held up, and the thread looks all the same
            assert current_A(lab, "left") == 0
            await asyncio.sleep(0.05)
        assert [alarm.cause for alarm in station.alarms] == ["temperature of left"]
        station.close()


class Name(str):
    """Of an instrument; something else trips in the very moment in which it is looked at."""

    meanwhile = None

    def __hash__(self):
        if self.meanwhile is not None:
            self.meanwhile()
        return super().__hash__()


def test_what_is_stopped_can_be_told_while_another_thread_trips():
    one = Supervisor("watch", None, {}, lambda names: None, lambda alarm: None, SystemClock())
    name = Name("smu")
    one.trip("temperature of left", "is hot", (name,))
    one.trip("temperature of right", "is hot", ("power",))
    name.meanwhile = lambda: one.trip("scan", "is silent", ())
    assert one.stopped == {"smu", "power"}
