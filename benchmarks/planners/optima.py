"""Finds the optimum of each problem by heavy search, and says how far its prior can be trusted.

    uv run benchmarks/planners/optima.py [PROBLEM ...]

The optima found stand in `problems/__init__.py`.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from problems import NAMES, problem
from problems.synthetic import Synthetic
from scipy.stats import spearmanr

from galvanaut.campaigns.benchmark.score import front, gains, hypervolume
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]

SAMPLES = 200_000
ROUNDS = 60
_CENTRES = 200
_AROUND_EACH = 40
_FIRST_STEP, _LAST_STEP = 0.2, 1e-4
_CHECKED = 20_000


def search(problem: Synthetic, samples: int = SAMPLES, rounds: int = ROUNDS) -> tuple[float, Array]:
    """The optimum and the best points, (m, variables): dense sampling, then ever closer looks around the best."""
    draw = generator(0, "optima", problem.name)
    points = problem.space.sample(samples, draw)
    found = _found(problem, points)
    for step in np.geomspace(_FIRST_STEP, _LAST_STEP, rounds):
        best = _best(found)
        points, found = points[best], found[best]
        centres = draw.choice(len(points), size=min(_CENTRES, len(points)), replace=False)
        near = [problem.space.neighbours(points[k], float(step), _AROUND_EACH, draw) for k in centres]
        points = np.vstack([points, *near])
        found = np.vstack([found, *(_found(problem, block) for block in near)])
    if problem.aims:
        return hypervolume(found), points[_best(found)]
    top = int(np.argmax(found[:, 0]))
    return float(found[top, 0]), points[[top]]


def _found(problem: Synthetic, points: Array) -> Array:
    """Gains, or values where there is one number; minus infinity for failures."""
    true = problem.true(points)
    found = gains(problem.aims, true) if problem.aims else true
    return np.where(np.isnan(found), -np.inf, found)


def _best(found: Array) -> NDArray[np.intp]:
    """The front, or the best rows where there is one number."""
    if found.shape[1] == 1:
        return np.argsort(-found[:, 0], kind="stable")[:_CENTRES]
    kept = {row.tobytes() for row in front(found)}
    return np.flatnonzero([row.tobytes() in kept for row in found])


def describe(problem: Synthetic) -> None:
    """Prints what the documentation says of a problem."""
    optimum, best = search(problem)
    points = problem.space.volume(_CHECKED, generator(1, "optima", problem.name))
    true = problem.true(points)
    alive = ~np.isnan(true[:, 0])
    print(
        f"{problem.name}: {problem.space.dof} degrees of freedom, optimum {optimum:.6g} (kept: {problem.optimum:.6g})"
    )
    print(f"    recipes that fail: {1 - alive.mean():.1%}")
    for k, belief in enumerate(problem.beliefs):
        prior = belief.predict(points[alive])
        rank = spearmanr(true[alive, k], prior).statistic
        there = problem.true(points[alive][[np.argmax(prior)]])[0, k]
        low, middle = np.quantile(true[alive, k], [0.0, 0.5])
        print(f"    {belief.quantity or 'value'}: lowest {low:.4g}, median {middle:.4g}")
        print(f"    rank correlation of truth and prior {rank:.2f}; truth where the prior is best {there:.4g}")
    if not problem.aims:
        print(f"    share of recipes within 5 % of the optimum: {np.mean(true[:, 0] >= 0.95 * optimum):.3%}")
        print("    at " + problem.space.recipe(best[0]).text())


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        describe(problem(name))
