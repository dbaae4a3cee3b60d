"""Transport of LiPF6 in three liquids: Landesfeind and Gasteiger, J. Electrochem. Soc. 166 (2019) A3079.

The published coefficients are rounded, so that at the edges of the fit the transference number falls below zero; it and
the thermodynamic factor are clipped. The fit holds for about 0.1 to 3 mol/l and 263 to 323 K.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme.parameters import Array

Family = Literal["EC:DMC", "EC:EMC", "EMC:FEC"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""EC:DMC 1:1, EC:EMC 3:7 and EMC:FEC 19:1 by mass."""

SALT_M = (0.1, 3.0)
TEMPERATURE_K = (263.0, 323.15)
TRANSFERENCE = (0.05, 0.6)
THERMODYNAMIC_FACTOR = (0.5, 6.0)

CONDUCTIVITY_P: dict[Family, tuple[float, ...]] = {
    "EC:DMC": (0.798, 228, -1.22, 0.509, -4e-3, 3.79e-3),
    "EC:EMC": (0.521, 228, -1.06, 0.353, -3.59e-3, 1.48e-3),
    "EMC:FEC": (0.0251, 175, 1.23, 0.205, -0.0881, 2.83e-3),
}
DIFFUSIVITY_P: dict[Family, tuple[float, ...]] = {
    "EC:DMC": (1470, 1.33, -1690, -563),
    "EC:EMC": (1010, 1.01, -1560, -487),
    "EMC:FEC": (586, 1.33, -1380, -582),
}
TRANSFERENCE_P: dict[Family, tuple[float, ...]] = {
    "EC:DMC": (-7.91, 0.245, 0.0528, 0.698, -0.0108, -8.21e-5, 7.43e-4, -2.22e-3, 3.07e-5),
    "EC:EMC": (-12.8, -6.12, 0.0821, 0.904, 0.0318, -1.27e-4, 0.0175, -3.12e-3, -3.96e-5),
    "EMC:FEC": (-12.2, -3.05, 0.0838, 1.78, 1.51e-3, -1.37e-4, -0.0245, -5.15e-3, 2.14e-5),
}
THERMODYNAMIC_P: dict[Family, tuple[float, ...]] = {
    "EC:DMC": (-5.58, 7.17, 0.038, 1.91, -0.0665, -5.08e-5, 0.11, -6.1e-3, 1.51e-4),
    "EC:EMC": (25.7, -45.1, -0.177, 1.94, 0.295, 3.08e-4, 0.259, -9.46e-3, -4.54e-4),
    "EMC:FEC": (3.22, -10.1, -0.0158, 6.12, 0.0296, 2.42e-5, -0.222, -0.0157, 6.3e-6),
}


def conductivity_S_m(family: Family, salt_M: Array, temperature_K: float) -> Array:
    """Ionic conductivity, for any concentration from 0 on."""
    p1, p2, p3, p4, p5, p6 = CONDUCTIVITY_P[family]
    e = np.exp(1000 / temperature_K)
    numerator = 1 + p3 * np.sqrt(salt_M) + p4 * (1 + p5 * e) * salt_M
    return np.asarray(p1 * (1 + (temperature_K - p2)) * salt_M * numerator / (1 + salt_M**4 * p6 * e) / 10)


def diffusivity_m2_s(family: Family, salt_M: float, temperature_K: float) -> float:
    """Diffusion coefficient of the salt."""
    p1, p2, p3, p4 = DIFFUSIVITY_P[family]
    exponent = p2 * salt_M + p3 / temperature_K + p4 * salt_M / temperature_K
    return float(p1 * np.exp(exponent) * 1e-10)


def transference_number(family: Family, salt_M: float, temperature_K: float) -> float:
    """Share of the current that lithium ions carry, clipped to `TRANSFERENCE`."""
    return float(np.clip(_cubic(TRANSFERENCE_P[family], salt_M, temperature_K), *TRANSFERENCE))


def thermodynamic_factor(family: Family, salt_M: float, temperature_K: float) -> float:
    """How much more than ideal the salt's chemical potential changes, clipped to `THERMODYNAMIC_FACTOR`."""
    return float(np.clip(_cubic(THERMODYNAMIC_P[family], salt_M, temperature_K), *THERMODYNAMIC_FACTOR))


def check_validity(salt_M: float, temperature_K: float) -> None:
    """Refuse what the relations were not fitted to.

    Raises:
        UnsupportedError: outside; the text names the bound.
    """
    for name, value, (low, high), unit in (
        ("salt concentration", salt_M, SALT_M, "mol/l"),
        ("temperature", temperature_K, TEMPERATURE_K, "K"),
    ):
        if not low <= value <= high:
            raise UnsupportedError(
                f"{name} {value:g} {unit} lies outside {low:g} to {high:g} {unit}, "
                "where the transport relations of Landesfeind and Gasteiger hold; choose one inside"
            )


def _cubic(p: tuple[float, ...], c: float, t: float) -> float:
    terms = (1.0, c, t, c * c, c * t, t * t, c**3, c * c * t, c * t * t)
    return sum(factor * term for factor, term in zip(p, terms, strict=True))
