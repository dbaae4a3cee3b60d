"""By how much the terminal voltage answers to each thing that it depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.cells.spme.parameters import Array, Electrode
from galvanaut.simulators.cells.spme.sizes import Sizes
from galvanaut.simulators.cells.spme.transport import LEAST_SALT_M, MOST_SALT_M
from galvanaut.simulators.cells.spme.voltage import BEYOND_V, EDGE, Paths, Snapshot, exchange_A, resistivity_ohm_m

NUDGE = 1e-6


@dataclass(frozen=True)
class Slopes:
    """Partial derivatives of `Snapshot.voltage_V`.

    Attributes:
        by_negative: with the negative surface's stoichiometry, V, shape (n, t).
        by_positive: with the positive surface's stoichiometry, V, shape (n, t).
        by_salt: with the salt in every volume, V l/mol, shape (n, t, m).
        by_current: with the current, ohm, shape (n, t).
    """

    by_negative: Array
    by_positive: Array
    by_salt: Array
    by_current: Array


def slopes(snapshot: Snapshot, paths: Paths, lost: Array, sizes: Sizes) -> Slopes:
    """After a loss of stoichiometry and with what wear has left by then; shapes (n, t)."""
    fixed, design, pores = snapshot.constants, snapshot.cells.design, snapshot.liquid
    surface_n, surface_p = paths.negative - lost, paths.positive
    ohm_n, less_n_V = _reaction(snapshot, fixed.exchange_n * sizes.surface_n_m2, surface_n, paths.salt_n_M, paths)
    ohm_p, less_p_V = _reaction(snapshot, fixed.exchange_p * sizes.surface_p_m2, surface_p, paths.salt_p_M, paths)
    diffusion = fixed.diffusion_V[:, :, None] * (pores.means[:, 1] - pores.means[:, 0]) / paths.salt_M
    reactions = (less_n_V / paths.salt_n_M)[:, :, None] * pores.means[:, 0]
    reactions += (less_p_V / paths.salt_p_M)[:, :, None] * pores.means[:, 1]
    is_followed = (paths.salt_M > LEAST_SALT_M) & (paths.salt_M < MOST_SALT_M)
    return Slopes(
        less_n_V * _relative(surface_n) - _rise_V(design.negative, surface_n),
        less_p_V * _relative(surface_p) + _rise_V(design.positive, surface_p),
        (diffusion - reactions + _drop(snapshot, paths, sizes)) * is_followed,
        paths.liquid_ohm(sizes) + sizes.series_ohm + ohm_n + ohm_p,
    )


def _reaction(snapshot: Snapshot, exchange: Array, surface: Array, salt_M: Array, paths: Paths) -> tuple[Array, Array]:
    """By how much an overpotential rises with the current, ohm, and falls with half the log of its exchange current."""
    ohm = snapshot.constants.thermal_V / np.sqrt(4 * exchange_A(exchange, surface, salt_M) ** 2 + paths.inner_A**2)
    return ohm, ohm * paths.inner_A / 2


def _drop(snapshot: Snapshot, paths: Paths, sizes: Sizes) -> Array:
    """By how much the liquid's ohmic drop rises with the salt."""
    pores, salt_M = snapshot.liquid, paths.salt_M
    both = resistivity_ohm_m(snapshot.cells, np.concatenate([salt_M, salt_M * (1 + NUDGE)], axis=1))
    rises = (both[:, salt_M.shape[1] :] - both[:, : salt_M.shape[1]]) / (NUDGE * salt_M)
    weights = pores.resistances[:, 0] * sizes.clogging[:, :, None] + pores.resistances[:, 1]
    return np.asarray((paths.inner_A / sizes.area_m2)[:, :, None] * rises * weights)


def _relative(surface: Array) -> Array:
    """Minus twice the relative rise of the exchange current with the stoichiometry."""
    is_inside = (surface > EDGE) & (surface < 1 - EDGE)
    inside = np.minimum(np.maximum(surface, EDGE), 1 - EDGE)
    return np.asarray(is_inside * (2 * inside - 1) / (inside * (1 - inside)))


def _rise_V(electrode: Electrode, surface: Array) -> Array:
    is_inside = (surface > EDGE) & (surface < 1 - EDGE)
    inside = np.minimum(np.maximum(surface, EDGE), 1 - EDGE)
    return np.where(is_inside, electrode.open_circuit.slopes_V(inside), -BEYOND_V)
