"""The problems about conductivity: EC, PC, DMC and EMC with LiPF6 within what measurements support.

Prices are illustrative.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.components import component
from galvanaut.campaigns.constraints import LinearConstraint, parse
from galvanaut.campaigns.planners import Belief
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds
from problems.conductivity import Conductivity
from problems.synthetic import Constant, Synthetic

Array = NDArray[np.float64]

SOLVENTS = {"EC": Bounds(0, 0.5), "DMC": Bounds(0, 0.9), "EMC": Bounds(0, 0.9), "PC": Bounds(0, 0.3)}
SALTS = {"LiPF6": Bounds(0.5, 2.0)}
SUPPORT = tuple(parse(text) for text in ("EC + PC/3 >= 0.1", "EC + PC*5/3 <= 0.5", "EMC >= PC*7/3"))
"""Components and constraints of `campaigns/conductivity.yaml`."""
NOISE = 0.03
"""Of the optimum."""
PRICES_PER_KG = {"EC": 5.0, "DMC": 4.0, "EMC": 9.0, "PC": 6.0, "LiPF6": 100.0}
MOST_PER_KG = 16.0
"""Of the whole electrolyte."""
_KG_MOL = component("LiPF6").molar_mass_g_mol / 1000.0


def conductivity() -> Synthetic:
    """At 20 degC; the plain problem."""
    return _problem("conductivity", SearchSpace(SOLVENTS, SALTS, constraints=SUPPORT), 20.0, 1, 20.4959)


def cold_cost() -> Synthetic:
    """At 0 degC, the lowest temperature at which mixtures of all four solvents are supported, under a cost limit."""
    space = SearchSpace(SOLVENTS, SALTS, constraints=(*SUPPORT, cost_limit()))
    return _problem("cold-cost", space, 0.0, 2, 8.05725)


def gelling() -> Synthetic:
    """At 10 degC; recipes with much EC, PC and salt set to a gel, the best ones of all among them."""
    return _problem("gelling", SearchSpace(SOLVENTS, SALTS, constraints=SUPPORT), 10.0, 3, 8.25064, _gels)


def cost_limit() -> LinearConstraint:
    """Cost per kg of electrolyte, a ratio of sums, times its denominator: kg of solvent and salt per kg of solvent."""
    factors = {name: PRICES_PER_KG[name] - MOST_PER_KG for name in SOLVENTS}
    factors["LiPF6"] = _KG_MOL * (PRICES_PER_KG["LiPF6"] - MOST_PER_KG)
    return LinearConstraint(factors, 0.0, f"cost <= {MOST_PER_KG:g} per kg")


def _gels(points: Array) -> NDArray[np.bool_]:
    """Which recipes gel; a curved border. Illustrative."""
    cyclic, salt = points[:, 0] + points[:, 3], points[:, 4]
    return np.asarray((cyclic / 0.42) ** 2 + (salt / 2.6) ** 2 > 1.0)


def _problem(
    name: str,
    space: SearchSpace,
    temperature_degC: float,
    delta_seed: int,
    optimum: float,
    fails: Callable[[Array], NDArray[np.bool_]] | None = None,
) -> Synthetic:
    truth, noise = Conductivity(space, temperature_degC, delta_seed), Constant(NOISE * optimum)
    return Synthetic(name, space, (truth,), (Belief("physics", truth.prior),), optimum, (noise,), fails=fails)
