"""How good a set of tested recipes really is: the best true value, or the hypervolume of the true front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.benchmark.problem import Goal

Array = NDArray[np.float64]

NOTHING = 1.0
"""Regret as long as every recipe has failed."""


def simple_regret(goal: Goal, optimum: float, values: Array) -> Array:
    """What each value lacks of the optimum, as a fraction of it, (n,); NaN for failures."""
    return np.asarray(goal.sign * (optimum - values) / abs(optimum))


def regret(goals: Sequence[Goal], optimum: float, values: Array) -> Array:
    """Regret of the recipes tested so far, after each experiment, (n,).

    Args:
        goals: what is wanted.
        optimum: best true value, or hypervolume of the true front.
        values: true ones of the recipes in the order tested, (n, goals); NaN rows for failures.

    Returns:
        With one goal what the best recipe lacks, with several what the hypervolume lacks, as a fraction of the optimum.
    """
    if len(goals) == 1:
        best = np.fmin.accumulate(simple_regret(goals[0], optimum, values[:, 0]))
        return np.where(np.isnan(best), NOTHING, best)
    gains = gains_over_worst(goals, values)
    return np.array([1.0 - hypervolume(gains[: n + 1]) / optimum for n in range(len(gains))])


def gains_over_worst(goals: Sequence[Goal], values: Array) -> Array:
    """How far each value is on the good side of the goal's worst one, (n, goals); NaN rows for failures."""
    signs, worst = np.array([goal.sign for goal in goals]), np.array([goal.worst for goal in goals])
    return np.asarray(signs * (values - worst))


def front(gains: Array) -> Array:
    """The rows that no other row beats in everything, of those that are good in everything, (m, goals)."""
    kept = gains[(gains > 0.0).all(axis=1)]
    kept = np.unique(kept, axis=0)[::-1]  # the largest first coordinate first
    if kept.shape[1] == 2:
        before = np.maximum.accumulate(np.concatenate([[-np.inf], kept[:-1, 1]]))
        return kept[kept[:, 1] > before]
    beaten = [bool(((kept >= row).all(axis=1) & (kept > row).any(axis=1)).any()) for row in kept]
    return kept[~np.array(beaten, dtype=bool)]


def hypervolume(gains: Array) -> float:
    """Volume of all that lies between zero and some row of ``gains``, (n, goals); more is better."""
    best = front(gains)
    if not len(best):
        return 0.0
    if best.shape[1] == 1:
        return float(best.max())
    # Slabs between successive values of the first goal: in each, the volume of the others over all that reach it.
    ends = best[:, 0]
    widths = ends - np.append(ends[1:], 0.0)
    if best.shape[1] == 2:
        return float(widths @ best[:, 1])
    return float(sum(width * hypervolume(best[: k + 1, 1:]) for k, width in enumerate(widths)))
