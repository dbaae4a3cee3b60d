"""What the cell model needs to know of an electrolyte, at one concentration and temperature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from galvanaut.simulators.cells.spme import landesfeind
from galvanaut.simulators.cells.spme.parameters import REFERENCE_K, Array

LEAST_SALT_M = 0.01
"""Below this the salt counts as depleted, and the model goes on with this concentration."""
MOST_SALT_M = 4.0
_DEGREE = 14

Conductivity = Callable[[Array], Array]
"""Conductivity in S/m of concentrations in mol/l."""


@dataclass(frozen=True)
class Transport:
    """The salt's transport; all but the conductivity is taken at the mean concentration.

    Attributes:
        salt_M: mean concentration.
        temperature_K: of the liquid.
        diffusivity_m2_s: of the salt.
        transference: share of the current that lithium ions carry.
        thermodynamic_factor: how much more than ideal the salt's chemical potential changes.
        molar: molar conductivity in S/m per mol/l, as a polynomial of `root_scale`; lowest power first.
    """

    salt_M: float
    temperature_K: float
    diffusivity_m2_s: float
    transference: float
    thermodynamic_factor: float
    molar: tuple[float, ...]


def root_scale(salt_M: Array) -> Array:
    """The square root of the concentration, in which molar conductivity is smooth, scaled to -1 to 1."""
    low, high = LEAST_SALT_M**0.5, MOST_SALT_M**0.5
    return np.asarray((np.sqrt(salt_M) - low) * (2 / (high - low)) - 1)


def molar_polynomial(conductivity_S_m: Conductivity) -> tuple[float, ...]:
    """Fit the molar conductivity over the whole range that the pores may come to."""
    nodes = np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    low, high = LEAST_SALT_M**0.5, MOST_SALT_M**0.5
    salt_M = (low + (nodes + 1) * (high - low) / 2) ** 2
    fit = np.polynomial.Chebyshev.fit(nodes, conductivity_S_m(salt_M) / salt_M, _DEGREE, domain=[-1, 1])
    return tuple(float(p) for p in fit.convert(kind=np.polynomial.Polynomial).coef)


@lru_cache(maxsize=256)
def of_family(family: landesfeind.Family, salt_M: float, temperature_K: float = REFERENCE_K) -> Transport:
    """One of the three measured liquids.

    Raises:
        UnsupportedError: outside what the relations hold for.
    """
    landesfeind.check_validity(salt_M, temperature_K)
    return Transport(
        salt_M,
        temperature_K,
        landesfeind.diffusivity_m2_s(family, salt_M, temperature_K),
        landesfeind.transference_number(family, salt_M, temperature_K),
        landesfeind.thermodynamic_factor(family, salt_M, temperature_K),
        molar_polynomial(lambda c: landesfeind.conductivity_S_m(family, c, temperature_K)),
    )
