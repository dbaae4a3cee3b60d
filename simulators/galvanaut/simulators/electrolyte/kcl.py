"""Aqueous potassium chloride, the liquid that calibrates a conductivity cell.

Reference values of Wu, Koch and Pratt (NIST, 1991 and 1994) as tabulated in the CRC Handbook, page 5-73: molal
solutions, ITS-90, uncertainty 0.03 to 0.04 %. Between the tabulated temperatures they are interpolated by a cubic
spline, to far better than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.composition import MOLAR_MASSES_G_MOL, Array, check_fractions

TEMPERATURES_DEGC = (0.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0)
CONDUCTIVITIES_MS_CM: Mapping[float, tuple[float, ...]] = {
    0.01: (0.77292, 1.01395, 1.14145, 1.27303, 1.40823, 1.54663, 1.68779, 1.83127, 2.12343),
    0.1: (7.11685, 9.29172, 10.4371, 11.6159, 12.8246, 14.0592, 15.3160, 16.5910, 19.1809),
    1.0: (63.488, 80.844, 89.900, 99.170, 108.620, 118.240, 127.970, 137.810, 157.670),
}
"""By molality in mol/kg of water, then by `TEMPERATURES_DEGC`."""

STANDARD_MOLALITY = 0.1
MOLALITIES = (0.08, 0.12)
"""What counts as the standard, some water or salt lost; scaled from 0.1 mol/kg along the three columns."""

CONTAMINATION_MAX = 0.05
"""Mass fraction of other liquids (a film of rinsing solvent) that is put up with; illustrative: it only dilutes."""


def is_kcl_standard(composition: Mapping[str, float]) -> bool:
    """Whether a liquid is water with potassium chloride, but for traces."""
    water, salt = composition.get("H2O", 0.0), composition.get("KCl", 0.0)
    return salt > 0 and water > 0 and water + salt >= 1 - CONTAMINATION_MAX


def kcl_conductivity_mS_cm(composition: Mapping[str, float], temperature_degC: float) -> float:
    """Conductivity of 0.1 mol/kg potassium chloride in mS/cm.

    Args:
        composition: mass fractions of H2O, KCl and traces of other things, sum 1.
        temperature_degC: 0 to 50.

    Raises:
        UnsupportedError: too far from the standard in composition or temperature.
        ValueError: not mass fractions.
    """
    check_fractions(composition)
    if not is_kcl_standard(composition):
        raise UnsupportedError("the liquid is not the potassium chloride standard: it is contaminated or has no salt")
    water, salt = composition["H2O"], composition["KCl"]
    molality = 1000 * salt / MOLAR_MASSES_G_MOL["KCl"] / water
    if not MOLALITIES[0] <= molality <= MOLALITIES[1]:
        raise UnsupportedError(
            f"KCl is {molality:.4g} mol/kg of water; supported are {MOLALITIES[0]:g} to {MOLALITIES[1]:g}"
        )
    if not TEMPERATURES_DEGC[0] <= temperature_degC <= TEMPERATURES_DEGC[-1]:
        raise UnsupportedError(f"no value of the KCl standard at {temperature_degC:g} degC; the table has 0 to 50 degC")
    columns = np.asarray(_spline()(temperature_degC))
    return (water + salt) * _between_molalities(columns, molality)


def _between_molalities(log_columns: Array, molality: float) -> float:
    """A parabola in ln k over ln m through the three columns; exact at each of them."""
    log_ratio = np.log(np.array(tuple(CONDUCTIVITIES_MS_CM)) / STANDARD_MOLALITY)
    parabola = np.polynomial.polynomial.polyfit(log_ratio, log_columns, 2)
    return float(np.exp(np.polynomial.polynomial.polyval(np.log(molality / STANDARD_MOLALITY), parabola)))


@lru_cache(maxsize=1)
def _spline() -> Any:
    """Logarithms of the three columns by temperature."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(TEMPERATURES_DEGC, np.log(np.array(tuple(CONDUCTIVITIES_MS_CM.values()))).T)
