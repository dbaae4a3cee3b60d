"""The closed loop: propose, run, tell, until the budget is spent. Plain asyncio; Prefect wraps it, nothing needs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ParamSpec

from galvanaut.campaigns.ledger import Outcome, TrialRecord
from galvanaut.core.clock import Gate, at_work, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.flows.calibration import calibrate
from galvanaut.flows.cells import warm_incubator
from galvanaut.flows.controls import StoppedError
from galvanaut.flows.lab import Lab
from galvanaut.flows.procedure import run_trial

FAULTS_IN_A_ROW = 3
"""So many trials lost to the bench one after another stop the campaign: somebody has to look at it."""

TrialRunner = Callable[[TrialRecord, Lab], Awaitable[Outcome]]
P = ParamSpec("P")

_log = logging.getLogger(__name__)


def _nothing(*_: object) -> None:
    """An observer that does not care."""


@dataclass(frozen=True)
class Observer:
    """Who wants to know how the campaign goes on. Observers look; they cannot change or stop anything.

    Attributes:
        stage: a line of text: what is being done now.
        trial_began, trial_ended: with the trial's record.
    """

    stage: Callable[[str], None] = _nothing
    trial_began: Callable[[TrialRecord], None] = _nothing
    trial_ended: Callable[[TrialRecord], None] = _nothing

    def guarded(self) -> Observer:
        """The same observer, whose errors are logged and go no further."""
        return Observer(_guarded(self.stage), _guarded(self.trial_began), _guarded(self.trial_ended))


def _guarded(look: Callable[P, None]) -> Callable[P, None]:
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            look(*args, **kwargs)
        except (Exception, SystemExit) as error:  # whatever it is, it is not the campaign's
            _log.warning("an observer of the campaign failed, the campaign goes on: %r", error)

    return call


@dataclass
class _Open:
    """Trials under way, and those that ended at this instant and are not told yet."""

    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    ended: dict[int, Outcome | BaseException] = field(default_factory=dict)


async def run_campaign(
    lab: Lab,
    runner: TrialRunner = run_trial,
    observer: Observer | None = None,
    calibration: Callable[[Lab], Awaitable[None]] = calibrate,
) -> None:
    """Run a campaign to the end of its budget, or carry on with one that was interrupted.

    Args:
        lab: opened on the campaign.
        runner: runs one trial; Prefect's gives it a subflow.
        observer: told what happens.
        calibration: runs before the first trial.

    Raises:
        GalvanautError: the bench cannot go on; the ledger holds everything up to here.
        StoppedError: a person has stopped it; what it had on the bench is safe.
    """
    observer = (observer or Observer()).guarded()
    with at_work(lab.clock):
        async with lab.station.guarded():
            lab.valve.tell = observer.stage
            try:
                async with lab.valve.watched():
                    await _campaign(lab, runner, observer, calibration)
            except StoppedError:
                await lab.station.halt(lab.campaign.name)
                raise


async def _campaign(
    lab: Lab, runner: TrialRunner, observer: Observer, calibration: Callable[[Lab], Awaitable[None]]
) -> None:
    observer.stage("calibrating the conductivity cell")
    await calibration(lab)
    if lab.plan.cells is not None and not lab.ledger.pending():
        observer.stage("warming the incubator")
        await warm_incubator(lab)
    await _trials(lab, runner, observer)


async def _trials(lab: Lab, runner: TrialRunner, observer: Observer) -> None:
    open_ = _Open()
    for trial in lab.ledger.pending():
        _begin(trial, lab, runner, observer, open_)
    try:
        while True:
            if not open_.tasks and lab.may_propose():
                await lab.valve.opened()
            if (lab.campaign.budget.asynchronous or not open_.tasks) and lab.valve.is_open:
                _fill(lab, runner, observer, open_)
            if not open_.tasks:
                return
            await _next_end(lab, open_)
            _tell(lab, observer, open_)
            _stop_if_the_bench_is_ill(lab)
    finally:
        for task in open_.tasks.values():
            task.cancel()


def _fill(lab: Lab, runner: TrialRunner, observer: Observer, open_: _Open) -> None:
    while len(open_.tasks) < lab.parallel and lab.may_propose():
        observer.stage("choosing the next recipe")
        _begin(lab.propose(), lab, runner, observer, open_)


def _begin(trial: TrialRecord, lab: Lab, runner: TrialRunner, observer: Observer, open_: _Open) -> None:
    async def run() -> None:
        try:
            open_.ended[trial.number] = await runner(trial, lab)
        except BaseException as error:
            open_.ended[trial.number] = error
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            lab.something_ended.open(None)

    observer.trial_began(trial)
    observer.stage(f"trial {trial.number}: {trial.recipe.text()}")
    open_.tasks[trial.number] = spawn(lab.clock, run())


async def _next_end(lab: Lab, open_: _Open) -> None:
    """Wait until a trial ended and everybody rests, so that trials of one instant are told together, in their order."""
    if not open_.ended:
        await lab.something_ended.wait()
    lab.something_ended = Gate(lab.clock)
    await lab.clock.sleep(0.0, order="~campaign")


def _tell(lab: Lab, observer: Observer, open_: _Open) -> None:
    for number in sorted(open_.ended):
        ended = open_.ended.pop(number)
        open_.tasks.pop(number)
        if isinstance(ended, BaseException):
            raise ended
        lab.close_trial(number, ended)
        observer.trial_ended(lab.ledger.trials[number])


def _stop_if_the_bench_is_ill(lab: Lab) -> None:
    last = lab.ledger.ended()[-FAULTS_IN_A_ROW:]
    if len(last) == FAULTS_IN_A_ROW and all(trial.status == "failed_instrument" for trial in last):
        reasons = "\n".join(f"  trial {trial.number}: {trial.outcome.reason}" for trial in last if trial.outcome)
        raise GalvanautError(
            f"campaign {lab.campaign.name}: {FAULTS_IN_A_ROW} trials in a row were lost to the bench, so it stops:\n"
            f"{reasons}\nPut the bench right and run the same command again; it goes on with the next recipe."
        )
