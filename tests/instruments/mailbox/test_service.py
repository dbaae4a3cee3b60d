"""A station in a thread of its own, and a client that knows it through letters only."""

import asyncio
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from galvanaut.core.clock import SystemClock, VirtualClock, at_work, together
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.core.leases import LeaseKeeper, Leases
from galvanaut.instruments.jobs import JobFailedError, UnfinishedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.mailbox import Mailbox, Service, connected_station, service
from galvanaut.instruments.mailbox.letters import STATION, STATIONS, Welcome, fresh_name
from galvanaut.instruments.station import Station

NAME = f"{STATIONS}demo"
LEASE_S = 0.5


class Wait:
    """An action that takes its time, and may fail."""

    expires = False

    def __init__(self, seconds, fails=False, fault=None):
        self.seconds, self.fails, self.fault = seconds, fails, fault

    def request(self):
        return {"kind": "wait", "seconds": self.seconds, "fails": self.fails}

    def needs(self, bench):
        return []

    async def perform(self, job):
        await job.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        if self.fails:
            raise JobFailedError(f"job {job.key}: it failed.")
        return {"ended": job.now()}


class Lab:
    """One database; its station lives in a thread."""

    def __init__(self, folder, clock):
        self.engine = open_engine(folder / "station.db", durable=False)
        self.mail, self.log = EventLog(self.engine, "mailbox"), EventLog(self.engine, "journal")
        self.leases, self.clock = Leases(self.engine), clock
        self.digest = "first"

    @contextmanager
    def service(self):
        """It, the station behind it, and while inside its lease."""
        keeper = LeaseKeeper(self.leases, NAME, fresh_name("station"), LEASE_S)
        traffic = SimpleNamespace(messages=7, sent_bytes=70, received_bytes=700)
        bench = SimpleNamespace(bench=SimpleNamespace(instruments={}, stocks={}), is_simulated=True, traffic=traffic)
        one = Station(bench, Journal(self.log, self.clock), self.clock)
        mailbox = Mailbox(self.mail, STATION, since=max((each.sequence for each in self.mail.read()), default=0))
        with keeper.kept():
            yield Service(one, mailbox, self.leases, None, self.welcome, keeper), one

    def welcome(self, now):
        return Welcome(now, self.clock.is_virtual, ["pump_1: runs"], {}, [], self.digest, 1)

    @contextmanager
    def station(self):
        """It lives in a thread while inside."""
        loop, ready = asyncio.new_event_loop(), threading.Event()

        async def work(answering):
            ready.set()
            with at_work(self.clock):
                await answering.run()

        task = None

        def live(answering):
            nonlocal task
            asyncio.set_event_loop(loop)
            task = loop.create_task(work(answering))
            with pytest.raises(asyncio.CancelledError):
                loop.run_until_complete(task)
            loop.close()

        with self.service() as (answering, one):
            thread = threading.Thread(target=live, args=[answering])
            thread.start()
            ready.wait()
            try:
                yield one
            finally:
                loop.call_soon_threadsafe(task.cancel)
                thread.join()

    def client(self, work):
        """What ``work`` makes of a station that it knows by letters."""

        async def inside(station):
            with at_work(station.clock):
                async with station.guarded():
                    return await work(station)

        with connected_station(self.mail, self.log, self.leases, None, NAME) as (station, welcome):
            assert welcome.found == ["pump_1: runs"]
            return asyncio.run(inside(station))


@pytest.fixture(params=["virtual", "real"])
def lab(request, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(service, "action_of", lambda request, *_: Wait(request["seconds"], request["fails"]))
    one = Lab(tmp_path, VirtualClock(1000.0) if request.param == "virtual" else SystemClock())
    yield one
    one.engine.dispose()


def key(step, campaign="demo"):
    return JobKey(campaign, 1, step)


def test_jobs_run_at_one_time_and_their_ends_are_told_in_their_order(lab):
    async def work(station):
        began = station.clock.now()
        ends = await together(station.clock, [station.run(key(f"s{n}"), Wait(0.3 * n)) for n in (2, 1)])
        assert station.is_done(key("s1"))
        assert station.traffic.messages == 0  # since this client came
        return [end["ended"] - began for end in ends]

    with lab.station():
        assert lab.client(work) == pytest.approx([0.6, 0.3], abs=0.25)
        assert lab.client(lambda station: station.run(key("s2"), Wait(0.6)))["ended"] > 0  # by the journal


def test_who_comes_later_is_told_of_the_bench_as_it_is_then(lab):
    with lab.station():
        for lab.digest in ("first", "with new bottles"):
            with connected_station(lab.mail, lab.log, lab.leases, None, NAME) as (_, welcome):
                assert welcome.bench == lab.digest


def test_a_failure_is_a_failure_over_here_too(lab):
    with lab.station(), pytest.raises(JobFailedError, match="job demo/0001/a/1: it failed"):
        lab.client(lambda station: station.run(key("a"), Wait(0.1, fails=True)))


def test_a_fault_of_the_station_is_told_and_its_job_is_taken_up_again(lab, monkeypatch):
    """As an `OSError` of a driver: neither done nor failed, and nobody waits for ever."""
    faults = [OSError(5, "Input/output error"), None]
    monkeypatch.setattr(service, "action_of", lambda request, *_: Wait(request["seconds"], fault=faults.pop(0)))
    with lab.station() as one:
        with pytest.raises(UnfinishedError, match=r"job demo/0001/a/1: .*Input/output error.* may have acted.*run the"):
            lab.client(lambda station: asyncio.wait_for(station.run(key("a"), Wait(0.1)), 10))
        assert one.journal.find(key("a")).state == "intended"
        assert [(alarm.instrument, alarm.job) for alarm in one.alarms] == [("station", "demo/0001/a/1")]
        assert "ended" in lab.client(lambda station: station.run(key("a"), Wait(0.1)))
        assert one.journal.find(key("a")).attempts == 2


def test_a_fault_of_the_station_before_a_job_began_is_told_as_one(lab, monkeypatch):
    def fails(*_):
        raise AttributeError("a bug")

    monkeypatch.setattr(service, "action_of", fails)
    with lab.station() as one:
        with pytest.raises(GalvanautError, match=r"demo/0001/a/1: .*a bug.*; nothing was begun") as caught:
            lab.client(lambda station: asyncio.wait_for(station.run(key("a"), Wait(0.1)), 10))
        assert not isinstance(caught.value, UnfinishedError)
        assert one.journal.find(key("a")) is None


def test_a_fault_of_the_station_while_it_halts_is_told(lab, monkeypatch):
    async def fails(campaign):
        raise OSError(5, "Input/output error")

    with lab.station() as one:
        monkeypatch.setattr(one, "halt", fails)
        with pytest.raises(GalvanautError, match=r"campaign demo: .*Input/output error.* may NOT be safe"):
            lab.client(lambda station: asyncio.wait_for(station.halt("demo"), 10))


def test_what_was_halted_even_before_it_began_is_done_when_asked_again(lab):
    async def halted(station):
        run = together(station.clock, [station.run(key("a"), Wait(0.2)), station.halt("demo")])
        return await run

    with lab.station():
        first, _ = lab.client(halted)
        assert isinstance(first, JobFailedError)
        assert "ended" in lab.client(lambda station: station.run(key("a"), Wait(0.2)))


def test_a_client_may_have_a_test_end_early(lab):
    async def ends(station):
        run = together(station.clock, [station.run(key("a"), Wait(0.6)), _asked(station)])
        return await run

    async def _asked(station):
        await station.clock.sleep(0.2)
        station.end_early(key("a"), "hopeless")

    with lab.station() as one:
        lab.client(ends)
        assert one.journal.find(key("a")).notes == {"early": "hopeless"}


def test_jobs_of_a_client_that_left_go_on_and_the_next_one_attaches(lab):
    async def leaves(station):
        asyncio.get_running_loop().create_task(station.run(key("a"), Wait(1.0)))
        await asyncio.sleep(0.2)

    with lab.station() as one:
        lab.client(leaves)
        assert "ended" in lab.client(lambda station: station.run(key("a"), Wait(1.0)))
        assert one.journal.find(key("a")).attempts == 1


def test_a_station_in_the_place_of_another_one_is_not_taken_for_it(lab, monkeypatch):
    monkeypatch.setattr("galvanaut.instruments.mailbox.client.LEASE_S", 0.5)

    async def outlives(station):
        stack.__exit__(None, None, None)
        with lab.station():
            await station.run(key("a"), Wait(0.1))

    stack = lab.station()
    stack.__enter__()
    with pytest.raises(GalvanautError, match="the station of this bench is gone"):
        lab.client(outlives)


def test_a_service_that_is_cancelled_just_as_a_letter_arrives_ends(tmp_path):
    async def cancelled():
        with lab.service() as (one, _), at_work(lab.clock):
            running = asyncio.ensure_future(one.run())
            for _ in range(5):  # it waits now
                await asyncio.sleep(0)
            one._arrived.set()
            running.cancel()
            await asyncio.wait([running], timeout=3.0)
            return running.cancelled()

    lab = Lab(tmp_path, VirtualClock(1000.0))
    assert asyncio.run(cancelled())
