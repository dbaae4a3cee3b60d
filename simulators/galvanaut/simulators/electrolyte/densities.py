"""Densities by ideal mixing: good enough to turn millilitres into grams in a simulated world, and assumed.

Volumes of the pure solvents add; the salt adds 0.09 g/mL per mol/L. Neither is fitted to measured mixtures, and
temperature plays no part: the values below that are not illustrative were measured between about 20 and 40 degC.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.composition import MOLAR_MASSES_G_MOL, SALT, SOLVENTS, Array, check_fractions

PURE_DENSITIES_G_ML = {
    "EC": 1.3214,  # liquid, 39-40 degC; PubChem, second-hand
    "PC": 1.205,  # 20 degC; PubChem, second-hand
    "DMC": 1.063,  # 25 degC; equation of state in the library `thermo` 0.6.1
    "EMC": 1.006,  # 25 degC; Xu, Chem. Rev. 104 (2004) 4303, second-hand
    "DEC": 0.9751,  # 20 degC; chemicaldictionary.org, second-hand
    "VC": 1.35,  # illustrative
    "FEC": 1.45,  # illustrative
    "PS": 1.4,  # illustrative
    "DTD": 1.6,  # illustrative
    "LiDFOB": 2.1,  # illustrative
    "H2O": 0.9970,  # 25 degC; CRC Handbook
    "KCl": 2.67,  # illustrative: an apparent density that gives 1.002 g/mL at 0.1 mol/kg
}
SALT_EFFECT_G_ML_PER_MOL_L = 0.09
"""Assumed rise of density with LiPF6; electrolytes of 1 mol/L are about 0.1 g/mL denser than their solvents."""


def density_g_mL(composition: Mapping[str, float]) -> float:
    """Density of a liquid given by mass fractions of LiPF6 and of what stands in `PURE_DENSITIES_G_ML`.

    Raises:
        UnsupportedError: a component has no known density, or half of the mass is salt.
        ValueError: not mass fractions.
    """
    check_fractions(composition)
    unknown = [
        key for key, share in composition.items() if share > 0 and key != SALT and key not in PURE_DENSITIES_G_ML
    ]
    if unknown:
        known = ", ".join([*PURE_DENSITIES_G_ML, SALT])
        raise UnsupportedError(f"no density is known for {', '.join(unknown)}; known are {known}")
    salt = composition.get(SALT, 0.0)
    rise_per_density = 1000 * SALT_EFFECT_G_ML_PER_MOL_L * salt / MOLAR_MASSES_G_MOL[SALT]
    if rise_per_density > 0.3:
        raise UnsupportedError(f"{salt:.3g} of the mass is {SALT}: no density is known for so much salt")
    volume_mL_g = sum(share / PURE_DENSITIES_G_ML[key] for key, share in composition.items() if key != SALT)
    return (1 - salt) / volume_mL_g / (1 - rise_per_density)


def molality_from_molarity(solvent_shares: Array, molarity: Array) -> Array:
    """Mol per kg of solvent of solutions given in mol/L.

    Args:
        solvent_shares: mass shares of the solvent in the order EC, PC, DMC, EMC; shape (n, 4), rows sum to 1.
        molarity: LiPF6 in mol/L of solution, shape (n,).
    """
    pure_g_mL = np.array([PURE_DENSITIES_G_ML[name] for name in SOLVENTS])
    solvent_g_mL = 1 / (solvent_shares / pure_g_mL).sum(axis=1)
    solution_g_mL = solvent_g_mL + SALT_EFFECT_G_ML_PER_MOL_L * molarity
    return np.asarray(molarity / (solution_g_mL - molarity * MOLAR_MASSES_G_MOL[SALT] / 1000))
