"""A write that a database refuses once costs no test: the cell is made safe, and what is told to be done then helps."""

from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from cyclejob import KEY, Host
from cyclinglab import DESCRIPTION
from galvanaut.core import bdf
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.instruments.cycling import HostCycler
from galvanaut.instruments.jobs import JobFailedError, PostponedError
from galvanaut.instruments.telemetry import read_record

MORE = {"after_interruption": "continue"}
SMU = DESCRIPTION["instruments"]["smu"] | {"settings": {"records": True}}
RECORDING = DESCRIPTION | {"instruments": DESCRIPTION["instruments"] | {"smu": SMU}}


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


def refuse(host, monkeypatch, at_write):
    """Let the database of the readings be locked at one write."""
    insert, writes = host.recorder.store._insert_rows, []

    def refused_once(values):
        writes.append(values)
        if len(writes) == at_write:
            raise sa.exc.OperationalError("INSERT", {}, Exception("database is locked"))
        insert(values)

    monkeypatch.setattr(host.recorder.store, "_insert_rows", refused_once)


@pytest.mark.parametrize(
    ("holder", "description", "at_write"),
    [("left", DESCRIPTION, 20), ("right", DESCRIPTION, 20), ("left", RECORDING, 5)],
)
@pytest.mark.parametrize("in_another_process", [False, True])
async def test_the_next_run_goes_on_with_the_test(
    tmp_path, stack, monkeypatch, holder, description, at_write, in_another_process
):
    host = Host(tmp_path, stack, description=description)
    refuse(host, monkeypatch, at_write)
    began_C = host.truth(holder).state.charge_C
    said = "database is locked.* run the same command again. The cell in .* was made safe; the next run goes on with"
    with pytest.raises(PostponedError, match=said):
        await host.run(holder, **MORE)
    assert (host.truth(holder).mode, host.journal.find(KEY).state) == ("open", "intended")
    (alarm,) = host.station.alarms
    assert (alarm.cause, "database is locked" in alarm.text) == ("test of cell-1 put off", True)
    host.lab.pass_time(3600)
    host = Host(tmp_path, stack, earlier=host.lab) if in_another_process else host
    result = await host.run(holder, **MORE)
    assert (result["state"], result["record"]["problems"]) == ("ended", [])
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert "interrupted at" in result["remark"]
    frame = read_record(tmp_path, str(KEY))
    moved_Ah = [sum(cycle[place] for cycle in result["cycles"]) for place in (1, 2)]
    said_Ah = frame[[bdf.CHARGED, bdf.DISCHARGED]].iloc[-1].tolist()
    assert said_Ah == pytest.approx(moved_Ah, abs=0.002 * 10 / 3600)
    net_C = host.truth(holder).state.charge_C - began_C
    assert 3600 * (moved_Ah[0] - moved_Ah[1]) == pytest.approx(net_C, abs=0.002 * 50)


async def test_without_that_in_its_plan_the_next_run_ends_the_test_with_its_record(tmp_path, stack, monkeypatch):
    host = Host(tmp_path, stack)
    refuse(host, monkeypatch, 40)
    with pytest.raises(PostponedError, match=r"next run ends the test there, with its record \(the plan's after_inter"):
        await host.run("left")
    with pytest.raises(JobFailedError, match=r"was interrupted after .* its cell is safe.* Its record: records/demo"):
        await host.run("left")
    assert len(read_record(tmp_path, str(KEY))) > 35


async def test_a_test_that_nothing_is_on_record_of_is_begun_by_the_next_run(tmp_path, stack, monkeypatch):
    host = Host(tmp_path, stack)

    def locked(test, facts):
        raise GalvanautError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(host.recorder, "begin", locked)
        with pytest.raises(PostponedError, match="the test is begun by the next run"):
            await host.run("left")
    assert "remark" not in await host.run("left")


async def test_a_store_that_cannot_be_read_ends_no_test_that_is_taken_up(tmp_path, stack, monkeypatch):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000, **MORE)
    second = Host(tmp_path, stack, earlier=first.lab)

    def away(test, since=0):
        raise InputError("postgresql://lab", "cannot be used (the server is starting up)")

    with monkeypatch.context() as patch:
        patch.setattr(second.recorder, "rows", away)
        with pytest.raises(PostponedError, match=r"server is starting up.* the next run goes on with the test"):
            await second.run("left", **MORE)
    assert second.truth("left").mode == "open"
    assert (await second.run("left", **MORE))["state"] == "ended"


async def test_at_the_end_of_a_test_no_output_is_left_on_and_the_next_run_finds_it_ended(tmp_path, stack, monkeypatch):
    """Its last reading is written before the output goes off."""
    host = Host(tmp_path, stack)
    poll, append, is_last = HostCycler.poll, host.recorder.append, []

    def told(cycler, run):
        status = poll(cycler, run)
        is_last[:] = [status.next_s == 0.0]
        return status

    def locked(test, rows):
        if is_last == [True]:
            is_last.clear()
            host.recorder.put(test, rows)
            assert host.truth("left").mode != "open"
            raise GalvanautError("database is locked")
        append(test, rows)

    monkeypatch.setattr(HostCycler, "poll", told)
    monkeypatch.setattr(host.recorder, "append", locked)
    with pytest.raises(PostponedError, match="database is locked"):
        await host.run("left")
    assert host.truth("left").mode == "open"
    result = await host.run("left")
    assert (result["state"], "remark" in result) == ("ended", False)
