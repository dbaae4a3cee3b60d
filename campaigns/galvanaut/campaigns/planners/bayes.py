"""Bayesian optimisation of formulations, on the package bayesian-optimization.

The package holds the data, conditions the Gaussian process and asks for the next point; ours are the kernel's priors
(`kernel`), what is believed (`surrogate`), the acquisition function (`acquisition`) and the search among recipes that
can be made (`candidates`). Its defaults (isotropic kernel, no noise, box-shaped spaces) do not fit mixtures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from galvanaut.campaigns.planners.baseline import best_measured, blind_proposal, coordinates
from galvanaut.campaigns.planners.protocol import (
    Array,
    Observation,
    Proposal,
    Recommendation,
    data_hash,
    in_order,
)
from galvanaut.campaigns.planners.sobol import SobolDesign
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.planners.threads import single_thread

LEAST = 3
"""Successes from which a model is tried; before, the space-filling design goes on."""


class BayesPlanner:
    """Learns a surface from noisy values and proposes where improvement is most to be expected.

    Noise: a common one is fitted; the variance told with a value comes on top. Outliers lose their weight. Recipes
    under way count as measured at their expected value (the "believer"). Failed recipes count as average ones, and a
    classifier keeps away from their neighbourhood; instrument failures count for nothing.

    Args:
        task: what it is set to.
    """

    def __init__(self, task: Task) -> None:
        self.space = task.space
        self._task = task
        self._design = SobolDesign(task.space, task.maker, task.seed)

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """A point of the initial design, or the recipe of highest expected improvement."""
        ordered = in_order(observations)
        usable = [seen for seen in ordered if seen.status == "ok"]
        if index < self._initial:
            reason = f"initial design, point {index + 1} of {self._initial} (scrambled Sobol)"
            return self._from_design(index, reason)
        if len(usable) < LEAST or self.space.dof == 0:
            return self._from_design(index, f"only {len(usable)} values so far: the initial design goes on")
        with single_thread():
            return self._from_model(index, ordered, pending)

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The tested recipe of highest expected value, which sees through noise and outliers.

        Up to `LEAST` values, the best measured one.
        """
        ordered = in_order(observations)
        if sum(seen.status == "ok" for seen in ordered) < LEAST or self.space.dof == 0:
            return best_measured(ordered, self._task.maximise)
        from galvanaut.campaigns.planners.engine import Engine

        with single_thread():
            return Engine(self._task, ordered).recommendation()

    @property
    def _initial(self) -> int:
        """Who believes something needs less to begin with."""
        return min(self._task.initial, LEAST) if self._task.beliefs else self._task.initial

    def _from_design(self, index: int, reason: str) -> Proposal:
        return blind_proposal(self.space, index, self._design.point(index), reason, "sobol", self._task.seed)

    def _from_model(self, index: int, ordered: list[Observation], pending: Sequence[Array]) -> Proposal:
        from galvanaut.campaigns.planners.engine import Engine
        from galvanaut.campaigns.planners.explain import reason

        engine = Engine(self._task, ordered)
        decision = engine.decide(pending, index)
        explanation: dict[str, Any] = {
            **engine.explanation(),
            "data": data_hash(self.space, ordered, pending),
            "seed": self._task.seed,
            "index": index,
            "best_mean": decision.best_mean,
            "measured_sd": decision.measured_sd,
            "expected_improvement": decision.improvement,
            **({"replicates": decision.replicates} if decision.replicates else {}),
            **({"expected": {k: list(v) for k, v in decision.quantities.items()}} if decision.quantities else {}),
        }
        recipe = self.space.recipe(decision.choice.point)
        return Proposal(
            index,
            coordinates(self.space, recipe),
            recipe,
            reason(self.space, decision, np.array([seen.point for seen in ordered])),
            decision.mean,
            decision.sd,
            decision.choice.score,
            explanation,
        )
