"""A stock: a bottle on the bench from which batches are dosed. Every room speaks of it, so it stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stock:
    """One bottle and the dispenser that draws from it.

    Attributes:
        name: as in the bench file.
        composition: mass fractions by component key, summing to 1.
        density_g_mL: at the dispenser's temperature, as the lab measured it.
        available_mL: what may still be drawn.
        dose_min_mL: smallest volume that the dispenser gives within its accuracy.
        dose_step_mL: resolution of the dispenser's volume setting.
        dose_max_mL: largest volume of one dose.
        lot: the maker's lot number.
    """

    name: str
    composition: Mapping[str, float]
    density_g_mL: float
    available_mL: float
    dose_min_mL: float
    dose_step_mL: float
    dose_max_mL: float
    lot: str = ""
