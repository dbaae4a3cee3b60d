"""The record of a test: sealed when it ends, however it ends, before its readings are let go."""

from contextlib import ExitStack

import pytest

from cyclejob import KEY, METHOD, Host
from cyclinglab import HOLDERS
from galvanaut.core import bdf
from galvanaut.core.clock import at_work
from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.jobs import CycleTest, JobFailedError, PostponedError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry import LabRecorder, SealError, list_records, read_record
from galvanaut.instruments.telemetry.seal import sha256_of
from galvanaut.instruments.telemetry.tidy import tidy
from galvanaut.simulators.faults import parse_fault

SHORT = METHOD[:2]


class DiedError(BaseException):
    """Ends the process; nothing that it does may catch it."""


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.mark.parametrize("holder", HOLDERS)
async def test_its_record_is_sealed_and_says_what_it_is(tmp_path, stack, holder):
    host = Host(tmp_path, stack)
    result = await host.run(holder)
    record = result["record"]
    assert (record["path"], record["problems"]) == ("records/demo/0001-cycle-1.bdf.parquet", [])
    assert record["sha256"] == sha256_of(tmp_path / record["path"])
    assert host.recorder.store.tests() == []
    frame = read_record(tmp_path, str(KEY))
    for column, place in ((bdf.CHARGED, 1), (bdf.DISCHARGED, 2)):
        counted_Ah = sum(cycle[place] for cycle in result["cycles"])
        assert frame[column].iloc[-1] == pytest.approx(counted_Ah, rel=1e-9)
    facts = frame.attrs
    assert (facts["campaign"], facts["cell"], facts["simulated"], facts["outcome"]) == ("demo", "cell-1", True, "ended")
    assert facts["plan"] == host.action(holder).plan.as_json()
    assert facts["instrument"]["name"] == ("smu" if holder == "left" else "analyzer")
    assert facts["software"].startswith("galvanaut ")


async def test_a_record_that_cannot_be_sealed_yet_is_sealed_by_the_next_run(tmp_path, stack, monkeypatch):
    first = Host(tmp_path, stack)

    def full(*arguments):
        raise SealError("records/x: cannot be written (No space left on device); the readings are safe")

    with monkeypatch.context() as patch:
        patch.setattr(first.recorder, "seal", full)
        with pytest.raises(PostponedError, match=r"job demo/0001/cycle/1: the test of cell-1 is over, but .*No space"):
            await first.run("left", method=SHORT)
    assert first.journal.find(KEY).state == "intended"
    assert first.truth("left").mode == "open"
    ended_s = first.clock.now()
    assert [info.state for info in list_records(tmp_path)] == ["live"]

    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run("left", method=SHORT)
    assert result["state"] == "ended"
    assert second.clock.now() - ended_s < 10, "nothing is done to the cell again"
    assert result["readings"] == len(read_record(tmp_path, str(KEY))) == result["record"]["rows"]
    assert second.recorder.store.tests() == []


@pytest.mark.parametrize("moment", ["over", "record", "done"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_host_killed_while_it_seals_is_followed_by_one_that_ends_the_same(
    tmp_path, stack, monkeypatch, moment, before
):
    whole = await Host(_folder(tmp_path, "whole"), stack).run("left", method=SHORT)
    folder = _folder(tmp_path, "killed")
    first = Host(folder, stack)
    write = Journal._write

    def die(journal, key, kind, data):
        concerned = moment in data if moment != "done" else kind == "done"
        if concerned and before:
            raise DiedError
        write(journal, key, kind, data)
        if concerned:
            raise DiedError

    monkeypatch.setattr(Journal, "_write", die)
    with at_work(first.clock), pytest.raises(DiedError):
        await first.station._perform(KEY, first.action("left", SHORT))
    monkeypatch.undo()
    second = Host(folder, stack, earlier=first.lab)
    assert tidy(second.recorder, second.journal) == []
    assert await second.run("left", method=SHORT) == whole
    assert whole["record"]["sha256"] == sha256_of(folder / whole["record"]["path"])
    assert second.recorder.store.tests() == []


async def test_a_record_of_a_stopped_test_is_sealed_as_far_as_it_got(tmp_path, stack):
    host = Host(tmp_path, stack)
    host.lab.world.inject(parse_fault("over-voltage trip on smu after 600 s"))
    with pytest.raises(JobFailedError, match=r"tripped .*Its record: records/demo/0001-cycle-1\.bdf\.parquet"):
        await host.run("left")
    frame = read_record(tmp_path, str(KEY))
    assert 550 < frame[bdf.TEST_TIME].iloc[-1] < 700
    assert frame.attrs["outcome"] == "tripped"
    assert frame.attrs["reason"] in host.journal.find(KEY).reason
    assert host.recorder.store.tests() == []


async def test_a_test_that_a_fault_of_the_books_interrupts_is_sealed_too(tmp_path, stack, monkeypatch):
    """The journal takes no note of a step for once; the cell is made safe, and no reading so far is lost."""
    host = Host(tmp_path, stack)
    note, calls = host.journal.note, []

    def refuse(key, **facts):
        calls.append(facts)
        if len(calls) == 3:
            raise GalvanautError("station.db: cannot be written (disk full)")
        note(key, **facts)

    monkeypatch.setattr(host.journal, "note", refuse)
    with pytest.raises(PostponedError, match=r"^job demo/0001/cycle/1: station.db: cannot .* made safe; the next run"):
        await host.run("left")
    assert host.truth("left").mode == "open"
    with pytest.raises(JobFailedError, match=r"was interrupted after .* Its record: records/demo"):
        await host.run("left")
    (info,) = list_records(tmp_path)
    assert (info.state, info.outcome, info.problems) == ("sealed", "interrupted", ())
    assert info.rows > 10


async def test_a_record_with_problems_is_noted_and_its_readings_stay(tmp_path, stack, monkeypatch):
    host = Host(tmp_path, stack)
    append = host.recorder.store.append_many

    def without_one(batch):
        append({test: [row for row in rows if row.number != 3] for test, rows in batch.items()})

    monkeypatch.setattr(host.recorder._batch, "_write", without_one)
    result = await host.run("left", method=SHORT)
    assert result["record"]["problems"] == ["readings 3 to 3 are missing"]
    assert host.journal.find(KEY).notes["record"] == result["record"]
    assert len(host.recorder.rows(str(KEY))) == result["readings"]


async def test_a_test_whose_name_can_be_no_file_never_begins(tmp_path, stack):
    host = Host(tmp_path, stack)
    with at_work(host.clock), pytest.raises(JobFailedError, match="cannot name a file"):
        await host.station.run(JobKey("demo", 1, "..", 1), host.action("left", SHORT))
    assert not host.lab.connected.source_meter("smu").is_on()
    assert list_records(tmp_path) == []


async def test_the_recorder_is_no_part_of_the_request(tmp_path, stack):
    host = Host(tmp_path, stack)
    action = host.action("left")
    with LabRecorder.opened(tmp_path) as other:
        same = CycleTest(action.holder, action.plan, action.sample, other)
    assert same == action
    assert same.request() == action.request()


def _folder(parent, name):
    (parent / name).mkdir()
    return parent / name
