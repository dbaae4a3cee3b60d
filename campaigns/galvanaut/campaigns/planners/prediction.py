"""What a model of some trials expects elsewhere: for beliefs from earlier campaigns, and for limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from galvanaut.campaigns.planners.bayes import LEAST
from galvanaut.campaigns.planners.protocol import Array, Observation, in_order
from galvanaut.campaigns.planners.threads import single_thread
from galvanaut.campaigns.space import SearchSpace

Predictor = Callable[[Array], tuple[Array, Array]]
"""Means and standard deviations of the surface (without the noise of a measurement) at points, (n, variables)."""


def predictor(space: SearchSpace, observations: Sequence[Observation]) -> Predictor | None:
    """A model fitted to observations, to be asked as often as one likes; None where there are too few values for one.

    Args:
        space: in which they lie. Points outside are taken as the nearest within its bounds, so the answer is finite.
        observations: of one campaign.
    """
    ordered = in_order(observations)
    if sum(seen.value is not None for seen in ordered) < LEAST or space.dof == 0:
        return None
    from galvanaut.campaigns.planners.engine import Engine

    with single_thread():
        engine = Engine(space, ordered, 1.0)
    low, high = np.array([space.bounds[name] for name in space.names], dtype=np.float64).T

    def predict(points: Array) -> tuple[Array, Array]:
        with single_thread():
            return engine.predict(np.clip(np.atleast_2d(points), low, high))

    return predict
