"""A test whose cell was found off goes on in its step, and everybody counts the charge that has flowed and no other."""

from contextlib import ExitStack

import numpy as np
import pytest

from cyclejob import KEY, Host
from cyclinglab import DESCRIPTION, HOLDERS
from fakejob import Killed
from galvanaut.campaigns.analysis.accuracy import Accuracy
from galvanaut.campaigns.analysis.cycles import per_cycle
from galvanaut.campaigns.analysis.record import Record
from galvanaut.core import bdf
from galvanaut.core.clock import at_work
from galvanaut.instruments.cycling.output import CellOutput
from galvanaut.instruments.telemetry import export_record, read_record
from galvanaut.simulators.twin import Twin, TwinPrior

EXACT = Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
OFF_S = 7200
MOST_A = 0.002
CHARGE = {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.1}
DISCHARGE = {"step": "constant_current", "rate_C": "D/2", "until_voltage_V": 3.2, "until_time_s": 600}
TIMED = CHARGE | {"until_time_s": 1800}
HOLD = {"step": "constant_voltage", "voltage_V": 3.9, "until_time_s": 1800}
REST = {"step": "open_circuit_voltage", "until_time_s": 1800}
LOOP = {"step": "loop", "loop_to": 1, "cycle_count": 1}
CASES = {
    "to a voltage": ([CHARGE, DISCHARGE, LOOP], 1000),
    "timed": ([TIMED, DISCHARGE, LOOP], 1000),
    "hold": ([HOLD, DISCHARGE, LOOP], 1000),
    "rest": ([DISCHARGE, REST, TIMED, LOOP], 1000),
    "between two steps": ([TIMED | {"until_time_s": 600}, DISCHARGE, LOOP], 605),
}
MORE = {"after_interruption": "continue"}


class Interrupted:
    """A test that was found off for two hours.

    Attributes:
        result: of its job.
        net_C: that went into the simulated cell.
    """

    def __init__(self, folder, stack, holder, case, description=DESCRIPTION):
        self.folder, self.stack, self.holder = folder, stack, holder
        self.method, self.after_s = CASES[case]
        self.host = Host(folder, stack, description=description)

    async def begin(self):
        """Until it is found off by another process."""
        host = self.host
        await host.run_and_die(self.holder, self.after_s, method=self.method, **MORE)
        host.lab.connected.make_safe()
        host.lab.pass_time(OFF_S)
        self.follow()

    def follow(self):
        self.host = Host(self.folder, self.stack, earlier=self.host.lab)

    async def end(self):
        """The record."""
        self.result = await self.host.run(self.holder, method=self.method, **MORE)
        return read_record(self.folder, str(KEY))

    async def run(self):
        began_C = self.host.truth(self.holder).state.charge_C
        await self.begin()
        frame = await self.end()
        self.net_C = self.host.truth(self.holder).state.charge_C - began_C
        return frame


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("case", CASES)
async def test_record_job_and_analysis_count_what_flowed(tmp_path, stack, case, holder):
    test = Interrupted(tmp_path, stack, holder, case)
    frame = await test.run()
    assert (test.result["state"], test.result["record"]["problems"]) == ("ended", [])
    ((_, in_Ah, out_Ah),) = test.result["cycles"]
    said_Ah = frame[[bdf.CHARGED, bdf.DISCHARGED]].iloc[-1].tolist()
    assert said_Ah == pytest.approx([in_Ah, out_Ah], rel=1e-6)
    figures = per_cycle(Record.of(frame), EXACT, is_finished=True)
    found_Ah = [figures.charged_Ah.values[0], figures.discharged_Ah.values[0]]
    before_Ah = frame[[bdf.CHARGED, bdf.DISCHARGED]].iloc[0].tolist()  # the first reading
    assert found_Ah == pytest.approx([in_Ah - before_Ah[0], out_Ah - before_Ah[1]], rel=1e-6)
    assert ("remark" in test.result) != (case == "rest" and holder == "right")
    assert "remark" not in test.result or not figures.gap_s.any()
    unread_C = MOST_A * 25  # the cell was driven for up to two periods after the last reading that reached the disk
    assert 3600 * (in_Ah - out_Ah) == pytest.approx(test.net_C, abs=unread_C + 1e-3 * 3600 * (in_Ah + out_Ah))


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("case", ["timed", "hold", "rest"])
async def test_its_step_takes_its_whole_time(tmp_path, stack, case, holder):
    test = Interrupted(tmp_path, stack, holder, case)
    frame = await test.run()
    is_resting = case == "rest" and holder == "right"  # its output is off then anyway: nothing was interrupted
    step = frame[frame[bdf.STEP_ID] == (1 if case == "rest" else 0)]
    assert step[bdf.STEP_TIME].iloc[-1] == pytest.approx(OFF_S + 420 if is_resting else 1800, abs=30)
    lasted_s = step[bdf.TEST_TIME].iloc[-1] - step[bdf.TEST_TIME].iloc[0]
    assert lasted_s == pytest.approx(OFF_S + (420 if is_resting else 1800), abs=60)
    assert ("remark" in test.result) != is_resting


async def test_its_record_says_so_and_shows_the_cell_as_it_was_found(tmp_path, stack):
    test = Interrupted(tmp_path, stack, "left", "timed")
    frame = await test.run()
    assert "interrupted at 9" in test.result["remark"]
    assert "driven again from 82" in test.result["remark"]
    assert frame.attrs["remark"] == test.result["remark"]
    row = int(frame[bdf.TEST_TIME].diff().idxmax())
    before, found, after = (frame.iloc[place] for place in (row - 1, row, row + 1))
    assert (found[bdf.CURRENT], found[bdf.STEP_TIME]) == (0.0, before[bdf.STEP_TIME])
    assert 3.0 < found[bdf.VOLTAGE] < before[bdf.VOLTAGE]
    assert after[bdf.TEST_TIME] - found[bdf.TEST_TIME] < 1.0
    assert after[bdf.CURRENT] == pytest.approx(MOST_A, rel=0.01)


async def test_an_export_and_a_twin_know_of_it_too(tmp_path, stack):
    import pandas as pd

    test = Interrupted(tmp_path, stack, "left", "timed")
    frame = await test.run()
    (file, _) = export_record(tmp_path, str(KEY), tmp_path / "one.bdf.csv")
    read = per_cycle(Record.of(pd.read_csv(file)), EXACT, is_finished=True)
    assert read.charged_Ah.values == pytest.approx([test.result["cycles"][0][1]], rel=1e-4)
    names = (bdf.TEST_TIME, bdf.CURRENT, bdf.VOLTAGE, bdf.AMBIENT_TEMPERATURE, bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_TIME)
    twin = Twin.begin(TwinPrior())
    twin.feed_table(np.stack([frame[name].to_numpy(float) for name in names], axis=1))
    kept = twin.snapshot()["row"]
    moved_Ah = [kept["charged_C"] / 3600, kept["discharged_C"] / 3600]
    assert moved_Ah == pytest.approx(test.result["cycles"][0][1:], rel=5e-3)


@pytest.mark.parametrize("case", ["timed", "between two steps"])
async def test_a_process_that_dies_once_it_has_resumed_changes_nothing_about_that(tmp_path, stack, monkeypatch, case):
    """Its readings are on disk, and the place that they lead to is not."""
    test = Interrupted(tmp_path, stack, "left", case)
    await test.begin()
    host, note = test.host, test.host.journal.note

    def die(key, **facts):
        if facts.get("run", {}).get("remarks"):
            raise Killed
        note(key, **facts)

    monkeypatch.setattr(host.journal, "note", die)
    with at_work(host.clock), pytest.raises(Killed):
        await host.station._perform(KEY, host.action("left", test.method, **MORE))
    host.lab.pass_time(100)
    test.follow()
    frame = await test.end()
    assert (test.result["state"], test.result["record"]["problems"]) == ("ended", [])
    said_Ah = frame[[bdf.CHARGED, bdf.DISCHARGED]].iloc[-1].tolist()
    assert said_Ah == pytest.approx(test.result["cycles"][0][1:], rel=1e-6)
    charge_s = frame[bdf.STEP_TIME][frame[bdf.STEP_ID] == 0].max()
    assert charge_s == pytest.approx(600 if case == "between two steps" else 1800, abs=15)
    assert "interrupted at" in test.result["remark"]


SMU = DESCRIPTION["instruments"]["smu"] | {"settings": {"records": True}}
RECORDING = DESCRIPTION | {"instruments": DESCRIPTION["instruments"] | {"smu": SMU}}
UNSEEN_S = 50


@pytest.mark.parametrize(
    ("holder", "description"), [("left", DESCRIPTION), ("right", DESCRIPTION), ("left", RECORDING)]
)
@pytest.mark.parametrize(("method", "found"), [("probe", "2.5 V and"), ("apply", "4.1 V and 0.002 A")])
async def test_a_process_that_dies_while_it_resumes_leaves_no_charge_that_never_flowed(
    tmp_path, stack, monkeypatch, holder, description, method, found
):
    """It has looked at the cell, or driven it again, and nothing of that is on record."""
    test = Interrupted(tmp_path, stack, holder, "timed", description)
    began_C = test.host.truth(holder).state.charge_C
    await test.begin()
    with monkeypatch.context() as patch:
        done = getattr(CellOutput, method)

        def die(output, *args):
            done(output, *args)
            if method == "probe" or args[0].current_A == MOST_A:
                raise Killed

        patch.setattr(CellOutput, method, die)
        with at_work(test.host.clock), pytest.raises(Killed):
            await test.host.station._perform(KEY, test.host.action(holder, test.method, **MORE))
    test.host.lab.pass_time(UNSEEN_S)
    test.follow()
    frame = await test.end()
    assert (test.result["state"], test.result["record"]["problems"]) == ("ended", [])
    ((_, in_Ah, out_Ah),) = test.result["cycles"]
    said_Ah = frame[[bdf.CHARGED, bdf.DISCHARGED]].iloc[-1].tolist()
    unread_Ah = MOST_A * 10 / 3600 if description is RECORDING else 0.0  # its last reading, a period before the end
    assert said_Ah == pytest.approx([in_Ah, out_Ah], rel=1e-6, abs=unread_Ah)
    net_C = test.host.truth(holder).state.charge_C - began_C
    assert 3600 * (in_Ah - out_Ah) == pytest.approx(net_C, abs=MOST_A * (25 + 2 * UNSEEN_S))
    assert frame[bdf.STEP_TIME][frame[bdf.STEP_ID] == 0].max() == pytest.approx(1800, abs=15)
    assert f"its cell was found driven at {found}" in test.result["remark"]
    assert f"for up to {UNSEEN_S} s by a process that died as it went on with the test" in test.result["remark"]
    assert "interrupted at" in test.result["remark"]
    assert frame.attrs["remark"] == test.result["remark"]
