"""Run a test plan on the cell in a holder, for hours or weeks, and go on with it after a restart of this program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.instruments.errors import BenchError, InstrumentError
from galvanaut.instruments.jobs.action import Job, JobFailedError, PostponedError
from galvanaut.instruments.jobs.cycletime import longest_s
from galvanaut.instruments.jobs.testbook import TestBook
from galvanaut.instruments.runs import Row, RunHandle, RunStatus
from galvanaut.instruments.telemetry.sealed import Sealed, SealError, remark_in

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.roles import Cycler, SourceMeter
    from galvanaut.instruments.telemetry.recorder import Recorder

EARLY, ENDED_EARLY = "early", "ended early"
"""Name of the note that says why a test is to end before its plan does, see `Station.end_early`; begins the reason of
one that has."""
ATTEMPTS = 30
"""So often a cell whose state is unknown is tried to be made safe before a person has to."""


@dataclass(frozen=True)
class CycleTest:
    """One plan on one cell.

    Attributes:
        holder: that the cell is in.
        plan: what to do.
        sample: which cell.
        recorder: keeps the readings and seals the record; no part of the request.
        capacity_Ah: what C-rates refer to, Ah, if the plan says that it is measured.

    Raises:
        InputError: the plan wants a measured capacity and there is none, or the other way round.
    """

    holder: str
    plan: TestPlan
    sample: str
    recorder: Recorder = field(compare=False, repr=False)
    capacity_Ah: float | None = None

    expires: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.capacity_Ah is not None:
            self.plan.with_capacity(self.capacity_Ah)
        elif self.plan.wants_capacity:
            raise InputError("test plan", "nominal_capacity is measured: hand it over when the test starts")

    @property
    def resolved(self) -> TestPlan:
        """The plan with its capacity."""
        return self.plan if self.capacity_Ah is None else self.plan.with_capacity(self.capacity_Ah)

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        measured = {} if self.capacity_Ah is None else {"capacity_Ah": self.capacity_Ah}
        plan = self.plan.as_json()
        return {"kind": "cycle", "holder": self.holder, "sample": self.sample, "plan": plan, **measured}

    def needs(self, bench: Bench) -> list[str]:
        """The holder and what drives it."""
        return [self.holder, *(bench.cyclers_at(self.holder) or [bench.source_meter_at(self.holder)])]

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Start the test or take it up again, look after it until it ends, and seal its record.

        Returns:
            ``state``, ``cycles`` (charge in and out of each, Ah), ``readings`` (how many), ``time_s``, and ``record``,
            see `galvanaut.instruments.telemetry.Sealed`; None without a reading. Where there is one, ``reason`` (why it
            ended before its last step) and ``remark`` (what its reader has to know).

        Raises:
            JobFailedError: it was stopped before its end; says why, whether the cell is safe, and where the record is.
            PostponedError: its cell was looked after, but readings cannot be kept, or its record cannot be sealed, now.
        """
        if "over" not in job.notes:
            await self._test(job)
        over = job.notes["over"]
        try:
            record = await self._sealed(job, over["state"], over["reason"])
        except SealError as error:
            raise PostponedError(f"job {job.key}: the test of {self.sample} is over, but {error}") from error
        if over["state"] != "ended":
            raise JobFailedError(f"job {job.key}: {over['text']}{_kept_in(record)}")
        rows, time_s = (0, 0.0) if record is None else (record.rows, record.time_s)
        kept = None if record is None else record.to_json()
        counts = {"cycles": over["cycles"], "readings": rows, "time_s": time_s}
        return {"state": "ended", **counts, "record": kept, **over["words"]}

    async def _test(self, job: Job) -> None:
        """From the beginning, or from where a dead host left it, to the end that is noted."""
        cycler = job.bench.cycler_at(self.holder, job.now)
        try:
            await self._look_after(job, cycler)
        except Exception as error:
            await self._give_up(job, cycler, error)
            raise

    async def _look_after(self, job: Job, cycler: Cycler) -> None:
        run = RunHandle(self.holder, str(job.key), self.sample)
        book = TestBook(self.recorder, job, cycler, run)
        job.expects(longest_s(self.resolved, job.bench.bench.envelope_at(self.holder)), job.began)
        status = await self._taken_up(job, cycler, run, book)
        self._look_back(job, status)
        attempts = 0
        while status.state == "running" or (status.state == "unknown" and attempts < ATTEMPTS):
            await job.sleep(status.next_s)
            status = await self._next(job, cycler, run)
            self._look_back(job, status)
            book.keep(status)
            attempts = attempts + 1 if status.state == "unknown" else 0
        book.close(status)
        status = _as_told(job, status)
        cycles = [list(row) for row in (*book.cycles(), status.current_cycle) if row is not None and any(row[1:])]
        words = {name: word for name in ("reason", "remark") if (word := getattr(status, name))}
        text = _sentence(self.sample, status)
        state, reason = status.state, status.alarm or status.reason
        if state == "stopped" and EARLY in job.notes:
            state, words = "ended", {**words, "reason": f"{ENDED_EARLY}: {job.notes[EARLY]}"}
        job.note(over={"state": state, "reason": reason, "text": text, "cycles": cycles, "words": words})

    async def _next(self, job: Job, cycler: Cycler, run: RunHandle) -> RunStatus:
        """A look, or the end, where somebody has said that the test is to end before its plan does."""
        if EARLY in job.notes:
            return await job.call(cycler.stop, run, f"{ENDED_EARLY}: {job.notes[EARLY]}")
        return await job.call(cycler.poll, run)

    async def _sealed(self, job: Job, state: str, reason: str) -> Sealed | None:
        """The record, whose place is noted; its readings may leave the hot store once the job's end is written down."""
        test = str(job.key)
        record: Sealed | None = await job.call(self.recorder.seal, test, state, reason, remark_in(job.notes))
        if record is not None:
            job.note(record=record.to_json())
            job.afterwards.append((self.recorder.release, test))
        return record

    def _look_back(self, job: Job, status: RunStatus) -> None:
        """Say which sample is the newest, and make known at once a cell of which nobody can tell whether it is safe."""
        is_asked = not (status.is_kept or job.bench.bench.cyclers_at(self.holder))
        sampling_s = self.plan.period_s if is_asked else self.plan.sampling_s
        job.sampled(-1 if status.row is None else status.row.number, sampling_s, status.next_s)
        if status.state == "unknown":
            cycler = self.needs(job.bench.bench)[1]
            job.alarm(cycler, f"state of {self.holder}", f"{self.holder} may NOT be safe: {status.alarm}")

    async def _taken_up(self, job: Job, cycler: Cycler, run: RunHandle, book: TestBook) -> RunStatus:
        if "run" in job.notes:
            return await self._attached(job, cycler, run, book)
        if "starting" in job.notes:
            found = await self._found(job, cycler, run)
            if found is not None:
                job.note(run=dict(cycler.state(run)))
                book.begin(found)
                return found
            since_s = max(job.began, job.notes["starting"])  # an earlier version noted no instant there
            await self._secure(job, cycler, since_s, "began the test")
        envelope = job.bench.bench.envelope_at(self.holder)
        cycler.check(self.resolved, envelope)
        self.recorder.begin(run.test, self._facts(job))
        job.note(starting=job.now(), at=self._instrument(job))
        await job.call(cycler.start, self.holder, self.resolved, envelope, self.sample, run.test)
        job.note(run=dict(cycler.state(run)))
        status = await job.call(cycler.poll, run)
        book.begin(status)
        book.flush()
        return status

    async def _attached(self, job: Job, cycler: Cycler, run: RunHandle, book: TestBook) -> RunStatus:
        self._require_same(job, self._instrument(job))
        if job.notes.get("resuming"):
            await self._secure(job, cycler, job.notes["resuming"], "went on with the test")
        state = job.notes["run"]
        self.recorder.append(run.test, ())  # readings wait, if it was broken off in this very process
        try:
            rows = self.recorder.rows(run.test, max(0, state.get("count", 0) - 1))  # with the last one that is known
        except InputError as error:  # of the database: nothing is wrong with the test
            raise GalvanautError(str(error)) from error
        envelope = job.bench.bench.envelope_at(self.holder)
        status = await job.call(cycler.attach, run, self.resolved, envelope, state, rows)
        book.begin(status, kept=rows[-1].number + 1 if rows else state.get("count", 0))
        goes_on = self.plan.after_interruption == "continue" and EARLY not in job.notes
        if status.state == "interrupted" and goes_on:
            status = await self._resumed(job, cycler, run, book, status)
        return status

    async def _resumed(self, job: Job, cycler: Cycler, run: RunHandle, book: TestBook, status: RunStatus) -> RunStatus:
        """Noted first: a process that dies while it looks at the cell or drives it has left nothing else on record."""
        book.close(status, interrupted=status.alarm, resuming=job.now())
        status = await job.call(cycler.resume, run)
        book.close(status, resuming=None)
        status = await job.call(cycler.poll, run)  # as at a start: no current flows for long before it is read
        book.keep(status)
        return status

    async def _secure(self, job: Job, cycler: Cycler, since_s: float, what: str) -> None:
        """Make safe what a process has left that died as it ``what``; what it had done to the cell is noted before."""
        bench = job.bench.bench
        if not bench.cyclers_at(self.holder):  # one that takes the steps by itself tells what it has done
            meter = job.bench.source_meter(bench.source_meter_at(self.holder))
            if found := await job.call(_found, meter):
                left = f"left so for up to {job.now() - since_s:.0f} s by a process that died as it {what}"
                text = f"its cell was found {found}, {left}: that charge is not counted"
                job.note(unseen=[*job.notes.get("unseen", ()), text])
        await job.call(cycler.make_safe)

    async def _found(self, job: Job, cycler: Cycler, run: RunHandle) -> RunStatus | None:
        """A test that a dead host has begun, if the cycler itself knows of it: nobody else does."""
        envelope = job.bench.bench.envelope_at(self.holder)
        try:
            return await job.call(cycler.attach, run, self.resolved, envelope, {}, ())
        except InputError:
            return None

    def _instrument(self, job: Job) -> list[str]:
        """What drives the holder: its name in the bench file, and which one of its kind it is."""
        name = self.needs(job.bench.bench)[1]
        identity = job.bench.identities[name]
        return [name, identity.model, identity.serial]

    def _facts(self, job: Job) -> dict[str, Any]:
        """What the record says beside its readings."""
        bench = job.bench.bench
        name = self.needs(bench)[1]
        return {
            "campaign": job.key.campaign,
            "cell": self.sample,
            "holder": self.holder,
            "bench": bench.name,
            "simulated": bench.is_synthetic,
            "instrument": {"name": name, **asdict(job.bench.identities[name])},
            "plan": self.plan.as_json(),
            "software": f"galvanaut {version('galvanaut')}",
        }

    def _require_same(self, job: Job, found: list[str]) -> None:
        """A test goes on only where it began: behind another instrument there is another cell, or none."""
        began = job.notes.get("at", found)
        if began != found:
            was, now = (" ".join(word for word in words if word) for words in (began, found))
            text = f"began on {was}, but {self.holder} is wired to {now} now. {now} is made safe and the test is over"
            raise JobFailedError(f"job {job.key}: {text}; go and see what {was} does to its cell.")

    def _then(self, job: Job) -> str:
        """What became of the cell once no reading could be kept, and what the next run does."""
        told = f"The cell in {self.holder} was made safe"
        if "run" not in job.notes:
            return f"{told}; the test is begun by the next run"
        if EARLY in job.notes:
            return f"{told}; the test was to end early, and the next run seals its record"
        if job.bench.bench.cyclers_at(self.holder):
            return f"{told}; the next run takes the test up as its cycler has left it"
        if self.plan.after_interruption == "continue":
            return f"{told}; the next run goes on with the test in its step"
        return f"{told}; the next run ends the test there, with its record (the plan's after_interruption is stop)"

    async def _give_up(self, job: Job, cycler: Cycler, cause: Exception) -> None:
        """Whatever failed, no cell is left driven with nobody to look after it, and no reading is lost.

        Raises:
            JobFailedError: of a failure for good; says what became of cell and record.
            PostponedError: only that something could not be written down; the next run takes the test up.
        """
        text = f"job {job.key}: {str(cause).removeprefix(f'job {job.key}: ').removesuffix('.')}"
        try:
            await job.call(cycler.make_safe)
        except Exception as error:  # of whatever kind: the cell may be driven, and a person has to know
            unsafe = f"The cell in {self.holder} could not be made safe either ({error}): go and look"
            job.alarm(self.needs(job.bench.bench)[1], f"state of {self.holder}", unsafe)
            text += f". {unsafe}"
            cause = JobFailedError(text)
        if not isinstance(cause, GalvanautError):
            return  # a fault of this program: the next one takes the test up
        run = RunHandle(self.holder, str(job.key), self.sample)
        rows: Sequence[Row] = ()
        with suppress(InputError):  # it was never started
            rows = cycler.rows(run)
        if _is_of_storage(cause):
            with suppress(GalvanautError):  # they wait, and are lost only with this process
                self.recorder.append(run.test, rows)
            job.bench.forget_tests({self.needs(job.bench.bench)[1]})  # in this process, too, it is found as it is
            told = f"{str(cause).removesuffix('.')}. {self._then(job)}"  # now: other cells may go on for weeks
            job.alarm(self.needs(job.bench.bench)[1], f"test of {self.sample} put off", told)
            raise PostponedError(f"{text}. {self._then(job)}") from cause
        try:
            self.recorder.append(run.test, rows)
            record = await self._sealed(job, "failed", text)
        except GalvanautError as error:
            raise JobFailedError(f"{text}. Its record is not sealed: {error}") from cause
        raise JobFailedError(f"{text}{_kept_in(record)}") from cause


def _sentence(sample: str, status: RunStatus) -> str:
    where = "" if status.row is None else f" after {status.row.time_s:.0f} s in cycle {status.cycle}"
    if status.state == "unknown":
        return f"the test of {sample}{where} is over and its cell may NOT be safe: {status.alarm}"
    beside = f". Of its readings: {status.remark}" if status.remark else ""
    return f"the test of {sample} was {status.state}{where}, its cell is safe: {status.alarm}{beside}"


def _is_of_storage(error: Exception) -> bool:
    """Whether nothing is wrong with cell, bench or plan: a database was locked, or its server away."""
    others = (InstrumentError, BenchError, InputError, JobFailedError)
    return isinstance(error, GalvanautError) and not isinstance(error, others)


def _as_told(job: Job, status: RunStatus) -> RunStatus:
    """The end of a test with what its job knows beside its cycler.

    One that was to end early and is found without current needs no stopping any more: that is no failure of its cell.
    """
    remarks = [*job.notes.get("unseen", ()), status.remark]
    if status.state == "interrupted" and EARLY in job.notes:
        remarks.append(status.alarm)
        status = status._replace(state="stopped", alarm=f"{ENDED_EARLY}: {job.notes[EARLY]}")
    return status._replace(remark="; ".join(filter(None, remarks)))


def _found(meter: SourceMeter) -> str:
    """What a meter does, or did until a protection ended it, in words; empty if nothing. Not to know is no nothing."""
    try:
        if protections := meter.protections():
            return f"switched off by a protection ({', '.join(protections)})"
        if not meter.is_on():
            return ""
        return "driven at {:g} V and {:g} A".format(*meter.configured())
    except InstrumentError as error:
        return f"in a state that its meter did not tell ({error})"


def _kept_in(record: Sealed | None) -> str:
    return "" if record is None else f". Its record: {record.path}"
