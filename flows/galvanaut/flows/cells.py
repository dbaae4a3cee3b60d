"""The cells of a trial: built with its batch, formed, cycled and taken out. Plain coroutines over durable jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.analysis.thresholds import Thresholds
from galvanaut.campaigns.analysis.verdict import alone
from galvanaut.core.errors import InputError
from galvanaut.flows.celloutcome import expected_of, formation_evidence
from galvanaut.flows.stepnames import CYCLING
from galvanaut.flows.steps import EMPTY, PER_ATTEMPT, key
from galvanaut.instruments.jobs import AssembleCell, CycleTest, JobFailedError, Settle, UnloadCell
from galvanaut.instruments.loading import loaded_cells

if TYPE_CHECKING:
    from galvanaut.campaigns.analysis.evidence import Evidence
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.core.identifiers import JobKey
    from galvanaut.flows.lab import Lab
    from galvanaut.flows.plan import CellTests
    from galvanaut.instruments.cycling.plan import TestPlan

INCUBATOR_TRIAL = 0
INCUBATOR_TOLERANCE_K = 1.0
INCUBATOR_HOLD_S = 1800.0
"""The incubator's air has to have been near its temperature for so long before the first cell is tested there."""

Built = Mapping[str, Any]
"""``cell``, ``holder``, ``electrolyte_g``, ``assembled``, ``reason``: the result of `AssembleCell`, or as `not_built`
has it."""


@dataclass(frozen=True)
class Tested:
    """What became of one cell.

    Attributes:
        cell: its name.
        holder: it was in.
        electrolyte_g: filled in; None if nobody knows.
        formation, cycling: results of its two tests, see `CycleTest`; empty where there is none.
        cycling_test: name of the second test.
        evidence: what its formation says about it; None without a record of it.
        failure: why it could not be tested to its end, in words; empty if it was.
        is_assembled: whether it was built; None if nobody can tell.
    """

    cell: str
    holder: str
    electrolyte_g: float | None
    formation: Mapping[str, Any] = field(default_factory=dict)
    cycling: Mapping[str, Any] = field(default_factory=dict)
    cycling_test: str = ""
    evidence: Evidence | None = None
    failure: str = ""
    is_assembled: bool | None = True


def tests_of(lab: Lab) -> CellTests:
    """What the campaign does with cells.

    Raises:
        RuntimeError: it builds none.
    """
    if lab.plan.cells is None:
        raise RuntimeError(f"campaign {lab.campaign.name} builds no cells")
    return lab.plan.cells


def cell_name(trial: int, replicate: int, lab: Lab) -> str:
    """Name of a cell for ever."""
    return f"{lab.campaign.name}-{trial:03d}-{replicate}"


async def warm_incubator(lab: Lab) -> None:
    """Bring the chamber around the holders to the temperature of the tests, once in every run.

    Tests that a dead run has left going do not wait for that: nobody would look after them meanwhile.
    """
    if lab.plan.cells is None:
        return
    path, temperature_degC = lab.plan.cells.path, lab.plan.cells.temperature_degC
    async with lab.warming.held():
        if path.incubator is not None and temperature_degC is not None and not lab.is_warm:
            action = Settle(path.incubator, temperature_degC, INCUBATOR_TOLERANCE_K, INCUBATOR_HOLD_S)
            await lab.run(key(INCUBATOR_TRIAL, "incubator", lab), action)
        lab.is_warm = True


@dataclass(frozen=True)
class Place:
    """A holder that a cell of a trial has.

    Attributes:
        holder: its name on the bench.
        held: gives the holder back when it is closed.
    """

    holder: str
    held: AsyncExitStack

    async def free(self) -> None:
        """Let the next one have it; once more does nothing."""
        await self.held.aclose()


@asynccontextmanager
async def places(trial: TrialRecord, lab: Lab) -> AsyncIterator[list[Place]]:
    """Have a holder for each cell of a trial while inside; none where only the liquid is measured.

    A trial waits until it has all of them, before the next one begins to: two that had half each would wait for ever.
    It may give each of them back before the others.
    """
    step = lab.procedure.cells
    async with AsyncExitStack() as stack:
        found = []
        if step is not None and lab.pool is not None:
            async with lab.taking_holders.held():
                for replicate in range(1, step.replicates + 1):
                    held = await stack.enter_async_context(AsyncExitStack())
                    holder = await held.enter_async_context(lab.pool.taken(cell_name(trial.number, replicate, lab)))
                    found.append(Place(holder, held))
        yield found


async def assemble(trial: TrialRecord, replicate: int, holder: str, lab: Lab) -> Built:
    """Build one cell with the batch in the mixer and put it into its holder.

    Raises:
        JobFailedError: it could not be built, nobody can tell what became of it, or the batch is not there any more.
    """
    step, job = lab.procedure.cells, key(trial.number, "assemble", lab, replicate)
    if step is None:
        raise RuntimeError(f"campaign {lab.campaign.name} builds no cells")
    known, thrown_away = lab.station.journal.find(job), lab.station.journal.find(key(trial.number, EMPTY, lab))
    if known is None and thrown_away is not None:  # one that was never begun is not made up for after a restart
        raise JobFailedError(f"job {job}: was not begun before the batch was thrown away (job {thrown_away.key}).")
    action = AssembleCell(
        cell=cell_name(trial.number, replicate, lab),
        holder=holder,
        vessel=lab.path.mixer,
        electrolyte_mL=step.electrolyte_mL,
        recipe_text=trial.tested.text(),
        assembler=tests_of(lab).path.assembler,
    )
    return await lab.run(job, action)


def not_built(trial: TrialRecord, replicate: int, holder: str, reason: str, lab: Lab) -> Built:
    """What stands for a cell whose assembly failed as a job: ``assembled`` is None if the cell may be in its holder.

    Raises:
        JobFailedError: the job was broken off and is still open; the next run takes it up again.
    """
    cell, records = cell_name(trial.number, replicate, lab), lab.station.journal.records()
    job = lab.station.journal.find(key(trial.number, "assemble", lab, replicate))
    if job is not None and job.state == "intended":
        raise JobFailedError(reason)
    loaded = loaded_cells(records).get(holder)
    assembled = None if loaded is not None and loaded.cell == cell else False
    return {"cell": cell, "holder": holder, "electrolyte_g": None, "assembled": assembled, "reason": reason}


async def form(trial: TrialRecord, replicate: int, built: Built, lab: Lab) -> Tested:
    """Charge and discharge one cell for the first times."""
    tested = Tested(built["cell"], built["holder"], built["electrolyte_g"])
    if not built["assembled"]:
        what = "nobody can tell whether it was assembled" if built["assembled"] is None else "not assembled"
        return replace(tested, failure=f"{what}: {built['reason']}", is_assembled=built["assembled"])
    plan, job = tests_of(lab).chosen(trial.settings).formation, key(trial.number, "formation", lab, replicate)
    result, failure = await _run(job, plan, tested, lab)
    try:
        record = lab.record(str(job), tested.cell)
    except InputError as error:  # not a single reading
        return replace(tested, formation=result, failure=failure or str(error))
    envelope = lab.bench.envelope_at(tested.holder)
    found = formation_evidence(record, plan, envelope, is_finished=not failure)
    return replace(tested, formation=result, evidence=found, failure=failure)


async def age(trial: TrialRecord, replicate: int, tested: Tested, lab: Lab) -> Tested:
    """Cycle one cell until its plan ends, or its recipe is given up.

    One that is none, or whose formation broke off, is not cycled at all.
    """
    plan, seen = tests_of(lab).cycling, tested.evidence
    if seen is None or why_not_cycled(tested, lab):
        return tested
    job = key(trial.number, CYCLING, lab, replicate)
    if trial.stopped is not None and lab.station.journal.find(job) is None:
        return tested  # its recipe was given up before it was begun
    measured_Ah = seen.capacity_Ah.value if plan.wants_capacity else None
    result, failure = await _run(job, plan, tested, lab, measured_Ah)
    return replace(tested, cycling=result, cycling_test=str(job), failure=failure)


def why_not_cycled(tested: Tested, lab: Lab) -> str:
    """Why a cell that was formed, or was to be, is not cycled, in words; empty if it is."""
    if tested.failure or tested.evidence is None:
        return tested.failure or "there is no record of its formation"
    expected = expected_of(tests_of(lab).formation, lab.bench.envelope_at(tested.holder))
    verdict = alone(tested.evidence, expected, Thresholds())
    return "" if verdict.counts else f"{verdict.status}: {verdict.reason}"


async def _run(
    job: JobKey, plan: TestPlan, tested: Tested, lab: Lab, capacity_Ah: float | None = None
) -> tuple[Mapping[str, Any], str]:
    """Run a test to its end; its result, and why it broke off if it did."""
    if lab.station.journal.find(job) is None:
        await warm_incubator(lab)
    action = CycleTest(tested.holder, plan, tested.cell, lab.recorder, capacity_Ah)
    try:
        return await lab.run(job, action), ""
    except JobFailedError as error:
        return {}, str(error)


async def unload(trial: TrialRecord, replicate: int, built: Built, lab: Lab) -> None:
    """Take one cell out of its holder; after a failure, begin anew."""
    if built["assembled"]:
        action = UnloadCell(cell=built["cell"], holder=built["holder"], assembler=tests_of(lab).path.assembler)
        number = replicate + PER_ATTEMPT * _failures(action, lab)
        await lab.run(key(trial.number, "unload", lab, number), action)


def _failures(action: UnloadCell, lab: Lab) -> int:
    """How often that was tried in vain."""
    request = action.request()
    return sum(record.state == "failed" and record.request == request for record in lab.station.journal.records())
