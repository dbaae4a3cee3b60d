"""The disk of the lab folder is full in the midst of a cycle-life campaign; then there is room again."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from ruamel.yaml import YAML

from galvanaut.instruments.bench import Bench
from galvanaut.simulators.bench import SimulatedBench
from killedcampaign import Campaign, check
from postgresqlserver import LABS

pytestmark = pytest.mark.system

SIZE_MB = 64
FILL_AT = """
import os
from galvanaut.instruments.jobs import CycleTest

look_after = CycleTest._look_after

async def filling(action, job, cycler):
    if job.key.step == {step!r}:
        free = os.statvfs({disk!r})
        with open({filler!r}, "ab") as file:
            file.write(bytes(max(0, free.f_bavail * free.f_frsize - 1000 * {spare_kb})))
    await look_after(action, job, cycler)

CycleTest._look_after = filling
"""


@contextmanager
def small_disk(place):
    """A disk of its own while inside."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", str(place)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def currents_A(campaign):
    """Through each cell that is in a holder, by the world that the process has left."""
    bench = Bench.model_validate(YAML(typ="safe").load(campaign.folder / "bench.yaml"))
    description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    world = SimulatedBench.open(description, campaign.lab / "worlds" / f"{bench.name}.db", seed=1)
    now = world.clock.now()
    found = [abs(world.world.holders.at(name, now).current_A) for name in bench.holders]
    world.close()
    return found


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
@pytest.mark.skipif(LABS in os.environ, reason="a server has disks of its own")
@pytest.mark.parametrize(("step", "spare_kb"), [("formation", 40), ("cycling", 300)])
def test_a_full_disk_ends_in_a_clear_message_and_loses_nothing(tmp_path, nursery, whole, step, spare_kb):
    with small_disk(tmp_path / "disk") as disk:
        campaign = Campaign(disk / "it", nursery, "--no-prefect")
        campaign.lab.mkdir()
        (tmp_path / "worlds").mkdir()
        (campaign.lab / "worlds").symlink_to(tmp_path / "worlds")  # what is simulated has no disk
        filler = disk / "filler"
        code = FILL_AT.format(step=step, disk=str(disk), filler=str(filler), spare_kb=spare_kb)
        assert campaign.run(code=code) == 1, campaign.said()
        said = campaign.said()
        assert "cannot be written (database or disk is full); what was recorded before is safe" in said
        assert "ALARM lab" in said
        assert "Traceback" not in said
        assert max(currents_A(campaign)) < 1e-6
        filler.unlink()
        assert campaign.run() == 0, campaign.said()
        check(campaign, whole)
