"""The terminal voltage of many cells at many instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.modes import SPHERE_GAINS, LiquidModes, faded, liquid_modes
from galvanaut.simulators.cells.spme.parameters import Array, Electrode, Flags
from galvanaut.simulators.cells.spme.sizes import Sizes
from galvanaut.simulators.cells.spme.transport import LEAST_SALT_M, MOST_SALT_M, root_scale

EDGE = 1e-4
"""Stoichiometries are cut off so far from 0 and 1."""
BEYOND_V = 100.0
"""Volts per stoichiometry beyond the edge: no physics, but an empty or overfull electrode must come to any limit."""

SPHERE = len(SPHERE_GAINS)
_FEW = 200
"""Of so few values it is faster to write all powers down than to go through them one by one."""


@dataclass(frozen=True)
class Paths:
    """How n cells move under known currents; side reactions are not in it yet.

    Attributes:
        times_s: shape (n, t), as all others but the last.
        current_A: at the terminals.
        inner_A: through the electrodes: without what a soft short takes.
        charge_C: that went in at the terminals.
        negative: surface stoichiometry.
        positive: surface stoichiometry.
        salt_n_M: mean concentration in the negative electrode.
        salt_p_M: mean concentration in the positive electrode.
        log_ratio: mean logarithm of the concentration in the positive electrode, less that in the negative one.
        liquid_n_ohm_m2: resistance of the electrolyte in the negative electrode's free pores.
        liquid_ohm_m2: resistance of the electrolyte elsewhere.
        is_depleted: whether salt fell below what the model can follow.
        salt_M: salt in every finite volume, within what the model can follow; shape (n, t, m).
        rows: of a single cell, as `kernels.along` returns it.
    """

    times_s: Array
    current_A: Array
    inner_A: Array
    charge_C: Array
    negative: Array
    positive: Array
    salt_n_M: Array
    salt_p_M: Array
    log_ratio: Array
    liquid_n_ohm_m2: Array
    liquid_ohm_m2: Array
    is_depleted: Flags
    salt_M: Array
    rows: Any = None

    def liquid_ohm(self, sizes: Sizes) -> Array:
        """Resistance of the electrolyte."""
        return (self.liquid_n_ohm_m2 * sizes.clogging + self.liquid_ohm_m2) / sizes.area_m2


class Snapshot:
    """What n cells are like at the beginning of a stretch of time, and their voltage from there on."""

    def __init__(self, cells: Cells, states: States) -> None:
        self.cells, self.states, self.constants = cells, states, cells.constants
        design, self.liquid = cells.design, liquid_modes(cells.design)
        self.sizes = Sizes.of(
            cells, states.active_n[:, None], states.active_p[:, None], states.wet[:, None], states.film_m[:, None]
        )
        full_n, full_p = states.room_C(cells)
        self.room_C = (full_n[:, None], full_p[:, None])
        self.sphere_gains = tuple(
            (sign * side.radius_m**2 / (3 * side.diffusivity_m2_s)) / room_C
            for sign, side, room_C in ((1, design.negative, self.room_C[0]), (-1, design.positive, self.room_C[1]))
        )
        flux = self.constants.flux_mol_C / self.sizes.area_m2
        self.salt_gains = self.liquid.sources * flux / self.constants.salt_rates
        self.start = np.concatenate([states.sphere_n, states.sphere_p, states.salt], axis=1)
        self.gains = np.concatenate([*(gain * SPHERE_GAINS for gain in self.sphere_gains), self.salt_gains], axis=1)
        self.fast = cells.fast.since(self) if cells.fast else None

    def modes(self, current_A: Array, slope_A_s: Array, times_s: Array) -> Array:
        """All modes, shape (n, t, k), under a current that begins at ``current_A`` and changes by ``slope_A_s``."""
        inner_A = current_A - self.cells.leak_A
        return faded(self.start, self.constants.rates, self.gains, inner_A, slope_A_s, times_s)

    def paths(self, current_A: Array, slope_A_s: Array, times_s: Array) -> Paths:
        """Follow a current that begins at ``current_A`` and changes by ``slope_A_s``; shapes (n,), (n,), (n, t)."""
        ramp_A = slope_A_s[:, None] * times_s
        modes = self.modes(current_A, slope_A_s, times_s)
        now_A = current_A[:, None] + ramp_A
        return self.with_modes(times_s, now_A, (current_A[:, None] + ramp_A / 2) * times_s, modes)

    def with_modes(self, times_s: Array, current_A: Array, charge_C: Array, modes: Array) -> Paths:
        """Follow a current whose charge and modes are known; shapes (n, t) and (n, t, k)."""
        ahead_n, ahead_p = modes[:, :, :SPHERE].sum(axis=2), modes[:, :, SPHERE : 2 * SPHERE].sum(axis=2)
        return self.along(times_s, current_A, charge_C, (ahead_n, ahead_p), modes[:, :, 2 * SPHERE :])

    def along(
        self, times_s: Array, current_A: Array, charge_C: Array, ahead: tuple[Array, Array], salt: Array
    ) -> Paths:
        """The same, when it is known how far the surfaces of both particles are ahead of their means."""
        if self.fast:
            return self.fast.along(times_s, current_A, charge_C, ahead, salt)
        states, leak_A = self.states, self.constants.leak_A
        inner_C = charge_C - leak_A * times_s
        return Paths(
            times_s,
            current_A,
            current_A - leak_A,
            charge_C,
            states.negative[:, None] + inner_C / self.room_C[0] + ahead[0],
            states.positive[:, None] - inner_C / self.room_C[1] + ahead[1],
            *liquid(self.liquid, self.cells, salt),
        )

    def negative_V(self, paths: Paths, lost: Array | float = 0.0, sizes: Sizes | None = None) -> Array:
        """Potential of the negative particles' surface, after a loss of stoichiometry."""
        fixed, surface = self.constants, paths.negative - lost
        surface_m2 = (sizes or self.sizes).surface_n_m2
        overpotential_V = _overpotential_V(
            fixed.thermal_V, fixed.exchange_n * surface_m2, surface, paths.salt_n_M, paths.inner_A
        )
        return potential_V(self.cells.design.negative, surface) - overpotential_V

    def positive_V(self, paths: Paths, sizes: Sizes | None = None) -> Array:
        """Potential of the positive particles' surface."""
        fixed, surface_m2 = self.constants, (sizes or self.sizes).surface_p_m2
        overpotential_V = _overpotential_V(
            fixed.thermal_V, fixed.exchange_p * surface_m2, paths.positive, paths.salt_p_M, paths.inner_A
        )
        return potential_V(self.cells.design.positive, paths.positive) + overpotential_V

    def voltage_V(self, paths: Paths, lost: Array | float = 0.0, sizes: Sizes | None = None) -> Array:
        """Terminal voltage, shape (n, t), after a loss of stoichiometry and with what wear has left by then."""
        sizes = sizes or self.sizes
        liquid_V = self.constants.diffusion_V * paths.log_ratio + paths.inner_A * paths.liquid_ohm(sizes)
        electrodes_V = self.positive_V(paths, sizes) - self.negative_V(paths, lost, sizes)
        return np.asarray(electrodes_V + liquid_V + paths.current_A * sizes.series_ohm)


def liquid(pores: LiquidModes, cells: Cells, salt: Array) -> tuple[Array, Array, Array, Array, Array, Flags, Array]:
    """Fields ``salt_n_M`` to ``salt_M`` of `Paths`, from the salt's modes in shape (n, t, k)."""
    raw_M = cells.salt_M[:, None, None] + salt @ pores.shapes_M.T
    salt_M = np.minimum(np.maximum(raw_M, LEAST_SALT_M), MOST_SALT_M)
    ohm_m2 = resistivity_ohm_m(cells, salt_M) @ pores.resistances
    means = salt_M @ pores.means
    log_ratio = np.log(salt_M) @ (pores.means[:, 1] - pores.means[:, 0])
    is_depleted = np.asarray((raw_M < LEAST_SALT_M).any(axis=2))
    return means[:, :, 0], means[:, :, 1], np.asarray(log_ratio), ohm_m2[:, :, 0], ohm_m2[:, :, 1], is_depleted, salt_M


def resistivity_ohm_m(cells: Cells, salt_M: Array) -> Array:
    """Of the free electrolyte, shape (n, t, m)."""
    return np.asarray(1 / (salt_M * _polynomial(cells.molar, root_scale(salt_M))))


def _polynomial(powers: Array, values: Array) -> Array:
    """A polynomial for each cell, lowest power first; shapes (n, powers) and (n, t, m)."""
    if len(powers) == 1 and values.size < _FEW:
        basis = np.empty((powers.shape[1], values.size))
        basis[0], basis[1:] = 1.0, values.ravel()
        return np.asarray((powers[0] @ np.multiply.accumulate(basis, axis=0)).reshape(values.shape))
    columns = powers.T[:, :, None, None]
    result = columns[-1] * values + columns[-2]
    for column in columns[-3::-1]:
        result *= values
        result += column
    return np.asarray(result)


def _overpotential_V(thermal_V: Array, exchange: Array, surface: Array, salt_M: Array, inner_A: Array) -> Array:
    """Of a reaction, positive while charging."""
    return np.asarray(thermal_V * np.arcsinh(inner_A / (2 * exchange_A(exchange, surface, salt_M))))


def exchange_A(exchange: Array, surface: Array, salt_M: Array) -> Array:
    """Exchange current of a reaction, from that at unit concentrations and shares."""
    share = np.minimum(np.maximum(surface, EDGE), 1 - EDGE)
    return np.asarray(exchange * np.sqrt(salt_M * share * (1 - share)))


def potential_V(electrode: Electrode, surface: Array) -> Array:
    """Open-circuit potential at a surface stoichiometry, going on steeply beyond the edges."""
    inside = np.minimum(np.maximum(surface, EDGE), 1 - EDGE)
    return electrode.open_circuit.potentials_V(inside) - BEYOND_V * (surface - inside)
