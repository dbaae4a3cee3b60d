"""Run a test plan on the cell in a holder, for hours or weeks, and go on with it after a restart of this program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.runs import RunHandle, RunStatus

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.cycling.recorder import Recorder
    from galvanaut.instruments.roles import Cycler

FLUSH_S = 60.0
"""Readings go to disk at least this often, and with every step: so much is lost when this program is killed."""
ATTEMPTS = 30
"""So often a cell whose state is unknown is tried to be made safe before a person has to."""


@dataclass(frozen=True)
class CycleTest:
    """One plan on one cell.

    Attributes:
        holder: that the cell is in.
        plan: what to do.
        sample: which cell.
        recorder: keeps the readings; no part of the request.
    """

    holder: str
    plan: TestPlan
    sample: str
    recorder: Recorder = field(compare=False, repr=False)

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "cycle", "holder": self.holder, "sample": self.sample, "plan": self.plan.as_json()}

    def needs(self, bench: Bench) -> list[str]:
        """The holder and what drives it."""
        return [self.holder, *(bench.cyclers_at(self.holder) or [bench.source_meter_at(self.holder)])]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Start the test or take it up again, and look after it until it ends.

        Returns:
            ``state``, ``cycles`` (charge in and out of each, Ah), ``readings`` (how many), ``time_s``.

        Raises:
            JobFailedError: it was stopped before its end; says why, and whether the cell is safe.
        """
        cycler = job.bench.cycler_at(self.holder, job.now)
        try:
            return await self._look_after(job, cycler)
        except Exception as error:
            if isinstance(error, _TestOverError):
                raise JobFailedError(f"job {job.key}: {error}") from None
            await self._leave_safe(job, cycler, error)
            raise

    async def _look_after(self, job: Job, cycler: Cycler) -> Mapping[str, Any]:
        run = RunHandle(self.holder, str(job.key), self.sample)
        status = await self._taken_up(job, cycler, run)
        book = _Book(self.recorder, job, cycler, run, status)
        self._warn(job, status)
        attempts = 0
        while status.state == "running" or (status.state == "unknown" and attempts < ATTEMPTS):
            await job.sleep(status.next_s)
            status = await job.call(cycler.poll, run)
            self._warn(job, status)
            book.keep(status)
            attempts = attempts + 1 if status.state == "unknown" else 0
        book.close(status)
        if status.state != "ended":
            raise _TestOverError(_sentence(self.sample, status))
        cycles = [row for row in (*book.cycles(), status.current_cycle) if row is not None and any(row[1:])]
        time_s = 0.0 if status.row is None else status.row.time_s
        rows = 0 if status.row is None else status.row.number + 1
        return {"state": status.state, "cycles": [list(row) for row in cycles], "readings": rows, "time_s": time_s}

    def _warn(self, job: Job, status: RunStatus) -> None:
        """A cell of which nobody can tell whether it is safe is made known at once, while it is tried again."""
        if status.state == "unknown":
            cycler = self.needs(job.bench.bench)[1]
            job.alarm(cycler, f"state of {self.holder}", f"{self.holder} may NOT be safe: {status.alarm}")

    async def _taken_up(self, job: Job, cycler: Cycler, run: RunHandle) -> RunStatus:
        envelope = job.bench.bench.envelope_at(self.holder)
        at = self._instrument(job)
        if "run" in job.notes:
            self._require_same(job, at)
            state = job.notes["run"]
            rows = self.recorder.rows(run.test, state.get("count", 0))
            status = await job.call(cycler.attach, run, self.plan, envelope, state, rows)
            if status.state == "interrupted" and self.plan.after_interruption == "continue":
                job.note(interrupted=status.alarm)
                status = await job.call(cycler.resume, run)
            return status
        if "starting" in job.notes:  # a dead host may have switched on; nothing is recorded of that yet
            await job.call(cycler.make_safe)
        cycler.check(self.plan, envelope)
        job.note(starting=True, at=at)
        await job.call(cycler.start, self.holder, self.plan, envelope, self.sample, run.test)
        job.note(run=dict(cycler.state(run)))
        return await job.call(cycler.poll, run)

    def _instrument(self, job: Job) -> list[str]:
        """What drives the holder: its name in the bench file, and which one of its kind it is."""
        name = self.needs(job.bench.bench)[1]
        identity = job.bench.identities[name]
        return [name, identity.model, identity.serial]

    def _require_same(self, job: Job, found: list[str]) -> None:
        """A test goes on only where it began: behind another instrument there is another cell, or none."""
        began = job.notes.get("at", found)
        if began != found:
            was, now = (" ".join(word for word in words if word) for words in (began, found))
            text = f"began on {was}, but {self.holder} is wired to {now} now. {now} is made safe and the test is over"
            raise JobFailedError(f"job {job.key}: {text}; go and see what {was} does to its cell.")

    async def _leave_safe(self, job: Job, cycler: Cycler, cause: Exception) -> None:
        """Whatever failed, no cell is left driven with nobody to look after it."""
        try:
            await job.call(cycler.make_safe)
        except GalvanautError as error:
            text = f"{cause}. The cell in {self.holder} could not be made safe either ({error}): go and look."
            raise JobFailedError(f"job {job.key}: {text}") from None


class _TestOverError(GalvanautError):
    """The test is over before its end, and what could be done for the cell was done."""


class _Book:
    """What is written down as a test goes on: readings, and where it stands at each step."""

    def __init__(self, recorder: Recorder, job: Job, cycler: Cycler, run: RunHandle, status: RunStatus) -> None:
        self._recorder = recorder
        self._job = job
        self._cycler = cycler
        self._run = run
        self._kept = 0
        self._flushed_s = job.now()
        self._place = (status.state, status.step_number, status.alarm)
        self._cycle = status.finished

    def keep(self, status: RunStatus) -> None:
        """Readings first, then the place they lead to: a restart lives through the readings after the noted place."""
        place = (status.state, status.step_number, status.alarm)
        if place == self._place and self._job.now() - self._flushed_s < FLUSH_S:
            return
        self._flush()
        if place != self._place:
            self._note(status)
        self._place = place

    def close(self, status: RunStatus) -> None:
        """The last readings and the last place."""
        self._flush()
        self._note(status)

    def cycles(self) -> list[tuple[int, float, float]]:
        """Number and charge in and out of every complete cycle, Ah."""
        found = {name: row for name, row in self._job.notes.items() if name.startswith("cycle_")}
        return sorted((int(row[0]), row[1], row[2]) for row in found.values())

    def _flush(self) -> None:
        rows = self._cycler.rows(self._run, self._kept)
        if rows:
            self._recorder.append(self._run.test, rows)
            self._kept = rows[-1].number + 1
        self._flushed_s = self._job.now()

    def _note(self, status: RunStatus) -> None:
        facts: dict[str, Any] = {"run": dict(self._cycler.state(self._run))}
        if status.finished is not None:
            facts[f"cycle_{status.finished[0]}"] = list(status.finished)
        self._job.note(**facts)


def _sentence(sample: str, status: RunStatus) -> str:
    where = "" if status.row is None else f" after {status.row.time_s:.0f} s in cycle {status.cycle}"
    if status.state == "unknown":
        return f"the test of {sample}{where} is over and its cell may NOT be safe: {status.alarm}"
    return f"the test of {sample} was {status.state}{where}, its cell is safe: {status.alarm}"
