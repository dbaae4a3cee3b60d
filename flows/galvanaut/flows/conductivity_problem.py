"""A campaign's own optimisation problem with the simulated chemistry as its truth, for comparing planners.

Nothing of a bench takes part: recipes are exactly what the batch plan would make, and a measurement is the model's
value with the scatter that replicates of a real robot show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.benchmark import Outcome
from galvanaut.campaigns.constraints import LinearConstraint
from galvanaut.campaigns.planners import Aim, Belief, Measured
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.identifiers import generator
from galvanaut.flows.beliefs import conductivity_law

if TYPE_CHECKING:
    from galvanaut.flows.plan import Plan
    from galvanaut.simulators.electrolyte import ConductivityModel

Array = NDArray[np.float64]

SOLVENTS, SALT = ("EC", "PC", "DMC", "EMC"), "LiPF6"


@dataclass(frozen=True)
class ConductivityProblem:
    """A problem of `galvanaut.campaigns.benchmark`.

    Attributes:
        name: of the campaign.
        space: where to search.
        maker: what the bench's stocks can make.
        temperature_degC: of the measurement.
        readings: per measurement.
        physics: whether planners may believe the law as the papers alone give it; the truth is fitted to more.
    """

    name: str
    space: SearchSpace
    maker: BatchMaker
    temperature_degC: float
    readings: int
    physics: bool = False

    maximise = True
    aims: ClassVar[tuple[Aim, ...]] = ()

    @classmethod
    def of(cls, plan: Plan) -> ConductivityProblem:
        """The problem that a campaign poses.

        Raises:
            InputError: the simulated chemistry does not know a component, or the goal is not to maximise.
        """
        foreign = [name for name in plan.space.names if name not in (*SOLVENTS, SALT)]
        if foreign:
            where = Problem("components", f"the simulated chemistry does not know {', '.join(foreign)}")
            raise InputError(plan.campaign_file, where)
        if plan.space.branches > 1:
            where = Problem("components", "only a space without counts and optional components can be benchmarked")
            raise InputError(plan.campaign_file, where)
        if plan.campaign.objective.goal != "maximise":
            raise InputError(plan.campaign_file, Problem("objectives.0.goal", "only maximise can be benchmarked"))
        maker = BatchMaker(plan.space, plan.batches(), plan.campaign.procedure.batch_mass_g)
        step = plan.campaign.procedure.conductivity
        return cls(
            plan.campaign.name, plan.space, maker, step.temperature_degC, step.readings, plan.campaign.planner.physics
        )

    @property
    def beliefs(self) -> tuple[Belief, ...]:
        """The law that a dry run believes, too; not kept, as it cannot be pickled."""
        if not self.physics:
            return ()
        return (Belief("physics", conductivity_law(self.space, self.temperature_degC, is_synthetic=True)),)

    @cached_property
    def optimum(self) -> float:
        """Highest true conductivity in the space, whether the stocks at hand reach it or not, mS/cm."""
        from galvanaut.simulators.electrolyte.optimum import find_optimum

        order = (*SOLVENTS, SALT)
        bounds = [self.space.bounds.get(name, (0.0, 0.0)) for name in order]
        low, high = [bound[0] for bound in bounds], [bound[1] for bound in bounds]
        linear = [each for each in self.space.constraints if isinstance(each, LinearConstraint)]
        rows = np.array([constraint.row(order) for constraint in linear]).reshape(-1, len(order))
        limits = np.array([constraint.bound for constraint in linear])
        return find_optimum(self._model, self.temperature_degC, low, high, rows, limits).conductivity_mS_cm

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        """One fresh batch in one filling of the cell, mS/cm; its readings tell little of its error, so no variance."""
        from galvanaut.simulators.electrolyte import measure_mS_cm

        composition, noise = self.space.recipe(point).mass_fractions, generator(seed, "measure", number)
        return Outcome(Measured(measure_mS_cm(self._model, composition, self.temperature_degC, noise, self.readings)))

    def true(self, points: Array) -> Array:
        """Conductivity without any scatter, mS/cm, (n, 1)."""
        column = {name: index for index, name in enumerate(self.space.names)}
        zero = np.zeros(len(points))
        shares = np.column_stack([points[:, column[name]] if name in column else zero for name in SOLVENTS])
        molality = points[:, column[SALT]] if SALT in column else zero
        return self._model.conductivity_many_mS_cm(shares, molality, self.temperature_degC)[:, None]

    @property
    def _model(self) -> ConductivityModel:
        return _model()


def _model() -> ConductivityModel:
    from galvanaut.simulators.electrolyte import ConductivityModel

    return ConductivityModel()
