"""Many simulated campaigns for a quote: the campaign's own planner, batches and rules, on the simulated chemistry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.benchmark.cellruns import MadeTrial, Wanted
from galvanaut.campaigns.benchmark.stopcourse import together
from galvanaut.campaigns.benchmark.stopping import Setup, StopTrace
from galvanaut.campaigns.lots import spurned_lots
from galvanaut.campaigns.planners.threads import single_thread
from galvanaut.campaigns.quote import Capacity, Draw, Slot
from galvanaut.campaigns.tasks import planner_of, task_of
from galvanaut.core.identifiers import generator
from galvanaut.flows.beliefs import physics_beliefs
from galvanaut.flows.calibration import RINSES
from galvanaut.flows.life_problem import LifeProblem, liquids, spoilt_share
from galvanaut.flows.plan import standard_portions_mL
from galvanaut.flows.sweep import sweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from galvanaut.campaigns.benchmark.stopping import TrialTrace
    from galvanaut.flows.plan import Plan
    from galvanaut.flows.quote.rehearsal import Durations

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Job:
    plan: Plan
    durations: Durations
    seed: int


def simulated(plan: Plan, durations: Durations, draws: int, seed: int, processes: int | None) -> list[Draw]:
    """Simulate the campaign so many times.

    Args:
        plan: campaign and bench.
        durations: of making and measuring.
        draws: how often.
        seed: of all of them.
        processes: at a time; None for one on each core.
    """
    states = np.random.SeedSequence(seed).spawn(draws)
    seeds = [int(each.generate_state(1, np.uint32)[0]) for each in states]
    jobs = [_Job(plan, durations, each) for each in seeds]
    if draws == 1 or processes == 1:
        return [_draw(job) for job in jobs]
    return sweep(_draw, jobs, processes=processes)


def capacity_of(plan: Plan) -> Capacity:
    """What bench and campaign file allow."""
    budget = plan.campaign.budget
    channels = 0 if plan.cells is None else len(plan.cells.path.holders)
    return Capacity(channels, budget.parallel, 1, budget.asynchronous)


def _draw(job: _Job) -> Draw:
    world = World(job.plan, job.durations, job.seed)
    with single_thread():
        trace = together([world.setup()], world.cells)[0]
    return world.draw(trace)


@dataclass
class World:
    """What a simulated campaign finds: the liquids' values, its cells, the mixer's time, and what bottles give.

    Attributes:
        plan: campaign and bench.
        durations: of making and measuring.
        seed: of this one campaign.
        is_full: whether cells are worked out by the full physics, rather than by the fade law fitted to that.
    """

    plan: Plan
    durations: Durations
    seed: int
    is_full: bool = False
    _values: dict[int, dict[str, float]] = field(default_factory=dict)
    _drawn_mL: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def __post_init__(self) -> None:
        campaign, plan = self.plan.campaign, self.plan
        batches = plan.batches()
        self._maker = BatchMaker(plan.space, batches, campaign.procedure.batch_mass_g)
        objectives, spoilt = tuple(campaign.objectives), spoilt_share(plan)
        self._life = LifeProblem(campaign, plan.space, self._maker, objectives, spoilt, self.is_full)
        self._quantities = {*(each.name for each in campaign.objectives), *(each.name for each in campaign.limits)}
        later_s, chance = np.array(self.durations.later_s), generator(self.seed, "making")
        # Drawn twice, so that how little was tried counts beside how much trials differ.
        self._other_s = chance.choice(chance.choice(later_s, len(later_s)), campaign.budget.trials)

    def setup(self) -> Setup:
        """The campaign."""
        campaign, plan, capacity = self.plan.campaign, self.plan, capacity_of(self.plan)
        task = task_of(
            campaign, plan.space, self.seed, self._maker, physics_beliefs(campaign, plan.space, is_synthetic=True)
        )
        step = campaign.procedure.cells
        return Setup(
            task,
            campaign.planner.name,
            tuple(campaign.objectives),
            self.liquid,
            capacity.channels,
            0 if step is None else step.replicates,
            campaign.budget.trials,
            capacity.parallel,
            campaign.early_stop,
            proposer=planner_of(campaign, task),
            making=self.making,
            begins_h=self.durations.before_h,
            asynchronous=capacity.asynchronous,
        )

    def liquid(self, point: Array, trial: int) -> dict[str, float]:
        """Conductivity as measured once, mS/cm, and cost, as far as anybody asks for them."""
        if trial not in self._values:
            campaign, found = self.plan.campaign, dict[str, float]()
            recipe = self.plan.space.recipe(point)
            if "conductivity" in self._quantities:
                step, chance, known = campaign.procedure.conductivity, generator(self.seed, "measure", trial), liquids()
                true = known.conductivity_mS_cm(recipe.mass_fractions, step.temperature_degC)
                found["conductivity"] = true * known.batch_factor(chance) * known.run_factor(chance)
            if campaign.prices is not None:
                found["cost"] = campaign.prices.of(recipe)
            self._values[trial] = found
        return self._values[trial]

    def cells(self, wanted: Sequence[Wanted]) -> list[MadeTrial]:
        """The cells of trials; none where only liquids are measured."""
        return self._life.make(wanted) if self.plan.cells is not None else [MadeTrial(())] * len(wanted)

    def making(self, point: Array, trial: int) -> float:
        """Hours at the mixer; what the batch takes is noted."""
        plan, step = self.plan, self.plan.campaign.procedure.cells
        lots = spurned_lots(plan.space.choices, plan.space.settings(point))
        batches = self._maker.batches.without_lots(lots)
        doses = batches.plan(plan.space.recipe(point), plan.campaign.procedure.batch_mass_g).doses
        for dose in doses:
            self._drawn_mL[dose.stock] += dose.volume_mL
        volumes_mL = [dose.volume_mL for dose in doses]
        cells, other_s = 0 if step is None else step.replicates, float(self._other_s[trial - 1])
        emptied_mL = plan.ample_mL(sum(volumes_mL))
        return self.durations.making_h(volumes_mL, emptied_mL, cells, is_first=trial == 1, other_s=other_s)

    def draw(self, trace: StopTrace) -> Draw:
        """What it took."""
        procedure, path = self.plan.campaign.procedure, self.plan.path
        rinses = RINSES + procedure.rinse.cycles * len(trace.trials)
        self._drawn_mL[path.rinse_stock] += rinses * procedure.rinse.volume_mL
        self._drawn_mL[path.standard_stock] += sum(standard_portions_mL(procedure.conductivity.transfer_mL))
        numbered = sorted(trace.trials, key=lambda each: each.number)
        return Draw(
            self.durations.before_h,
            tuple(Slot(each.making_h, each.cells_h) for each in numbered),
            dict(self._drawn_mL),
            sum(each.is_stopped for each in trace.trials),
            tuple(each.worth if self._counts(each) else nan for each in trace.trials),
        )

    def _counts(self, trial: TrialTrace) -> bool:
        """Whether it can be the best result: neither forecast nor beyond a limit."""
        values = {**self._values[trial.number], "life": trial.life}
        limits = self.plan.campaign.limits
        return not trial.is_stopped and all(
            each.keeps(values[each.name]) for each in limits if isfinite(values.get(each.name, nan))
        )
