"""What the simulated world asks of chemistry: densities, conductivities and their scatter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np


class Chemistry(Protocol):
    """Properties of liquids. Compositions are mass fractions by component key, summing to 1."""

    def density_g_mL(self, composition: Mapping[str, float]) -> float:
        """Density at room temperature; raises `galvanaut.core.errors.UnsupportedError` for an unknown component."""
        ...

    def conductivity_mS_cm(self, composition: Mapping[str, float], temperature_degC: float) -> float:
        """Conductivity; raises `galvanaut.core.errors.UnsupportedError` where no data support it."""
        ...

    def is_standard(self, composition: Mapping[str, float]) -> bool:
        """Whether it is a certified calibration liquid, which has no scatter from batch to batch."""
        ...

    def batch_factor(self, random: np.random.Generator) -> float:
        """How far off one made batch is, as a factor near 1."""
        ...

    def run_factor(self, random: np.random.Generator) -> float:
        """How far off one filling of a cell is, as a factor near 1."""
        ...

    def reading_factor(self, random: np.random.Generator) -> float:
        """How far off one reading is, as a factor near 1."""
        ...
