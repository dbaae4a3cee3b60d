"""Bayesian optimisation of formulations, on the package bayesian-optimization.

The package holds the data and asks for the next point (`library`); ours are the covariance and its priors (`kernel`),
what is believed (`surrogate`), what a recipe is worth (`acquisition`, `several`, `replication`) and the search among
recipes that can be made (`candidates`). Its own defaults (isotropic kernel, no noise, boxes) do not fit mixtures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from galvanaut.campaigns.planners.baseline import coordinates
from galvanaut.campaigns.planners.learning import LEAST, LearningPlanner
from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal, Recommendation, data_hash


class BayesPlanner(LearningPlanner):
    """Learns a surface from noisy values and proposes where improvement is most to be expected.

    Noise: a common one is fitted; the variance told with a value comes on top. Outliers lose their weight. Recipes
    under way count as measured at their expected value (the "believer"). Failed recipes count as average ones, and a
    classifier keeps away from their neighbourhood; instrument failures count for nothing.

    Args:
        task: what it is set to.
    """

    @property
    def _initial(self) -> int:
        """Who believes something needs less to begin with."""
        return min(self._task.initial, LEAST) if self._task.beliefs else self._task.initial

    def _best(self, ordered: list[Observation]) -> Recommendation:
        from galvanaut.campaigns.planners.engine import Engine

        return Engine(self._task, ordered).recommendation()

    def _learnt(self, index: int, ordered: list[Observation], pending: Sequence[Array]) -> Proposal:
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
            coordinates(self.space, recipe, decision.choice.point),
            recipe,
            reason(self.space, decision, np.array([seen.point for seen in ordered])),
            decision.mean,
            decision.sd,
            decision.choice.score,
            explanation,
        )
