"""The problems about cycle life (illustrative), alone or with conductivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.constraints import parse
from galvanaut.campaigns.planners import Aim, Belief
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds
from problems.conductivity import Conductivity
from problems.life import Life
from problems.mixtures import NOISE
from problems.synthetic import Constant, Synthetic

Array = NDArray[np.float64]

SOLVENTS = {"EC": Bounds(0.1, 0.5), "EMC": Bounds(0, 0.9), "DMC": Bounds(0, 0.9)}
ADDITIVES = {"VC": Bounds(0, 0.03), "FEC": Bounds(0, 0.08), "PS": Bounds(0, 0.03), "DTD": Bounds(0, 0.03)}
LIDFOB = Bounds(0, 0.1)
COUNTS = (parse("exactly 1 of LiPF6, LiFSI"), parse("at most 2 of VC, FEC, PS, DTD, LiDFOB"))


def two_objectives() -> Synthetic:
    """Conductivity at 20 degC and cycle life, with VC and FEC: what makes cells live long conducts badly."""
    space = SearchSpace(SOLVENTS, {"LiPF6": Bounds(0.5, 2.0)}, _some("VC", "FEC"))
    liquid, life = Conductivity(space, 20.0, 4), Life(space)
    best = 17.43, 339.5  # each alone
    return Synthetic(
        "two-objectives",
        space,
        (liquid, life),
        (Belief("physics", liquid.prior, "conductivity"), Belief("physics", life.prior, "life")),
        3200.68,
        (Constant(NOISE * best[0]), Constant(NOISE * best[1])),
        (Aim("conductivity", True, 3.0, best[0]), Aim("life", True, 100.0, best[1])),
    )


def life_choice() -> Synthetic:
    """Cycle life; either LiPF6 or LiFSI, and at most two of five additives."""
    optimum = 426.391
    salts = {"LiPF6": Bounds(0.7, 1.5), "LiFSI": Bounds(0.7, 1.5), "LiDFOB": LIDFOB}
    space = SearchSpace(SOLVENTS, salts, ADDITIVES, COUNTS)
    life = Life(space)
    noise = Constant(NOISE * optimum)
    return Synthetic("life-choice", space, (life,), (Belief("physics", life.prior),), optimum, (noise,))


def offsets() -> Synthetic:
    """Cycle life; noise grows with the salt and is told, and each eight experiments share an unknown offset."""
    optimum = 404.081
    space = SearchSpace(SOLVENTS, {"LiPF6": Bounds(0.5, 2.0)}, _some("VC", "FEC", "PS"))
    life = Life(space)
    return Synthetic(
        "offsets",
        space,
        (life,),
        (Belief("physics", life.prior),),
        optimum,
        (Scatter(optimum),),
        tells_variance=True,
        group_size=8,
        offset_sd=0.05 * optimum,
    )


@dataclass(frozen=True)
class Scatter:
    """Between 1.5 % of the optimum without salt and 8 % at 2 mol/kg: viscous liquids wet a cell badly. Illustrative."""

    optimum: float

    def __call__(self, points: Array) -> Array:
        """Standard deviation, (n, variables) to (n,)."""
        return np.asarray(self.optimum * (0.015 + 0.065 * (points[:, 3] / 2.0) ** 2))


def _some(*names: str) -> dict[str, Bounds]:
    return {name: ADDITIVES[name] for name in names}
