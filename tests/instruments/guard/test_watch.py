"""The watch: what makes no noise of its own is told once and cleared, and never keeps anybody from his work."""

from collections import namedtuple
from types import SimpleNamespace

import pytest

from galvanaut.core.clock import VirtualClock, at_work, spawn
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import StockEntry
from galvanaut.instruments.guard import watch as watches
from galvanaut.instruments.guard.limits import AlarmLimits
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station

KEY = JobKey("demo", 1, "cycle")
Usage = namedtuple("Usage", "total used free")


def stock(available="1 L", lot="A"):
    return StockEntry.model_validate(
        {"composition": {"DMC": 1}, "density": "1.06 g/mL", "available": available, "lot": lot}
    )


class Lab:
    """A station whose jobs do what a test says; a later one finds the same journal."""

    def __init__(self, folder, stocks=None, clock=None, **limits):
        self.clock = clock or VirtualClock(1000.0)
        self.journal = Journal(EventLog(open_engine(folder / "station.db", durable=False), "journal"), self.clock)
        described = SimpleNamespace(instruments={"smu": None}, stocks=stocks or {})
        bench = SimpleNamespace(bench=described, is_simulated=True, names=lambda role: [])
        tree = AlarmLimits.model_validate({"late_at_least": "0 s", **limits})
        self.station = Station(bench, self.journal, self.clock, limits=tree, folder=folder)

    def heard(self):
        """What was told, from the journal: + for an alarm, - for its end."""
        remarks = [(event.sequence, "+", event) for event in self.journal.remarks("alarm")]
        remarks += [(event.sequence, "-", event) for event in self.journal.remarks("alarm cleared")]
        return [f"{sign}{event.topic} {event.data['cause']}" for _, sign, event in sorted(remarks, key=lambda e: e[0])]

    async def run(self, action, key=KEY, seconds=None):
        with at_work(self.clock):
            async with self.station.guarded():
                if seconds is None:
                    return await self.station.run(key, action)
                job = spawn(self.clock, self.station.run(key, action))
                await self.clock.sleep(seconds)
                return job


class Doing:
    """An action that a function carries out."""

    expires = False

    def __init__(self, work, **request):
        self.work, self.facts = work, {"kind": "doing", **request}

    def request(self):
        return self.facts

    def needs(self, bench):
        return ["cell_1", "smu"]

    async def perform(self, job):
        await self.work(job)
        return {}


def sampling(*pauses):
    """One sample after each pause, where one was to come every ten seconds."""

    async def work(job):
        for number, pause_s in enumerate(pauses):
            job.sampled(number, 10.0)
            for _ in range(int(pause_s // 10)):
                await job.sleep(10.0)
                job.sampled(number, 10.0)  # looked, and nothing new

    return Doing(work)


async def test_a_test_without_a_new_sample_is_told_once_and_cleared_when_one_comes(tmp_path):
    lab = Lab(tmp_path)
    await lab.run(sampling(50, 900, 50, 700))
    name = f"/smu silence of {KEY}"
    assert lab.heard() == [f"+{name}", f"-{name}", f"+{name}", f"-{name}"]
    assert "no new sample of test demo/0001/cycle/1 for" in lab.station.alarms[0].text


async def test_a_test_with_its_samples_and_a_gap_below_the_limit_tells_nothing(tmp_path):
    lab = Lab(tmp_path)
    await lab.run(sampling(10, 50, 10, 50))
    assert lab.heard() == []


async def test_a_pause_that_was_announced_is_no_silence(tmp_path):
    async def work(job):
        job.sampled(0, 10.0, pause_s=900.0)
        await job.sleep(900.0)

    lab = Lab(tmp_path)
    await lab.run(Doing(work))
    assert lab.heard() == []


async def test_a_pause_that_is_announced_before_a_new_sample_was_due_is_no_silence(tmp_path):
    async def work(job):
        job.sampled(0, 10.0, pause_s=1.0)
        await job.sleep(1.0)
        job.sampled(0, 10.0, pause_s=900.0)  # a step has begun, and its first sample is not there yet
        await job.sleep(900.0)

    lab = Lab(tmp_path)
    await lab.run(Doing(work))
    assert lab.heard() == []


async def test_looks_that_find_nothing_do_not_put_silence_off_for_ever(tmp_path):
    async def work(job):
        for _ in range(4):
            job.sampled(0, 10.0, pause_s=900.0)
            await job.sleep(900.0)

    lab = Lab(tmp_path)
    await lab.run(Doing(work))
    assert lab.heard() == [f"+/smu silence of {KEY}", f"-/smu silence of {KEY}"]


async def test_a_job_over_its_expected_time_is_told_once_and_cleared_with_its_end(tmp_path):
    async def work(job):
        job.expects(600.0)
        await job.sleep(7200.0)

    lab = Lab(tmp_path)
    await lab.run(Doing(work))
    assert lab.heard() == [f"+/smu time of {KEY}", f"-/smu time of {KEY}"]
    (alarm,) = lab.station.alarms
    assert 900 <= alarm.at - 1000.0 <= 900 + 2 * 60  # half as much again, and the next look


async def test_a_job_of_which_nobody_can_tell_is_never_late(tmp_path):
    async def work(job):
        await job.sleep(90 * 86400.0)

    lab = Lab(tmp_path)
    await lab.run(Doing(work))
    assert lab.heard() == []


async def test_what_a_dead_run_has_told_is_not_told_again_and_cleared_by_a_later_one(tmp_path):
    async def stuck(job):
        job.sampled(0, 10.0)
        await job.sleep(3600.0)

    first = Lab(tmp_path)
    job = await first.run(Doing(stuck), seconds=1800.0)
    assert first.heard() == [f"+/smu silence of {KEY}"]
    job.cancel()
    second = Lab(tmp_path, clock=VirtualClock(5000.0))
    with at_work(second.clock):
        async with second.station.guarded():
            await second.clock.sleep(1800.0)  # nobody has taken the job up: who could tell?
    assert second.heard() == [f"+/smu silence of {KEY}"]
    await Lab(tmp_path, clock=VirtualClock(9000.0)).run(Doing(stuck), seconds=30.0)
    third = Lab(tmp_path, clock=VirtualClock(20000.0))
    await third.run(sampling(20))
    assert third.heard()[-1] == f"-/smu silence of {KEY}"
    assert sum(line.startswith("+") for line in third.heard()) == 1


async def test_a_stock_below_its_share_is_told_and_cleared_with_a_new_bottle(tmp_path):
    async def nothing(job):
        await job.sleep(1.0)

    lab = Lab(tmp_path, {"DMC": stock("100 mL")}, stock_batches=0)
    await lab.run(Doing(nothing, stock="DMC", lot="A", volume_mL=80.0), JobKey("demo", 1, "dose"))
    assert lab.heard() == []
    await lab.run(Doing(nothing, stock="DMC", lot="A", volume_mL=15.0), JobKey("demo", 2, "dose"))
    assert lab.heard() == ["+/DMC running out"]
    assert "5 mL of 100 mL (lot A) are left" in lab.station.alarms[0].text
    later = Lab(tmp_path, {"DMC": stock("100 mL", lot="B")})
    await later.run(Doing(nothing), JobKey("demo", 3, "stir"))
    assert later.heard() == ["+/DMC running out", "-/DMC running out"]


async def test_a_stock_is_told_when_the_next_batches_need_more_than_is_left(tmp_path):
    async def nothing(job):
        await job.sleep(1.0)

    lab = Lab(tmp_path, {"DMC": stock("100 mL")}, stock_share="0 %", stock_batches=3)
    for trial in (1, 2):
        await lab.run(Doing(nothing, stock="DMC", lot="A", volume_mL=30.0), JobKey("demo", trial, "dose"))
    assert lab.heard() == ["+/DMC running out"]
    assert "the next 3 batches will take 90 mL" in lab.station.alarms[0].text


async def test_a_disk_that_fills_up_is_told_once_although_it_moves_about_its_limit(tmp_path, monkeypatch):
    free = iter([5.0, 0.99, 1.01, 0.99, 1.1, 1.3] + [5.0] * 20)
    monkeypatch.setattr(watches.shutil, "disk_usage", lambda path: Usage(10e9, 0, next(free) * 1e9))

    async def work(job):
        await job.sleep(4000.0)

    lab = Lab(tmp_path)
    await lab.run(Doing(work))
    assert lab.heard() == ["+/lab disk filling", "-/lab disk filling"]


async def test_a_look_that_fails_stops_nothing(tmp_path, monkeypatch, caplog):
    def gone(path):
        raise OSError("stale file handle")

    monkeypatch.setattr(watches.shutil, "disk_usage", gone)
    lab = Lab(tmp_path)
    await lab.run(sampling(10))
    assert "a look for silent alarms failed" in caplog.text


async def test_the_watch_comes_last_of_an_instant_and_wakes_rarely(tmp_path):
    order = []

    async def work(job):
        for _ in range(100):
            await job.sleep(600.0)
            order.append(job.now())

    lab = Lab(tmp_path)
    look, looks = lab.station._watch.look, []
    lab.station._watch.look = lambda: (looks.append((lab.clock.now(), len(order))), look())
    await lab.run(Doing(work))
    assert len(looks) <= 102
    assert all(done == (at - 1000.0) // 600 for at, done in looks)  # whoever acts at that instant has acted


@pytest.mark.parametrize("text", ["period: 60", "silent_periods: 0", "stock_share: 120 %"])
def test_limits_that_make_no_sense_are_refused(text):
    name, value = text.split(": ")
    with pytest.raises(ValueError, match=name.split("_")[0]):
        AlarmLimits.model_validate({name: value})
