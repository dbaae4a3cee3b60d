"""Two views of one electrolyte: mass fractions of the whole, or solvent shares with a molality."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SOLVENTS = ("EC", "PC", "DMC", "EMC")
"""The order of every array of solvent shares in this package."""

SALT = "LiPF6"

COUNTED_AS_EC = {"VC": 0.05, "FEC": 0.15}
"""Cyclic carbonates that count as so much more EC, up to these mass fractions of the electrolyte. Illustrative: no data
of the fit hold them, and only their effect on the salt's dissociation resembles that of EC."""

MOLAR_MASSES_G_MOL = {
    "EC": 88.062,
    "PC": 102.089,
    "DMC": 90.078,
    "EMC": 104.105,
    "LiPF6": 151.904,
    "H2O": 18.015,
    "KCl": 74.551,
}
"""From the formulas and the standard atomic weights."""


def check_fractions(composition: Mapping[str, float]) -> None:
    """Refuse what is not a set of mass fractions.

    Raises:
        ValueError: a fraction is negative or not finite, or they do not sum to 1 within 0.001.
    """
    for key, fraction in composition.items():
        if not isfinite(fraction) or fraction < 0:
            raise ValueError(f"mass fraction of {key} is {fraction!r}; expected 0 to 1")
    total = sum(composition.values())
    if abs(total - 1) > 1e-3:
        raise ValueError(f"mass fractions sum to {total:.6g}; expected 1")


def without_additives(composition: Mapping[str, float]) -> dict[str, float]:
    """The composition that conducts as this one does, as far as is assumed: see `COUNTED_AS_EC`.

    More of them than assumed stays what it is, for the caller to refuse.
    """
    counted = {key for key, most in COUNTED_AS_EC.items() if 0 < composition.get(key, 0.0) <= most}
    kept = {key: share for key, share in composition.items() if key not in counted}
    if counted:
        kept["EC"] = kept.get("EC", 0.0) + sum(composition[key] for key in counted)
    return kept


def split(composition: Mapping[str, float]) -> tuple[Array, float]:
    """Solvent shares, shape (4,) and summing to 1, and molality in mol per kg of solvent.

    Other components than the four solvents and the salt are left out of account.

    Raises:
        ValueError: not mass fractions, or no solvent at all.
    """
    check_fractions(composition)
    solvents = np.array([composition.get(name, 0.0) for name in SOLVENTS], dtype=np.float64)
    total = float(solvents.sum())
    if total <= 0:
        raise ValueError(f"none of the solvents {', '.join(SOLVENTS)} is in the composition")
    return solvents / total, 1000 * composition.get(SALT, 0.0) / MOLAR_MASSES_G_MOL[SALT] / total


def whole(solvent_shares: Array, molality: float) -> dict[str, float]:
    """Mass fractions of the whole electrolyte from solvent shares (4,) and mol per kg of solvent."""
    salt_per_solvent = molality * MOLAR_MASSES_G_MOL[SALT] / 1000
    fractions = {
        name: float(share) / (1 + salt_per_solvent) for name, share in zip(SOLVENTS, solvent_shares, strict=True)
    }
    return {**fractions, SALT: salt_per_solvent / (1 + salt_per_solvent)}
