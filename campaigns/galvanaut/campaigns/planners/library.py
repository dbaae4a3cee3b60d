"""The package bayesian-optimization: told all values, and asked for the next point through an acquisition of ours.

Its Gaussian process (isotropic, without noise) and its search in boxes do not fit mixtures; see docs/decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bayes_opt import BayesianOptimization
from bayes_opt.acquisition import AcquisitionFunction
from numpy.typing import NDArray

from galvanaut.campaigns.planners.acquisition import log_expected_improvement
from galvanaut.campaigns.planners.candidates import Candidate, CandidateSearch, Score

Array = NDArray[np.float64]


def best_by(score: Score, search: CandidateSearch, features: Array, values: Sequence[float]) -> Candidate:
    """The makeable recipe with the highest score.

    Args:
        score: what is maximised, by points.
        search: among which recipes.
        features: of the tested points, (n, d).
        values: measured there, more being better, (n,).

    Raises:
        NotMakeableError: the bench can make none of the candidates.
    """
    acquisition = FeasibleAcquisition(search, score)
    apart = _told_apart(features)
    low, high = np.minimum(apart.min(axis=0), 0.0), np.maximum(apart.max(axis=0), 1.0)
    bounds = {f"x{i:02d}": (float(low[i]), float(high[i])) for i in range(apart.shape[1])}
    library = BayesianOptimization(None, bounds, acquisition, random_state=0, verbose=0)
    for row, value in zip(apart.tolist(), values, strict=True):
        # without the log, which forms every row anew for each one
        library.space.register(dict(zip(bounds, row, strict=True)), value)
    library.suggest()
    return acquisition.choice


class FeasibleAcquisition(AcquisitionFunction):
    """An acquisition function that is maximised over recipes that can be made.

    Args:
        search: finds the best makeable recipe.
        score: what is maximised, by points.

    Attributes:
        choice: what the last `suggest` found.
    """

    choice: Candidate

    def __init__(self, search: CandidateSearch, score: Score) -> None:
        super().__init__()
        self._search, self._score = search, score

    def base_acq(self, mean: Array, std: Array) -> Array:
        """Log expected improvement, given mean and standard deviation of the improvement itself."""
        return log_expected_improvement(mean, std, 0.0)

    def suggest(
        self,
        gp: Any,
        target_space: Any,
        n_random: int = 0,
        n_smart: int = 0,
        fit_gp: bool = True,
        random_state: Any = None,
    ) -> Array:
        """Features of the chosen recipe; the recipe itself is in `choice`. The library's model plays no part."""
        self.choice = self._search.best(self._score)
        return self._search.features(self.choice.point)

    def get_acquisition_params(self) -> dict[str, Any]:
        """Nothing: a planner is rebuilt from its observations."""
        return {}

    def set_acquisition_params(self, params: dict[str, Any]) -> None:
        """Nothing to set."""


def _told_apart(features: Array) -> Array:
    """Replicates moved by 1e-9 of a range: the package takes equal points for a mistake, a chemist does not."""
    seen: dict[bytes, int] = {}
    apart = features.copy()
    for i, row in enumerate(features):
        count = seen.get(row.tobytes(), 0)
        seen[row.tobytes()] = count + 1
        apart[i, 0] += 1e-9 * count
    return apart
