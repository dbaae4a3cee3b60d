"""How good a set of tested recipes really is: the best true value, or the hypervolume of the true front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from galvanaut.campaigns.benchmark.problem import Problem
from galvanaut.campaigns.planners import Aim
from galvanaut.campaigns.planners.protocol import Array

NOTHING = 1.0
"""Regret as long as every recipe has failed."""


def regret(problem: Problem, values: Array) -> Array:
    """Regret of all that was tested so far, after each experiment, (n,).

    Args:
        problem: what was wanted.
        values: true ones of the recipes in the order tested, (n, aims); NaN rows for failures.

    Returns:
        What the best recipe lacks of the optimum or, with several aims, what the hypervolume of all lacks of that of
        the true front; as a fraction.
    """
    if not problem.aims:
        best = np.fmin.accumulate(simple_regret(problem, values))
        return np.where(np.isnan(best), NOTHING, best)
    found = gains(problem.aims, values)
    return np.array([1.0 - hypervolume(found[: n + 1]) / problem.optimum for n in range(len(found))])


def simple_regret(problem: Problem, values: Array) -> Array:
    """What each recipe alone lacks of the optimum of one number, as a fraction of it, (n,); NaN for failures."""
    sign = 1.0 if problem.maximise else -1.0
    return np.asarray(sign * (problem.optimum - values[:, 0]) / abs(problem.optimum))


def gains(aims: Sequence[Aim], values: Array) -> Array:
    """How far each value is on the good side of its aim's worst one, (n, aims); NaN rows for failures."""
    signs, worst = np.array([1.0 if aim.maximise else -1.0 for aim in aims]), np.array([aim.worst for aim in aims])
    return np.asarray(signs * (values - worst))


def front(found: Array) -> Array:
    """The rows that no other row beats in everything, of those that are good in everything, (m, goals)."""
    kept = found[(found > 0.0).all(axis=1)]
    kept = np.unique(kept, axis=0)[::-1]  # the largest first coordinate first
    if kept.shape[1] == 2:
        before = np.maximum.accumulate(np.concatenate([[-np.inf], kept[:-1, 1]]))
        return np.asarray(kept[kept[:, 1] > before])
    beaten = [bool(((kept >= row).all(axis=1) & (kept > row).any(axis=1)).any()) for row in kept]
    return np.asarray(kept[~np.array(beaten, dtype=bool)])


def hypervolume(found: Array) -> float:
    """Volume of all that lies between zero and some row of ``found``, (n, goals); more is better."""
    best = front(found)
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
