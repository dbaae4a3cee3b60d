"""One cell at one instant: what its voltage is for any current, without arrays."""

from __future__ import annotations

from math import asinh, pi, sqrt

import numpy as np

from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.modes import SPHERE_DECAYS, SPHERE_GAINS
from galvanaut.simulators.cells.spme.parameters import Electrode
from galvanaut.simulators.cells.spme.voltage import BEYOND_V, EDGE, Snapshot

DOUBLE_LAYER_F_M2 = 0.2
"""Of the particles' surface; only impedance shows it. Illustrative."""
_MOST_TRIES = 100
_NUDGE = 1e-6


class Instant:
    """A cell with its diffusion frozen: a voltage, two reactions and a resistance, all independent of the current."""

    def __init__(self, cells: Cells, states: States) -> None:
        snapshot = Snapshot(cells, states)
        paths = snapshot.paths(np.zeros(1), np.zeros(1), np.zeros((1, 1)))
        self._snapshot, self._electrodes = snapshot, (cells.design.negative, cells.design.positive)
        self._surfaces = (float(paths.negative[0, 0]), float(paths.positive[0, 0]))
        self._means = (float(states.negative[0]), float(states.positive[0]))
        diffusion_V = float(snapshot.diffusion_V[0] * paths.log_ratio[0, 0])
        self._rest_V = self._open_circuit_V(self._surfaces) + diffusion_V
        self.thermal_V = float(snapshot.thermal_V[0])
        self._slopes_1_A = tuple(
            1 / (2 * float(snapshot.surface_m2[side][0]) * float(snapshot.exchange[side][0]) * _root(surface, salt))
            for side, surface, salt in (
                (0, self._surfaces[0], float(paths.salt_n_M[0, 0])),
                (1, self._surfaces[1], float(paths.salt_p_M[0, 0])),
            )
        )
        self._liquid_ohm, self._series_ohm = float(paths.liquid_ohm[0, 0]), float(snapshot.series_ohm[0])
        self._leak_A = float(cells.leak_A[0])
        self.polarisation_V = self._rest_V - self._open_circuit_V(self._means)

    def voltage_V(self, current_A: float) -> float:
        """Terminal voltage while a current flows."""
        inner_A = current_A - self._leak_A
        reactions = sum(asinh(slope * inner_A) for slope in self._slopes_1_A)
        return self._rest_V + self.thermal_V * reactions + inner_A * self._liquid_ohm + current_A * self._series_ohm

    def current_A(self, voltage_V: float, lead_ohm: float) -> float:
        """Current under a voltage behind leads.

        Newton's method from no current: there the resistance is greatest, so that every try falls short and none
        goes too far.
        """
        current_A = self._leak_A
        for _ in range(_MOST_TRIES):
            inner_A = current_A - self._leak_A
            ohm = self._liquid_ohm + self._series_ohm + lead_ohm
            ohm += self.thermal_V * sum(slope / sqrt(1 + (slope * inner_A) ** 2) for slope in self._slopes_1_A)
            change_A = (voltage_V - lead_ohm * current_A - self.voltage_V(current_A)) / ohm
            current_A += change_A
            if abs(change_A) <= 1e-15 + 1e-14 * abs(current_A):
                break
        return current_A

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """Small-signal impedance: resistances, reactions beside their double layers, and every diffusion mode."""
        snapshot, jw = self._snapshot, 2j * pi * frequency_Hz
        total = complex(self._liquid_ohm + self._series_ohm)
        for side, sign in ((0, -1.0), (1, 1.0)):
            electrode, surface = self._electrodes[side], self._surfaces[side]
            rates = SPHERE_DECAYS * electrode.diffusivity_m2_s / electrode.radius_m**2
            gain = float(snapshot.sphere_gains[side][0])
            lithium = -sign / (jw * float(snapshot.room_C[side][0])) + gain * (SPHERE_GAINS / (1 + jw / rates)).sum()
            steepness = (_potential_V(electrode, surface + _NUDGE) - _potential_V(electrode, surface - _NUDGE)) / (
                2 * _NUDGE
            )
            faradaic = self.thermal_V * self._slopes_1_A[side] + sign * steepness * complex(lithium)
            double_layer_F = DOUBLE_LAYER_F_M2 * float(snapshot.surface_m2[side][0])
            total += faradaic / (1 + jw * double_layer_F * faradaic)
        return total + self._salt_ohm(jw)

    def _salt_ohm(self, jw: complex) -> complex:
        """The salt's concentration polarisation, about a uniform concentration."""
        snapshot, liquid = self._snapshot, self._snapshot.liquid
        modes = snapshot.liquid_gains[0] / (1 + jw / snapshot.liquid_rates[0])
        shift = (liquid.shapes @ modes) / (1000 * float(snapshot.cells.salt_M[0]))
        k = liquid.negative
        return complex(float(snapshot.diffusion_V[0]) * (shift[-k:].mean() - shift[:k].mean()))

    def _open_circuit_V(self, stoichiometries: tuple[float, float]) -> float:
        negative, positive = self._electrodes
        return _potential_V(positive, stoichiometries[1]) - _potential_V(negative, stoichiometries[0])


def _potential_V(electrode: Electrode, surface: float) -> float:
    inside = min(1 - EDGE, max(EDGE, surface))
    return electrode.open_circuit.potential_V(inside) - BEYOND_V * (surface - inside)


def _root(surface: float, salt_M: float) -> float:
    share = min(1 - EDGE, max(EDGE, surface))
    return sqrt(salt_M * share * (1 - share))
