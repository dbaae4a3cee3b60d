"""The campaign as Prefect flows: one flow per campaign, one subflow per trial, one task per step.

Prefect shows what happens and decides nothing. Steps that touch an instrument are never cached and never retried: a
cached step would pass off an old measurement as a new one, and a retried one could dose twice. If Prefect fails in the
middle of a trial, the trial is carried on without it: its jobs are durable, so nothing is done again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast

from prefect import flow, flow_engine, get_client, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.runtime import flow_run
from prefect.states import Completed

from galvanaut.campaigns.ledger import Outcome, TrialRecord
from galvanaut.campaigns.recipe import Recipe
from galvanaut.flows import calibration, cells, procedure
from galvanaut.flows.artifacts import Artifacts, publish_card
from galvanaut.flows.campaign_loop import Observer, run_campaign
from galvanaut.flows.cells import Built, Tested
from galvanaut.flows.lab import Lab, open_lab
from galvanaut.flows.prefect_orders import forms
from galvanaut.flows.prefect_runs import bury_the_dead, labelled, refuse_fleeting, unlabelled
from galvanaut.flows.prefect_settings import answers
from galvanaut.flows.procedure import Steps, run_trial
from galvanaut.flows.through_prefect import PrefectFailedError, inside, through
from galvanaut.instruments.guard.alarm import Notice

SPACING_S = 0.2
"""Least time between the last thing a trial's run told Prefect and the creation of the next run. Prefect's SQLite
server answers 503 when that request meets the writes of the previous run's task events, and its client then sleeps
2 s; 0.2 s of distance avoids it, 0.05 s does not."""

_log = logging.getLogger(__name__)
_lab: ContextVar[Lab] = ContextVar("lab")
_observer: ContextVar[Observer] = ContextVar("observer")


Step = TypeVar("Step", bound=Callable[..., Coroutine[Any, Any, Any]])
Result = TypeVar("Result")
Shortfall = Callable[[Any], tuple[str, str] | None]
"""From the result of a step: the name of a state and the reason for it, or None."""


def _step(name: str, shortfall: Shortfall = lambda result: None) -> Callable[[Step], Step]:
    """A Prefect task for one step: no cache, no retries, nothing of it stored.

    Args:
        name: of the task.
        shortfall: tells from the result when the step did not do what its name says, though nothing is amiss with the
            run. The task then ends in a state of that name, with the reason as its message and in the log.
    """

    def wrap(step: Step) -> Step:
        @functools.wraps(step)
        async def ours(*args: Any) -> Any:
            result = await inside(step(*args))
            found = shortfall(result)
            if found is None:
                return result
            state, reason = found
            get_run_logger().warning("%s: %s", state, reason)
            return Completed(name=state, message=reason, data=result)

        wrapped = task(name=name, cache_policy=NO_CACHE, retries=0, persist_result=False)(ours)
        return cast("Step", wrapped)  # awaiting a call of the task gives what awaiting the step gives

    return wrap


async def _result(ended: Awaitable[Result]) -> Result:
    """What a step came to; Prefect hands out the state instead where the step has named it."""
    found = await ended
    return cast("Result", await found.aresult()) if isinstance(found, State) else found


def _not_assembled(built: Built) -> tuple[str, str] | None:
    return None if built["assembled"] else ("Not assembled", built["reason"])


def _not_formed(tested: Tested) -> tuple[str, str] | None:
    return ("Not formed", tested.failure) if tested.failure else None


def _not_cycled(tested: Tested) -> tuple[str, str] | None:
    if not tested.cycling_test:
        return "Not cycled", cells.why_not_cycled(tested, _lab.get())
    return ("Broken off", tested.failure) if tested.failure else None


def _trial(number: int) -> tuple[TrialRecord, Lab]:
    lab = _lab.get()
    return lab.ledger.trials[number], lab


# Tasks take numbers, not the lab: Prefect walks through every argument of a task.
@_step("formulate")
async def _formulate(number: int) -> Recipe:
    return await procedure.formulate(*_trial(number))


@_step("fill cell")
async def _fill_cell(number: int) -> None:
    await procedure.fill_cell(*_trial(number))


@_step("settle chamber")
async def _settle(number: int) -> None:
    await procedure.settle(*_trial(number))


@_step("measure conductivity")
async def _measure(number: int) -> Mapping[str, Any]:
    return await procedure.measure(*_trial(number))


@_step("clean")
async def _clean(number: int) -> None:
    await procedure.clean(*_trial(number))


@_step("assemble cell", _not_assembled)
async def _assemble(number: int, replicate: int, holder: str) -> Built:
    trial, lab = _trial(number)
    return await cells.assemble(trial, replicate, holder, lab)


@_step("form cell", _not_formed)
async def _form(number: int, replicate: int, built: Built) -> Tested:
    trial, lab = _trial(number)
    return await cells.form(trial, replicate, built, lab)


@_step("cycle cell", _not_cycled)
async def _age(number: int, replicate: int, tested: Tested) -> Tested:
    trial, lab = _trial(number)
    return await cells.age(trial, replicate, tested, lab)


@_step("unload cell")
async def _unload(number: int, replicate: int, built: Built) -> None:
    trial, lab = _trial(number)
    await cells.unload(trial, replicate, built, lab)


@_step("calibrate cell")
async def _calibrate() -> None:
    await calibration.calibrate(_lab.get())


TASKS = Steps(
    formulate=lambda trial, lab: through(_formulate, trial.number),
    fill_cell=lambda trial, lab: through(_fill_cell, trial.number),
    settle=lambda trial, lab: through(_settle, trial.number),
    measure=lambda trial, lab: through(_measure, trial.number),
    clean=lambda trial, lab: through(_clean, trial.number),
    assemble=lambda trial, replicate, holder, lab: _result(through(_assemble, trial.number, replicate, holder)),
    form=lambda trial, replicate, built, lab: _result(through(_form, trial.number, replicate, built)),
    age=lambda trial, replicate, tested, lab: _result(through(_age, trial.number, replicate, tested)),
    unload=lambda trial, replicate, built, lab: through(_unload, trial.number, replicate, built),
)


@flow(name="trial", flow_run_name="trial-{number:03d}", persist_result=False, validate_parameters=False)
async def trial_flow(number: int) -> Outcome:
    """One recipe taken through the procedure."""
    trial, lab = _trial(number)
    with unlabelled():
        outcome = await inside(run_trial(trial, lab, steps=TASKS))
    values = ", ".join(f"{name} {value:.3f}" for name, value in outcome.values.items())
    get_run_logger().info("%s: %s", trial.text, values or f"{outcome.status}: {outcome.reason}")
    await publish_card(trial, outcome, lab)
    return outcome


def _campaign_run_name() -> str:
    lab = _lab.get(None)
    return lab.campaign.name if lab is not None else Path(str(flow_run.parameters["campaign_file"])).stem


@flow(name="campaign", flow_run_name=_campaign_run_name, persist_result=False)
async def campaign_flow(
    campaign_file: str,
    lab_folder: str = "lab",
    bench_file: str | None = None,
    seed: int | None = None,
    max_trials: int | None = None,
    join: str | None = None,
) -> None:
    """Run a campaign, or carry on with one that was interrupted. Nothing here can arm a real bench.

    Args:
        campaign_file: YAML file of the campaign.
        lab_folder: where everything of the lab is kept.
        bench_file: instead of the one that the campaign names.
        seed: instead of the campaign's.
        max_trials: end this run once the campaign has so many trials.
        join: folder of the lab, or address of its tables, whose campaign this bench works on, too.
    """
    if _lab.get(None) is not None:
        await _run(_lab.get())
        return
    refuse_fleeting(Path(lab_folder))
    with open_lab(Path(campaign_file), Path(lab_folder), _path(bench_file), seed, max_trials, join=join) as lab:
        _lab.set(lab)
        await _run(lab)


async def run_with_prefect(lab: Lab, observer: Observer) -> None:
    """Run an open lab's campaign as a Prefect flow.

    Raises:
        GalvanautError: as `run_campaign`; so does any other error of ours pass.
        PrefectFailedError: Prefect failed outside of a trial.
    """
    vars(flow_engine)["capture_sigterm"] = contextlib.nullcontext  # it would raise in the midst of any code
    _lab.set(lab)
    _observer.set(observer)
    plan = lab.plan
    bench, folder = str(plan.bench_file), str(lab.folder.path)
    with labelled(lab):
        await through(campaign_flow, str(plan.campaign_file), folder, bench, plan.seed, lab.max_trials)


async def _run(lab: Lab) -> None:
    artifacts = Artifacts(lab)
    await bury_the_dead(lab)
    quiet_since = time.monotonic()

    async def runner(trial: TrialRecord, lab: Lab) -> Outcome:
        nonlocal quiet_since
        if not await _prefect_answers(trial):
            return await run_trial(trial, lab)
        await asyncio.sleep(SPACING_S - (time.monotonic() - quiet_since))
        quiet_since = time.monotonic()
        try:
            return await _run_trial(trial, lab)
        finally:
            quiet_since = time.monotonic()

    try:
        with lab.station.book.heard(_tell_of_alarm(get_run_logger())), unlabelled():
            async with forms(lab), artifacts.kept_up_to_date():
                await inside(run_campaign(lab, runner, _observer.get(None), _calibration))
    finally:
        await artifacts.publish()


async def _prefect_answers(trial: TrialRecord) -> bool:
    """Whether there is anybody to show the trial to; Prefect itself would ask for minutes, while the trial waits."""
    if await asyncio.to_thread(answers, str(get_client().api_url).rstrip("/")):
        return True
    _log.warning("Prefect does not answer; trial %d goes on without it", trial.number)
    return False


def _tell_of_alarm(log: Any) -> Callable[[Notice], None]:
    """A line in the log of the campaign's flow run."""

    def tell(notice: Notice) -> None:
        log.log(logging.ERROR if notice.event == "raised" else logging.INFO, "%s", notice)

    return tell


async def _run_trial(trial: TrialRecord, lab: Lab) -> Outcome:
    try:
        with labelled(lab):
            return await through(trial_flow, trial.number)
    except PrefectFailedError as error:
        _log.warning("Prefect failed in trial %d, which goes on without it: %s", trial.number, error)
        return await run_trial(trial, lab)


async def _calibration(lab: Lab) -> None:
    if lab.ledger.calibration is None:
        await through(_calibrate)


def _path(text: str | None) -> Path | None:
    return Path(text) if text is not None else None
