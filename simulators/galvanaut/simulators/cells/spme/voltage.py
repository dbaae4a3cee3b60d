"""The terminal voltage of many cells at many instants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.cells.spme.ageing import FIRST_FILM_M
from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.modes import (
    SPHERE_GAINS,
    faded,
    liquid_modes,
    sphere_rates,
)
from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, GAS_J_MOL_K, REFERENCE_K, Array, Electrode, Flags
from galvanaut.simulators.cells.spme.transport import LEAST_SALT_M, MOST_SALT_M, root_scale

EDGE = 1e-4
"""Stoichiometries are cut off so far from 0 and 1."""
BEYOND_V = 100.0
"""Volts per stoichiometry beyond the edge: no physics, but an empty or overfull electrode must come to any limit."""

_SPHERE = len(SPHERE_GAINS)


@dataclass(frozen=True)
class Paths:
    """How n cells move under a current that is a straight line in time; side reactions are not in it yet.

    Attributes:
        times_s: shape (n, t), as all others but ``modes``.
        current_A: at the terminals.
        inner_A: through the electrodes: without what a soft short takes.
        negative: surface stoichiometry.
        positive: surface stoichiometry.
        salt_n_M: mean concentration in the negative electrode.
        salt_p_M: mean concentration in the positive electrode.
        log_ratio: mean logarithm of the concentration in the positive electrode, less that in the negative one.
        liquid_ohm: resistance of the electrolyte.
        is_depleted: whether salt fell below what the model can follow.
        modes: of both particles and the salt, shapes (n, t, k).
    """

    times_s: Array
    current_A: Array
    inner_A: Array
    negative: Array
    positive: Array
    salt_n_M: Array
    salt_p_M: Array
    log_ratio: Array
    liquid_ohm: Array
    is_depleted: Flags
    modes: tuple[Array, Array, Array]


class Snapshot:
    """What stays while n cells go through one stretch of time: the sizes and resistances that ageing has left."""

    def __init__(self, cells: Cells, states: States) -> None:
        design, self.cells, self.states = cells.design, cells, states
        negative, positive = design.negative, design.positive
        self.area_m2 = cells.area_m2 * states.wet
        self.room_C = states.room_C(cells)
        self.surface_m2 = tuple(
            self.area_m2 * active * side.surface_1_m * side.thickness_m
            for side, active in ((negative, states.active_n), (positive, states.active_p))
        )
        self.film_ohm = (
            cells.ageing["first_film_ohm"]
            + cells.ageing["film_ohm_m"] * (states.film_m - FIRST_FILM_M) / self.surface_m2[0]
        )
        solid_ohm = sum(side.thickness_m / (3 * side.conductivity_S_m) for side in (negative, positive)) / self.area_m2
        self.series_ohm = solid_ohm + cells.contact_ohm + self.film_ohm
        self.thermal_V = 2 * GAS_J_MOL_K * cells.temperature_K / FARADAY_C_MOL
        self.sphere_gains = tuple(
            sign * side.radius_m**2 / (3 * room_C * side.diffusivity_m2_s)
            for sign, side, room_C in ((1, negative, self.room_C[0]), (-1, positive, self.room_C[1]))
        )
        self._set_liquid()
        self._set_modes()

    def _set_modes(self) -> None:
        """All diffusion, side by side."""
        states, design, shape = self.states, self.cells.design, (len(self.cells), _SPHERE)
        self._start = np.concatenate([states.sphere_n, states.sphere_p, states.salt], axis=1)
        rates = [np.broadcast_to(sphere_rates(side), shape) for side in (design.negative, design.positive)]
        self._rates = np.concatenate([*rates, self.liquid_rates], axis=1)
        gains = [gain[:, None] * SPHERE_GAINS for gain in self.sphere_gains]
        self._gains = np.concatenate([*gains, self.liquid_gains], axis=1)

    def _set_liquid(self) -> None:
        cells, self.liquid = self.cells, liquid_modes(self.cells.design)
        self.liquid_rates = self.liquid.eigenvalues * cells.diffusivity_m2_s[:, None]
        flux = -(1 - cells.transference) / (FARADAY_C_MOL * self.area_m2)
        self.liquid_gains = self.liquid.sources * flux[:, None] / self.liquid_rates
        negative = cells.design.negative
        clogged = negative.porosity - negative.surface_1_m * (self.states.film_m - FIRST_FILM_M)
        weights = np.repeat(self.liquid.resistance_weights[None, :], len(cells), axis=0)
        weights[:, : self.liquid.negative] *= (negative.porosity / np.maximum(clogged, 0.02))[:, None] ** 1.5
        k, volumes = self.liquid.negative, len(self.liquid.volumes_m)
        self._means = np.zeros((volumes, 2))
        self._means[:k, 0] = self._means[-k:, 1] = 1 / k
        self.resistance_weights = weights / self.area_m2[:, None]
        self.diffusion_V = self.thermal_V * (1 - cells.transference) * cells.thermodynamic_factor
        self.exchange = tuple(
            side.exchange
            * side.most_mol_m3
            * 1000**0.5
            * np.exp(side.activation_J_mol / GAS_J_MOL_K * (1 / REFERENCE_K - 1 / cells.temperature_K))
            for side in (cells.design.negative, cells.design.positive)
        )

    def paths(self, current_A: Array, slope_A_s: Array, times_s: Array) -> Paths:
        """Follow a current that begins at ``current_A`` and changes by ``slope_A_s``; shapes (n,), (n,), (n, t)."""
        states, t = self.states, times_s
        inner_A = current_A - self.cells.leak_A
        ramp_A = slope_A_s[:, None] * t
        charge_C = (inner_A[:, None] + ramp_A / 2) * t
        now_A = inner_A[:, None] + ramp_A
        modes = faded(self._start, self._rates, self._gains, inner_A, slope_A_s, t)
        sphere_n, sphere_p, salt = np.split(modes, (_SPHERE, 2 * _SPHERE), axis=2)
        surface_n = states.negative[:, None] + charge_C / self.room_C[0][:, None] + sphere_n.sum(axis=2)
        surface_p = states.positive[:, None] - charge_C / self.room_C[1][:, None] + sphere_p.sum(axis=2)
        terminal_A = now_A + self.cells.leak_A[:, None]
        return Paths(t, terminal_A, now_A, surface_n, surface_p, *self._liquid(salt), (sphere_n, sphere_p, salt))

    def _liquid(self, salt: Array) -> tuple[Array, Array, Array, Array, Flags]:
        raw_M = self.cells.salt_M[:, None, None] + salt @ (self.liquid.shapes.T / 1000)
        salt_M = np.minimum(np.maximum(raw_M, LEAST_SALT_M), MOST_SALT_M)
        scaled, powers = root_scale(salt_M), self.cells.molar.T[:, :, None, None]
        molar = powers[-1] * scaled + powers[-2]
        for power in powers[-3::-1]:
            molar *= scaled
            molar += power
        ohm = ((1 / (salt_M * molar)) @ self.resistance_weights[:, :, None])[:, :, 0]
        means = salt_M @ self._means
        log_ratio = np.log(salt_M) @ (self._means[:, 1] - self._means[:, 0])
        is_depleted = np.asarray((raw_M < LEAST_SALT_M).any(axis=2))
        return means[:, :, 0], means[:, :, 1], np.asarray(log_ratio), ohm, is_depleted

    def overpotential_V(self, side: int, surface: Array, salt_M: Array, inner_A: Array) -> Array:
        """Of the reaction at the negative (0) or the positive electrode (1), positive while charging."""
        share = np.clip(surface, EDGE, 1 - EDGE)
        exchange_A_m2 = self.exchange[side][:, None] * np.sqrt(salt_M * share * (1 - share))
        return np.asarray(
            self.thermal_V[:, None] * np.arcsinh(inner_A / (2 * self.surface_m2[side][:, None] * exchange_A_m2))
        )

    def negative_V(self, paths: Paths, lost: Array | float = 0.0) -> Array:
        """Potential of the negative particles' surface, after a loss of stoichiometry."""
        surface = paths.negative - lost
        return potential_V(self.cells.design.negative, surface) - self.overpotential_V(
            0, surface, paths.salt_n_M, paths.inner_A
        )

    def voltage_V(self, paths: Paths, lost: Array | float = 0.0, film_ohm: Array | float = 0.0) -> Array:
        """Terminal voltage, shape (n, t), after a loss of stoichiometry and a growth of the film."""
        positive_V = potential_V(self.cells.design.positive, paths.positive) + self.overpotential_V(
            1, paths.positive, paths.salt_p_M, paths.inner_A
        )
        liquid_V = self.diffusion_V[:, None] * paths.log_ratio + paths.inner_A * paths.liquid_ohm
        return np.asarray(
            positive_V
            - self.negative_V(paths, lost)
            + liquid_V
            + paths.current_A * (self.series_ohm[:, None] + film_ohm)
        )


def potential_V(electrode: Electrode, surface: Array) -> Array:
    """Open-circuit potential at a surface stoichiometry, going on steeply beyond the edges."""
    inside = np.clip(surface, EDGE, 1 - EDGE)
    return electrode.open_circuit.potentials_V(inside) - BEYOND_V * (surface - inside)
