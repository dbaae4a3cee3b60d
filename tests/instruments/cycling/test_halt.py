"""A campaign that is stopped beside a station that stays: its tests go on later, and its holders serve others."""

import asyncio
from contextlib import ExitStack

import pytest

from contractlab import ContractLab
from cyclejob import KEY, METHOD, Host
from cyclinglab import DESCRIPTION, HOLDERS
from galvanaut.core import bdf
from galvanaut.core.clock import at_work, spawn
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.instruments.telemetry import read_record

RECORDS = DESCRIPTION["instruments"]["smu"] | {"settings": {"records": True}}
RECORDING = DESCRIPTION | {"instruments": DESCRIPTION["instruments"] | {"smu": RECORDS}}
AFTER_S = (60, 1000)
"""At rest, and while it is charged; its last reading waits for the disk."""


class Stopped:
    """A host whose test was broken off by its campaign, and the readings that it had taken by then."""

    def __init__(self, folder, stack, description=DESCRIPTION):
        self.host = Host(folder, stack, ContractLab(description, folder / "world.db", "in-process", stack))
        self.taken = []
        self.host.recorder.listeners.append(self)

    def took(self, test, rows):
        self.taken += [row[:5] for row in rows if test == str(KEY)]

    def sealed(self, test):
        pass

    async def after(self, holder, seconds, away_s=60, **more):
        host = self.host
        job = spawn(host.clock, host.station.run(KEY, host.action(holder, **more)))
        await host.clock.sleep(seconds)
        await host.station.halt("demo")
        await asyncio.gather(job, return_exceptions=True)
        assert (host.truth(holder).mode, host.journal.find(KEY).state) == ("open", "intended")
        await host.clock.sleep(away_s)
        return host


@pytest.fixture
def stack():
    with ExitStack() as one:
        yield one


@pytest.mark.parametrize("after_s", AFTER_S)
@pytest.mark.parametrize("holder", HOLDERS)
async def test_its_test_goes_on_where_it_was_and_loses_no_reading(tmp_path, stack, holder, after_s):
    stopped = Stopped(tmp_path, stack)
    with at_work(stopped.host.clock):
        host = await stopped.after(holder, after_s, after_interruption="continue")
        before = list(stopped.taken)
        result = await host.station.run(KEY, host.action(holder, after_interruption="continue"))
    assert (result["state"], [cycle for cycle, _, _ in result["cycles"]]) == ("ended", [1, 2])
    assert result["record"]["problems"] == []
    frame = read_record(tmp_path, str(KEY))
    kept = frame[[bdf.TEST_TIME, bdf.UNIX_TIME, bdf.VOLTAGE, bdf.CURRENT]].iloc[: len(before)]
    assert len(before) >= after_s / 10
    assert [row[0] for row in stopped.taken] == list(range(len(frame))), "none was taken for another one"
    assert kept.to_numpy().tolist() == [pytest.approx(row[1:], nan_ok=True) for row in before]
    assert frame[bdf.VOLTAGE].min() > 2.5, "no reading of an open output stands there as the cell's"


async def test_what_a_meter_recorded_by_itself_until_then_is_taken_over(tmp_path, stack):
    more = {"after_interruption": "continue", "look_period": "300 s"}
    stopped = Stopped(tmp_path, stack, RECORDING)
    with at_work(stopped.host.clock):
        host = await stopped.after("left", 1000, away_s=600, **more)
        assert stopped.taken[-1][1] < 950, "the last look was a while ago"
        result = await host.station.run(KEY, host.action("left", **more))
    assert (result["state"], [cycle for cycle, _, _ in result["cycles"]]) == ("ended", [1, 2])
    assert result["record"]["problems"] == []
    time_s = read_record(tmp_path, str(KEY))[bdf.TEST_TIME]
    assert time_s[time_s < 1200].max() > 985


@pytest.mark.parametrize("description", [DESCRIPTION, RECORDING], ids=["asked", "records"])
@pytest.mark.parametrize("after_s", AFTER_S)
async def test_another_campaign_may_use_its_holder(tmp_path, stack, after_s, description):
    stopped = Stopped(tmp_path, stack, description)
    with at_work(stopped.host.clock):
        host = await stopped.after("left", after_s)
        result = await host.station.run(JobKey("other", 1, "cycle", 1), host.action("left"))
    assert (result["state"], [cycle for cycle, _, _ in result["cycles"]]) == ("ended", [1, 2])


async def test_a_plan_that_does_not_say_so_ends_where_it_was_stopped(tmp_path, stack):
    stopped = Stopped(tmp_path, stack)
    with at_work(stopped.host.clock):
        host = await stopped.after("left", 1000)
        with pytest.raises(JobFailedError, match=r"was interrupted after 9.* found without output after a restart"):
            await host.station.run(KEY, host.action("left", METHOD))
