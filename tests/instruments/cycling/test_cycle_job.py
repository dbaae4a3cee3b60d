"""The job that runs a test: recorded, resumed after a crash, and failed only after the cell is safe."""

from contextlib import ExitStack

import pytest

from cyclejob import KEY, METHOD, Host
from cyclinglab import DESCRIPTION, HOLDERS
from fakejob import Killed
from galvanaut.core import bdf
from galvanaut.core.clock import at_work, together
from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.cycling.output import CellOutput
from galvanaut.instruments.errors import NoReplyError
from galvanaut.instruments.jobs import JobFailedError, PostponedError
from galvanaut.instruments.telemetry import list_records, read_record
from galvanaut.instruments.telemetry.seal import sha256_of
from galvanaut.simulators.faults import parse_fault


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.mark.parametrize("holder", HOLDERS)
async def test_a_test_is_done_once_and_recorded(tmp_path, stack, holder):
    host = Host(tmp_path, stack)
    result = await host.run(holder)
    assert result["state"] == "ended"
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert result["cycles"][1][1] == pytest.approx(result["cycles"][1][2], rel=0.01)
    frame = read_record(tmp_path, str(KEY))
    assert len(frame) == result["readings"]
    assert (frame[bdf.UNIX_TIME].diff().dropna() > 0).all()
    assert frame[bdf.TEST_TIME].iloc[-1] == result["time_s"]
    assert host.truth(holder).mode == "open"
    assert await host.run(holder) == result


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("after_s", [5, 118, 125, 1500, 2710])
async def test_a_killed_host_is_taken_over_in_the_same_step(tmp_path, stack, holder, after_s):
    first = Host(tmp_path, stack)
    await first.run_and_die(holder, after_s)
    before = [row.unix_time_s for row in first.recorder.rows(str(KEY))]
    began = first.journal.find(KEY).began
    assert first.truth(holder).trip == ""
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run(holder)
    frame = read_record(tmp_path, str(KEY))
    assert frame[bdf.UNIX_TIME].iloc[: len(before)].tolist() == before
    assert (len(frame), result["record"]["problems"]) == (result["readings"], [])
    assert frame[bdf.UNIX_TIME].iloc[0] - began < 60
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert second.truth(holder).mode == "open"


async def test_a_host_that_dies_as_a_step_changes_is_taken_over_in_the_new_step(tmp_path, stack, monkeypatch):
    """The meter is told already, and the reading that ended the step is not on disk."""
    first = Host(tmp_path, stack)
    began_C = first.truth("left").state.charge_C
    with monkeypatch.context() as patch:
        apply = CellOutput.apply

        def die(output, operation, *args):
            apply(output, operation, *args)
            if operation is not None and operation.voltage_V == 3.5:
                raise Killed

        patch.setattr(CellOutput, "apply", die)
        with at_work(first.clock), pytest.raises(Killed):
            await first.station._perform(KEY, first.action("left"))
    first.lab.pass_time(900)
    result = await Host(tmp_path, stack, earlier=first.lab).run("left")
    assert (result["state"], result["record"]["problems"]) == ("ended", [])
    assert "no host was there; step 3 had ended by then" in result["remark"]
    frame = read_record(tmp_path, str(KEY))
    moved_Ah = [sum(cycle[place] for cycle in result["cycles"]) for place in (1, 2)]
    assert frame[[bdf.CHARGED, bdf.DISCHARGED]].iloc[-1].tolist() == pytest.approx(moved_Ah, rel=1e-6)
    net_C = first.truth("left").state.charge_C - began_C
    assert 3600 * (moved_Ah[0] - moved_Ah[1]) == pytest.approx(net_C, abs=2 * 0.002 * 25)


@pytest.mark.parametrize(
    ("holder", "away_s", "found"),
    [
        ("left", 3600, "driven at 4 V and 0.002 A"),
        ("right", 30, "driven at 4 V and 0.002 A"),
        ("right", 3600, "switched off by a protection (coupled protection or watchdog)"),
    ],
)
async def test_what_a_host_did_to_a_cell_that_died_in_the_start_is_said(
    tmp_path, stack, monkeypatch, holder, away_s, found
):
    """The output is on, and that the test runs is not on record."""
    first = Host(tmp_path, stack)
    with monkeypatch.context() as patch:
        apply = CellOutput.apply

        def die(output, operation, *args):
            apply(output, operation, *args)
            if operation == (4.0, 0.002):
                raise Killed

        patch.setattr(CellOutput, "apply", die)
        with at_work(first.clock), pytest.raises(Killed):
            await first.station._perform(KEY, first.action(holder, METHOD[1:]))
    first.lab.pass_time(away_s)
    result = await Host(tmp_path, stack, earlier=first.lab).run(holder, method=METHOD[1:])
    said = f"its cell was found {found}, left so for up to {away_s} s by a process that died as it began the test"
    assert result["state"] == "ended"
    assert result["remark"] == f"{said}: that charge is not counted"
    assert read_record(tmp_path, str(KEY)).attrs["remark"] == result["remark"]


async def _dies_before_it_drives(host, monkeypatch):
    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CellOutput, "set_limits", die)
        with at_work(host.clock), pytest.raises(Killed):
            await host.station._perform(KEY, host.action("left"))


async def test_a_start_that_drove_nothing_is_not_remarked_upon(tmp_path, stack, monkeypatch):
    first = Host(tmp_path, stack)
    await _dies_before_it_drives(first, monkeypatch)
    assert "remark" not in await Host(tmp_path, stack, earlier=first.lab).run("left")


async def test_a_meter_that_does_not_tell_what_it_does_is_made_safe_all_the_same(tmp_path, stack, monkeypatch):
    first = Host(tmp_path, stack)
    await _dies_before_it_drives(first, monkeypatch)
    second = Host(tmp_path, stack, earlier=first.lab)
    meter = second.lab.connected.source_meter("smu")
    is_on, make_safe, asked = meter.is_on, meter.make_safe, []

    def silent_once():
        asked.append("is_on")
        if len(asked) == 1:
            raise NoReplyError("no reply", instrument="smu")
        return is_on()

    def noted():
        asked.append("make_safe")
        make_safe()

    monkeypatch.setattr(meter, "is_on", silent_once)
    monkeypatch.setattr(meter, "make_safe", noted)
    result = await second.run("left")
    assert asked[:2] == ["is_on", "make_safe"]
    assert "its cell was found in a state that its meter did not tell (smu: no reply" in result["remark"]


async def test_a_rest_goes_on_behind_a_watchdog_that_has_heard_nobody(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("right", 30)
    first.lab.pass_time(75)
    assert first.lab.connected.source_meter("analyzer").protections()
    second = Host(tmp_path, stack, earlier=first.lab)
    assert (await second.run("right"))["state"] == "ended"


@pytest.mark.parametrize("fault", ["dead peer", "power cut", "over-voltage trip"])
async def test_a_job_fails_only_when_the_cell_is_safe(tmp_path, stack, fault):
    host = Host(tmp_path, stack)
    lasts = " for 90 s" if fault == "dead peer" else ""
    host.lab.world.inject(parse_fault(f"{fault} on smu after 600 s{lasts}"))
    with pytest.raises(
        JobFailedError, match=r"demo/0001/cycle/1: the test of cell-1 was tripped after .* its cell is safe"
    ):
        await host.run("left")
    assert host.truth("left").mode == "open"
    assert host.journal.find(KEY).state == "failed"
    with pytest.raises(JobFailedError, match=r"was tripped.*Its record: records/demo/0001-cycle-1.bdf.parquet"):
        await host.run("left")
    (info,) = list_records(tmp_path)
    assert (info.state, info.outcome, info.problems) == ("sealed", "tripped", ())
    assert host.journal.find(KEY).notes["record"]["sha256"] == sha256_of(tmp_path / info.file)


SHORT = [METHOD[0], METHOD[1] | {"until_time_s": 30}]
DRIVEN_BY = {"left": "smu", "right": "analyzer"}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("message", range(1, 8))
async def test_no_single_lost_reply_at_a_step_change_ends_a_test(tmp_path, stack, holder, message):
    """Of the first messages of the look at which a rest ends: the reading, and what sets the next step."""
    host = Host(tmp_path, stack)

    async def suffers():
        await host.clock.sleep(115)
        host.lab.world.inject(parse_fault(f"dropped reply on {DRIVEN_BY[holder]} at message {message}"))

    with at_work(host.clock):
        result, _ = await together(host.clock, [host.station.run(KEY, host.action(holder, SHORT)), suffers()])
    assert (result["state"], host.lab.world.present_faults(), host.station.alarms) == ("ended", (), [])


def wired_as(resource):
    """The bench of two cells, with its source meter behind another kind of line."""
    instruments = DESCRIPTION["instruments"]
    return DESCRIPTION | {"instruments": instruments | {"smu": instruments["smu"] | {"resource": resource}}}


DEVICE_CLEAR = ("TCPIP::192.0.2.20::inst0::INSTR", "USB::0x05E6::0x2450::04412345::INSTR", "GPIB::20::INSTR")
"""Lines on which the link sends a device clear after a silence, which a dead instrument does not take either."""


@pytest.mark.parametrize("resource", DEVICE_CLEAR)
async def test_contact_is_lost_on_every_kind_of_line(tmp_path, stack, resource):
    host = Host(tmp_path, stack, description=wired_as(resource))
    host.lab.world.inject(parse_fault("dead peer on smu after 600 s for 90 s"))
    with pytest.raises(JobFailedError, match=r"its cell is safe: contact was lost: smu \(Keithley 2450 at .*INSTR\)"):
        await host.run("left")
    assert host.truth("left").mode == "open"
    assert host.journal.find(KEY).state == "failed"
    assert [(alarm.instrument, alarm.cause) for alarm in host.station.alarms] == [("smu", "state of left")]


async def test_a_cell_that_cannot_be_made_safe_is_named(tmp_path, stack):
    host = Host(tmp_path, stack)
    host.lab.world.inject(parse_fault("dead peer on smu after 600 s"))
    with pytest.raises(JobFailedError, match=r"may NOT be safe: contact was lost.*It has no watchdog"):
        await host.run("left")


async def test_whatever_keeps_a_cell_from_being_made_safe_is_told(tmp_path, stack, monkeypatch):
    host = Host(tmp_path, stack)
    cycler = host.lab.connected.cycler_at("left", host.clock.now)

    def fails(*_):
        raise ZeroDivisionError("a fault of a driver")

    monkeypatch.setattr(cycler, "poll", fails)
    monkeypatch.setattr(cycler, "make_safe", fails)
    with pytest.raises(JobFailedError, match=r"demo/0001/cycle/1: .*left could not be made safe either .*go and look"):
        await host.run("left")
    assert host.journal.find(KEY).state == "failed"
    assert [(alarm.instrument, alarm.cause) for alarm in host.station.alarms] == [("smu", "state of left")]


async def test_what_is_found_off_after_a_crash_ends_the_test(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    first.lab.connected.make_safe()
    second = Host(tmp_path, stack, earlier=first.lab)
    with pytest.raises(JobFailedError, match=r"was interrupted after .* found without output after a restart"):
        await second.run("left")
    assert second.truth("left").mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
async def test_a_host_that_dies_at_the_end_of_a_test_has_ended_it(tmp_path, stack, monkeypatch, holder):
    """The output is off, and nothing of that is on record."""
    first = Host(tmp_path, stack)
    with monkeypatch.context() as patch:
        switch_off = CellOutput.switch_off

        def die(*args, **kwargs):
            switch_off(*args, **kwargs)
            raise Killed

        patch.setattr(CellOutput, "switch_off", die)
        with at_work(first.clock), pytest.raises(Killed):
            await first.station._perform(KEY, first.action(holder))
    first.lab.pass_time(3600)
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run(holder)
    assert (result["state"], [cycle for cycle, _, _ in result["cycles"]]) == ("ended", [1, 2])
    assert "remark" not in result
    assert second.truth(holder).mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
async def test_a_plan_may_say_that_an_interrupted_test_goes_on(tmp_path, stack, holder):
    first = Host(tmp_path, stack)
    await first.run_and_die(holder, 1000, after_interruption="continue")
    first.lab.connected.make_safe()
    first.lab.pass_time(600)
    second = Host(tmp_path, stack, earlier=first.lab)
    result = await second.run(holder, after_interruption="continue")
    assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
    assert "found without output" in second.journal.find(KEY).notes["interrupted"]
    assert second.truth(holder).mode == "open"


async def test_a_plan_outside_the_envelope_reaches_no_instrument(tmp_path, stack):
    host = Host(tmp_path, stack)
    action = host.action("left", [METHOD[1] | {"until_voltage_V": 4.3}])
    with at_work(host.clock), pytest.raises(JobFailedError, match=r"4\.3 V is outside the envelope"):
        await host.station.run(KEY, action)
    assert not host.lab.connected.source_meter("smu").is_on()


async def test_a_full_disk_leaves_the_cell_safe(tmp_path, stack, monkeypatch):
    host = Host(tmp_path, stack)

    def full(test, rows):
        raise GalvanautError("readings cannot be recorded (disk full)")

    monkeypatch.setattr(host.recorder, "append", full)
    for _ in range(2):
        with pytest.raises(PostponedError, match=r"disk full.* The cell in left was made safe; the next run ends the"):
            await host.run("left")
        assert host.truth("left").mode == "open"
        assert host.journal.find(KEY).state == "intended"


@pytest.mark.parametrize("change", [["smu", "2450", "another"], ["smu_2", "2450", "04412345"]])
async def test_a_test_goes_on_behind_its_own_instrument_only(tmp_path, stack, change):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    first.journal.note(KEY, at=change)
    second = Host(tmp_path, stack, earlier=first.lab)
    with pytest.raises(JobFailedError, match=f"began on {change[0]} .* but left is wired to smu .* go and see"):
        await second.run("left")
    assert second.truth("left").mode == "open"


async def test_what_is_left_to_a_job_that_nobody_takes_up_is_made_safe(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    second = Host(tmp_path, stack, earlier=first.lab)
    second.station.reconcile()
    with at_work(second.clock):
        async with second.station.guarded():
            await second.clock.sleep(590)
            assert second.truth("left").mode != "open"
            await second.clock.sleep(20)
    assert second.truth("left").mode == "open"
    assert [(alarm.instrument, alarm.cause) for alarm in second.station.alarms] == [("smu", "unclaimed")]


async def test_what_is_left_to_a_job_of_a_campaign_that_is_halted_is_made_safe_at_once(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    second = Host(tmp_path, stack, earlier=first.lab)
    second.station.reconcile()
    with at_work(second.clock):
        async with second.station.guarded():
            await second.station.halt("another")
            assert second.truth("left").mode != "open"
            await second.station.halt(KEY.campaign)
            assert second.truth("left").mode == "open"
            await second.clock.sleep(610)
    assert second.journal.find(KEY).state == "intended", "it may be taken up later"
    assert second.station.alarms == []


async def test_what_its_job_takes_up_is_left_alone(tmp_path, stack):
    first = Host(tmp_path, stack)
    await first.run_and_die("left", 1000)
    second = Host(tmp_path, stack, earlier=first.lab)
    second.station.reconcile()
    with at_work(second.clock):
        async with second.station.guarded():
            result = await second.station.run(KEY, second.action("left"))
    assert (result["state"], second.station.alarms) == ("ended", [])
