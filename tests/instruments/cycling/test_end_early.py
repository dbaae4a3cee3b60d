"""A test that somebody ends before its plan does: the cell is safe, the record is whole, nothing has failed."""

from contextlib import ExitStack

import pytest

from cyclejob import KEY, Host
from cyclinglab import HOLDERS
from galvanaut.core.clock import at_work, spawn
from galvanaut.instruments.telemetry import read_record

WHY = "2 % chance to beat 212 cycles"


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


async def _ended_after(host, holder, after_s):
    with at_work(host.clock):
        job = spawn(host.clock, host.station.run(KEY, host.action(holder)))
        await host.clock.sleep(after_s)
        host.station.end_early(KEY, WHY)
        asked_s = host.clock.now()
        await host.clock.sleep(60.0)
        assert host.truth(holder).mode == "open", "one look later no current flows any more"
        return await job, asked_s


@pytest.mark.parametrize("holder", HOLDERS)
async def test_it_ends_at_the_next_look_and_is_no_failure(tmp_path, stack, holder):
    host = Host(tmp_path, stack)
    result, asked_s = await _ended_after(host, holder, 1800.0)
    assert (result["state"], result["reason"]) == ("ended", f"ended early: {WHY}")
    assert host.station.alarms == []
    frame = read_record(tmp_path, str(KEY))
    assert frame.attrs["outcome"] == "ended"
    assert frame.attrs["reason"] == f"ended early: {WHY}"
    assert len(frame) == result["readings"]
    last_s = host.journal.find(KEY).began + result["time_s"]
    assert asked_s - 15.0 <= last_s <= asked_s + 15.0


async def test_a_later_process_ends_what_an_earlier_one_was_asked_to_end(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1800.0)
    first.station.end_early(KEY, WHY)
    assert first.truth("left").mode != "open", "written down only: nobody is there to act on it"
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run("left")
    assert result["reason"] == f"ended early: {WHY}"
    assert second.truth("left").mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("then", ["stop", "continue"])
async def test_a_cell_that_is_found_off_is_not_driven_again_for_it(tmp_path, stack, holder, then):
    """As after a power cut: what was decided before stands, and nothing has failed."""
    first = Host(tmp_path, stack)
    await first.run_and_die(holder, 1800.0, after_interruption=then)
    first.station.end_early(KEY, WHY)
    first.lab.connected.make_safe()
    moved_C = first.truth(holder).state.charge_C
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run(holder, after_interruption=then)
    assert (result["state"], result["reason"]) == ("ended", f"ended early: {WHY}")
    assert "found without output after a restart" in result["remark"]
    frame = read_record(tmp_path, str(KEY))
    assert (frame.attrs["outcome"], frame.attrs["reason"]) == ("ended", f"ended early: {WHY}")
    assert frame.attrs["remark"] == result["remark"]
    assert second.truth(holder).state.charge_C == pytest.approx(moved_C, abs=1e-3)
    assert second.truth(holder).mode == "open"


async def test_the_first_reason_stands_and_what_is_over_stays_as_it_is(tmp_path, stack):
    host = Host(tmp_path, stack)
    with at_work(host.clock):
        job = spawn(host.clock, host.station.run(KEY, host.action("left")))
        await host.clock.sleep(600.0)
        host.station.end_early(KEY, WHY)
        host.station.end_early(KEY, "another one")
        await host.clock.sleep(60.0)
        result = await job
    assert result["reason"] == f"ended early: {WHY}"
    before = dict(host.journal.find(KEY).notes)
    host.station.end_early(KEY, "too late")
    assert host.journal.find(KEY).notes == before
