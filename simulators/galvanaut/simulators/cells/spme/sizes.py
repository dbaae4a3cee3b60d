"""What ageing leaves of many cells: areas, resistances, pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.cells.spme.ageing import FIRST_FILM_M
from galvanaut.simulators.cells.spme.cells import Cells
from galvanaut.simulators.cells.spme.parameters import Array

LEAST_POROSITY = 0.02


@dataclass(frozen=True)
class Sizes:
    """Of n cells, now or at t instants: every array has shape (n, 1) or (n, t).

    Attributes:
        area_m2: of the electrodes, as far as it is wet and faces the other one.
        surface_n_m2: of the negative electrode's working particles.
        surface_p_m2: of the positive electrode's working particles.
        series_ohm: of contacts, solids and the film.
        clogging: by how much the liquid in the negative electrode resists more than in free pores.
    """

    area_m2: Array
    surface_n_m2: Array
    surface_p_m2: Array
    series_ohm: Array
    clogging: Array

    @classmethod
    def of(cls, cells: Cells, active_n: Array, active_p: Array, wet: Array, film_m: Array) -> Sizes:
        """From what of `States` says it, in shape (n, 1) or (n, t)."""
        negative, positive, fixed = cells.design.negative, cells.design.positive, cells.constants
        area_m2 = fixed.area_m2 * wet
        surface_n_m2 = (negative.surface_1_m * negative.thickness_m) * area_m2 * active_n
        grown_m = film_m - FIRST_FILM_M
        series_ohm = fixed.lead_ohm + fixed.solid_ohm_m2 / area_m2 + fixed.film_ohm_m * grown_m / surface_n_m2
        free = np.maximum(negative.porosity - negative.surface_1_m * grown_m, LEAST_POROSITY)
        return cls(
            area_m2,
            surface_n_m2,
            (positive.surface_1_m * positive.thickness_m) * area_m2 * active_p,
            series_ohm,
            (negative.porosity / free) ** 1.5,
        )
