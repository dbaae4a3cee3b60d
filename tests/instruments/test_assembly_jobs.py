"""Cells are built and taken out once, whatever message or record the host dies at; a failed assembly is a result."""

import asyncio

import pytest

from assemblylab import Host, HostDiedError, World, key
from galvanaut.core.clock import at_work, spawn
from galvanaut.instruments.errors import NoReplyError
from galvanaut.instruments.jobs import AssembleCell, InDoubtError, JobFailedError, UnloadCell
from galvanaut.instruments.loading import Loaded, loaded_cells
from galvanaut.instruments.orders import Answer
from galvanaut.instruments.station import Station

CELL = AssembleCell("A-1", "holder_1", "mixer", 0.04, "EC 0.3, DMC 0.6, LiPF6 0.1", "assembler")
OUT = UnloadCell("A-1", "holder_1", "assembler")
BUILT = {"cell": "A-1", "holder": "holder_1", "electrolyte_g": 0.048, "assembled": True, "reason": ""}
TELL, TAKE = b":ASS:CELL", b":ASS:UNL"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "lab")


def loaded(world):
    return loaded_cells(Host(world).journal.records())


def test_a_cell_is_built_and_taken_out(world):
    assert Host(world).run(CELL) == BUILT
    assert world.assembler.loaded == {"holder_1": "A-1"}
    assert loaded(world) == {"holder_1": Loaded("A-1", "demo/0001/assemble/1")}
    assert Host(world).run(OUT, "unload") == {"cell": "A-1", "holder": "holder_1"}
    assert world.assembler.loaded == loaded(world) == {}


def test_it_needs_what_it_touches(world):
    assert CELL.needs(world.bench) == ["assembler", "mixer", "holder_1", "smu_1"]
    assert OUT.needs(world.bench) == ["assembler", "holder_1", "smu_1"]
    by_hand = AssembleCell("A-1", "holder_2", "mixer", 0.04, "")
    assert by_hand.needs(world.bench) == ["mixer", "holder_2", "smu_2"]


def test_an_assembly_that_fails_is_a_result_and_leaves_the_holder_empty(world):
    bad = AssembleCell("A-bad", "holder_1", "mixer", 0.04, "", "assembler")
    result = Host(world).run(bad)
    assert (result["assembled"], result["reason"], result["electrolyte_g"]) == (False, "no seal", 0.048)
    assert loaded(world) == {}
    assert Host(world).run(CELL, "again")["assembled"]


def deaths(folder, action, step, prepare):
    """The number of messages and records of an undisturbed job."""
    host = prepare(World(folder))
    host.count = 0
    host.run(action, step)
    return host.count


@pytest.mark.parametrize("cell", ["A-1", "A-bad"])
def test_wherever_the_host_dies_a_cell_is_built_once(tmp_path, cell):
    action = AssembleCell(cell, "holder_1", "mixer", 0.04, "", "assembler")
    reference = Host(World(tmp_path / "whole")).run(action)
    count = deaths(tmp_path / "count", action, "assemble", Host)
    assert count > 20
    for n in range(1, count + 1):
        world = World(tmp_path / f"dies-{n}")
        with pytest.raises(HostDiedError):
            Host(world, dies_at=n).run(action)
        asked = len(world.assembler.asked)
        second = Host(world)
        assert second.run(action) == reference, n
        assert second.sent(TELL) == (0 if asked else 1), n
        assert len(world.assembler.asked) == 1
        assert world.assembler.contents_mL == pytest.approx(4.96), n
        assert world.assembler.loaded == ({"holder_1": cell} if reference["assembled"] else {})


def test_wherever_the_host_dies_a_cell_is_taken_out_once(tmp_path):
    def with_a_cell(world):
        Host(world).run(CELL)
        return Host(world)

    count = deaths(tmp_path / "count", OUT, "unload", with_a_cell)
    assert count > 10
    for n in range(1, count + 1):
        world = World(tmp_path / f"dies-{n}")
        Host(world).run(CELL)
        with pytest.raises(HostDiedError):
            Host(world, dies_at=n).run(OUT, "unload")
        is_out = not world.assembler.loaded
        second = Host(world)
        assert second.run(OUT, "unload") == {"cell": "A-1", "holder": "holder_1"}, n
        assert second.sent(TAKE) == (0 if is_out else 1), n
        assert world.assembler.loaded == loaded(world) == {}


# -- lines that lose something -------------------------------------------------------------------------------------


def mute_after(world, command):
    """The reply to this command is lost."""
    handle = world.assembler.handle

    def once(message):
        if message.startswith(command):
            world.assembler.mute = 1
            world.assembler.handle = handle
        return handle(message)

    world.assembler.handle = once


def test_a_lost_reply_is_asked_for_and_nothing_is_told_again(world):
    mute_after(world, ":ASS:CELL")
    host = Host(world)
    assert host.run(CELL) == BUILT
    assert host.sent(TELL) == 1
    assert "no reply" in host.journal.find(key("assemble")).notes["told_unanswered"]


def test_a_command_that_was_never_heard_is_told_when_the_assembler_says_so(world):
    real, lost = world.assembler.handle, []

    def loses_the_first(message):
        if message.startswith(":ASS:CELL") and not lost:
            lost.append(message)
            return ""
        return real(message)

    world.assembler.handle = loses_the_first
    host = Host(world)
    assert host.run(CELL) == BUILT
    assert host.sent(TELL) == 2
    assert len(world.assembler.asked) == 1


def test_an_old_error_in_the_queue_is_not_taken_for_a_refusal(world):
    host = Host(world)
    world.assembler.errors.append('-221,"Settings conflict"')
    assert host.run(CELL) == BUILT


def test_a_lost_reply_to_taking_out_is_looked_for_in_the_holder(world):
    Host(world).run(CELL)
    mute_after(world, ":ASS:UNL")
    host = Host(world)
    assert host.run(OUT, "unload")["cell"] == "A-1"
    assert host.sent(TAKE) == 1


def test_an_assembler_that_hears_nothing_fails_the_job_and_blocks_nothing(world):
    host = Host(world)
    real = world.assembler.handle
    world.assembler.handle = lambda message: "" if message.startswith(":ASS:CELL") else real(message)
    with pytest.raises(
        JobFailedError, match=r"demo/0001/assemble/1: assembler did not begin to build A-1 \(.*no reply"
    ):
        host.run(CELL)
    assert host.sent(TELL) == 3
    assert loaded(world) == {}


# -- what is refused -----------------------------------------------------------------------------------------------


def test_a_refusal_fails_the_job_and_leaves_the_holder_free(tmp_path):
    world = World(tmp_path / "dry", contents_mL=0.01)
    with pytest.raises(JobFailedError, match=r"did not begin to build A-1 .*the vessel holds too little.*-221"):
        Host(world).run(CELL)
    assert loaded(world) == {}


def test_a_name_that_another_job_has_used_is_refused(world):
    Host(world).run(CELL)
    with pytest.raises(JobFailedError, match="was asked for a cell A-1 before, and not by this job"):
        Host(world).run(AssembleCell("A-1", "holder_2", "mixer", 0.04, "", "assembler"), "other")


def test_a_holder_that_is_occupied_by_the_journal_is_not_even_asked_for(world):
    Host(world).run(CELL)
    host = Host(world)
    with pytest.raises(JobFailedError, match=r"holder_1 is not empty: by the journal it holds A-1 \(job demo/0001/ass"):
        host.run(AssembleCell("A-2", "holder_1", "mixer", 0.04, "", "assembler"), "other")
    assert host.sent(TELL) == 0


@pytest.mark.parametrize(
    ("there", "words"), [({}, "it is empty"), ({"holder_1": "B-7"}, "B-7 is in it. Nothing was touched")]
)
def test_another_cell_is_never_taken_out(world, there, words):
    world.assembler.loaded = dict(there)
    host = Host(world)
    with pytest.raises(JobFailedError, match=f"A-1 was to be taken out of holder_1, but assembler says: {words}"):
        host.run(OUT, "unload")
    assert host.sent(TAKE) == 0
    assert world.assembler.loaded == there


def test_a_cell_that_is_driven_as_the_assembler_sees_it_stays(world):
    Host(world).run(CELL)
    world.assembler.driven.add("holder_1")
    with pytest.raises(JobFailedError, match="or a source drives its cell"):
        Host(world).run(OUT, "unload")
    assert loaded(world)["holder_1"].cell == "A-1"


@pytest.mark.parametrize(("action", "command"), [(CELL, TELL), (OUT, TAKE)])
def test_the_source_is_switched_off_before_anything(world, action, command):
    world.meters["smu_1"].on = True
    world.assembler.loaded = {"holder_1": "A-1"} if action is OUT else {}
    host = Host(world)
    host.run(action)
    assert not world.meters["smu_1"].on
    assert host.sent(command) == 1
    assert not world.meters["smu_2"].log


@pytest.mark.parametrize(("action", "command"), [(CELL, TELL), (OUT, TAKE)])
def test_a_source_that_cannot_be_switched_off_keeps_everybody_away(world, action, command):
    world.assembler.loaded = {"holder_1": "A-1"} if action is OUT else {}
    world.meters["smu_1"].failures["make_safe"] = [NoReplyError("no reply within 5 s", instrument="smu_1")]
    host = Host(world)
    with pytest.raises(JobFailedError, match="smu_1: no reply within 5 s"):
        host.run(action)
    world.meters["smu_1"].output = lambda on: None
    world.meters["smu_1"].on = True
    with pytest.raises(JobFailedError, match="output of smu_1 is on although it was made safe, so nobody reaches into"):
        host.run(action, "again")
    assert host.sent(command) == 0


# -- time ----------------------------------------------------------------------------------------------------------


def test_one_cell_after_another(world):
    Host(world).run(CELL)
    world.assembler.asked["elsewhere"] = "holder_2", 0.05, world.clock.now() + 500.0
    host = Host(world)
    began = host.clock.now()
    assert host.run(AssembleCell("A-2", "holder_2", "mixer", 0.04, "", "assembler"), "second")["assembled"]
    assert host.clock.now() - began == pytest.approx(510 + 180, abs=20)


def test_an_assembler_that_is_busy_for_ever_is_not_waited_for(world):
    world.assembler.asked["elsewhere"] = "holder_2", 0.05, float("inf")
    with pytest.raises(JobFailedError, match=r"has been busy for 2 h with another cell. A-1 was not begun"):
        Host(world).run(CELL)
    assert loaded(world) == {}


def in_doubt(world, monkeypatch):
    """A host whose assembler never ends."""
    monkeypatch.setattr("fakeassembler.DURATION_s", float("inf"))
    return Host(world)


def test_an_assembly_without_an_end_is_in_doubt_and_its_holder_is_not_free(world, monkeypatch):
    host = in_doubt(world, monkeypatch)
    host.station = Station(host.connected, host.journal, host.clock)  # nobody is there to be asked
    with pytest.raises(InDoubtError, match=r"in doubt: assembler has been building A-1 for 2 h"):
        host.run(CELL)
    assert loaded(world)["holder_1"] == Loaded("A-1", "demo/0001/assemble/1", is_certain=False)


@pytest.mark.parametrize(
    ("answer", "reason", "held"),
    [
        (Answer(0.0, choice="built"), "", {"holder_1": Loaded("A-1", "demo/0001/assemble/1")}),
        (Answer(0.0, choice="not-built"), "by hand: was not built, its holder is empty", {}),
    ],
)
def test_a_person_says_what_became_of_an_assembly_in_doubt(world, monkeypatch, answer, reason, held):
    host = in_doubt(world, monkeypatch)
    result = host.run(CELL, "assemble", host.answers("assemble", 3 * 3600.0, answer))
    assert (result["assembled"], result["reason"], result["by_hand"]) == (not reason, reason, ["assembled"])
    assert result["electrolyte_g"] is None
    assert loaded(world) == held
    (standing,) = world.orders().all()
    assert standing.order.facts["why"] == "assembler has been building A-1 for 2 h"
    assert [each.name for each in standing.order.choices] == ["built", "not-built"]


def test_what_a_person_cannot_tell_either_leaves_the_holder_unused(world, monkeypatch):
    host = in_doubt(world, monkeypatch)
    with pytest.raises(JobFailedError, match="was in doubt, and could not be settled by hand: the door is locked"):
        host.run(CELL, "assemble", host.answers("assemble", 3 * 3600.0, Answer(0.0, {}, "the door is locked")))
    assert loaded(world)["holder_1"] == Loaded("A-1", "demo/0001/assemble/1", is_certain=False)


def test_a_doubt_outlives_the_host_and_nothing_is_told_to_the_assembler_again(world, monkeypatch):
    """The assembler ends meanwhile; but a person was asked, and may have had hands in it."""

    async def main(host):
        with at_work(host.clock):
            job = spawn(host.clock, host.station.run(key("assemble"), CELL))
            await host.clock.sleep(3 * 3600.0)
            job.cancel()

    asyncio.run(main(in_doubt(world, monkeypatch)))
    monkeypatch.undo()
    world.orders().answer(str(key("assemble")), Answer(0.0, choice="not-built"))
    host = Host(world)
    assert not host.run(CELL)["assembled"]
    assert host.sent(TELL) == 0


def test_an_assembler_that_means_another_holder_is_in_doubt(world):
    host = Host(world)
    host.station = Station(host.connected, host.journal, host.clock)
    real = world.assembler.outcome
    world.assembler.outcome = lambda cell: real(cell).replace("holder_1", "holder_2")
    with pytest.raises(InDoubtError, match="says of A-1, ordered for holder_1, that it was meant for holder_2"):
        host.run(CELL)
