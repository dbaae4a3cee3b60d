"""A recipe: what an electrolyte should contain. Mass fractions are canonical; molality and shares are views."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from galvanaut.campaigns.components import component, components
from galvanaut.core.errors import InputError

_SUM_TOLERANCE = 1e-6
"""How far from 1 a given sum may be: wide enough for fractions typed with six digits, too narrow for a lost part."""
_ROUNDING = 1e-12
"""Arithmetic noise: closer to 0 counts as 0, and a sum closer to 1 is left as it is (so that JSON round trips)."""


@dataclass(frozen=True)
class Recipe:
    """Mass fractions of a whole electrolyte.

    Attributes:
        mass_fractions: by component key, in the order of the component table, without zeros, summing to 1 within 1e-9.

    Raises:
        InputError: an unknown component, a negative or non-finite fraction, a sum that is not 1, or no solvent.
    """

    mass_fractions: Mapping[str, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "mass_fractions", _canonical(self.mass_fractions))

    def __hash__(self) -> int:
        return hash(tuple(self.mass_fractions.items()))

    def fraction(self, key: str) -> float:
        """Mass fraction of a component in the electrolyte; 0 when the recipe does without."""
        component(key)
        return self.mass_fractions.get(key, 0.0)

    @property
    def solvent_shares(self) -> dict[str, float]:
        """Mass share of each solvent in all solvent; sums to 1."""
        solvents = {key: value for key, value in self.mass_fractions.items() if component(key).is_solvent}
        total = math.fsum(solvents.values())
        return {key: value / total for key, value in solvents.items()}

    def molality(self, salt: str) -> float:
        """Amount of a salt in mol per kg of solvent (solvents and diluents; neither salts nor additives).

        Raises:
            InputError: ``salt`` is not a salt.
        """
        substance = component(salt)
        if substance.role != "salt":
            raise InputError(f"component {salt!r}", f"is {substance.kind}; molality is for salts")
        solvent = math.fsum(value for key, value in self.mass_fractions.items() if component(key).is_solvent)
        return self.fraction(salt) / solvent / substance.molar_mass_g_mol * 1000.0

    @property
    def molalities(self) -> dict[str, float]:
        """Molality of every salt in the recipe, mol per kg of solvent."""
        return {key: self.molality(key) for key in self.mass_fractions if component(key).role == "salt"}

    @property
    def additive_fractions(self) -> dict[str, float]:
        """Mass fraction of each additive in the whole electrolyte."""
        return {key: value for key, value in self.mass_fractions.items() if component(key).role == "additive"}

    @classmethod
    def from_views(
        cls,
        solvent_shares: Mapping[str, float],
        molality: Mapping[str, float],
        additive_fractions: Mapping[str, float] | None = None,
    ) -> Recipe:
        """The recipe with these views.

        Args:
            solvent_shares: mass share of each solvent in all solvent, summing to 1.
            molality: of each salt, mol per kg of solvent.
            additive_fractions: mass fraction of each additive in the whole electrolyte.

        Raises:
            InputError: shares that do not sum to 1, a component in the wrong role, or what `Recipe` refuses.
        """
        additives = additive_fractions or {}
        _check_roles(solvent_shares, molality, additives)
        if abs(math.fsum(solvent_shares.values()) - 1.0) > _SUM_TOLERANCE:
            raise InputError("recipe", f"solvent shares sum to {math.fsum(solvent_shares.values()):.9g}, not to 1")
        salts = {key: value * component(key).molar_mass_g_mol / 1000.0 for key, value in molality.items()}
        per_kg_solvent = 1.0 + math.fsum(salts.values())
        solvent = (1.0 - math.fsum(additives.values())) / per_kg_solvent
        parts = {key: share * solvent for key, share in solvent_shares.items()}
        parts |= {key: mass * solvent for key, mass in salts.items()}
        return cls(parts | dict(additives))

    def text(self) -> str:
        """As a chemist writes it: ``1.20 mol/kg LiPF6 in EC:DMC 30:70 (w/w) + 2.00 wt% VC``."""
        salts = " + ".join(f"{value:.2f} mol/kg {key}" for key, value in self.molalities.items())
        additives = "".join(f" + {100 * value:.2f} wt% {key}" for key, value in self.additive_fractions.items())
        return f"{salts} in {self._solvent_text()}{additives}" if salts else self._solvent_text() + additives

    def _solvent_text(self) -> str:
        percents = {key: 100.0 * share for key, share in self.solvent_shares.items()}
        if len(percents) == 1:
            return next(iter(percents))
        digits = 0 if all(abs(value - round(value)) < 0.05 for value in percents.values()) else 1
        return ":".join(percents) + " " + ":".join(f"{value:.{digits}f}" for value in percents.values()) + " (w/w)"

    def to_json(self) -> dict[str, float]:
        """The mass fractions as a JSON-ready mapping in canonical order."""
        return dict(self.mass_fractions)

    @classmethod
    def from_json(cls, data: Mapping[str, float]) -> Recipe:
        """The recipe that `to_json` gave; equal to the last bit."""
        return cls(data)


def _canonical(given: Mapping[str, float]) -> dict[str, float]:
    for key, value in given.items():
        component(key)
        if not math.isfinite(value) or value < -_ROUNDING:
            raise InputError("recipe", f"mass fraction of {key} is {value:.9g}; expected a number from 0 to 1")
    total = math.fsum(given.values())
    if abs(total - 1.0) > _SUM_TOLERANCE:
        raise InputError("recipe", f"mass fractions sum to {total:.9g}, not to 1")
    scale = 1.0 if abs(total - 1.0) <= _ROUNDING else total
    kept = {key: float(given[key]) / scale for key in components() if given.get(key, 0.0) > _ROUNDING}
    if not any(component(key).is_solvent for key in kept):
        raise InputError("recipe", "holds no solvent")
    return kept


def _check_roles(solvents: Mapping[str, float], salts: Mapping[str, float], additives: Mapping[str, float]) -> None:
    for keys, role in ((solvents, "solvent"), (salts, "salt"), (additives, "additive")):
        for key in keys:
            found = component(key)
            if (role == "solvent") != found.is_solvent or (role != "solvent" and found.role != role):
                raise InputError(f"component {key!r}", f"is {found.kind}, but stands among the {role}s")
