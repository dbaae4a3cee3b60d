"""A lab folder opened on one campaign: ledger, journal, bench, clock, planner. The place where the rooms meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.campaigns.advice import advice
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.earlier import known
from galvanaut.campaigns.ledger import Ledger, Outcome, TrialRecord
from galvanaut.campaigns.lots import spurned_lots
from galvanaut.campaigns.objectivefields import Target
from galvanaut.campaigns.observe import remembered
from galvanaut.campaigns.planners.protocol import Planner
from galvanaut.campaigns.planners.session import PlannerSession
from galvanaut.campaigns.planners.task import Belief
from galvanaut.campaigns.procedurefields import Procedure
from galvanaut.campaigns.report.summary import Summary
from galvanaut.core.clock import Clock, ClockLock, Gate
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.identifiers import JobKey
from galvanaut.core.leases import Leases
from galvanaut.flows.alarms import AlarmFile, load_alarm_file
from galvanaut.flows.beliefs import beliefs
from galvanaut.flows.benchside import BenchSide, own_bench, resident_bench, resident_station
from galvanaut.flows.bottles import Bottles
from galvanaut.flows.controls import Controls, Valve
from galvanaut.flows.flowpath import FlowPath
from galvanaut.flows.folder import LabFolder, joinable
from galvanaut.flows.holding import holding
from galvanaut.flows.labels import note
from galvanaut.flows.plan import Plan, load_plan, reread
from galvanaut.flows.support import trust
from galvanaut.flows.turns import Turns
from galvanaut.flows.versions import versions
from galvanaut.instruments.connect import require_armed
from galvanaut.instruments.holders import HolderPool
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.mailbox import RemoteStation
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.reader import read_record

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.jobs import Action


@dataclass
class Lab:
    """One campaign on one bench in one folder. Made by `open_lab`.

    Attributes:
        plan: the campaign, its bench, the seed and where their files are.
        folder: where everything is kept.
        station: runs jobs.
        recorder: keeps the readings of tests; all tests share it.
        ledger: the campaign's record.
        clock: the bench's clock.
        max_trials: where this run ends, if before the campaign's budget.
        found: what a dead run had left on the bench, in words.
        pool: gives out the holders of the bench; None where the campaign builds no cells.
        taking_holders: held by the trial that takes its holders.
        warming: held while the incubator is brought to its temperature.
        is_warm: that was done in this run.
        arrived: numbers of trials whose procedure has begun in this run.
        something_ended: opens when a trial ends.
        valve: lets jobs begin, or has them wait while the campaign is paused.
        turns: in which the benches of a campaign choose recipes.
        planner: proposes recipes that the bottles can give.
        is_scarce: whether it counts with what they hold.
    """

    plan: Plan
    folder: LabFolder
    station: Station | RemoteStation
    recorder: LabRecorder
    ledger: Ledger
    clock: Clock
    max_trials: int | None
    valve: Valve
    turns: Turns
    found: list[str] = field(default_factory=list)
    pool: HolderPool | None = None
    planner: Planner = field(init=False)
    is_scarce: bool = field(init=False)
    something_ended: Gate[None] = field(init=False)
    taking_holders: ClockLock = field(init=False)
    warming: ClockLock = field(init=False)
    is_warm: bool = False
    arrived: set[int] = field(default_factory=set)
    _arrival: Gate[None] = field(init=False)

    def __post_init__(self) -> None:
        self.something_ended = Gate(self.clock)
        self.taking_holders = ClockLock(self.clock)
        self.warming = ClockLock(self.clock)
        self._arrival = Gate(self.clock)
        self.valve.on_opening = lambda: self.something_ended.open(None)
        self._plan_anew()

    @property
    def session(self) -> PlannerSession:
        """The planner, told all that the ledger holds, also of other benches."""
        return remembered(self.planner, self.ledger, self.campaign)

    async def run(self, key: JobKey, action: Action) -> Mapping[str, Any]:
        """Have a job done, see `Station.run`; while the campaign is paused none begins that was not begun before."""
        known = self.station.journal.find(key)
        if known is not None and known.state == "intended":
            return await self.valve.past(lambda: self.station.run(key, action))
        return await self.valve.through(lambda: self.station.run(key, action))

    async def in_turn(self, number: int) -> None:
        """Wait until the open trials of lower numbers have begun, too, however long Prefect takes to show them.

        Else one that queues for the mixer or for holders could stand before one whose cells are on test, and nobody
        would look after those.
        """
        self.arrived.add(number)
        self._arrival.open(None)
        while any(trial.number < number and trial.number not in self.arrived for trial in self.ledger.pending()):
            self._arrival = Gate(self.clock) if self._arrival.is_open else self._arrival
            await self._arrival.wait()
        await self.clock.sleep(0.0, order=f"trial {number:06d}")

    @property
    def campaign(self) -> Campaign:
        """The campaign file."""
        return self.plan.campaign

    @property
    def procedure(self) -> Procedure:
        """What is done with each recipe."""
        return self.plan.campaign.procedure

    @property
    def objective(self) -> Target:
        """The number that decides, and which way is better."""
        return self.plan.campaign.objective

    @property
    def bench(self) -> Bench:
        """The bench file."""
        return self.plan.bench

    @property
    def path(self) -> FlowPath:
        """Which instrument plays which part."""
        return self.plan.path

    @property
    def budget(self) -> int:
        """Trials after which this run ends."""
        return min(self.campaign.budget.trials, self.max_trials or self.campaign.budget.trials)

    @property
    def parallel(self) -> int:
        """Trials at a time."""
        return self.campaign.budget.parallel

    @property
    def on_test(self) -> int:
        """Trials whose cells are cycled at a time; the others that are open wait for holders."""
        cells, step = self.plan.cells, self.procedure.cells
        if cells is None or step is None:
            return self.parallel
        return min(self.parallel, len(cells.path.holders) // step.replicates)

    @property
    def simulated_note(self) -> str:
        """What was simulated of the campaign, in words; empty if everything was measured."""
        return note(is_synthetic=self.ledger.is_synthetic, has_cells=self.plan.cells is not None)

    @property
    def cell_constant_per_cm(self) -> float:
        """From the calibration of this campaign."""
        if self.ledger.calibration is None:
            raise RuntimeError("the cell is calibrated before the first trial")
        return float(self.ledger.calibration["cell_constant_per_cm"])

    @property
    def bottles(self) -> Bottles:
        """What there is for recipes to come."""
        return Bottles(self.plan, self.ledger, self.station.journal)

    def dry_g_before(self, job: JobKey) -> float | None:
        """What the balance showed with the mixer emptied for the first time in this campaign, before ``job``."""
        for record in self.station.journal.records():
            if record.key == job:
                return None
            if record.key.campaign == job.campaign and record.request["kind"] == "empty" and record.state == "done":
                return float((record.result or {})["rest_g"])
        return None

    def put_up(self, bottles: Mapping[str, Mapping[str, Any]]) -> None:
        """Plan with new bottles from now on, see `Bench.put_up`, and write that down."""
        self.bench.put_up(bottles)
        self.ledger.start(self.plan.to_json(), reread=reread)
        self._plan_anew()

    def may_propose(self) -> bool:
        """Whether the budget allows one more trial."""
        return len(self.ledger.trials) < self.budget

    async def propose(self) -> TrialRecord | None:
        """Ask the planner for the next recipe, plan its batch and write both down.

        Returns:
            The trial; None if another bench has taken the last one meanwhile.

        Raises:
            NotMakeableError: the stocks cannot make anything in the search space any more.
            GalvanautError: another bench does not end choosing.
        """
        async with self.turns.taken():
            self.ledger.follow()
            return self._propose() if self.may_propose() else None

    def _propose(self) -> TrialRecord:
        seen, left_mL = self.ledger.newest, self.bottles.left_mL
        if left_mL is not None or self.is_scarce:
            self._plan_anew()  # what can be made depends on what the bottles still hold, or did so a moment ago
        proposal = self.session.ask()
        settings = self.plan.space.settings(np.array(proposal.point))
        batches = self.bottles.batches.without_lots(spurned_lots(self.plan.space.choices, settings))
        batch = batches.plan(proposal.recipe, self.procedure.batch_mass_g)
        doses = [
            {
                "stock": dose.stock,
                "lot": self.bench.stocks[dose.stock].lot,
                "volume_mL": dose.volume_mL,
                "mass_g": dose.mass_g,
            }
            for dose in batch.doses
        ]
        number = proposal.index + 1
        self.ledger.follow()
        if number in self.ledger.trials:
            raise GalvanautError(
                f"campaign {self.campaign.name}: another bench has chosen trial {number} meanwhile; choosing took too "
                "long. Nothing was begun; run the same command again."
            )
        self.ledger.propose(number, proposal.recipe, doses, proposal.to_json(), seen, left_mL, settings)
        return self.ledger.trials[number]

    def record(self, test: str, cell: str) -> Record:
        """The record of a test, live or sealed.

        Raises:
            InputError: there is none, or it cannot be analysed.
        """
        return Record.of(read_record(self.folder.path, test, self.folder.url), cell)

    def close_trial(self, number: int, outcome: Outcome) -> None:
        """Write down how a trial ended; the planner is told of it when it is asked next."""
        self.ledger.close(number, outcome)

    def summary(self) -> Summary:
        """What the ledger says."""
        return self.plan.summary(self.ledger)

    def best(self) -> TrialRecord | None:
        """The best measured trial so far."""
        return self.summary().best()

    def recommendation(self) -> str:
        """What the planner's model holds for the best of the tested recipes, in words; empty before a success."""
        return advice(self.campaign, self.ledger, self.plan.task(beliefs=self._beliefs))

    def _plan_anew(self) -> None:
        self.is_scarce = self.bottles.is_scarce
        self.planner = self.plan.planner(self.bottles.counted_mL, self._beliefs)

    @cached_property
    def _beliefs(self) -> list[Belief]:
        return beliefs(self.plan, self.ledger)


@contextmanager
def open_lab(
    campaign_file: Path,
    lab_folder: Path,
    bench_file: Path | None = None,
    seed: int | None = None,
    max_trials: int | None = None,
    *,
    arm: bool = False,
    record: Path | None = None,
    database: str | None = None,
    join: str | None = None,
) -> Iterator[Lab]:
    """Open a lab folder on a campaign; everything is checked before the folder is touched.

    Args:
        campaign_file: YAML file of the campaign.
        lab_folder: made when missing.
        bench_file: instead of the one that the campaign names.
        seed: instead of the campaign's.
        max_trials: where this run ends, if before the budget.
        arm: lets a real bench move.
        record: new file for a transcript of every byte.
        database: address of the lab's tables, see `galvanaut.core.labdatabase`.
        join: folder of the lab, or address of its tables, whose ledger the campaign shares.

    Raises:
        InputError: something has to be put right first; no lab folder was begun.
        BenchError: an instrument cannot be connected.
    """
    plan = load_plan(campaign_file, bench_file, seed)
    require_armed(plan.bench, arm)
    trust(plan)
    resident = resident_station(LabFolder(lab_folder, database))
    watching = AlarmFile() if resident else load_alarm_file(LabFolder(lab_folder))  # the station's business then
    with ExitStack() as stack:
        with LabFolder.begun(lab_folder, database, None if join is None else joinable(join)) as folder:
            folder.require_no_other_ledger()
            folder.keep_address()
            problem = stack.enter_context(holding(folder, "lab", f"--lab {lab_folder}", plan.campaign.name))
            side = stack.enter_context(_bench_side(plan, folder, watching, arm=arm, record=record))
            clock, journal = side.clock, side.station.journal
            engine = stack.enter_context(opened(folder.ledger))
            log, controls = EventLog(engine, "ledger"), Controls(engine)
            ledger = Ledger(log, plan.campaign.name, clock, plan.bench.name)
            _check_records(ledger, journal, clock, folder)
            _refuse_while_another_is_half_done(log, plan, clock)
            controls.require_not_stopped(plan.campaign.name)
            believed = known(plan.campaign, ledger)
            ledger.start(plan.to_json(), reread=reread)
            ledger.believes(believed)
            ledger.works_with(versions())
            folder.keep_join()
            found, seen = side.begin()
            pool = None if plan.cells is None else HolderPool(plan.cells.path.holders, journal, clock, seen)
            valve = Valve(controls, plan.campaign.name, clock, lambda: problem() or side.problem())
            turns = Turns(Leases(engine), plan.campaign.name)
            lab = Lab(plan, folder, side.station, side.recorder, ledger, clock, max_trials, valve, turns, found, pool)
        yield lab


def _bench_side(
    plan: Plan, folder: LabFolder, watching: AlarmFile, *, arm: bool, record: Path | None
) -> AbstractContextManager[BenchSide]:
    """The resident station's, if there is one."""
    resident = resident_station(folder)
    if resident is None:
        return own_bench(plan.bench, folder, plan.seed, watching, arm=arm, record=record)
    if resident != plan.bench.name:
        text = f"works bench {resident}, not {plan.bench.name}; stop it, or run the campaign in another lab folder"
        raise InputError(f"the station that is resident in {folder.path}", text)
    if record is not None:
        raise InputError("--record", "the bytes go through the resident station; begin that one with --record")
    return resident_bench(plan.bench, folder, plan.seed)


def _check_records(ledger: Ledger, journal: Journal, clock: Clock, folder: LabFolder) -> None:
    """The ledger, the journal and the simulated world belong together; one of them taken away is not a fresh start."""
    ours = [trial for trial in ledger.trials.values() if trial.bench == ledger.bench]
    if not ours:
        return
    if not journal.records():
        raise InputError(folder.station, "holds no jobs, though the ledger has trials: bring it back from a backup")
    last = max(max(trial.proposed_at, trial.ended_at or 0.0) for trial in ours)
    if clock.is_virtual and clock.now() < last:
        raise InputError(folder.path / "worlds", "is younger than the ledger: bring it back, or begin a new lab folder")


def _refuse_while_another_is_half_done(log: EventLog, plan: Plan, clock: Clock) -> None:
    """Two campaigns on one bench take turns between trials, never within one: they share the mixer."""
    for name in dict.fromkeys(event.topic for event in log.read()):
        other = Ledger(log, name, clock, plan.bench.name)
        if name != plan.campaign.name and other.pending():
            numbers = ", ".join(str(trial.number) for trial in other.pending())
            raise InputError(
                f"campaign {plan.campaign.name}",
                f"cannot use bench {plan.bench.name} while trial {numbers} of campaign {name} is half done on it; "
                f"run {name} first, e.g. with --max-trials {max(other.trials)}",
            )
