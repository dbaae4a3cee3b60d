"""Cells built and taken out by a person: one work order each, one answer, whatever record the host dies at."""

import asyncio

import pytest

from assemblylab import Host, HostDiedError, World, key
from galvanaut.core.clock import at_work, spawn
from galvanaut.instruments.jobs import AssembleCell, JobFailedError, UnloadCell
from galvanaut.instruments.loading import Loaded, loaded_cells
from galvanaut.instruments.orders import Answer
from galvanaut.instruments.station import Station

CELL = AssembleCell("A-1", "holder_1", "mixer", 0.04, "EC 0.3, DMC 0.6, LiPF6 0.1")
OUT = UnloadCell("A-1", "holder_1")
WEIGHED = Answer(5000.0, {"electrolyte": 49.0})
BUILT = {"cell": "A-1", "holder": "holder_1", "electrolyte_g": 0.049, "assembled": True, "reason": ""}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "lab")


def built(world):
    host = Host(world)
    return host.run(CELL, "assemble", host.answers("assemble", 3600.0, WEIGHED))


def loaded(world):
    return loaded_cells(Host(world).journal.records())


def test_a_person_is_asked_and_waited_for(world):
    began = world.clock.now()
    assert built(world) == BUILT
    assert 3600.0 <= world.clock.now() - began < 3610.0
    (standing,) = world.orders().all()
    assert standing.order.title == "Build cell A-1 and put it into holder_1"
    assert standing.order.facts["electrolyte"] == "40 uL from mixer"
    assert standing.order.facts["recipe as made"] == "EC 0.3, DMC 0.6, LiPF6 0.1"
    assert standing.order.asks[0].range() == "16 to 120 mg"
    assert loaded(world) == {"holder_1": Loaded("A-1", "demo/0001/assemble/1")}


def test_a_cell_that_could_not_be_built_is_a_result(world):
    host = Host(world)
    result = host.run(CELL, "assemble", host.answers("assemble", 60.0, Answer(0.0, {}, "separator torn")))
    assert result == BUILT | {"assembled": False, "reason": "separator torn", "electrolyte_g": None}
    assert loaded(world) == {}


def test_a_person_takes_it_out(world):
    built(world)
    host = Host(world)
    assert host.run(OUT, "unload", host.answers("unload", 60.0, Answer(0.0)))["cell"] == "A-1"
    assert world.orders().all()[1].order.title == "Take cell A-1 out of holder_1"
    assert loaded(world) == {}


def test_one_that_could_not_be_taken_out_is_still_there(world):
    built(world)
    host = Host(world)
    with pytest.raises(JobFailedError, match="A-1 could not be taken out of holder_1: clip is jammed"):
        host.run(OUT, "unload", host.answers("unload", 60.0, Answer(0.0, {}, "clip is jammed")))
    assert loaded(world)["holder_1"].cell == "A-1"


def test_others_work_while_a_person_is_waited_for(world):
    host = Host(world)
    ended = []

    async def other():
        action = AssembleCell("B-1", "holder_2", "other_vessel", 0.04, "", "assembler")
        await host.station.run(key("other"), action)
        ended.append(host.clock.now())

    began = host.clock.now()
    host.run(CELL, "assemble", host.answers("assemble", 3600.0, WEIGHED), other())
    assert ended[0] - began < 300.0


def test_the_source_is_off_before_a_person_is_asked(world):
    world.meters["smu_1"].on = True
    built(world)
    assert not world.meters["smu_1"].on
    world.meters["smu_1"].output = lambda on: None
    world.meters["smu_1"].on = True
    with pytest.raises(JobFailedError, match=r"nobody reaches into holder_1. Switch it off by hand"):
        Host(world).run(OUT, "unload")
    assert len(world.orders().all()) == 1


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (AssembleCell("B-1", "holder_1", "mixer", 0.04, ""), "holder_1 is not empty: by the journal it holds A-1"),
        (UnloadCell("B-1", "holder_1"), "but by the journal: A-1 is in it. Nothing was touched"),
        (UnloadCell("A-1", "holder_2"), "but by the journal: it is empty. Nothing was touched"),
    ],
)
def test_nobody_is_asked_for_what_the_journal_knows_to_be_wrong(world, action, words):
    built(world)
    with pytest.raises(JobFailedError, match=words):
        Host(world).run(action, "wrong")
    assert len(world.orders().all()) == 1


def test_without_a_book_of_orders_nobody_can_be_asked(world):
    host = Host(world)
    host.station = Station(host.connected, host.journal, host.clock)
    with pytest.raises(JobFailedError, match=r"needs a person \(Build cell A-1 .*\), but this program has no work ord"):
        host.run(CELL)


@pytest.mark.parametrize(("action", "step"), [(CELL, "assemble"), (OUT, "unload")])
@pytest.mark.parametrize("is_answered_meanwhile", [True, False])
def test_wherever_the_host_dies_one_order_is_placed_and_one_answer_taken(tmp_path, action, step, is_answered_meanwhile):
    answer = WEIGHED if action is CELL else Answer(5000.0)

    def begun(folder):
        world = World(folder)
        if action is OUT:
            built(world)
        return world

    whole = Host(begun(tmp_path / "whole"))
    reference = whole.run(action, step, whole.answers(step, 17.0, answer))
    assert whole.count >= 8
    for n in range(1, whole.count + 1):
        world = begun(tmp_path / f"dies-{n}")
        first = Host(world, dies_at=n)
        with pytest.raises(HostDiedError):
            first.run(action, step, _patient(first, step, answer))
        orders = world.orders()
        standing = orders.find(str(key(step)))
        if is_answered_meanwhile and standing is not None and standing.answer is None:
            orders.answer(str(key(step)), answer)
        second = Host(world)
        assert second.run(action, step, _patient(second, step, answer)) == reference, n
        events = world.orders()._log.read(topic=str(key(step)))
        assert [event.kind for event in events] == ["ordered", "answered"], n


async def _patient(host, step, answer):
    """Answers whatever is open 17 s later; nothing if there is nothing."""
    await host.clock.sleep(17.0)
    standing = host.world.orders().find(str(key(step)))
    if standing is not None and standing.answer is None:
        host.world.orders().answer(str(key(step)), answer)


def test_a_program_that_is_ended_while_it_waits_leaves_the_order_open(world):
    async def main(host):
        with at_work(host.clock):
            job = spawn(host.clock, host.station.run(key("assemble"), CELL))
            await host.clock.sleep(60.0)
            job.cancel()
            await asyncio.wait([job])

    asyncio.run(main(Host(world)))
    assert [each.answer for each in world.orders().all()] == [None]
    world.orders().answer(str(key("assemble")), WEIGHED)
    assert Host(world).run(CELL) == BUILT
