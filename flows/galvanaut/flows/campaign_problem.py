"""A campaign's own objectives with simulated chemistry and cells as their truth, for comparing planners.

For campaigns that `conductivity_problem` does not cover: several objectives, cells, additives, counts and options.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.benchmark import Outcome
from galvanaut.campaigns.benchmark.cellruns import CellRun, Wanted
from galvanaut.campaigns.benchmark.score import front, gains, hypervolume
from galvanaut.campaigns.life.beating import LIFE
from galvanaut.campaigns.objectivefields import Objective, score
from galvanaut.campaigns.planners import Aim, Belief, Measured
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import task_of
from galvanaut.core.errors import GalvanautError, InputError, Problem
from galvanaut.core.identifiers import generator
from galvanaut.flows.beliefs import physics_beliefs
from galvanaut.flows.life_problem import LifeProblem, liquids

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.flows.plan import Plan

Array = NDArray[np.float64]

_DRAWS, _ROUNDS, _AROUND, _CENTRES = 4_000, 12, 20, 40
"""Of the search for the truth: recipes all over the space, then rounds around the best of them."""
_AGAIN, _ATTEMPTS = 10_000, 50
"""Distance between numbers of trials that are made again because none of their cells turned out well; how often."""


@dataclass(frozen=True)
class CampaignProblem:
    """A problem of `galvanaut.campaigns.benchmark`. Limits play no part.

    Attributes:
        campaign: its file; ``space`` and ``maker`` as planners take them.
        cells: where life comes from; None without cells.
    """

    campaign: Campaign
    space: SearchSpace
    maker: BatchMaker
    cells: LifeProblem | None

    @classmethod
    def of(cls, plan: Plan) -> CampaignProblem:
        """The problem that a campaign poses.

        Raises:
            InputError: it varies settings, which the simulated chemistry of a comparison does not follow.
        """
        varied = [each.name for each in plan.campaign.settings.variables]
        if varied:
            text = f"only recipes can be compared in simulation; fix {', '.join(varied)} in a copy of the file"
            raise InputError(plan.campaign_file, Problem("settings", text))
        campaign = plan.campaign
        cells = LifeProblem.of(plan) if LIFE in [each.name for each in campaign.objectives] else None
        maker = BatchMaker(plan.space, plan.batches(), campaign.procedure.batch_mass_g)
        return cls(campaign, plan.space, maker, cells)

    @property
    def name(self) -> str:
        """Of the campaign."""
        return self.campaign.name

    @property
    def maximise(self) -> bool:
        """Of the one objective, or of the score."""
        return self.campaign.objective.goal == "maximise"

    @cached_property
    def aims(self) -> tuple[Aim, ...]:
        """Several objectives; empty for one."""
        return task_of(self.campaign, self.space, 0).aims

    @property
    def beliefs(self) -> tuple[Belief, ...]:
        """The law that a dry run believes, too, of what planners are told; not kept, as it cannot be pickled."""
        told = {aim.name for aim in self.aims} or {""}
        known = physics_beliefs(self.campaign, self.space, is_synthetic=True)
        return tuple(belief for belief in known if belief.quantity in told)

    @cached_property
    def optimum(self) -> float:
        """Best true value of the space or, with several objectives, the hypervolume of the true front.

        By search: random recipes, then the neighbourhood of the best ones, closer each round. For the shipped campaign
        of cycle life eight more rounds find 0.3 % more hypervolume.
        """
        draw = generator(0, "truth", self.space.names)
        points = np.vstack([self.space.volume(_DRAWS, draw), self.space.sample(_DRAWS // 8, draw)])
        values = self.true(points)
        for width in np.geomspace(0.3, 0.01, _ROUNDS):
            kept = self._best(values)
            chosen = kept if len(kept) <= _CENTRES else draw.choice(kept, _CENTRES, replace=False)
            near = [self.space.neighbours(points[row], float(width), _AROUND, draw) for row in chosen]
            points = np.vstack([points[kept], *near])
            values = np.vstack([values[kept], self.true(points[len(kept) :])])
        if self.aims:
            return hypervolume(gains(self.aims, values))
        return float(values.max() if self.maximise else values.min())

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        """One batch and its cells; like a laboratory that knows little of its own errors it tells no variances."""
        objectives = self.campaign.objectives
        values = {str(each.name): self._measured(each, point, seed, number) for each in objectives}
        if not self.aims:
            return Outcome(Measured(values[self.campaign.objective.name]))
        told = {name: Measured(value) for name, value in values.items()}
        return Outcome(Measured(score(objectives, values)), told)

    def true(self, points: Array) -> Array:
        """Each objective without any scatter, (n, objectives)."""
        return np.column_stack([self._true(each, points) for each in self.campaign.objectives])

    def _true(self, objective: Objective, points: Array) -> Array:
        if objective.name == LIFE:
            assert self.cells is not None
            return self.cells.true_lives(points)
        one = self._conductivity_mS_cm if objective.name == "conductivity" else self._cost
        return np.array([one(point) for point in points])

    def _best(self, values: Array) -> NDArray[np.intp]:
        """Rows of the front, or of the best values."""
        if not self.aims:
            return np.argsort(-values[:, 0] if self.maximise else values[:, 0], kind="stable")[:_CENTRES]
        found = gains(self.aims, values)
        rows = {tuple(row) for row in front(found).tolist()}
        return np.flatnonzero([tuple(row) in rows for row in found.tolist()])

    def _measured(self, objective: Objective, point: Array, seed: int, number: int) -> float:
        if objective.name == LIFE:
            return float(np.mean([run.reached for run in self._runs(point, seed, number)]))
        if objective.name == "conductivity":
            return self._reading_mS_cm(point, seed, number)
        return self._cost(point)

    def _runs(self, point: Array, seed: int, number: int) -> tuple[CellRun, ...]:
        """The sound cells of a trial, which is made again while there is none.

        Raises:
            GalvanautError: nothing but spoilt cells comes out.
        """
        assert self.cells is not None
        for attempt in range(_ATTEMPTS):
            if cells := self.cells.make([Wanted(point, seed, number + attempt * _AGAIN)])[0].cells:
                return cells
        share = f"{100 * self.cells.failure_rate:g} %"
        raise GalvanautError(
            f"{self.name}: {_ATTEMPTS} trials gave no sound cell; the assembler spoils {share} of them"
        )

    def _reading_mS_cm(self, point: Array, seed: int, number: int) -> float:
        """Of one fresh batch in one filling of the cell."""
        known, draw = liquids(), generator(seed, "measure", number)
        factor = known.batch_factor(draw) * known.run_factor(draw)
        readings = [known.reading_factor(draw) for _ in range(self.campaign.procedure.conductivity.readings)]
        return self._conductivity_mS_cm(point) * factor * float(np.mean(readings))

    def _conductivity_mS_cm(self, point: Array) -> float:
        degC = self.campaign.procedure.conductivity.temperature_degC
        return liquids().conductivity_mS_cm(self.space.recipe(point).mass_fractions, degC)

    def _cost(self, point: Array) -> float:
        assert self.campaign.prices is not None  # the campaign file refuses cost without
        return self.campaign.prices.of(self.space.recipe(point))
