"""A lab folder opened on one campaign: ledger, journal, bench, clock, planner. The place where the rooms meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.campaignfile import Campaign, Objective, Procedure
from galvanaut.campaigns.ledger import Ledger, Outcome, TrialRecord
from galvanaut.campaigns.planners.protocol import Planner
from galvanaut.campaigns.planners.registry import planner
from galvanaut.campaigns.planners.session import PlannerSession
from galvanaut.campaigns.report.summary import Summary
from galvanaut.core.clock import Clock, Gate
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.lock import exclusive
from galvanaut.flows.flowpath import FlowPath
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.labbench import connected_bench
from galvanaut.flows.plan import Plan, load_plan
from galvanaut.flows.support import trust
from galvanaut.instruments.connect import require_armed
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench

SIMULATED_NOTE = (
    "Every number here comes from a simulated bench: instruments, dosing errors and noise are simulated, and the "
    "conductivity is that of a model fitted to published measurements. Nothing was measured on hardware."
)


@dataclass
class Lab:
    """One campaign on one bench in one folder. Made by `open_lab`.

    Attributes:
        plan: the campaign, its bench, the seed and where their files are.
        folder: where everything is kept.
        station: runs jobs.
        ledger: the campaign's record.
        clock: the bench's clock.
        max_trials: where this run ends, if before the campaign's budget.
        session: asks and tells the planner.
        something_ended: opens when a trial ends.
    """

    plan: Plan
    folder: LabFolder
    station: Station
    ledger: Ledger
    clock: Clock
    max_trials: int | None
    session: PlannerSession = field(init=False)
    something_ended: Gate[None] = field(init=False)

    def __post_init__(self) -> None:
        self.something_ended = Gate(self.clock)
        self.session = PlannerSession(self._planner())
        for _, trial in sorted(self.ledger.trials.items()):
            self.session.restore(trial.number, np.array(trial.explanation["point"]))
        for trial in self.ledger.ended():
            self._tell(trial)

    @property
    def campaign(self) -> Campaign:
        """The campaign file."""
        return self.plan.campaign

    @property
    def procedure(self) -> Procedure:
        """What is done with each recipe."""
        return self.plan.campaign.procedure

    @property
    def objective(self) -> Objective:
        """What is measured and which way is better."""
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
    def simulated_note(self) -> str:
        """What was simulated, in words; empty on a real bench."""
        return SIMULATED_NOTE if self.bench.is_simulated else ""

    @property
    def cell_constant_per_cm(self) -> float:
        """From the calibration of this campaign."""
        if self.ledger.calibration is None:
            raise RuntimeError("the cell is calibrated before the first trial")
        return float(self.ledger.calibration["cell_constant_per_cm"])

    @property
    def batches(self) -> BatchPlanner:
        """Plans batches from what the bottles still hold."""
        return self.plan.batches(self.station.journal.drawn_mL)

    def may_propose(self) -> bool:
        """Whether the budget allows one more trial."""
        return len(self.ledger.trials) < self.budget

    def propose(self) -> TrialRecord:
        """Ask the planner for the next recipe, plan its batch and write both down.

        Raises:
            NotMakeableError: the stocks cannot make anything in the search space any more.
        """
        if self.plan.is_scarce(self.station.journal.drawn_mL):
            self.session.planner = self._planner()  # what can be made depends on what the bottles still hold
        proposal = self.session.ask()
        batch = self.batches.plan(proposal.recipe, self.procedure.batch_mass_g)
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
        self.ledger.propose(number, proposal.recipe, doses, proposal.to_json())
        return self.ledger.trials[number]

    def close_trial(self, number: int, outcome: Outcome) -> None:
        """Write down how a trial ended and tell the planner."""
        self.ledger.close(number, outcome)
        self._tell(self.ledger.trials[number])

    def summary(self) -> Summary:
        """What the ledger says."""
        return self.plan.summary(self.ledger)

    def best(self) -> TrialRecord | None:
        """The best measured trial so far."""
        return self.summary().best()

    def recommendation(self) -> str:
        """What the planner's model holds for the best of the tested recipes, in words; empty before a success."""
        found = self.session.recommend()
        if found is None or found.sd is None:
            return ""
        text = self.ledger.trials[found.trial].tested.text()
        unit = self.objective.unit
        return (
            f"The model, which weighs all trials, expects most of {text} (trial {found.trial}): "
            f"{found.mean:.2f} ± {1.96 * found.sd:.2f} {unit} (95 %)."
        )

    def _tell(self, trial: TrialRecord) -> None:
        outcome = trial.outcome
        if outcome is None or outcome.status == "pending":
            return
        value = outcome.values.get(self.objective.name)
        deviation = outcome.deviations.get(self.objective.name)
        variance = None if deviation is None else deviation**2
        point = None if trial.as_made is None else self.plan.space.point(trial.as_made)
        self.session.tell(trial.number, value, point=point, variance=variance, status=outcome.status)

    def _planner(self) -> Planner:
        maker = BatchMaker(self.plan.space, self.batches, self.procedure.batch_mass_g)
        return planner(
            self.campaign.planner.name,
            self.plan.space,
            maker,
            self.plan.seed,
            initial=self.campaign.planner.initial,
            maximise=self.objective.goal == "maximise",
        )


@contextmanager
def open_lab(
    campaign_file: Path,
    lab_folder: Path,
    bench_file: Path | None = None,
    seed: int | None = None,
    max_trials: int | None = None,
    *,
    arm: bool = False,
) -> Iterator[Lab]:
    """Open a lab folder on a campaign; everything is checked before the folder is touched.

    Args:
        campaign_file: YAML file of the campaign.
        lab_folder: made when missing.
        bench_file: instead of the one that the campaign names.
        seed: instead of the campaign's.
        max_trials: where this run ends, if before the budget.
        arm: lets a real bench move.

    Raises:
        InputError: something has to be put right first; no lab folder was begun.
        BenchError: an instrument cannot be connected.
    """
    plan = load_plan(campaign_file, bench_file, seed)
    require_armed(plan.bench, arm)
    trust(plan)
    with ExitStack() as stack:
        with LabFolder.begun(lab_folder) as folder:
            stack.enter_context(exclusive(folder.lock, f"--lab {lab_folder}"))
            bench, clock = stack.enter_context(connected_bench(plan, folder, arm=arm))
            ledger = Ledger(EventLog(open_engine(folder.ledger), "ledger"), plan.campaign.name, clock)
            ledger.start(plan.to_json())
            journal = Journal(EventLog(open_engine(folder.station), "journal"), clock)
            station = Station(bench, journal, clock)
            stack.callback(station.close)
            lab = Lab(plan, folder, station, ledger, clock, max_trials)
        yield lab
