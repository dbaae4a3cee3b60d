"""Small-signal impedance of one cell."""

from __future__ import annotations

from math import pi

from galvanaut.simulators.cells.spme.instant import Instant, One, potential_V
from galvanaut.simulators.cells.spme.modes import SPHERE_DECAYS, SPHERE_GAINS
from galvanaut.simulators.cells.spme.voltage import Snapshot

DOUBLE_LAYER_F_M2 = 0.2
"""Of the particles' surface; only impedance shows it. Illustrative."""
_NUDGE = 1e-6


def impedance_ohm(one: One, snapshot: Snapshot, frequency_Hz: float) -> complex:
    """Resistances, reactions beside their double layers, and every diffusion mode."""
    instant, jw = Instant.of(one, snapshot), 2j * pi * frequency_Hz
    surfaces_m2 = (snapshot.sizes.surface_n_m2.item(), snapshot.sizes.surface_p_m2.item())
    total = complex(instant.liquid_ohm + instant.series_ohm)
    for side, sign in ((0, -1.0), (1, 1.0)):
        electrode, surface = one.electrodes[side], instant.surfaces[side]
        rates = SPHERE_DECAYS * electrode.diffusivity_m2_s / electrode.radius_m**2
        gain = snapshot.sphere_gains[side].item()
        lithium = -sign / (jw * snapshot.room_C[side].item()) + gain * (SPHERE_GAINS / (1 + jw / rates)).sum()
        rise_V = potential_V(electrode, surface + _NUDGE) - potential_V(electrode, surface - _NUDGE)
        faradaic = one.thermal_V * instant.slopes_1_A[side] + sign * rise_V / (2 * _NUDGE) * complex(lithium)
        total += faradaic / (1 + jw * DOUBLE_LAYER_F_M2 * surfaces_m2[side] * faradaic)
    return total + _salt_ohm(one, snapshot, jw)


def _salt_ohm(one: One, snapshot: Snapshot, jw: complex) -> complex:
    """The salt's concentration polarisation, about a uniform concentration."""
    modes = snapshot.salt_gains[0] / (1 + jw / snapshot.constants.salt_rates[0])
    shift = (snapshot.liquid.shapes_M @ modes) / one.salt_M
    negative, positive = snapshot.liquid.means.T
    return complex(one.diffusion_V * (positive @ shift - negative @ shift))
