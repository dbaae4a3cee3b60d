"""Ours with priors that are wrong: what believing something false costs.

*Flipped*: the physics of the problem with its sign turned round, so that the best recipes are expected to be the worst.
*Misled*: an earlier campaign of `TRIALS` trials that our planner, without a prior, made over the same space. Its
surface is a bell around one recipe drawn for each seed, so that it found an optimum that is not there any more; its
height and noise are those that a lab would not wonder at. Both are illustrative.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Belief, Observation, Planner, PlannerSession, Task, planner
from galvanaut.campaigns.planners.prediction import predictor
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]

TRIALS = 24
HEIGHT = 10.0
NOISE_SD = 0.3
WIDTH = 0.35
"""Of the bell, in units of each variable's range."""


def flipped(task: Task) -> Planner:
    """`bayes` with everything it believes turned round."""
    return planner("bayes", replace(task, beliefs=tuple(_flipped(belief) for belief in task.beliefs)))


def misled(task: Task) -> Planner:
    """`bayes` with an earlier campaign about something else, and nothing else to believe."""
    before = replace(task, beliefs=())
    session, surface = PlannerSession(planner("bayes", before)), Bell.drawn(task.space, task.seed)
    for number in range(TRIALS):
        proposal = session.ask()
        point = np.array(proposal.point)
        noise = NOISE_SD * generator(task.seed, "earlier noise", number).normal()
        session.hear(Observation(number + 1, proposal.point, float(surface(point[None, :])[0] + noise)))
    expected = predictor(before, session.observations)
    if expected is None:
        raise RuntimeError("the earlier campaign says nothing")
    belief = Belief("campaign earlier", lambda points: expected(points)[0])
    return planner("bayes", replace(task, beliefs=(belief,)))


@dataclass(frozen=True)
class Bell:
    """A bell over the ranges of the variables.

    Attributes:
        space: search space.
        top: the recipe where it is highest, (variables,).
    """

    space: SearchSpace
    top: Array

    @classmethod
    def drawn(cls, space: SearchSpace, seed: int) -> Bell:
        """Around a recipe drawn evenly from the space."""
        return cls(space, np.asarray(space.volume(1, generator(seed, "earlier campaign"))[0]))

    def __call__(self, points: Array) -> Array:
        """(n, variables) to (n,)."""
        low, high = np.array([self.space.bounds[name] for name in self.space.names]).T
        apart = (points - self.top) / np.maximum(high - low, 1e-9)
        return np.asarray(HEIGHT * np.exp(-0.5 * (apart**2).sum(axis=1) / WIDTH**2))


def _flipped(belief: Belief) -> Belief:
    return replace(belief, predict=lambda points: -belief.predict(points))
