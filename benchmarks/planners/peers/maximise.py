"""The best of many feasible recipes, refined around the best of them: for libraries that score what they are shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.space import SearchSpace

Array = NDArray[np.float64]
Score = Callable[[Array], Array]
"""Features, (n, d), to (n,)."""

_CANDIDATES = 1500
_ROUNDS = 6
_CENTRES = 8
_AROUND_EACH = 20
_FIRST_STEP, _SHRINK = 0.15, 0.6


def maximise(space: SearchSpace, score: Score, tested: Array, seed: int) -> Array:
    """The point found to score best.

    Args:
        space: search space.
        score: of features.
        tested: points whose neighbourhood is looked at from the start, (n, variables).
        seed: of the candidates.
    """
    draw = np.random.default_rng(seed)
    around = [space.neighbours(point, _FIRST_STEP, _AROUND_EACH, draw) for point in tested]
    points = np.vstack([space.sample(_CANDIDATES, draw), *around])
    scores = score(space.features(points))
    for step in _FIRST_STEP * _SHRINK ** np.arange(_ROUNDS):
        centres = points[np.argsort(-scores, kind="stable")[:_CENTRES]]
        new = np.vstack([space.neighbours(point, float(step), _AROUND_EACH, draw) for point in centres])
        points, scores = np.vstack([points, new]), np.concatenate([scores, score(space.features(new))])
    return np.asarray(points[np.argmax(scores)])
