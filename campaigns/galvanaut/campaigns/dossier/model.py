"""The planner's model, asked what the receiver of a recipe wants to know: will it keep to this, and how sure is that?

It is fitted anew from the ledger, as the planner does for each proposal. A planner that has no model of its own, such
as ``sobol``, is judged by the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.dossier.specification import Demand, Specification
from galvanaut.campaigns.planners.engine import Engine
from galvanaut.campaigns.planners.learning import LEAST
from galvanaut.campaigns.planners.protocol import Observation, in_order
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.planners.threads import single_thread

Array = NDArray[np.float64]


class Model:
    """What is believed of a campaign's quantities.

    Args:
        campaign: the campaign file.
        task: what its planner is set to.
        told: all trials that ended; see `fitted`.

    Attributes:
        widening: by which its standard deviations are multiplied where probabilities are asked for, because predictions
            of trials that it had not seen were farther off than it had said.
    """

    def __init__(self, campaign: Campaign, task: Task, told: Sequence[Observation]) -> None:
        self._campaign, self.space = campaign, task.space
        self.widening = 1.0
        with single_thread():
            self._engine = Engine(task, in_order(told))

    @classmethod
    def fitted(cls, campaign: Campaign, task: Task, told: Sequence[Observation]) -> Self | None:
        """The model, or None where there are too few values for one, or nothing varies."""
        few = sum(seen.value is not None for seen in told) < LEAST
        return None if few or task.space.dof == 0 else cls(campaign, task, told)

    def predict(self, points: Array, quantity: str) -> tuple[Array, Array]:
        """Expected values and standard deviations, (n,) each, in the unit of the quantity, without measurement noise.

        A price is no matter of belief: it is computed.

        Args:
            points: (n, variables).
            quantity: its name.
        """
        points = np.atleast_2d(points)
        if quantity == "cost":
            return self._cost(points), np.zeros(len(points))
        with single_thread():
            return self._engine.predict(points, self._known_as(quantity))

    def joint(self, points: Array, quantity: str) -> tuple[Array, Array]:
        """Expected values, (n,), and their covariance, (n, n); as `predict`."""
        points = np.atleast_2d(points)
        if quantity == "cost":
            return self._cost(points), np.zeros((len(points), len(points)))
        with single_thread():
            return self._engine.joint(points, self._known_as(quantity))

    def difference(self, first: Array, second: Array, quantity: str) -> tuple[float, float]:
        """Expected value at a first point less that at a second one, and its standard deviation."""
        means, spread = self.joint(np.vstack([first, second]), quantity)
        variance = spread[0, 0] + spread[1, 1] - 2.0 * spread[0, 1]
        return float(means[0] - means[1]), float(np.sqrt(max(variance, 0.0)))

    def noise_sd(self, quantity: str) -> float:
        """Standard deviation of one measured value around what the recipe gives."""
        return 0.0 if quantity == "cost" else self._engine.noise_sd(self._known_as(quantity))

    def probability(self, points: Array, specification: Specification) -> Array:
        """With which recipes meet a specification, (n,): of what they give, without the scatter of a measurement.

        Several quantities count as independent.
        """
        points = np.atleast_2d(points)
        return np.asarray(np.prod([self._kept(points, each) for each in specification.demands], axis=0))

    @property
    def outliers(self) -> list[int]:
        """Trials whose value the model does not believe."""
        return [int(number) for number in self._engine.explanation()["outliers"]]

    def explanation(self) -> dict[str, Any]:
        """Kind and hyperparameters, JSON-ready."""
        return self._engine.explanation()

    def _kept(self, points: Array, demand: Demand) -> Array:
        means, sds = self.predict(points, demand.name)
        certain = sds <= 0.0
        width = np.where(certain, 1.0, self.widening * sds)
        likely = ndtr((demand.high - means) / width) - ndtr((demand.low - means) / width)
        return np.asarray(np.where(certain, demand.keeps(means), likely))

    def _known_as(self, quantity: str) -> str:
        return "" if quantity == self._campaign.objective.name else quantity

    def _cost(self, points: Array) -> Array:
        prices = self._campaign.prices
        if prices is None:
            raise ValueError("cost needs prices")
        per_kg = np.array([prices.per_kg[name] for name in self.space.components])
        return np.asarray(self.space.mass_fractions(points) @ per_kg)
