"""A problem for benchmarks, in a module of its own: processes that run it must be able to import it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.benchmark import Outcome
from galvanaut.campaigns.planners import Aim, Belief, Maker, Measured
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]


def _space() -> SearchSpace:
    return SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0, 1), "EMC": Bounds(0, 1)}, {"LiPF6": Bounds(0.5, 2)})


@dataclass
class Hill:
    """10 at the best recipe, falling in all directions."""

    name: str = "hill"
    space: SearchSpace = field(default_factory=_space)
    maker: Maker | None = None
    maximise: bool = True
    aims: tuple[Aim, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    optimum: float = 10.0
    asked: list[float] = field(default_factory=list)

    def true(self, points: Array) -> Array:
        return np.asarray(
            10.0 - 20.0 * (points[:, [0]] - 0.3) ** 2 - 5.0 * points[:, [2]] - 4.0 * (points[:, [3]] - 1) ** 2
        )

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        offset = float(generator(seed, "measure", number).normal())
        self.asked.append(offset)
        return Outcome(Measured(float(self.true(point[None, :])[0, 0]) + 0.2 * offset, 0.04))


class Pit(Hill):
    """The same upside down, 10 at the bottom: to be minimised."""

    def true(self, points: Array) -> Array:
        return 20.0 - super().true(points)


class Cliff(Hill):
    """The same, but recipes with more than 0.25 EC fail."""

    def true(self, points: Array) -> Array:
        return np.where(points[:, [0]] > 0.25, np.nan, super().true(points))

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        return Outcome(None) if point[0] > 0.25 else super().measure(point, seed, number)


@dataclass
class Ridge(Hill):
    """Two aims: up the hill, and little salt. The number that decides is the first."""

    aims: tuple[Aim, ...] = (Aim("height", True, 0.0, 10.0), Aim("salt", False, 2.0, 0.5))
    optimum: float = 15.0

    def true(self, points: Array) -> Array:
        return np.hstack([super().true(points), points[:, [3]]])

    def measure(self, point: Array, seed: int, number: int) -> Outcome:
        height, salt = self.true(point[None, :])[0].tolist()
        return Outcome(Measured(height), {"height": Measured(height), "salt": Measured(salt)})
