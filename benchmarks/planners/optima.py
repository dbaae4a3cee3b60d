"""Finds the optimum of each problem by heavy search, and says how far its prior can be trusted.

    uv run benchmarks/planners/optima.py [PROBLEM ...]

The optima found stand in `problems/__init__.py`.
"""

from __future__ import annotations

import sys

import numpy as np
from galvanaut.campaigns.benchmark.score import front, gains_over_worst, hypervolume
from galvanaut.core.identifiers import generator
from numpy.typing import NDArray
from problems import NAMES, problem
from problems.synthetic import Synthetic
from scipy.stats import spearmanr

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
    gains = _gains(problem, points)
    for step in np.geomspace(_FIRST_STEP, _LAST_STEP, rounds):
        best = _best(gains)
        points, gains = points[best], gains[best]
        centres = draw.choice(len(points), size=min(_CENTRES, len(points)), replace=False)
        near = [problem.space.neighbours(points[k], float(step), _AROUND_EACH, draw) for k in centres]
        points = np.vstack([points, *near])
        gains = np.vstack([gains, *(_gains(problem, block) for block in near)])
    if len(problem.goals) > 1:
        return hypervolume(gains), points[_best(gains)]
    top = int(np.nanargmax(gains[:, 0]))
    goal = problem.goals[0]
    return float(goal.sign * gains[top, 0] + goal.worst), points[[top]]


def _gains(problem: Synthetic, points: Array) -> Array:
    gains = gains_over_worst(problem.goals, problem.true(points))
    return np.where(np.isnan(gains), -np.inf, gains)


def _best(gains: Array) -> NDArray[np.intp]:
    """The front, or the best rows where there is one goal."""
    if gains.shape[1] == 1:
        return np.argsort(-gains[:, 0], kind="stable")[:_CENTRES]
    kept = {row.tobytes() for row in front(gains)}
    return np.flatnonzero([row.tobytes() in kept for row in gains])


def describe(problem: Synthetic) -> None:
    """Prints what the documentation says of a problem."""
    optimum, best = search(problem)
    points = problem.space.volume(_CHECKED, generator(1, "optima", problem.name))
    true, prior = problem.true(points), problem.prior(points)
    alive = ~np.isnan(true[:, 0])
    print(f"{problem.name}: {problem.space.dof} degrees of freedom, optimum {optimum:.6g} (kept: {problem.optimum:.6g})")
    print(f"    recipes that fail: {1 - alive.mean():.1%}; points on the front: {len(best)}")
    for k, goal in enumerate(problem.goals):
        rank = spearmanr(true[alive, k], prior[alive, k]).statistic
        top = points[alive][np.argmax(prior[alive, k])]
        low, middle, high = np.quantile(true[alive, k], [0.0, 0.5, 1.0])
        print(f"    {goal.name}: lowest {low:.4g}, median {middle:.4g}, highest drawn {high:.4g}")
        print(f"    rank correlation of truth and prior {rank:.2f}; truth where the prior is best "
              f"{problem.true(top[None, :])[0, k]:.4g}")
    if len(problem.goals) == 1:
        print(f"    within 5 % of the optimum: {np.mean(true[alive, 0] >= 0.95 * optimum) * alive.mean():.2%}")
        print("    at " + problem.space.recipe(best[0]).text())


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        describe(problem(name))
