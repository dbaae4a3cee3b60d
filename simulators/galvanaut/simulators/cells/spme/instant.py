"""One cell at one instant: what its voltage is for any current, without arrays of one number."""

from __future__ import annotations

from dataclasses import dataclass
from math import asinh, sqrt

import numpy as np

from galvanaut.simulators.cells.spme.cells import Cells
from galvanaut.simulators.cells.spme.modes import liquid_modes
from galvanaut.simulators.cells.spme.parameters import Array, Electrode
from galvanaut.simulators.cells.spme.sizes import Sizes
from galvanaut.simulators.cells.spme.transport import LEAST_SALT_M, MOST_SALT_M
from galvanaut.simulators.cells.spme.voltage import BEYOND_V, EDGE, SPHERE, Snapshot

_MOST_TRIES = 100
_LEAST_ROOT, _MOST_ROOT = LEAST_SALT_M**0.5, MOST_SALT_M**0.5


class One:
    """The constants of a single cell as plain numbers.

    Args:
        cells: one cell.

    Attributes:
        to_places: what modes make of both surfaces' stoichiometry and of the salt in every volume, shape (2 + m, k).
    """

    def __init__(self, cells: Cells) -> None:
        fixed, pores = cells.constants, liquid_modes(cells.design)
        self.electrodes = (cells.design.negative, cells.design.positive)
        self.leak_A, self.salt_M = fixed.leak_A.item(), fixed.salt_M.item()
        self.thermal_V, self.diffusion_V = fixed.thermal_V.item(), fixed.diffusion_V.item()
        self.exchange = (fixed.exchange_n.item(), fixed.exchange_p.item())
        # Conductivity over concentration is a polynomial of the root, scaled; all powers are taken in one call.
        self._molar = cells.molar[0]
        self._per_volume = np.hstack([pores.means, pores.means[:, 1:] - pores.means[:, :1], pores.resistances]).T
        volumes, modes = pores.shapes_M.shape
        self.to_places = np.zeros((2 + volumes, 2 * SPHERE + modes))
        self.to_places[0, :SPHERE] = self.to_places[1, SPHERE : 2 * SPHERE] = 1.0
        self.to_places[2:, 2 * SPHERE :] = pores.shapes_M

    def liquid(self, raw_M: Array) -> tuple[float, float, float, float, float]:
        """As `voltage.liquid`, from the salt in every volume: means, logarithm, and both resistances times area."""
        salt_M = np.minimum(np.maximum(raw_M, LEAST_SALT_M), MOST_SALT_M)
        scaled = (np.sqrt(salt_M) - _LEAST_ROOT) * (2 / (_MOST_ROOT - _LEAST_ROOT)) - 1
        powers = np.empty((len(self._molar), len(scaled)))
        powers[0], powers[1:] = 1.0, scaled
        molar = self._molar @ np.multiply.accumulate(powers, axis=0)
        n, p, ratio, ohm_n, ohm = self._per_volume
        resistivity = 1 / (salt_M * molar)
        means = (float(n @ salt_M), float(p @ salt_M), float(ratio @ np.log(salt_M)))
        return *means, float(ohm_n @ resistivity), float(ohm @ resistivity)


@dataclass(frozen=True)
class Left:
    """`Sizes` of one cell at one instant."""

    area_m2: float
    surface_n_m2: float
    surface_p_m2: float
    series_ohm: float
    clogging: float

    @classmethod
    def of(cls, sizes: Sizes) -> Left:
        """From arrays of one number."""
        return cls(*(value.item() for value in vars(sizes).values()))


class Instant:
    """A cell with its diffusion frozen: a voltage, two reactions and a resistance, all independent of the current.

    Args:
        one: the cell.
        surfaces: stoichiometry at the surfaces of the negative and the positive particles.
        raw_M: salt in every volume.
        left: what ageing has left.
    """

    def __init__(self, one: One, surfaces: tuple[float, float], raw_M: Array, left: Left) -> None:
        salt_n_M, salt_p_M, log_ratio, ohm_n, ohm = one.liquid(raw_M)
        self.surfaces, self._leak_A, self.thermal_V = surfaces, one.leak_A, one.thermal_V
        self.rest_V = open_circuit_V(one, surfaces) + one.diffusion_V * log_ratio
        self.slopes_1_A = (
            0.5 / (left.surface_n_m2 * one.exchange[0] * _root(surfaces[0], salt_n_M)),
            0.5 / (left.surface_p_m2 * one.exchange[1] * _root(surfaces[1], salt_p_M)),
        )
        self.liquid_ohm = (ohm_n * left.clogging + ohm) / left.area_m2
        self.series_ohm = left.series_ohm

    @classmethod
    def of(cls, one: One, snapshot: Snapshot) -> Instant:
        """The beginning of a stretch of time."""
        places = one.to_places @ snapshot.start[0]
        negative, positive = snapshot.states.negative.item(), snapshot.states.positive.item()
        surfaces = (negative + float(places[0]), positive + float(places[1]))
        return cls(one, surfaces, one.salt_M + places[2:], Left.of(snapshot.sizes))

    def voltage_V(self, current_A: float) -> float:
        """Terminal voltage while a current flows."""
        inner_A = current_A - self._leak_A
        slope_n, slope_p = self.slopes_1_A
        reactions = asinh(slope_n * inner_A) + asinh(slope_p * inner_A)
        return self.rest_V + self.thermal_V * reactions + inner_A * self.liquid_ohm + current_A * self.series_ohm

    def current_A(self, voltage_V: float, lead_ohm: float) -> float:
        """Current under a voltage behind leads.

        Newton's method from no current: there the resistance is greatest, so that every try falls short and none
        goes too far.
        """
        current_A = self._leak_A
        for _ in range(_MOST_TRIES):
            inner_A = current_A - self._leak_A
            ohm = self.liquid_ohm + self.series_ohm + lead_ohm
            ohm += self.thermal_V * sum(slope / sqrt(1 + (slope * inner_A) ** 2) for slope in self.slopes_1_A)
            change_A = (voltage_V - lead_ohm * current_A - self.voltage_V(current_A)) / ohm
            current_A += change_A
            if abs(change_A) <= 1e-15 + 1e-14 * abs(current_A):
                break
        return current_A


def open_circuit_V(one: One, stoichiometries: tuple[float, float]) -> float:
    """Of both electrodes."""
    negative, positive = one.electrodes
    return potential_V(positive, stoichiometries[1]) - potential_V(negative, stoichiometries[0])


def potential_V(electrode: Electrode, surface: float) -> float:
    """As `voltage.potential_V`, for one number."""
    inside = min(1 - EDGE, max(EDGE, surface))
    return electrode.open_circuit.potential_V(inside) - BEYOND_V * (surface - inside)


def _root(surface: float, salt_M: float) -> float:
    share = min(1 - EDGE, max(EDGE, surface))
    return sqrt(salt_M * share * (1 - share))
