"""The cell that is simulated: a small coin cell with the electrode materials of a commercial 21700 cell.

Materials: LG M50, NMC811 against graphite with silicon oxide, as in Chen et al., J. Electrochem. Soc. 167
(2020) 080534. Illustrative, and marked so below: thicknesses, area and the negative electrode's porosity, chosen for a
coin cell of about 2.7 mAh/cm2 on which a single-particle model is still accurate at 2C.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, tanh

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FARADAY_C_MOL = 96485.33212
GAS_J_MOL_K = 8.314462618
REFERENCE_K = 298.15


@dataclass(frozen=True)
class OpenCircuit:
    """Potential against lithium: ``level + slope s + sum of height tanh(steepness (s - place)) + size exp(-rate s)``.

    Here s is the stoichiometry.
    """

    level_V: float
    slope_V: float
    steps: tuple[tuple[float, float, float], ...]
    fading: tuple[float, float]

    def potentials_V(self, stoichiometry: Array) -> Array:
        """For many stoichiometries."""
        heights, steepness, places = self._columns
        volts = np.tanh(steepness * (stoichiometry[..., None] - places)) @ heights
        volts += self.level_V + self.slope_V * stoichiometry
        if self.fading[0]:
            volts += self.fading[0] * np.exp(-self.fading[1] * stoichiometry)
        return np.asarray(volts)

    @cached_property
    def _columns(self) -> Array:
        return np.array(self.steps).T.copy()

    def slopes_V(self, stoichiometry: Array) -> Array:
        """Potential per stoichiometry, for many."""
        heights, steepness, places = self._columns
        slopes = (1 - np.tanh(steepness * (stoichiometry[..., None] - places)) ** 2) @ (heights * steepness)
        slopes += self.slope_V
        if self.fading[0]:
            slopes -= (self.fading[0] * self.fading[1]) * np.exp(-self.fading[1] * stoichiometry)
        return np.asarray(slopes)

    def potential_V(self, stoichiometry: float) -> float:
        """For one stoichiometry."""
        volts = self.level_V + self.slope_V * stoichiometry
        for height, steepness, place in self.steps:
            volts += height * tanh(steepness * (stoichiometry - place))
        return volts + (self.fading[0] * exp(-self.fading[1] * stoichiometry) if self.fading[0] else 0.0)


@dataclass(frozen=True)
class Electrode:
    """A porous electrode of equal spheres."""

    thickness_m: float
    porosity: float
    active_share: float
    radius_m: float
    most_mol_m3: float
    diffusivity_m2_s: float
    conductivity_S_m: float
    exchange: float
    """Exchange current density over the root of the three concentrations, A/m2 (m3/mol)^1.5, at 298.15 K."""
    activation_J_mol: float
    open_circuit: OpenCircuit

    @property
    def surface_1_m(self) -> float:
        """Particle surface per electrode volume."""
        return 3 * self.active_share / self.radius_m

    @property
    def charge_C_m2(self) -> float:
        """Charge between stoichiometry 0 and 1, per electrode area."""
        return self.active_share * self.thickness_m * self.most_mol_m3 * FARADAY_C_MOL


@dataclass(frozen=True)
class Design:
    """A cell as drawn, and its two stoichiometries when full (at 4.2 V)."""

    negative: Electrode
    positive: Electrode
    separator_m: float
    separator_porosity: float
    area_m2: float
    bruggeman: float
    full_negative: float
    full_positive: float
    nominal_A: float
    """What C-rates are multiples of."""

    @property
    def pore_m3_m2(self) -> float:
        """Volume of all pores, per electrode area."""
        solids = (self.negative, self.positive)
        return sum(side.porosity * side.thickness_m for side in solids) + self.separator_porosity * self.separator_m

    @property
    def lithium_C_m2(self) -> float:
        """Lithium that cycles in a formed cell, as charge per electrode area."""
        return self.full_negative * self.negative.charge_C_m2 + self.full_positive * self.positive.charge_C_m2


GRAPHITE = OpenCircuit(
    0.2482,
    0.0,
    ((-0.0909, 29.8538, 0.1234), (-0.04478, 14.9159, 0.2769), (-0.0205, 30.4444, 0.6103)),
    (1.9793, 39.3631),
)
NMC811 = OpenCircuit(
    4.4875,
    -0.8090,
    ((-0.0428, 18.5138, 0.5542), (-17.7326, 15.7890, 0.3117), (17.5842, 15.9308, 0.3120)),
    (0.0, 0.0),
)
COIN = Design(
    negative=Electrode(
        thickness_m=50e-6,  # illustrative
        porosity=0.30,  # illustrative
        active_share=0.70,
        radius_m=5.86e-6,
        most_mol_m3=33133.0,
        diffusivity_m2_s=3.3e-14,
        conductivity_S_m=215.0,
        exchange=6.48e-7,
        activation_J_mol=35000.0,
        open_circuit=GRAPHITE,
    ),
    positive=Electrode(
        thickness_m=46e-6,  # illustrative
        porosity=0.335,
        active_share=0.665,
        radius_m=5.22e-6,
        most_mol_m3=63104.0,
        diffusivity_m2_s=4e-15,
        conductivity_S_m=0.18,
        exchange=3.42e-6,
        activation_J_mol=17800.0,
        open_circuit=NMC811,
    ),
    separator_m=25e-6,  # illustrative
    separator_porosity=0.40,  # illustrative
    area_m2=1.5394e-4,  # illustrative: a disc of 14 mm
    bruggeman=1.5,
    full_negative=0.9116404722553231,
    full_positive=0.26384522460551096,
    nominal_A=4.1e-3,  # illustrative
)
"""The coin cell of all simulations."""
