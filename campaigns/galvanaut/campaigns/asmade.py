"""What a batch holds, from the weighed mass of each dose, and how well that is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from galvanaut.campaigns.components import close
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.errors import InputError
from galvanaut.core.stocks import Stock


@dataclass(frozen=True)
class AsMade:
    """The composition that was made.

    Attributes:
        recipe: mass fractions by mass balance of the weighed doses.
        deviations: standard deviation of each component's mass fraction, from weighing alone: the stocks'
            compositions are taken as labelled.
        mass_g: of the batch.
    """

    recipe: Recipe
    deviations: Mapping[str, float]
    mass_g: float

    @classmethod
    def of(cls, stocks: Mapping[str, Stock], doses_g: Mapping[str, float], dose_sd_g: float) -> Self:
        """Mass balance of weighed doses.

        Args:
            stocks: by name.
            doses_g: weighed mass by stock name. A dose that weighs nothing within five standard uncertainties counts
                as 0, also when the balance shows a little less than before.
            dose_sd_g: standard uncertainty of one weighed dose (of a difference of two readings of a balance:
                sqrt(2) times the standard deviation of one).

        Raises:
            InputError: an unknown stock, a mass that is not finite or well below 0, or nothing dosed.
        """
        masses = {name: _checked(stocks, name, mass, dose_sd_g) for name, mass in doses_g.items()}
        total_g = math.fsum(masses.values())
        if not total_g > 0.0:
            raise InputError("weighed doses", "nothing was dosed: the masses sum to 0 g")
        keys = list(dict.fromkeys(key for name in masses for key in stocks[name].composition))
        compositions = np.array([[stocks[name].composition.get(key, 0.0) for key in keys] for name in masses])
        fractions = np.array(list(masses.values())) @ compositions / total_g
        # d(fraction)/d(mass of a dose) = (fraction in the stock - fraction in the batch) / mass of the batch
        sds = dose_sd_g / total_g * np.sqrt(((compositions - fractions) ** 2).sum(axis=0))
        recipe = Recipe(dict(zip(keys, fractions.tolist(), strict=True)))
        return cls(recipe, {key: float(sds[keys.index(key)]) for key in recipe.mass_fractions}, total_g)


def _checked(stocks: Mapping[str, Stock], name: str, mass_g: float, dose_sd_g: float) -> float:
    if name not in stocks:
        raise InputError("weighed doses", f"stock {name!r} is not on the bench{close(name, stocks)}")
    if not math.isfinite(mass_g) or mass_g < -5.0 * dose_sd_g:
        raise InputError(
            "weighed doses", f"{name}: {mass_g:g} g is not the mass of a dose; check the balance and what stands on it"
        )
    return max(0.0, mass_g)
