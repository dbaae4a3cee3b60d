"""From a recipe to a cell: transport by mixing measured liquids, ageing by invented rules.

Transport: the three liquids of `landesfeind` are mixed by the recipe's solvents, and scaled so that the conductivity is
the one that a better model gives where there is one. Ageing: **illustrative**. No data stands behind the constants in
the second half of this file; they are the hidden truth of a simulator, in which additives help up to a point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import exp, prod

import numpy as np

from galvanaut.simulators.cells.spme import landesfeind
from galvanaut.simulators.cells.spme.ageing import Ageing
from galvanaut.simulators.cells.spme.landesfeind import FAMILIES, Family
from galvanaut.simulators.cells.spme.parameters import REFERENCE_K, Array
from galvanaut.simulators.cells.spme.transport import Transport, molar_polynomial

LIPF6_KG_MOL = 0.15190
WALDEN = (0.3, 2.0)
"""Factors on conductivity and diffusivity stay within these."""
FREE_FEC = 0.02
"""Mass share of FEC that counts as an additive rather than as a solvent. Illustrative."""

ConductivityOf = Callable[["Recipe", float], float]
"""Conductivity in S/m of a recipe at a temperature in K, from a model of the caller's."""


@dataclass(frozen=True)
class Recipe:
    """An electrolyte.

    Attributes:
        solvents: mass shares of the solvents, sum 1: EC, PC, DMC, EMC, DEC, FEC.
        salt_M: LiPF6 in mol/l.
        additives: mass shares of the whole electrolyte: VC, FEC, LiDFOB, PS, DTD.
        density_kg_m3: of the electrolyte.
    """

    solvents: Mapping[str, float]
    salt_M: float
    additives: Mapping[str, float]
    density_kg_m3: float = 1200.0

    def __post_init__(self) -> None:
        total = sum(self.solvents.values())
        if abs(total - 1) > 1e-6 or min(self.solvents.values()) < 0:
            raise ValueError(f"solvents are mass shares and must add up to 1, but {dict(self.solvents)} give {total:g}")
        unknown = sorted(set(self.additives) - set(ADDITIVES))
        if unknown:
            raise ValueError(f"no ageing rule for the additive {unknown[0]}; there are {', '.join(ADDITIVES)}")


def salt_M(molality_mol_kg: float, density_kg_m3: float) -> float:
    """Concentration in mol/l from moles per kg of solvent."""
    return molality_mol_kg * density_kg_m3 / (1 + molality_mol_kg * LIPF6_KG_MOL) / 1000


def family_weights(solvents: Mapping[str, float]) -> dict[Family, float]:
    """How much of each measured liquid is in a solvent; sum 1. A design choice, not a measurement.

    FEC beyond an additive's dose counts for EMC:FEC; the rest goes by the split of the linear carbonates, where DEC
    counts as EMC. A solvent without linear carbonates counts as EC:EMC.
    """
    fluorinated = min(1.0, max(0.0, solvents.get("FEC", 0.0) - FREE_FEC) / 0.05)
    dimethyl, other = solvents.get("DMC", 0.0), solvents.get("EMC", 0.0) + solvents.get("DEC", 0.0)
    share = dimethyl / (dimethyl + other) if dimethyl + other > 0 else 0.0
    rest = 1 - fluorinated
    return {"EC:DMC": rest * share, "EC:EMC": rest * (1 - share), "EMC:FEC": fluorinated}


def transport(
    recipe: Recipe, temperature_K: float = REFERENCE_K, conductivity_S_m: ConductivityOf | None = None
) -> Transport:
    """Transport of a recipe.

    Args:
        recipe: the electrolyte.
        temperature_K: of the liquid.
        conductivity_S_m: a better model of conductivity; the mixture's own if None.

    Raises:
        UnsupportedError: outside what the relations hold for, or the model.
    """
    landesfeind.check_validity(recipe.salt_M, temperature_K)
    weights = family_weights(recipe.solvents)

    def mixed(relation: Callable[[Family, float, float], float]) -> float:
        return sum(weights[family] * relation(family, recipe.salt_M, temperature_K) for family in FAMILIES)

    def plain(concentration_M: Array) -> Array:
        parts = [
            weights[family] * landesfeind.conductivity_S_m(family, concentration_M, temperature_K)
            for family in FAMILIES
        ]
        return np.asarray(sum(parts))

    factor = 1.0
    if conductivity_S_m is not None:
        own_S_m = float(plain(np.array(recipe.salt_M)))
        factor = min(WALDEN[1], max(WALDEN[0], conductivity_S_m(recipe, temperature_K) / own_S_m))
    return Transport(
        recipe.salt_M,
        temperature_K,
        factor * mixed(landesfeind.diffusivity_m2_s),
        mixed(landesfeind.transference_number),
        mixed(landesfeind.thermodynamic_factor),
        molar_polynomial(lambda c: factor * plain(c)),
    )


# -- illustrative from here on ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AdditiveRule:
    """What an additive does; its dose counts per electrode area, as only so much can reach so much surface.

    Attributes:
        molar_mass_g_mol: of the additive.
        most: share of the SEI's growth that a large dose stops.
        dose_umol_cm2: dose at which 63 % of that is reached.
        film_ohm_cm2_umol: resistance that it adds to the first film.
    """

    molar_mass_g_mol: float
    most: float
    dose_umol_cm2: float
    film_ohm_cm2_umol: float


ADDITIVES = {
    "VC": AdditiveRule(86.04, 0.65, 5.0, 0.6),
    "FEC": AdditiveRule(106.05, 0.5, 25.0, 0.05),
    "LiDFOB": AdditiveRule(143.77, 0.4, 4.0, -0.1),
    "PS": AdditiveRule(122.14, 0.35, 6.0, 0.4),
    "DTD": AdditiveRule(124.12, 0.35, 6.0, 0.4),
}
"""Illustrative."""
REFERENCE_TRANSFERENCE = 0.25
REFERENCE_S_M = 0.913
BARE_EC = (0.08, 0.02, 4.0)
"""Below this mass share of EC, and without FEC, no good film forms: place, width and strength of that."""


def dose_umol_cm2(recipe: Recipe, additive: str, volume_m3: float, area_m2: float) -> float:
    """Additive in a cell, per electrode area."""
    mass_g = recipe.additives.get(additive, 0.0) * recipe.density_kg_m3 * volume_m3 * 1000
    return mass_g / ADDITIVES[additive].molar_mass_g_mol * 1e6 / (area_m2 * 1e4)


def ageing(recipe: Recipe, liquid: Transport, volume_m3: float, area_m2: float, base: Ageing | None = None) -> Ageing:
    """Illustrative: how a cell with this recipe ages.

    Args:
        recipe: the electrolyte.
        liquid: its transport at 25 °C.
        volume_m3: electrolyte in the cell.
        area_m2: electrode area.
        base: ageing of a recipe on which all rules give 1.
    """
    base = base if base is not None else Ageing()
    doses = {name: dose_umol_cm2(recipe, name, volume_m3, area_m2) for name in ADDITIVES}
    slowed = prod(1 - rule.most * (1 - exp(-doses[name] / rule.dose_umol_cm2)) for name, rule in ADDITIVES.items())
    place, width, strength = BARE_EC
    fluorinated = recipe.solvents.get("FEC", 0.0) + recipe.additives.get("FEC", 0.0)
    bare = 1 + (0.0 if fluorinated else strength / (1 + exp((recipe.solvents.get("EC", 0.0) - place) / width)))
    film_ohm = sum(rule.film_ohm_cm2_umol * doses[name] for name, rule in ADDITIVES.items())
    conductivity_S_m = liquid.salt_M * float(np.polynomial.polynomial.polyval(_scaled(liquid.salt_M), liquid.molar))
    plating = exp(-2 * (liquid.transference - REFERENCE_TRANSFERENCE)) * (REFERENCE_S_M / conductivity_S_m) ** 0.5
    return replace(
        base,
        sei_mol_m_s=base.sei_mol_m_s * slowed * bare,
        sei_m_s=base.sei_m_s * slowed * bare,
        first_film_ohm=max(0.0, base.first_film_ohm + film_ohm),
        formation=base.formation + 0.0015 * doses["VC"],
        plating_m_s=base.plating_m_s * plating,
    )


def _scaled(concentration_M: float) -> float:
    from galvanaut.simulators.cells.spme.transport import root_scale

    return float(root_scale(np.array(concentration_M)))
