"""The station: a job is done once, whoever asks and however often; calls of one instant run in the order of keys."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from galvanaut.core.clock import SystemClock, VirtualClock, at_work, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments import station as stations
from galvanaut.instruments.errors import NoReplyError
from galvanaut.instruments.jobs import JobFailedError, PostponedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station


class Stir:
    """An action that takes ten seconds and writes down when it ran."""

    expires = False

    def __init__(self, log, name="stir", error=None, needs=("mixer",)):
        self.log, self.name, self.error, self.uses = log, name, error, list(needs)

    def request(self):
        return {"kind": self.name}

    def needs(self, bench):
        return self.uses

    async def perform(self, job):
        self.log.append((str(job.key), job.now()))
        await job.sleep(10)
        if self.error:
            raise self.error
        return {"log": len(self.log)}


def station(tmp_path: Path) -> Station:
    clock = VirtualClock()
    journal = Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), clock)
    return Station(SimpleNamespace(bench=None, is_simulated=True), journal, clock)


def key(step: str) -> JobKey:
    return JobKey("demo", 1, step)


async def test_a_job_that_is_done_returns_its_result_without_being_done_again(tmp_path):
    log = []
    one = station(tmp_path)
    with at_work(one.clock):
        assert await one.run(key("a"), Stir(log)) == {"log": 1}
        assert await one.run(key("a"), Stir(log)) == {"log": 1}
    two = station(tmp_path)
    with at_work(two.clock):
        assert await two.run(key("a"), Stir(log)) == {"log": 1}
    assert len(log) == 1


async def test_what_a_job_names_twice_it_does_not_wait_for(tmp_path):
    one = station(tmp_path)
    with at_work(one.clock):
        assert await asyncio.wait_for(one.run(key("a"), Stir([], needs=("mixer", "mixer"))), 10) == {"log": 1}


async def test_a_state_that_expires_is_brought_about_again_by_a_new_host(tmp_path):
    class Hold(Stir):
        expires = True

    log = []
    for _ in range(2):
        host = station(tmp_path)
        with at_work(host.clock):
            await host.run(key("a"), Hold(log))
            await host.run(key("a"), Hold(log))
    assert len(log) == 2


async def test_two_who_ask_for_one_job_share_it(tmp_path):
    log, one = [], station(tmp_path)
    with at_work(one.clock):
        both = [spawn(one.clock, one.run(key("a"), Stir(log))) for _ in range(2)]
        await one.clock.sleep(60)
    assert [task.result() for task in both] == [{"log": 1}] * 2


async def test_jobs_of_one_instant_begin_in_the_order_of_their_keys_and_share_no_vessel(tmp_path):
    log, one = [], station(tmp_path)
    with at_work(one.clock):
        tasks = [spawn(one.clock, one.run(key(step), Stir(log))) for step in ("c", "a", "b")]
        await one.clock.sleep(100)
    await asyncio.gather(*tasks)
    assert log == [("demo/0001/a/1", 0.0), ("demo/0001/b/1", 10.0), ("demo/0001/c/1", 20.0)]


async def test_jobs_that_share_nothing_run_side_by_side(tmp_path):
    log, one = [], station(tmp_path)
    with at_work(one.clock):
        tasks = [spawn(one.clock, one.run(key(step), Stir(log, needs=(step,)))) for step in "ab"]
        await one.clock.sleep(100)
    await asyncio.gather(*tasks)
    assert [at for _, at in log] == [0.0, 0.0]


async def test_a_failure_names_the_job_and_stays(tmp_path):
    log = []
    error = NoReplyError("does not answer", instrument="pump_dmc")
    for _ in range(2):
        attempt = station(tmp_path)
        with at_work(attempt.clock), pytest.raises(JobFailedError, match=r"demo/0001/a/1.*pump_dmc.*does not answer"):
            await attempt.run(key("a"), Stir(log, error=error))
    assert len(log) == 1


async def test_a_programming_error_reaches_the_caller_and_leaves_the_job_open(tmp_path):
    one = station(tmp_path)
    with at_work(one.clock), pytest.raises(ZeroDivisionError):
        await one.run(key("a"), Stir([], error=ZeroDivisionError()))
    assert one.journal.find(key("a")).state == "intended"


@pytest.mark.parametrize("unsafe", [None, GalvanautError("it does not answer"), OSError("a bug")])
async def test_a_programming_error_in_a_resident_station_is_an_alarm_and_leaves_nothing_to_itself(tmp_path, unsafe):
    log, safe, forgotten, one = [], [], [], station(tmp_path)
    one.is_resident = True

    def make_safe(names):
        safe.append(names)
        if unsafe is not None:
            raise unsafe

    one.bench.bench, one.bench.make_safe = SimpleNamespace(instruments={"pump": None}, stocks={}), make_safe
    one.bench.forget_tests = forgotten.append
    with at_work(one.clock):
        with pytest.raises(ZeroDivisionError):
            await one.run(key("a"), Stir(log, error=ZeroDivisionError("a bug"), needs=("cell", "pump")))
        assert safe == forgotten == [{"pump"}]
        (alarm,) = one.alarms
        assert (alarm.instrument, alarm.cause, alarm.job) == ("pump", "fault in demo/0001/a/1", "demo/0001/a/1")
        done = "was made safe" if unsafe is None else f"could NOT be made safe: {unsafe}"
        assert alarm.text.endswith(
            f"ZeroDivisionError('a bug')). It may have acted, and stays open; what it used {done}"
        )
        await one.run(key("a"), Stir(log, needs=("cell", "pump")))
    assert one.journal.find(key("a")).attempts == 2


async def test_a_postponed_job_stays_open_and_is_done_when_it_is_asked_for_again(tmp_path):
    log, one = [], station(tmp_path)
    with at_work(one.clock), pytest.raises(PostponedError, match="no space"):
        await one.run(key("a"), Stir(log, error=PostponedError("no space")))
    assert one.journal.find(key("a")).state == "intended"
    with at_work(one.clock):
        assert await one.run(key("a"), Stir(log)) == {"log": 2}


@pytest.mark.parametrize("error", [None, NoReplyError("does not answer", instrument="pump_dmc")])
async def test_what_comes_after_a_job_comes_when_its_end_is_written_down_and_cannot_change_it(
    tmp_path, error, monkeypatch
):
    one, seen, told = station(tmp_path), [], []
    monkeypatch.setattr(stations._log, "warning", lambda text, *words: told.append(text % words))

    class Tidy(Stir):
        async def perform(self, job):
            job.afterwards += [(self.look, "first"), (self.fail,), (self.look, "last")]
            return await super().perform(job)

        def look(self, word):
            seen.append((word, one.journal.find(key("a")).state))

        def fail(self):
            raise GalvanautError("the disk is full")

    with at_work(one.clock), suppress(JobFailedError):
        await one.run(key("a"), Tidy([], error=error))
    state = "failed" if error else "done"
    assert seen == [("first", state), ("last", state)]
    assert told == ["job demo/0001/a/1 has ended, but after it: the disk is full"]


async def test_a_key_used_for_something_else_is_refused(tmp_path):
    one = station(tmp_path)
    with at_work(one.clock):
        await one.run(key("a"), Stir([]))
        with pytest.raises(GalvanautError, match="another request"):
            await one.run(key("a"), Stir([], name="shake"))


async def test_a_reserved_vessel_waits_for_its_batch(tmp_path):
    one, seen = station(tmp_path), []

    async def batch(name):
        async with one.reserved("mixer"):
            seen.append((name, one.clock.now()))
            await one.clock.sleep(30)

    with at_work(one.clock):
        tasks = [spawn(one.clock, batch(name)) for name in "ab"]
        await one.clock.sleep(100)
    await asyncio.gather(*tasks)
    assert seen == [("a", 0.0), ("b", 30.0)]


async def test_an_instrument_that_hangs_does_not_keep_the_station_from_closing(tmp_path, monkeypatch):
    import threading
    import time

    from galvanaut.instruments import station as module

    clock, released, started = SystemClock(), threading.Event(), threading.Event()
    journal = Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), clock)
    one = Station(SimpleNamespace(bench=None, is_simulated=False), journal, clock)
    monkeypatch.setattr(module, "CLOSING_S", 0.2)

    def hang():
        started.set()
        released.wait(30)

    class Hangs(Stir):
        async def perform(self, job):
            await job.call(hang)
            return {}

    job = spawn(clock, one.run(key("a"), Hangs([])))
    assert await asyncio.to_thread(started.wait, 10)
    began = time.monotonic()
    one.close()
    assert time.monotonic() - began < 5
    released.set()
    assert await job == {}


async def test_real_instruments_answer_in_a_thread_of_their_own(tmp_path):
    import threading

    one = station(tmp_path)
    one.bench.is_simulated = False

    class Asks(Stir):
        async def perform(self, job):
            return {"thread": (await job.call(threading.current_thread)).name}

    with at_work(one.clock):
        result = await one.run(key("a"), Asks([]))
    one.close()
    assert result["thread"] != threading.current_thread().name


@pytest.mark.parametrize("after_s", [None, 0.0, 4.0])
async def test_a_halted_job_is_told_made_safe_and_done_when_asked_again(tmp_path, after_s):
    """Whether it has not taken its first step yet, has just begun, or is in the midst of it."""
    log, safe, forgotten, one = [], [], [], station(tmp_path)
    one.bench.bench = SimpleNamespace(instruments={"pump": None})
    one.bench.make_safe, one.bench.forget_tests = safe.append, forgotten.append
    with at_work(one.clock):
        other = spawn(one.clock, one.run(JobKey("other", 1, "a"), Stir(log)))
        waiting = spawn(one.clock, one.run(key("a"), Stir(log, needs=("pump", "cell"))))
        await asyncio.sleep(0)  # both have asked, and neither job has begun
        if after_s is not None:
            await one.clock.sleep(after_s, order="~halt")
        await one.halt("demo")
        with pytest.raises(JobFailedError, match="interrupted"):
            await waiting
        assert safe == ([] if after_s is None else [{"pump"}])  # what has not begun uses nothing yet
        assert forgotten == safe
        assert (await one.run(key("a"), Stir(log, needs=("pump", "cell"))))["log"] > 0
        await one.clock.sleep(20)
        assert other.done()
    assert [name for name, _ in log].count("other/0001/a/1") == 1


async def test_halting_a_campaign_that_does_nothing_moves_nothing(tmp_path):
    one = station(tmp_path)
    with at_work(one.clock):
        await one.halt("demo")
