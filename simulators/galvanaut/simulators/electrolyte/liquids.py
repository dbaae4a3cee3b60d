"""Everything the simulated bench pours: densities, conductivities and scatter of electrolytes and of the standard."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.composition import SALT, SOLVENTS, without_additives
from galvanaut.simulators.electrolyte.densities import density_g_mL
from galvanaut.simulators.electrolyte.kcl import is_kcl_standard, kcl_conductivity_mS_cm
from galvanaut.simulators.electrolyte.model import ConductivityModel
from galvanaut.simulators.electrolyte.noise import Noise

TRACE_MAX = 0.005
"""Mass fraction of water and potassium chloride that an electrolyte may carry over from a calibration; illustrative:
their effect on its conductivity is left out."""


class Liquids:
    """Properties of the liquids on a bench for formulating electrolytes.

    Args:
        model: of the electrolytes' conductivity; the shipped one if None.
        noise: of measurements; as measured if None.
    """

    def __init__(self, model: ConductivityModel | None = None, noise: Noise | None = None) -> None:
        self.model = model if model is not None else ConductivityModel()
        self.noise = noise if noise is not None else Noise()

    def density_g_mL(self, composition: Mapping[str, float]) -> float:
        """Density in g/mL at room temperature.

        Raises:
            UnsupportedError: a component has no known density.
            ValueError: not mass fractions.
        """
        return density_g_mL(composition)

    def conductivity_mS_cm(self, composition: Mapping[str, float], temperature_degC: float) -> float:
        """True conductivity in mS/cm of an electrolyte or of the potassium chloride standard.

        Some additives count as EC, which is illustrative: see `galvanaut.simulators.electrolyte.composition`.

        Raises:
            UnsupportedError: no data support it; the text says which bound is broken.
            ValueError: not mass fractions.
        """
        if self.is_standard(composition):
            return kcl_conductivity_mS_cm(composition, temperature_degC)
        composition = without_additives(composition)
        foreign = {key: share for key, share in composition.items() if key not in (*SOLVENTS, SALT) and share > 0}
        if sum(foreign.values()) > TRACE_MAX:
            found = ", ".join(f"{key} {share:.3g}" for key, share in foreign.items())
            raise UnsupportedError(
                f"the electrolyte holds other things than {', '.join(SOLVENTS)} and {SALT}: {found} of its mass, at "
                f"most {TRACE_MAX:g} is put up with"
            )
        kept = {key: share for key, share in composition.items() if key not in foreign}
        total = sum(kept.values())
        return self.model.conductivity_mS_cm({key: share / total for key, share in kept.items()}, temperature_degC)

    def is_standard(self, composition: Mapping[str, float]) -> bool:
        """Whether it is the potassium chloride standard: certified, so without scatter from batch to batch."""
        return is_kcl_standard(composition)

    def batch_factor(self, random: np.random.Generator) -> float:
        """How far off one made batch is, as a factor near 1."""
        return self.noise.batch_factor(random)

    def run_factor(self, random: np.random.Generator) -> float:
        """How far off one filling of a cell is, as a factor near 1, or well below when there is a bubble."""
        return self.noise.run_factor(random)

    def reading_factor(self, random: np.random.Generator) -> float:
        """How far off one reading is, as a factor near 1."""
        return self.noise.reading_factor(random)
