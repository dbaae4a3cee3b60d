"""The package bayesian-optimization as it comes: its own model, acquisition function (UCB) and optimiser.

It knows neither mixtures nor failures nor several aims nor told variances. Recipes are encoded as `encoding` says, with
its categorical parameter for the salt; failures count as the worst value so far (it refuses missing values); of several
aims it sees their geometric mean. Its ranges are scaled to 0-1, as its documentation asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bayes_opt import BayesianOptimization
from numpy.typing import NDArray

from peers.encoding import SALT, Encoding
from peers.peer import Peer, Seen

Array = NDArray[np.float64]


class BayesOpt(Peer):
    """bayesian-optimization with nothing set but what to search."""

    name = "bayes_opt"

    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """Its suggestion, moved into the space."""
        encoding = Encoding(self.space)
        found: dict[str, Any] = dict(self._told(encoding, seen, seed).suggest())
        parameters: dict[str, Any] = {
            name: low + found[name] * (high - low) for name, (low, high) in encoding.ranges.items()
        }
        if encoding.salts:
            parameters[SALT] = found[SALT]
        return encoding.point(parameters)

    def best(self, seen: Seen) -> int | None:
        """By its model's mean; with several aims of the geometric mean."""
        encoding = Encoding(self.space)
        optimiser = self._told(encoding, seen, 0)
        mean: Any = optimiser.predict([_scaled(encoding, point) for point in seen.points], fit_gp=True)
        return int(np.argmax(mean))

    def _told(self, encoding: Encoding, seen: Seen, seed: int) -> BayesianOptimization:
        bounds: dict[str, Any] = dict.fromkeys(encoding.ranges, (0.0, 1.0))
        if encoding.salts:
            bounds[SALT] = encoding.salts
        optimiser = BayesianOptimization(None, bounds, random_state=seed, verbose=0, allow_duplicate_points=True)
        for point, value in zip(*seen.with_worst, strict=True):
            optimiser.register(_scaled(encoding, point), float(value))
        return optimiser


def _scaled(encoding: Encoding, point: Array) -> dict[str, Any]:
    parameters: dict[str, Any] = encoding.parameters(point)
    for name, (low, high) in encoding.ranges.items():
        parameters[name] = (parameters[name] - low) / (high - low)
    return parameters
