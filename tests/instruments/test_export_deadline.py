"""An export that came in time is taken, also where the program was away or the file not yet at rest at the deadline."""

import shutil

import pytest

from exportlab import GOOD, KEY, START, Lab
from galvanaut.core.clock import at_work, spawn
from galvanaut.instruments.jobs import JobFailedError


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


async def interrupted(lab, until_s):
    """A host begins to wait, is gone after an hour, and what comes until then comes while nobody looks."""
    host = lab.station()
    with at_work(lab.clock):
        waiting = spawn(lab.clock, host.run(KEY, lab.action()))
        await lab.clock.sleep(3600)
        waiting.cancel()
        await host.halt("demo")
    lab.pass_time(START + until_s)


@pytest.mark.parametrize("unchanged", ["0 s", "90 min"])
async def test_a_file_that_came_in_time_is_taken_although_nobody_was_there_at_the_deadline(lab, unchanged):
    lab.settings = {"unchanged": unchanged}
    lab.drop(5 * 3600, GOOD, "cell_1.csv")
    await interrupted(lab, 30 * 3600)
    assert (await lab.run())["rows"] == 248


async def test_after_the_deadline_nothing_is_waited_for_that_is_not_there(lab):
    await interrupted(lab, 30 * 3600)
    lab.drop(31 * 3600, GOOD, "cell_1.csv")
    with pytest.raises(JobFailedError, match="no usable file of cell cell_1"):
        await lab.run()
    assert lab.now == START + 30 * 3600 + 60


async def test_a_file_that_lies_there_at_the_deadline_may_come_to_rest(lab):
    lab.settings = {"unchanged": "90 min"}
    lab.drop(9.5 * 3600, GOOD, "cell_1.csv")
    assert (await lab.run())["rows"] == 248
    assert START + 11 * 3600 <= lab.now <= START + 11 * 3600 + 60


@pytest.mark.parametrize("minutes", [1, 30])
async def test_a_file_that_changes_after_the_deadline_is_not_waited_for_without_end(lab, minutes):
    lab.settings = {"unchanged": "90 min"}
    for minute in range(minutes, 30 * 60, minutes):
        lab.drop(60 * minute, GOOD, "cell_1.csv", lines=2 + minute % 200)
    with pytest.raises(JobFailedError, match="no usable file of cell cell_1"):
        await lab.run()
    assert START + 10 * 3600 <= lab.now <= START + 10.6 * 3600


async def test_a_folder_that_goes_after_the_deadline_is_not_waited_for_without_end(lab):
    lab.settings = {"unchanged": "90 min"}
    lab.drop(9.5 * 3600, GOOD, "cell_1.csv")
    lab.drops.append((START + 10.2 * 3600, lambda: shutil.rmtree(lab.folder / "exports")))
    with pytest.raises(JobFailedError, match="no usable file of cell cell_1"):
        await lab.run()
    assert lab.now <= START + 11.7 * 3600
