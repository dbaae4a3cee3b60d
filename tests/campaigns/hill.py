"""A problem for benchmarks, in a module of its own: processes that run it must be able to import it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Maker
from galvanaut.campaigns.space import Bounds, SearchSpace

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
    optimum: float = 10.0
    asked: list[float] = field(default_factory=list)

    def true(self, points: Array) -> Array:
        return np.asarray(10.0 - 20.0 * (points[:, 0] - 0.3) ** 2 - 5.0 * points[:, 2] - 4.0 * (points[:, 3] - 1) ** 2)

    def measure(self, point: Array, noise: np.random.Generator) -> tuple[float, float | None]:
        offset = float(noise.normal())
        self.asked.append(offset)
        return float(self.true(point[None, :])[0]) + 0.2 * offset, 0.04


class Pit(Hill):
    """The same upside down, 10 at the bottom: to be minimised."""

    def true(self, points: Array) -> Array:
        return 20.0 - super().true(points)
