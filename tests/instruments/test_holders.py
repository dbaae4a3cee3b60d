"""Holders are given out in order, one cell each, and a cell finds its own again after a restart."""

import asyncio

import pytest

from assemblylab import Host, World, key
from galvanaut.core.clock import VirtualClock, at_work, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.instruments.guard.reconcile import look, reconcile
from galvanaut.instruments.holders import HolderPool
from galvanaut.instruments.jobs import AssembleCell, UnloadCell
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.loading import Loaded, Survey, loaded_cells, survey

HOLDERS = ("h1", "h2", "h3")


def request(cell, holder, kind="assemble"):
    return {"kind": kind, "cell": cell, "holder": holder}


@pytest.fixture
def journal(tmp_path):
    """Each call is another life of the program."""

    def open_it():
        clock = VirtualClock(100.0)
        book = Journal(EventLog(open_engine(tmp_path / "station.db", durable=False), "journal"), clock)
        return book, clock

    return open_it


def put(book, cell, holder, assembled=True):
    book.intend(key(f"put-{cell}"), request(cell, holder))
    book.done(key(f"put-{cell}"), {"assembled": assembled})


def take(book, cell, holder):
    book.intend(key(f"take-{cell}"), request(cell, holder, "unload"))
    book.done(key(f"take-{cell}"), {})


class Campaign:
    """Cells that each want a holder, use it for a while and give it back."""

    def __init__(self, pool, book, clock):
        self.pool, self.book, self.clock, self.log = pool, book, clock, []

    async def cell(self, name, after_s=0.0, lasts_s=100.0, *, is_taken_out=True):
        await self.clock.sleep(after_s)
        async with self.pool.taken(name) as holder:
            self.log.append((name, holder, self.clock.now() - 100.0))
            if self.book.find(key(f"put-{name}")) is None:
                put(self.book, name, holder)
            await self.clock.sleep(lasts_s)
            if is_taken_out and self.book.find(key(f"take-{name}")) is None:
                take(self.book, name, holder)

    def run(self, *cells):
        async def main():
            with at_work(self.clock):
                tasks = [spawn(self.clock, cell) for cell in cells]
                await self.clock.sleep(1e7)
            return await asyncio.gather(*tasks, return_exceptions=True)

        return asyncio.run(main())


def campaign(journal, **seen):
    book, clock = journal()
    return Campaign(HolderPool(HOLDERS, book, clock, **seen), book, clock)


# -- handing out ---------------------------------------------------------------------------------------------------


def test_cells_of_one_instant_are_served_in_the_order_of_their_names(journal):
    one = campaign(journal)
    one.run(*(one.cell(name) for name in "ecadb"))
    assert one.log == [("a", "h1", 0), ("b", "h2", 0), ("c", "h3", 0), ("d", "h1", 100), ("e", "h2", 100)]
    assert one.pool.free() == list(HOLDERS)


def test_whoever_came_first_is_served_first(journal):
    one = campaign(journal)
    one.run(*(one.cell(name) for name in "abc"), one.cell("z", 10), one.cell("d", 20))
    assert one.log[3:] == [("z", "h1", 100), ("d", "h2", 100)]


def test_whoever_waits_no_longer_is_passed_over(journal):
    one = campaign(journal)

    async def impatient():
        waiting = spawn(one.clock, one.cell("d", 10))
        await one.clock.sleep(50)
        waiting.cancel()
        await asyncio.wait([waiting])

    one.run(*(one.cell(name) for name in "abc"), impatient(), one.cell("e", 20))
    assert one.log[3:] == [("e", "h1", 100)]
    assert one.pool.free() == list(HOLDERS)


def test_a_holder_with_a_cell_in_it_is_not_given_out(journal):
    one = campaign(journal)
    one.run(one.cell("a", is_taken_out=False), one.cell("b", 200))
    assert one.log == [("a", "h1", 0), ("b", "h2", 200)]
    assert one.pool.cells() == {"h1": "a"}


def test_when_nothing_can_become_free_it_is_said_what_is_in_the_way(journal):
    one = campaign(journal, seen=Survey({"h3": ("assembler", "h3 holds x, but by the journal it is empty")}))
    ends = one.run(one.cell("a", is_taken_out=False), one.cell("b", is_taken_out=False), one.cell("c"))
    assert ends[:2] == [None, None]
    assert isinstance(ends[2], GalvanautError)
    assert "no holder is free, and nobody here will free one: h1 holds a (job demo/0001/put-a/1); h2 holds b" in str(
        ends[2]
    )
    assert "h3 holds x, but by the journal it is empty" in str(ends[2])


# -- restarts ------------------------------------------------------------------------------------------------------


def test_after_a_restart_a_cell_in_its_test_has_its_holder_and_nobody_else(journal):
    book, _ = journal()
    put(book, "c", "h1")
    book.intend(key("put-b"), request("b", "h2"))  # not known whether it was built
    two = campaign(journal)
    two.run(two.cell("a"), two.cell("c"), two.cell("d", lasts_s=50.0))
    assert two.log == [("a", "h3", 0), ("c", "h1", 0), ("d", "h3", 100)]


def test_one_that_comes_late_finds_its_holder_kept(journal):
    book, _ = journal()
    for cell, holder in zip("abc", HOLDERS, strict=True):
        put(book, cell, holder)
    two = campaign(journal)
    assert two.run(two.cell("d"), two.cell("b", 500.0)) == [None, None]
    assert two.log == [("b", "h2", 500), ("d", "h2", 600)]


def test_a_cell_that_has_left_is_told_its_holder_and_takes_nothing(journal):
    book, _ = journal()
    put(book, "a", "h1")
    take(book, "a", "h1")
    put(book, "b", "h1")
    put(book, "f", "h2", assembled=False)
    two = campaign(journal)
    two.run(two.cell("a"), two.cell("b"), two.cell("f"), two.cell("g"))
    assert two.log == [("a", "h1", 0), ("b", "h1", 0), ("f", "h2", 0), ("g", "h2", 0)]


# -- what the journal knows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "notes", "expected"),
    [
        ("intended", {}, Loaded("a", "demo/0001/put/1", is_certain=False, is_settled=False)),
        ("failed", {}, None),
        ("failed", {"told": False}, None),
        ("failed", {"told": True}, Loaded("a", "demo/0001/put/1", is_certain=False)),
    ],
)
def test_a_cell_that_may_be_there(journal, state, notes, expected):
    book, _ = journal()
    book.intend(key("put"), request("a", "h1"))
    book.note(key("put"), **notes)
    if state == "failed":
        book.failed(key("put"), "broke off")
    assert loaded_cells(book.records()).get("h1") == expected


@pytest.mark.parametrize(("notes", "is_certain"), [({}, True), ({"told": True}, False)])
def test_a_cell_that_may_have_been_taken_out(journal, notes, is_certain):
    book, _ = journal()
    put(book, "a", "h1")
    book.intend(key("take"), request("a", "h1", "unload"))
    book.note(key("take"), **notes)
    book.failed(key("take"), "broke off")
    assert loaded_cells(book.records())["h1"] == Loaded("a", "demo/0001/put-a/1", is_certain)


# -- what the assembler says ---------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "lab")


def test_an_assembler_that_agrees_is_no_finding(world):
    Host(world).run(AssembleCell("A-1", "holder_1", "mixer", 0.04, "", "assembler"))
    host = Host(world)
    assert reconcile(host.connected, host.journal) == []
    assert survey(host.connected, host.journal.records()) == Survey()


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({}, "holder_1 is empty, but by the journal it holds A-1 (job demo/0001/assemble/1)"),
        ({"holder_1": "B-1"}, "holder_1 holds B-1, but by the journal it holds A-1 (job demo/0001/assemble/1)"),
        ({"holder_1": "A-1", "holder_2": "B-1"}, "holder_2 holds B-1, but by the journal it is empty"),
    ],
)
def test_a_contradiction_is_a_finding_and_its_holder_is_not_given_out(world, there, words):
    Host(world).run(AssembleCell("A-1", "holder_1", "mixer", 0.04, "", "assembler"))
    world.assembler.loaded = there
    host = Host(world)
    assert [str(each) for each in host.station.reconcile()] == [f"assembler: {words}; not given out until it agrees"]
    assert host.journal.remarks("found")[0].data["text"] == words
    assert HolderPool.of(world.bench.holders, host.connected, host.journal, host.clock).free() == (
        [] if "holder_2" in words else ["holder_2"]
    )


def test_what_the_journal_does_not_know_the_assembler_settles(world):
    """A job ended without knowing; the next program asks."""
    book = Host(world).journal
    for cell, holder in (("A-1", "holder_1"), ("A-2", "holder_2")):
        book.intend(key(f"put-{cell}"), request(cell, holder))
        book.note(key(f"put-{cell}"), told=True)
        book.failed(key(f"put-{cell}"), "never heard of again")
    world.assembler.loaded = {"holder_1": "A-1"}
    host = Host(world)
    assert reconcile(host.connected, host.journal) == []
    pool = HolderPool.of(world.bench.holders, host.connected, host.journal, host.clock)
    assert pool.free() == ["holder_2"]
    host.run(AssembleCell("A-3", "holder_2", "mixer", 0.04, "", "assembler"))
    assert pool.free() == []
    host = Host(world)
    host.run(UnloadCell("A-1", "holder_1", "assembler"), "unload")
    assert loaded_cells(host.journal.records()).keys() == {"holder_2"}


def test_an_assembler_that_builds_is_found_and_left_to_its_job_or_to_its_end(world):
    world.assembler.asked["A-9"] = "holder_1", 0.05, world.clock.now() + 100.0
    host = Host(world)
    assert [str(each) for each in look(host.connected)] == ["assembler: is building a cell; found"]
    assert [str(each) for each in reconcile(host.connected, host.journal)] == [
        "assembler: is building a cell; left to end by itself"
    ]
    host.journal.intend(key("put"), {**request("A-9", "holder_1"), "assembler": "assembler"})
    assert [each.job for each in reconcile(host.connected, host.journal)] == [str(key("put"))]
