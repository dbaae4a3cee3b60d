"""Runs that a dead process left "Running": whose they are, what becomes of them, and of those of others nothing."""

import asyncio
import shutil
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from galvanaut.core.errors import InputError
from galvanaut.flows.lab import open_lab
from galvanaut.flows.labidentity import identity
from smalllab import command_line_process, small_campaign

KILLED_IN_TRIAL_2 = """
import asyncio, os, signal
from galvanaut.flows import procedure
settle = procedure.settle
async def deadly(trial, lab):
    if trial.number == 2:
        await asyncio.sleep(1.5)  # what has happened so far is on its way to the server
        os.kill(os.getpid(), signal.SIGKILL)
    await settle(trial, lab)
procedure.settle = deadly
"""


def test_a_lab_keeps_its_name_when_it_is_moved_and_a_copy_gets_its_own(tmp_path):
    (tmp_path / "lab").mkdir()
    name = identity(tmp_path / "lab")
    assert identity(tmp_path / "lab") == name
    moved = (tmp_path / "lab").rename(tmp_path / "moved")
    assert identity(moved) == name
    copy = shutil.copytree(moved, tmp_path / "copy")
    assert identity(copy) != name
    assert identity(copy) == identity(copy)
    assert identity(moved) == name


@pytest.mark.parametrize("content", ["", "[]", "{", '{"lab": "x"}', '{"lab": "x", "inode": 0}'])
def test_a_damaged_name_is_replaced(tmp_path, content):
    (tmp_path / "lab-id.json").write_text(content)
    assert len(identity(tmp_path)) == 32
    assert identity(tmp_path) == identity(tmp_path)


@pytest.mark.prefect
@pytest.mark.filterwarnings("ignore")
def test_no_lab_is_begun_in_a_folder_that_a_worker_deletes(tmp_path, monkeypatch):
    from galvanaut.flows import prefect_runs

    fleeting = tmp_path / "tmp123prefect"
    fleeting.mkdir()
    monkeypatch.setattr(prefect_runs, "gettempdir", lambda: str(tmp_path))
    monkeypatch.chdir(fleeting)
    with pytest.raises(InputError, match=r"lab folder lab: would be deleted .* working_dir"):
        prefect_runs.refuse_fleeting(Path("lab"))
    prefect_runs.refuse_fleeting(tmp_path / "lab")
    monkeypatch.chdir(tmp_path)
    prefect_runs.refuse_fleeting(Path("lab"))


async def _running(tags: set[str]):
    """A run that says it is running, as one of a dead process does."""
    from prefect import flow, get_client
    from prefect.states import Running

    async with get_client() as client:
        run = await client.create_flow_run(flow(lambda: None, name="stand-in"), tags=tags)
        await client.set_flow_run_state(run.id, Running(), force=True)
    return run.id


async def _state(run):
    from prefect import get_client

    async with get_client() as client:
        return (await client.read_flow_run(run)).state


async def _runs_of(lab):
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

    ours = FlowRunFilter(tags=FlowRunFilterTags(all_=[f"lab-{identity(lab)}"]))
    async with get_client() as client:
        return await client.read_flow_runs(flow_run_filter=ours), await client.read_task_runs(flow_run_filter=ours)


async def _states_of_tasks(lab):
    """Once the server has written down all that it was sent: it does so in batches, behind its answers."""
    for _ in range(60):
        states = {task.state_name for task in (await _runs_of(lab))[1]}
        if states <= {"Completed", "Crashed"}:
            break
        await asyncio.sleep(1.0)
    return states


@pytest.mark.prefect
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(800)
def test_what_a_killed_process_left_running_is_marked_and_nothing_of_other_labs(server, tmp_path, monkeypatch):
    from galvanaut.flows.campaign_loop import Observer
    from galvanaut.flows.prefect_flows import run_with_prefect

    monkeypatch.setenv("PREFECT_API_URL", server)
    campaign, lab = small_campaign(tmp_path, trials=3), tmp_path / "lab"
    done = command_line_process("run", campaign, "--lab", lab, code=KILLED_IN_TRIAL_2, limit_s=400)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left, _ = asyncio.run(_runs_of(lab))
    assert {run.name: run.state_name for run in left} == {
        "conductivity": "Running",
        "trial-001": "Completed",
        "trial-002": "Running",
    }
    strangers = asyncio.run(_running({"galvanaut", "lab-0123", "campaign-conductivity"}))

    with open_lab(campaign, lab) as opened:
        asyncio.run(run_with_prefect(opened, Observer()))
    runs, tasks = asyncio.run(_runs_of(lab))
    now = {run.name: run for run in runs if run.id in {each.id for each in left}}
    new = next(run for run in runs if run.name == "conductivity" and run.id not in {each.id for each in left})
    assert {name: run.state_name for name, run in now.items()} == {
        "conductivity": "Crashed",
        "trial-001": "Completed",
        "trial-002": "Crashed",
    }
    for name in ("conductivity", "trial-002"):
        message = now[name].state.message
        assert f"Campaign conductivity goes on in run conductivity ({new.id})" in message
        assert "UTC: process " in message
        assert "is dead" in message
    assert new.state_name == "Completed"
    assert asyncio.run(_states_of_tasks(lab)) == {"Completed", "Crashed"}
    assert not any(task.tags for task in tasks if not task.name.startswith("trial"))
    assert asyncio.run(_state(strangers)).name == "Running"


@pytest.mark.prefect
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(500)
def test_the_automation_is_installed_once_and_marks_silent_runs_of_ours_alone(server):
    from prefect import get_client
    from prefect.events import Event
    from prefect.events.clients import get_events_client

    from galvanaut.flows.prefect_automation import install, zombie_automation

    async def beat(run, tag):
        """Past Prefect's own sender, which adds the tags of the first flow that ever ran in this process."""
        related = [{"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}]
        resource = {"prefect.resource.id": f"prefect.flow-run.{run}"}
        async with get_events_client() as sender:
            await sender.emit(Event(event="prefect.flow-run.heartbeat", resource=resource, related=related))

    async def installed():
        async with get_client() as client:
            return await client.read_automations_by_name(zombie_automation().name)

    assert asyncio.run(install(zombie_automation(timedelta(seconds=10))))
    assert not asyncio.run(install(zombie_automation()))
    (automation,) = asyncio.run(installed())
    assert automation.trigger.within == timedelta(seconds=10)
    ours, others = asyncio.run(_running({"galvanaut"})), asyncio.run(_running({"somebody"}))
    time.sleep(3)  # the server reads its automations anew after a while
    asyncio.run(beat(ours, "galvanaut"))
    asyncio.run(beat(others, "somebody"))
    deadline = time.monotonic() + 200
    while (state := asyncio.run(_state(ours))).name == "Running" and time.monotonic() < deadline:
        time.sleep(1)
    assert (state.name, "run the same command again" in state.message) == ("Crashed", True)
    left_alone = asyncio.run(_state(others))
    assert (left_alone.name, left_alone.message) == ("Running", None)
