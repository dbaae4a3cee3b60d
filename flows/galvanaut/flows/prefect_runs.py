"""Whose a flow run is, and what becomes of those that a dead process left "Running".

Prefect hears nothing of a process that is killed, and shows its runs as running for ever. Every flow run of ours
carries tags: the lab, the campaign and the process. Whoever holds the lock of a lab is its only live owner, so all
other open runs with the lab's tag are dead. Tasks carry no tags: for each one Prefect would ask its server for a slot.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import get_client, tags
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import TagsContext
from prefect.runtime import flow_run
from prefect.states import Crashed

from galvanaut.core.errors import InputError
from galvanaut.flows.labidentity import identity

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

    from galvanaut.flows.lab import Lab

TAG = "galvanaut"
"""On every flow run of ours; the automation watches those that have it."""
OPEN = [StateType.RUNNING, StateType.PENDING, StateType.PAUSED, StateType.CANCELLING]
"""States in which only a live process may leave a run. A scheduled one waits for a process and is nobody's yet."""

_log = logging.getLogger(__name__)


def labels(lab: Lab) -> set[str]:
    """Tags of the flow runs of a campaign in this process."""
    process = f"process-{os.getpid()}-on-{platform.node() or 'unknown'}"
    return {TAG, _tag(lab), f"campaign-{lab.campaign.name}", process}


@contextlib.contextmanager
def labelled(lab: Lab) -> Iterator[None]:
    """Flow runs that begin inside are tagged."""
    with tags(*labels(lab)):
        yield


def unlabelled() -> TagsContext:
    """Neither flow runs nor task runs that begin inside are tagged."""
    return TagsContext(current_tags=set())


def refuse_fleeting(lab: Path) -> None:
    """Refuse a lab in the folder that a worker makes for one run and deletes after it.

    Raises:
        InputError: says how to give the worker a folder.
    """
    here = Path.cwd()
    is_fleeting = here.parent == Path(gettempdir()).resolve() and here.name.endswith("prefect")
    if is_fleeting and not lab.is_absolute():
        advice = "set working_dir in the job_variables of the deployment, see flows/prefect.yaml"
        raise InputError(f"lab folder {lab}", f"would be deleted with the worker's temporary folder {here}; {advice}")


async def bury_the_dead(lab: Lab) -> int:
    """Mark as Crashed what dead processes left open in this lab, from inside a flow run, and tag that; how many.

    Best effort: Prefect shows the campaign, and what it cannot show must not hold the campaign up.
    """
    try:
        async with get_client() as client:
            own = await client.read_flow_run(UUID(str(flow_run.id)))
            await _claim(client, own, lab)
            return await _bury(client, own, lab)
    except Exception as error:  # whatever Prefect's client runs into
        _log.warning("runs that dead processes left open in Prefect were not looked for: %s", error)
        return 0


async def _claim(client: PrefectClient, own: FlowRun, lab: Lab) -> None:
    """A run that a deployment began could not know which lab it is for."""
    missing = labels(lab) - set(own.tags)
    if missing:
        await client.update_flow_run(own.id, tags=[*own.tags, *sorted(missing)])


async def _bury(client: PrefectClient, own: FlowRun, lab: Lab) -> int:
    ours = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[_tag(lab)]),
        id=FlowRunFilterId(not_any_=[own.id]),
    )
    tasks_open = TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=OPEN)))
    runs_open = ours.model_copy(update={"state": FlowRunFilterState(type=FlowRunFilterStateType(any_=OPEN))})
    done = set[UUID]()
    while found := [
        task
        for task in await client.read_task_runs(flow_run_filter=ours, task_run_filter=tasks_open)
        if task.id not in done
    ]:
        for task in found:
            await client.set_task_run_state(task.id, _crashed("its process is dead", own, lab), force=True)
            done.add(task.id)
    while dead := [run for run in await client.read_flow_runs(flow_run_filter=runs_open) if run.id not in done]:
        for run in dead:
            await client.set_flow_run_state(run.id, _crashed(_how(run), own, lab, run), force=True)
            done.add(run.id)
            _log.info("Prefect's run %s is marked as crashed: %s", run.name, _how(run))
    return len(done)


def _how(run: FlowRun) -> str:
    process = next((tag.removeprefix("process-") for tag in run.tags if tag.startswith("process-")), "")
    began = f" begun {run.start_time:%Y-%m-%d %H:%M:%S} UTC" if run.start_time else " which never began"
    number, _, host = process.partition("-on-")
    return f"process {number} on {host},{began}, is dead" if process else f"the process of this run,{began}, is dead"


def _crashed(how: str, own: FlowRun, lab: Lab, run: FlowRun | None = None) -> State[Any]:
    now = datetime.now(UTC)
    campaign = next(
        (tag.removeprefix("campaign-") for tag in (run.tags if run else ()) if tag.startswith("campaign-")),
        lab.campaign.name,
    )
    goes_on = (
        f"Campaign {campaign} goes on in run {own.name} ({own.id})"
        if campaign == lab.campaign.name
        else f"Campaign {campaign} goes on when it is run again"
    )
    return Crashed(message=f"Found on {now:%Y-%m-%d %H:%M:%S} UTC: {how}. {goes_on}; nothing is lost.")


def _tag(lab: Lab) -> str:
    return f"lab-{identity(lab.folder.path)}"
