"""The closed loop: propose, run, tell, until the budget is spent. Plain asyncio; Prefect wraps it, nothing needs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, ParamSpec

from galvanaut.campaigns.ledger import Outcome, TrialRecord
from galvanaut.core.clock import Gate, at_work, spawn
from galvanaut.core.errors import GalvanautError, NotMakeableError
from galvanaut.flows import refill
from galvanaut.flows.calibration import calibrate
from galvanaut.flows.cells import warm_incubator
from galvanaut.flows.controls import StoppedError
from galvanaut.flows.earlystop import early_stopping
from galvanaut.flows.lab import Lab
from galvanaut.flows.procedure import run_trial
from galvanaut.flows.putright import ask, is_open, open_order_of
from galvanaut.instruments.jobs import PutRight

FAULTS_IN_A_ROW = 3
"""After so many trials lost to the bench one after another somebody has to look at it before another recipe is made."""
WHOLE_BENCH = 0
"""In place of a trial's number, for an order that concerns the bench as such."""

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
    """Trials under way.

    Attributes:
        tasks: by number.
        ended: at this instant, and not told yet.
        asking: a person is asked to look at the bench; no recipe is begun meanwhile.
        judged: so many ended trials say nothing of the bench any more: a person has looked at it since.
    """

    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    ended: dict[int, Outcome | BaseException] = field(default_factory=dict)
    asking: asyncio.Task[None] | None = None
    judged: int = 0


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
    async with early_stopping(lab):
        await _trials(lab, runner, observer)


async def _trials(lab: Lab, runner: TrialRunner, observer: Observer) -> None:
    open_ = _Open()
    for trial in lab.ledger.pending():
        _begin(trial, lab, runner, observer, open_)
    if is_open(WHOLE_BENCH, "bench", lab):
        _ask(lab, open_, open_order_of(WHOLE_BENCH, "bench", lab))
    elif is_open(WHOLE_BENCH, refill.NAME, lab):
        _ask(lab, open_, refill.refill_of_a_dead_run(WHOLE_BENCH, lab))
    try:
        while True:
            if not open_.tasks and lab.may_propose():
                await lab.valve.opened()
            if (lab.campaign.budget.asynchronous or not open_.tasks) and lab.valve.is_open and open_.asking is None:
                await _fill(lab, runner, observer, open_)
            if not open_.tasks and open_.asking is None:
                return
            await _next_end(lab, open_)
            _tell(lab, observer, open_)
            _hear(lab, open_)
            _have_an_ill_bench_looked_at(lab, open_)
    finally:
        for task in (*open_.tasks.values(), *([] if open_.asking is None else [open_.asking])):
            task.cancel()


async def _fill(lab: Lab, runner: TrialRunner, observer: Observer, open_: _Open) -> None:
    while len(open_.tasks) < lab.parallel and lab.may_propose():
        observer.stage("choosing the next recipe")
        try:
            trial = await lab.propose()
        except NotMakeableError as error:
            if not (lab.bench.operators.settle_doubts and lab.bottles.is_scarce):
                raise
            _ask(lab, open_, refill.refilled(WHOLE_BENCH, str(error), lab))
            return
        if trial is None:
            return
        _begin(trial, lab, runner, observer, open_)


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
    observer.stage(f"trial {trial.number}: {trial.text}")
    open_.tasks[trial.number] = spawn(lab.clock, run())


async def _next_end(lab: Lab, open_: _Open) -> None:
    """Wait until a trial ended and everybody rests, so that trials of one instant are told together, in their order."""
    if not open_.ended and (open_.asking is None or not open_.asking.done()):
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


def _have_an_ill_bench_looked_at(lab: Lab, open_: _Open) -> None:
    """Ask a person before another recipe is made, while cells on test go on.

    Raises:
        GalvanautError: nobody is there to be asked, or nothing is left to be done.
    """
    last = _ended_here(lab)[open_.judged :][-FAULTS_IN_A_ROW:]
    if len(last) < FAULTS_IN_A_ROW or not all(trial.status == "failed_instrument" for trial in last):
        return
    reasons = "\n".join(f"  trial {trial.number}: {trial.outcome.reason}" for trial in last if trial.outcome)
    lost = f"{FAULTS_IN_A_ROW} trials in a row were lost to the bench"
    if not lab.bench.operators.settle_doubts or not (lab.may_propose() or open_.tasks):
        raise GalvanautError(
            f"campaign {lab.campaign.name}: {lost}, so it stops:\n{reasons}\n"
            "Put the bench right and run the same command again; it goes on with the next recipe."
        )
    if lab.may_propose() and open_.asking is None:
        _ask(lab, open_, ask(WHOLE_BENCH, "bench", PutRight(lost, reasons, "makes the next recipe"), lab))


def _ended_here(lab: Lab) -> list[TrialRecord]:
    return [trial for trial in lab.ledger.ended() if trial.bench == lab.bench.name]


def _ask(lab: Lab, open_: _Open, question: Coroutine[Any, Any, None]) -> None:
    async def run() -> None:
        try:
            await question
        finally:
            lab.something_ended.open(None)

    open_.asking = spawn(lab.clock, run())


def _hear(lab: Lab, open_: _Open) -> None:
    """Take up the answer, if there is one.

    Raises:
        JobFailedError: the person has given it up.
    """
    if open_.asking is not None and open_.asking.done():
        answered, open_.asking = open_.asking, None
        open_.judged = len(_ended_here(lab))
        answered.result()
