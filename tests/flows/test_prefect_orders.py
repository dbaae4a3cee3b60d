"""Work orders as forms in Prefect: asked again, answered there or elsewhere, and nobody needs Prefect for that."""

import asyncio
from types import SimpleNamespace

import pytest

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.orders import Answer, Asked, Order, OrderBook

pytestmark = [pytest.mark.prefect, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
ASK = (Asked("electrolyte", "mg", 16.0, 120.0),)
DONE = "it is done"


@pytest.fixture(scope="session")
def server():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The parts of a lab that have to do with orders; quick to look."""
    from galvanaut.flows import prefect_orders

    monkeypatch.setattr(prefect_orders, "has_ui", lambda: True)
    monkeypatch.setattr(prefect_orders, "LOOK_S", 0.1)
    monkeypatch.setattr(prefect_orders, "POLL_S", 1)
    engine = open_engine(tmp_path / "station.db")
    book = OrderBook(EventLog(engine, "orders"), tmp_path / "orders")
    station = SimpleNamespace(orders=book, journal=Journal(EventLog(engine, "journal"), VirtualClock(100.0)))
    return SimpleNamespace(station=station, folder=SimpleNamespace(path=tmp_path))


def place(lab, replicate):
    key = JobKey("demo", 1, "assemble", replicate)
    lab.station.journal.intend(key, {"kind": "assemble"})
    lab.station.orders.place(Order(str(key), f"Build cell {replicate}", {}, (), ASK), 100.0)
    return str(key)


async def until(find):
    for _ in range(300):
        if (found := await find()) is not None:
            return found
        await asyncio.sleep(0.2)
    raise AssertionError("waited in vain")


async def state(job, *wanted, key=None):
    """The run of a job in one of these states; with a key, in this pause."""
    from prefect import get_client

    async def look():
        async with get_client() as client:
            for run in await client.read_flow_runs():
                is_there = run.name == f"order {job}" and run.state_name in wanted
                if is_there and (key is None or run.state.state_details.pause_key == key):
                    return run
        return None

    return await until(look)


async def send(run, **filled):
    from prefect import get_client

    async def look():  # the form is saved a moment after the run is paused
        async with get_client() as client:
            found = await client.resume_flow_run(run.id, run_input=filled)
        return found if found.status.value == "ACCEPT" else None

    await until(look)


def in_a_campaign(lab, work):
    from prefect import flow

    from galvanaut.flows.prefect_orders import forms

    @flow(name="campaign", persist_result=False)
    async def campaign():
        async with forms(lab):
            await work()

    asyncio.run(campaign())


def test_a_form_is_asked_again_until_it_makes_sense(server, lab):
    job = place(lab, 1)

    async def work():
        await send(await state(job, "Paused"), answer=DONE, electrolyte="49 g")
        await send(await state(job, "Paused", key="2"), answer=DONE, electrolyte="49 mg")
        run = await state(job, "Completed")
        assert run.state.message == "Answered: electrolyte 49 mg"

    in_a_campaign(lab, work)
    assert lab.station.orders.find(job).answer.values == {"electrolyte": 49.0}


def test_an_answer_from_elsewhere_ends_the_pause_and_what_is_open_at_the_end_is_said_to_be(server, lab):
    answered, left = place(lab, 2), place(lab, 3)

    async def work():
        await state(answered, "Paused")
        await state(left, "Paused")
        lab.station.orders.answer(answered, Answer(0.0, {}, "no lids left"))
        assert (await state(answered, "Completed")).state.message == "Answered: failed: no lids left"

    in_a_campaign(lab, work)
    run = asyncio.run(state(left, "Cancelled"))
    assert run.state.message.startswith("The program that asked has ended. The order stands")
    assert lab.station.orders.find(left).answer is None


def test_what_a_dead_program_has_left_is_ended(server, lab):
    from prefect import get_client
    from prefect.states import Paused

    from galvanaut.flows.prefect_orders import order_flow

    job = place(lab, 4)

    async def forsaken(tag):
        async with get_client() as client:
            run = await client.create_flow_run(order_flow, parameters={"job": job}, tags=[tag], name="forsaken")
            await client.set_flow_run_state(run.id, Paused(timeout_seconds=9000), force=True)
        return run.id

    async def work():
        tag = (await state(job, "Paused")).tags[0]
        in_old_time.append(await forsaken(tag))

    async def later():
        async def look():
            async with get_client() as client:
                found = await client.read_flow_run(in_old_time[0])
            return found if found.state_name == "Cancelled" else None

        await until(look)

    in_old_time = []
    in_a_campaign(lab, work)
    in_a_campaign(lab, later)


def test_when_prefect_fails_the_order_is_answered_without_it(server, lab, monkeypatch):
    from galvanaut.flows import prefect_orders

    calls = []

    async def falls_over(**_):
        calls.append(1)
        raise RuntimeError("no server anywhere")

    monkeypatch.setattr(prefect_orders, "apause_flow_run", falls_over)
    job = place(lab, 5)

    async def work():
        while not calls:
            await asyncio.sleep(0.1)
        lab.station.orders.answer(job, Answer(0.0, {"electrolyte": 49.0}))

    in_a_campaign(lab, work)
    assert lab.station.orders.find(job).answer is not None


def test_without_a_ui_nothing_is_shown(lab, monkeypatch):
    from galvanaut.flows import prefect_orders

    monkeypatch.setattr(prefect_orders, "has_ui", lambda: False)
    monkeypatch.setattr(prefect_orders, "Desk", None)

    async def main():
        async with prefect_orders.forms(lab):
            pass

    asyncio.run(main())
