"""What planners are compared on: a problem gives noisy outcomes for points, and true values for the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from galvanaut.campaigns.planners import Aim, Belief, Maker, Measured, Observation, Task
from galvanaut.campaigns.planners.protocol import Array
from galvanaut.campaigns.space import SearchSpace


@dataclass(frozen=True)
class Outcome:
    """What one experiment tells.

    Attributes:
        measured: the number that decides; None where the recipe failed.
        quantities: each of several objectives, by name.
        group: of experiments that share an unknown offset; empty without.
    """

    measured: Measured | None
    quantities: Mapping[str, Measured] = field(default_factory=dict)
    group: str = ""

    def observation(self, trial: int, point: Array) -> Observation:
        """The same as planners are told it."""
        where = tuple(point.tolist())
        if self.measured is None:
            return Observation(trial, where, status="failed_recipe", group=self.group)
        value, variance = self.measured.value, self.measured.variance
        return Observation(trial, where, value, variance, group=self.group, quantities=self.quantities)


class Problem(Protocol):
    """Something to optimise. Must survive pickling, as runs are spread over processes."""

    @property
    def name(self) -> str:
        """For the table's title."""
        ...

    @property
    def space(self) -> SearchSpace:
        """Where to search."""
        ...

    @property
    def maker(self) -> Maker | None:
        """What can be made; None for everything."""
        ...

    @property
    def maximise(self) -> bool:
        """Whether more of the number that decides is better."""
        ...

    @property
    def aims(self) -> tuple[Aim, ...]:
        """Several objectives; empty where one number decides."""
        ...

    @property
    def beliefs(self) -> tuple[Belief, ...]:
        """What may be known beforehand; planners are free to use it."""
        ...

    @property
    def optimum(self) -> float:
        """The best true value in the space; with several aims, the hypervolume of the true front (see `score`).

        Not zero, as regret is a fraction of it.
        """
        ...

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        """Experiment ``number``, from 0, of run ``seed``; its noise depends on these two alone, whoever asks."""
        ...

    def true(self, points: Array) -> Array:
        """Noiseless values, (n, variables) to (n, aims), or (n, 1) where one number decides; NaN where recipes fail."""
        ...


def task(problem: Problem, seed: int, initial: int) -> Task:
    """What a planner is set to when it tries a problem."""
    return Task(
        problem.space,
        problem.maker,
        seed,
        initial,
        problem.maximise,
        aims=problem.aims,
        beliefs=problem.beliefs,
    )
