"""The double power law of fade and what it leaves over, for many cells at once.

Loss of capacity after ``n`` cycles: ``L ((1 - w) x^z1 + w x^z2 + bend(x))`` with ``x = n/N``: a slow beginning and a
later, steeper part; ``L`` is lost after ``N`` cycles. Parameters are ``theta = (ln N, logit w, ln z1, ln(z2 - 1.5))``,
shape (..., 4). The bend is what cells of this kind do alike and the law does not: given at even shares of the life.
"""

from __future__ import annotations

import numpy as np

from galvanaut.campaigns.analysis.figures import Array

PARAMETERS = 4
_LEAST_POWER = 1.5
"""Of the steeper part."""
_STEEPEST = 60.0
"""Exponents are cut off here: the loss is then far beyond anything that can be measured."""


KNOTS = 21
"""Shares of the life at which the bend is given, from 0 to 1; beyond, that at 1."""


def loss(theta: Array, log_cycle: Array, whole: Array, bend: Array) -> Array:
    """Share of the capacity lost.

    Args:
        theta: (..., b, 4).
        log_cycle: logarithm of cycles, (b, points).
        whole: what is lost at the end of life, (b,).
        bend: (b, knots), or (1, knots) for all.

    Returns:
        (..., b, points).
    """
    share, slow, steep = _parts(theta, log_cycle)
    bent, _ = _bent(theta, log_cycle, bend)
    return np.asarray(whole[:, None] * ((1 - share) * slow + share * steep + bent))


def slopes(theta: Array, log_cycle: Array, whole: Array, bend: Array) -> Array:
    """Derivatives of `loss` by the parameters, (..., b, points, 4)."""
    share, slow, steep = _parts(theta, log_cycle)
    first, second = np.exp(theta[..., 2:3]), np.exp(theta[..., 3:4])
    distance = log_cycle - theta[..., :1]
    _, by_bend = _bent(theta, log_cycle, bend)
    by_life = -(1 - share) * first * slow - share * (_LEAST_POWER + second) * steep - by_bend
    by_share = share * (1 - share) * (steep - slow)
    by_first = (1 - share) * slow * first * distance
    by_second = share * steep * second * distance
    return np.asarray(whole[:, None, None] * np.stack([by_life, by_share, by_first, by_second], axis=-1))


def _bent(theta: Array, log_cycle: Array, bend: Array) -> tuple[Array, Array]:
    """The bend, and its derivative by the logarithm of the cycle."""
    place = np.exp(np.minimum(log_cycle - theta[..., :1], 1.0)) * (KNOTS - 1)
    before = np.minimum(place.astype(np.int64), KNOTS - 2)
    rows = np.arange(log_cycle.shape[0])[:, None]
    whole = np.broadcast_to(bend, (log_cycle.shape[0], KNOTS))
    low, high = whole[rows, before], whole[rows, before + 1]
    part = np.minimum(place - before, 1.0)
    return low + (high - low) * part, np.where(place < KNOTS - 1, (high - low) * place, 0.0)


def _parts(theta: Array, log_cycle: Array) -> tuple[Array, Array, Array]:
    """Weight of the steep part, and both powers."""
    distance = log_cycle - theta[..., :1]
    share = 1 / (1 + np.exp(-theta[..., 1:2]))
    slow = np.exp(np.minimum(np.exp(theta[..., 2:3]) * distance, _STEEPEST))
    steep = np.exp(np.minimum((_LEAST_POWER + np.exp(theta[..., 3:4])) * distance, _STEEPEST))
    return share, slow, steep
