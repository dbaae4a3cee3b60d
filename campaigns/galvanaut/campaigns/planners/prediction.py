"""What a model of some trials expects elsewhere: for beliefs from earlier campaigns, and for limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from galvanaut.campaigns.planners.learning import LEAST
from galvanaut.campaigns.planners.protocol import Array, Observation, in_order
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.planners.threads import single_thread
from galvanaut.campaigns.space import SearchSpace

Predictor = Callable[..., tuple[Array, Array]]
"""Called with points, (n, variables), and perhaps the name of a quantity: means and standard deviations of the surface,
without the noise of a measurement, (n,) each."""


def predictor(task: Task, observations: Sequence[Observation]) -> Predictor | None:
    """A model fitted to observations, to be asked as often as one likes; None where there are too few values for one.

    Args:
        task: of the campaign that they are of.
        observations: all of it. Points beyond the highest amount of a component, or a range of settings, are taken as
            the nearest within, so that what is expected there is finite.
    """
    ordered, space = in_order(observations), task.space
    if sum(seen.value is not None for seen in ordered) < LEAST or space.dof == 0:
        return None
    from galvanaut.campaigns.planners.engine import Engine

    with single_thread():
        engine = Engine(task, ordered)
    low, high = _ends(space)

    def predict(points: Array, quantity: str = "") -> tuple[Array, Array]:
        with single_thread():
            return engine.predict(np.clip(np.atleast_2d(points), low, high), quantity)

    return predict


def _ends(space: SearchSpace) -> tuple[Array, Array]:
    """Lowest and highest value of each variable; any component may be absent."""
    most = {choice.name: len(choice.options) - 1.0 for choice in space.choices}
    high = {name: bounds.high for name, bounds in space.bounds.items()} | most
    low = {name: bounds.low for name, bounds in space.bounds.items() if name not in space.components}
    return np.array([low.get(name, 0.0) for name in space.names]), np.array([high[name] for name in space.names])
