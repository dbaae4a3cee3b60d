"""Diffusion as a set of fading modes, in the particles and in the electrolyte.

Every mode follows ``m' = -rate (m - gain I)``: under a current that is constant, or a straight line in time, it has a
closed form, so that no time step exists that could be too long.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from galvanaut.simulators.cells.spme.parameters import Array, Design, Electrode

SPHERE_ROOTS = np.array(
    [
        4.493409457909064,
        7.725251836937707,
        10.904121659428899,
        14.066193912831473,
        17.220755271930768,
        20.371302959287563,
        23.519452498689007,
        26.666054258812674,
    ]
)
"""The first solutions of tan r = r: the diffusion modes of a sphere with a given flux at its surface."""
_GAINS = 2 / SPHERE_ROOTS**2
_OTHERS = (1 / 5 - _GAINS.sum(), 2 / 350 - (2 / SPHERE_ROOTS**4).sum())
SPHERE_GAINS = np.append(_GAINS, _OTHERS[0])
SPHERE_DECAYS = np.append(SPHERE_ROOTS**2, _OTHERS[0] / _OTHERS[1])
"""All other modes, infinitely many, are taken as one: where it settles is exact (the gains add up to 1/5), and so is
the time integral of its lag (gain over decay adds up to 2/350)."""
CELLS = (6, 3, 6)
"""Finite volumes in the negative electrode, the separator and the positive electrode."""


def sphere_rates(electrode: Electrode) -> Array:
    """Rates of a particle's modes, 1/s."""
    return np.asarray(SPHERE_DECAYS * electrode.diffusivity_m2_s / electrode.radius_m**2)


@dataclass(frozen=True)
class LiquidModes:
    """The modes of the salt in the pores, for any diffusivity.

    Attributes:
        eigenvalues: rate of each mode over the diffusivity, 1/m2, shape (k,).
        shapes: concentration in every volume (m) per mode (k), shape (m, k).
        sources: how strongly a uniform reaction drives each mode, shape (k,); times salt flux in mol/(m2 s).
        volumes_m: pore volume per area of every finite volume, shape (m,).
        resistances: over the conductivity they add up to the liquid's resistance times the area: in the negative
            electrode and elsewhere, shape (m, 2).
        means: mean over the negative and the positive electrode, shape (m, 2).
    """

    eigenvalues: Array
    shapes: Array
    sources: Array
    volumes_m: Array
    resistances: Array
    means: Array

    @cached_property
    def shapes_M(self) -> Array:
        """The shapes in mol/l."""
        return self.shapes / 1000


@lru_cache(maxsize=8)
def liquid_modes(design: Design) -> LiquidModes:
    """Finite volumes in one dimension as a chain of resistors, split into the eigenvectors of its Laplacian."""
    count_n, count_s, count_p = CELLS
    lengths = (design.negative.thickness_m, design.separator_m, design.positive.thickness_m)
    porosity = np.repeat((design.negative.porosity, design.separator_porosity, design.positive.porosity), CELLS)
    h = np.repeat([length / count for length, count in zip(lengths, CELLS, strict=True)], CELLS)
    pores = porosity**design.bruggeman
    conductance = 1 / (h[:-1] / 2 / pores[:-1] + h[1:] / 2 / pores[1:])
    laplacian = np.zeros((len(h), len(h)))
    for i, g in enumerate(conductance):
        laplacian[i : i + 2, i : i + 2] += np.array([[g, -g], [-g, g]])
    scale = (porosity * h) ** -0.5
    eigenvalues, vectors = np.linalg.eigh(scale[:, None] * laplacian * scale)
    eigenvalues, vectors = eigenvalues[1:], vectors[:, 1:]  # the first is the salt as a whole, which nothing changes
    source = np.concatenate([np.full(count_n, 1 / count_n), np.zeros(count_s), np.full(count_p, -1 / count_p)])
    shapes = scale[:, None] * vectors
    is_negative, is_positive = np.arange(len(h)) < count_n, np.arange(len(h)) >= count_n + count_s
    weights = _resistance_weights(h) / pores
    resistances = np.stack([weights * is_negative, weights * ~is_negative], axis=1)
    means = np.stack([is_negative / count_n, is_positive / count_p], axis=1)
    return LiquidModes(eigenvalues, shapes, shapes.T @ source, porosity * h, resistances, means)


def _resistance_weights(h: Array) -> Array:
    """The current in the pores rises and falls along a straight line in the electrodes: mean squares, times h."""
    count_n, count_s, count_p = CELLS

    def mean_square(count: int) -> Array:
        middles = (np.arange(count) + 0.5) / count
        return np.asarray(middles**2 + 1 / (12 * count**2))

    shares = np.concatenate([mean_square(count_n), np.ones(count_s), mean_square(count_p)[::-1]])
    return np.asarray(h * shares)


def faded(start: Array, rates: Array, gains: Array, current_A: Array, slope_A_s: Array, times_s: Array) -> Array:
    """Modes after a time under a current ``current_A + slope_A_s t``.

    Args:
        start: modes at the beginning, shape (n, k).
        rates: 1/s, shape (k,) or (n, k).
        gains: what a mode settles at per ampere, shape (n, k).
        current_A: shape (n,).
        slope_A_s: shape (n,).
        times_s: shape (n, t).

    Returns:
        Modes, shape (n, t, k).
    """
    lag_A = current_A[:, None] - slope_A_s[:, None] / rates
    ramp_A = lag_A[:, None, :] + (slope_A_s[:, None] * times_s)[:, :, None]
    fading = np.exp(-np.broadcast_to(rates, gains.shape)[:, None, :] * times_s[:, :, None])
    return np.asarray((start - gains * lag_A)[:, None, :] * fading + gains[:, None, :] * ramp_A)
