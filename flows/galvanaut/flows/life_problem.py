"""A campaign's cells as the simulator has them, and what its recipes are really worth, to judge policies by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.analysis.fade import END_OF_LIFE
from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.benchmark.cellruns import CellRun, MadeTrial, Wanted
from galvanaut.campaigns.benchmark.savings import Truth, near_best
from galvanaut.campaigns.life import Course
from galvanaut.campaigns.life.beating import LIFE, worth
from galvanaut.campaigns.objectivefields import Objective
from galvanaut.campaigns.planners import Task
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.identifiers import generator
from galvanaut.instruments.drivers.virtual_assembler import VirtualAssemblerSettings

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.flows.plan import Plan
    from galvanaut.simulators.cells.ageingtest import Aged
    from galvanaut.simulators.cells.spme.cells import Sample
    from galvanaut.simulators.cells.spme.variability import Variability
    from galvanaut.simulators.electrolyte.liquids import Liquids

Array = NDArray[np.float64]

NOISE = 5e-4
"""Standard deviation of a capacity over the first one, as a channel gives it. Illustrative."""
LASTING = ("", "misassembled")
"""Defects with which a cell goes on cycling, for 0 to 7 % more hours than the same cell without (16 cells of
`ageingtest`); what it lives is not counted here. A short or an open one leaves its channel once formation shows it."""
_DRAWS, _ROUNDS, _AROUND = 12_000, 8, 150


@dataclass(frozen=True)
class LifeProblem:
    """What a policy is judged on.

    Attributes:
        campaign: its file; ``space`` and ``maker`` as planners take them.
        objectives: of the campaign, or cycle life alone.
        failure_rate: share of cells that the assembler spoils.
        is_full: whether cells are worked out by the full physics, rather than by the fade law fitted to that.
    """

    campaign: Campaign
    space: SearchSpace
    maker: BatchMaker
    objectives: tuple[Objective, ...]
    failure_rate: float
    is_full: bool = False

    @classmethod
    def of(cls, plan: Plan, life_only: bool = False, is_full: bool = False) -> LifeProblem:
        """The problem that a campaign poses.

        Raises:
            InputError: it builds no cells, or life is none of its objectives.
        """
        campaign = plan.campaign
        if campaign.procedure.cells is None or LIFE not in [each.name for each in campaign.objectives]:
            raise InputError(plan.campaign_file, Problem("objectives", "a policy is judged on cells; life must be one"))
        maker = BatchMaker(plan.space, plan.batches(), campaign.procedure.batch_mass_g)
        life = Objective(name="life", goal="maximise")
        objectives = (life,) if life_only else tuple(campaign.objectives)
        return cls(campaign, plan.space, maker, objectives, spoilt_share(plan), is_full)

    def task(self, seed: int) -> Task:
        """What the planner is set to."""
        from galvanaut.campaigns.tasks import task_of

        task = task_of(self.campaign, self.space, seed, self.maker)
        return task if self._has_limits else replace(task, aims=(), limits=(), maximise=True)

    @property
    def _has_limits(self) -> bool:
        """Where life alone decides, nothing else counts."""
        return len(self.objectives) > 1

    def liquid(self, point: Array, trial: int = 0) -> dict[str, float]:
        """True conductivity, mS/cm, and cost, as far as they are asked for; every trial finds the same."""
        recipe, found = self.space.recipe(point), {}
        limits = self.campaign.limits if self._has_limits else []
        names = [*(each.name for each in self.objectives), *(each.name for each in limits)]
        if "conductivity" in names:
            degC = self.campaign.procedure.conductivity.temperature_degC
            found["conductivity"] = liquids().conductivity_mS_cm(recipe.mass_fractions, degC)
        if "cost" in names and self.campaign.prices is not None:
            found["cost"] = self.campaign.prices.of(recipe)
        return found

    def make(self, wanted: Sequence[Wanted]) -> list[MadeTrial]:
        """The cells of trials, all worked out together; the same for the same seed, trial and recipe."""
        from galvanaut.simulators.cells.assembly import turnout
        from galvanaut.simulators.cells.fadelaw import shipped

        step = self.campaign.procedure.cells
        assert step is not None
        replicates = range(1, step.replicates + 1)
        names = [(place, f"{each.trial:03d}-{one}") for place, each in enumerate(wanted) for one in replicates]
        turned = [turnout(wanted[place].seed, name, self.failure_rate) for place, name in names]
        lasting = [row for row, each in enumerate(turned) if not each.reason and each.defect in LASTING]
        named = [(wanted[names[row][0]], names[row][1]) for row in lasting]
        samples = [self._sample(each.point, each.seed, name) for each, name in named]
        runs = dict(zip(lasting, self._runs(named, samples), strict=True))
        made = [MadeTrial(())] * len(wanted)
        for row, (place, _) in enumerate(names):
            if row in runs and not turned[row].defect:
                made[place] = replace(made[place], cells=(*made[place].cells, runs[row]))
                continue
            at_once_h = 0.0 if turned[row].reason else shipped().formation_h
            hours = runs[row].whole_h if row in runs else at_once_h
            made[place] = replace(made[place], spoilt_h=(*made[place].spoilt_h, hours))
        return made

    def true(self, points: Array) -> Array:
        """Worth of recipes without any scatter, (n,); more is better."""
        lives = self.true_lives(points)
        rows = ({**self.liquid(point), LIFE: life} for point, life in zip(points, lives.tolist(), strict=True))
        return np.array([float(worth(self.objectives, row)) for row in rows])

    def true_lives(self, points: Array) -> Array:
        """Life of cells that are all alike, in cycles of the record, (n,)."""
        from galvanaut.simulators.cells.fadelaw import shipped

        cycles = shipped().cycles(self._alike(points))[:, -1]
        return np.asarray(np.minimum(number_of(cycles), number_of(np.array(300.0))))

    def truth(self, draws: int = _DRAWS) -> Truth:
        """The best of the space, and what random recipes are worth.

        Args:
            draws: random recipes that tell how rare good ones are; the search for the best does not depend on it.
        """
        draw = generator(0, "truth", self.space.names)
        drawn = self.space.volume(_DRAWS, draw)
        values = self.true(drawn)
        edges = self.space.sample(_DRAWS // 8, draw)
        points, worths = np.vstack([drawn, edges]), np.concatenate([values, self.true(edges)])
        best, top = points[int(np.argmax(worths))], float(worths.max())
        for width in np.geomspace(0.3, 0.01, _ROUNDS):
            near = self.space.neighbours(best, float(width), _AROUND, draw)
            found = self.true(near)
            if found.max() > top:
                best, top = near[int(np.argmax(found))], float(found.max())
        more = self.true(self.space.volume(draws - _DRAWS, draw)) if draws > _DRAWS else np.empty(0)
        values = np.concatenate([values, more])
        step = self.campaign.procedure.cells
        assert step is not None
        some = self._hours(self._alike(drawn[:200]))
        return Truth(top, len(values), int((values >= near_best(top)).sum()), step.replicates * float(some.mean()))

    def _alike(self, points: Array) -> list[Sample]:
        from galvanaut.simulators.cells.spme.variability import EQUAL

        return [self._sample(point, 0, "alike", EQUAL) for point in points]

    def _sample(self, point: Array, seed: int, name: str, spread: Variability | None = None) -> Sample:
        from galvanaut.simulators.cells.made import SOUND, MadeCell, sample

        step = self.campaign.procedure.cells
        assert step is not None
        composition = dict(self.space.recipe(point).mass_fractions)
        made = MadeCell(name, composition, step.electrolyte_mL, "", seed)
        return sample(made, liquids(), SOUND if spread is None else spread)

    def _hours(self, samples: Sequence[Sample]) -> Array:
        nobody = [(Wanted(np.empty(0), 0, 0), "alike")] * len(samples)
        return np.array([run.whole_h for run in self._runs(nobody, samples)])

    def _runs(self, names: Sequence[tuple[Wanted, str]], samples: Sequence[Sample]) -> list[CellRun]:
        from galvanaut.simulators.cells.ageingtest import age
        from galvanaut.simulators.cells.fadelaw import shipped

        if not samples:
            return []
        aged = age(samples) if self.is_full else shipped().aged(samples)
        return [run_of(aged, row, wanted, name) for row, (wanted, name) in enumerate(names)]


def spoilt_share(plan: Plan) -> float:
    """Share of cells that the assembler of a bench spoils, 0 to 1; 0 where people build them."""
    for instrument in plan.bench.instruments.values():
        settings = instrument.parsed_settings()
        if isinstance(settings, VirtualAssemblerSettings):
            return settings.failure_rate_percent / 100
    return 0.0


def run_of(aged: Aged, row: int, wanted: Wanted, name: str) -> CellRun:
    """One cell as the channel sees it, to the second cycle in a row below 80 %."""
    from galvanaut.simulators.cells.ageingtest import BLOCK

    share = aged.capacity_Ah[row, : aged.ended[row]] / aged.capacity_Ah[row, 0]
    noisy = share * (1 + NOISE * generator(wanted.seed, "capacity", wanted.trial, name).standard_normal(len(share)))
    noisy = noisy / noisy[0]
    number = number_of(np.arange(len(share), dtype=np.float64))
    hours = aged.cycle_h[row, : len(share)].copy()
    hours[::BLOCK] += aged.check_up_h[row, : len(hours[::BLOCK])]
    done_h = aged.formation_h[row] + np.cumsum(hours)
    low = noisy < END_OF_LIFE
    pairs = np.flatnonzero(low[:-1] & low[1:])
    end, life = len(share), None
    if len(pairs):
        at, end = int(pairs[0]), int(pairs[0]) + 2
        part = (noisy[at - 1] - END_OF_LIFE) / (noisy[at - 1] - noisy[at])
        life = float(number[at - 1] + part * (number[at] - number[at - 1]))
    elif share[-1] < END_OF_LIFE:  # its noise hides the last cycle but one
        life = float(number[-1])
    cell = f"{wanted.seed}-{name}"
    course = Course(cell, number[:end], noisy[:end], NOISE, END_OF_LIFE, life, None, f"{wanted.seed}-{wanted.trial}")
    return CellRun(course, done_h[:end])


def number_of(cycle: Array) -> Array:
    """Number in the record of an ageing cycle counted from 0: check-ups are counted, too."""
    from galvanaut.simulators.cells.ageingtest import BLOCK

    return np.asarray(cycle + 2 + np.floor(cycle / BLOCK))


@cache
def liquids() -> Liquids:
    """One for all: it is slow to make."""
    from galvanaut.simulators.electrolyte.liquids import Liquids

    return Liquids()
