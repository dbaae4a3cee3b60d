"""Early stopping: now and then each recipe on test is asked whether it can still become the best one.

What was decided stands in the ledger before anything is done about it, with what it rests on, so that it can be decided
again later; a run that was killed in between does it when it goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from galvanaut.core.clock import spawn
from galvanaut.core.errors import InputError
from galvanaut.flows.celloutcome import formation_evidence, formed_verdicts
from galvanaut.flows.cells import tests_of
from galvanaut.flows.fadecourses import FadeCourses
from galvanaut.flows.procedure import analyse
from galvanaut.flows.stepnames import CYCLING
from galvanaut.flows.steps import key
from galvanaut.flows.stopdecision import StopDecisions, to_beat
from galvanaut.instruments.jobs.cycling import EARLY

if TYPE_CHECKING:
    from galvanaut.campaigns.analysis.evidence import Evidence
    from galvanaut.campaigns.ledger import Ledger, TrialRecord
    from galvanaut.campaigns.life import Course
    from galvanaut.flows.lab import Lab
    from galvanaut.instruments.journal import JobRecord

LOOK_S = 3600.0
"""From one look at the cells to the next, on the bench's clock (illustrative): a cycle takes longer."""

_log = logging.getLogger(__name__)


class EarlyStopping:
    """Decides about the cells of one campaign.

    Args:
        lab: opened on a campaign that stops early.
    """

    def __init__(self, lab: Lab) -> None:
        chosen = lab.campaign.early_stop
        if chosen is None or lab.procedure.cells is None or lab.plan.cells is None:
            raise RuntimeError(f"campaign {lab.campaign.name} stops nothing early")
        self._lab, self._policy, self._replicates = lab, chosen, lab.procedure.cells.replicates
        cells = lab.plan.cells
        envelope = lab.bench.envelope_at(cells.path.holders[0])
        self._courses = FadeCourses(cells.cycling, envelope, lab.station.journal, lab.record)
        self._decisions = StopDecisions(lab.campaign)
        self._excluded: dict[int, tuple[list[str], set[str]]] = {}

    async def watch(self) -> None:
        """Look again and again until cancelled. The caller is at work on the clock."""
        while True:
            await self._lab.clock.sleep(LOOK_S, order="~early stop")
            self.look()

    def look(self) -> None:
        """Decide about every trial that is due."""
        for trial in self._lab.ledger.pending():
            running = self._running(trial)
            if not running:
                continue
            if trial.stopped is None:
                self._weigh(trial, running)
            if trial.stopped is not None:
                self._take_off(trial, running)

    def _running(self, trial: TrialRecord) -> list[JobRecord]:
        """The tests of its cells that go on."""
        return [job for job in self._jobs(trial, CYCLING) if job.state == "intended"]

    def _weigh(self, trial: TrialRecord, running: Sequence[JobRecord]) -> None:
        """Decide, if cells have gone on long enough since it was decided last, and if there is anything to beat."""
        courses = self.courses(trial)
        going = {job.request["sample"] for job in running} - self._no_cells(trial)
        least = min((len(each.cycle) for each in courses if each.cell in going), default=0)
        due = self._policy.next_look(trial.weighed[-1]["least"] if trial.weighed else None)
        if least < due or not going <= {each.cell for each in courses}:
            return
        best = to_beat(self._lab.campaign, self._lab.ledger, trial.number)
        finished = self._courses.finished(self._ledger_of)
        if best is None or len(finished) < self._policy.finished:
            return
        values = self._values(trial)
        decision = self._decisions.decide(courses, finished, values, best)
        basis = {
            "least": least,
            "seen": {each.cell: int(each.cycle[-1]) for each in courses},
            "finished": [each.cell for each in finished],
            "features": {each.cell: each.feature for each in (*courses, *finished) if each.feature is not None},
            "values": values,
            "to_beat": best.to_json(),
        }
        self._lab.ledger.weigh(trial.number, basis, decision.to_json())

    def _ledger_of(self, campaign: str) -> Ledger | None:
        ledger = self._lab.ledger
        return ledger if campaign == ledger.campaign else ledger.other(campaign)

    def courses(self, trial: TrialRecord) -> list[Course]:
        """Of the cells of a trial that count and are cycled, or came to their end meanwhile."""
        none = self._no_cells(trial)
        jobs = [job for job in self._jobs(trial, CYCLING) if job.request["sample"] not in none]
        found = (self._courses.of(job, feature=self._courses.feature(job)) for job in jobs if job.state != "failed")
        return [course for course in found if course is not None]

    def _no_cells(self, trial: TrialRecord) -> set[str]:
        """Those whose formation says that they are badly built, or not as the others: they go on, but do not count."""
        formed = [job for job in self._jobs(trial, "formation") if job.state == "done"]
        names = [str(job.key) for job in formed]
        known = self._excluded.get(trial.number)
        if known is None or known[0] != names:
            seen = [each for job in formed if (each := self._evidence(trial, job)) is not None]
            verdicts = formed_verdicts(seen, self._lab)
            known = names, {name for name, verdict in verdicts.items() if not verdict.counts}
            self._excluded[trial.number] = known
        return known[1]

    def _evidence(self, trial: TrialRecord, job: JobRecord) -> Evidence | None:
        """Of a cell's formation; None where it left no reading, and the cell is not cycled either."""
        plan = tests_of(self._lab).chosen(trial.settings).formation
        envelope = self._lab.bench.envelope_at(job.request["holder"])
        try:
            record = self._lab.record(str(job.key), job.request["sample"])
        except InputError:
            return None
        return formation_evidence(record, plan, envelope, is_finished=True)

    def _jobs(self, trial: TrialRecord, step: str) -> list[JobRecord]:
        found = (
            self._lab.station.journal.find(key(trial.number, step, self._lab, replicate))
            for replicate in range(1, self._replicates + 1)
        )
        return [job for job in found if job is not None]

    def _values(self, trial: TrialRecord) -> dict[str, float]:
        """What is known of a recipe beside its life."""
        reading = self._lab.station.journal.find(key(trial.number, "impedance", self._lab))
        values = dict(analyse(reading.result, self._lab).values) if reading is not None and reading.result else {}
        if self._lab.campaign.prices is not None:
            values["cost"] = self._lab.campaign.prices.of(trial.tested)
        return values

    def _take_off(self, trial: TrialRecord, running: Sequence[JobRecord]) -> None:
        reason = "" if trial.stopped is None else str(trial.stopped["decision"]["reason"])
        for job in running:
            if EARLY not in job.notes:
                self._lab.station.end_early(job.key, reason)


@asynccontextmanager
async def early_stopping(lab: Lab) -> AsyncIterator[None]:
    """While inside, hopeless cells are taken off, where the campaign wants that. The caller is at work on the clock.

    A decision that cannot be made holds nothing up: cells then go on to their end, and the log says why.
    """
    if lab.campaign.early_stop is None or lab.plan.cells is None:
        yield
        return
    watching = spawn(lab.clock, _watched(EarlyStopping(lab)))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watched(one: EarlyStopping) -> None:
    while True:
        try:
            await one.watch()
        except Exception:  # whatever it is, the cells are the campaign's, and go on
            _log.exception("early stopping could not decide; cells go on, and it looks again later")
