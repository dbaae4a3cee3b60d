"""Conductivity: a fitted law, what it gets wrong, and what a planner may know beforehand.

The truth is the shipped fit to all measurements times exp(delta), where delta is a smooth random function. Its rms is
that of the error which the fit makes on papers of research groups it has not seen (`python -m
galvanaut.simulators.electrolyte.fit`, row "papers: research group"). The prior is the same law fitted to the papers
alone. So the prior differs from the truth by a fit with half of the data and by delta.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.components import component
from galvanaut.campaigns.space import SearchSpace
from galvanaut.simulators.electrolyte.coefficients import read_fit
from galvanaut.simulators.electrolyte.composition import SALT, SOLVENTS
from galvanaut.simulators.electrolyte.datasets import ROBOT, fitting_data
from galvanaut.simulators.electrolyte.form import CELSIUS_ZERO_K, log_conductivity
from galvanaut.simulators.electrolyte.regression import fit
from problems.surface import SmoothSurface

Array = NDArray[np.float64]

DELTA_RMS = 0.156
"""Of ln k, see above."""
OTHER_SALTS = {"LiFSI": 1.12}
"""Conductivity with this salt over that with as much LiPF6. Illustrative."""


@lru_cache(maxsize=1)
def shipped_law() -> Array:
    """Constants fitted to all measurements, (21,)."""
    return read_fit().parameters


@lru_cache(maxsize=1)
def papers_law() -> Array:
    """Constants fitted to the papers, without the robot, (21,)."""
    data = fitting_data()
    return fit(data.where(data.laboratory != ROBOT)).parameters


def law_mS_cm(parameters: Array, space: SearchSpace, points: Array, temperature_degC: float) -> Array:
    """The law without delta, mS/cm, (n, variables) to (n,).

    Additives count as EC, and salts beside LiPF6 as so much LiPF6 (times `OTHER_SALTS`).
    """
    fractions = dict(zip(space.names, space.mass_fractions(points).T, strict=True))
    values = dict(zip(space.names, points.T, strict=True))
    roles = {name: component(name).role for name in space.names}
    none = np.zeros(len(points))
    parts = np.column_stack([fractions.get(name, none) for name in SOLVENTS])
    solvent = parts.sum(axis=1)
    parts[:, 0] += sum((fractions[name] for name, role in roles.items() if role == "additive"), none)
    salts = {name: values[name] for name, role in roles.items() if role == "salt" and name in (SALT, *OTHER_SALTS)}
    total = sum(salts.values(), none)
    factor = sum((OTHER_SALTS.get(name, 1.0) * value for name, value in salts.items()), none) / total
    liquid = parts.sum(axis=1)
    temperature_K = np.full(len(points), temperature_degC + CELSIUS_ZERO_K)
    logs = log_conductivity(parameters, parts / liquid[:, None], total * solvent / liquid, temperature_K)
    return np.asarray(factor * np.exp(logs))


@dataclass(frozen=True)
class Conductivity:
    """The truth, mS/cm.

    Attributes:
        space: search space.
        temperature_degC: of the measurement.
        delta_seed: which smooth function the law is off by.
    """

    space: SearchSpace
    temperature_degC: float
    delta_seed: int

    def __call__(self, points: Array) -> Array:
        """(n, variables) to (n,)."""
        law = law_mS_cm(shipped_law(), self.space, points, self.temperature_degC)
        return np.asarray(law * np.exp(self._delta(points)))

    def prior(self, points: Array) -> Array:
        """What the papers say, mS/cm, (n,)."""
        return law_mS_cm(papers_law(), self.space, points, self.temperature_degC)

    @cached_property
    def _delta(self) -> SmoothSurface:
        return SmoothSurface(self.space, self.delta_seed, DELTA_RMS)
