"""Which recipes fail: a classifier over successes and failures, so that the planner learns to keep away."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LENGTH = 0.28
"""In units of a variable's range. Fixed: a handful of failures cannot tell it. Illustrative (README.md beside)."""
_AMPLITUDE = 4.0
"""Prior variance of the latent log-odds. Illustrative."""


def log_success(succeeded: Array, failed: Array) -> Callable[[Array], Array]:
    """Natural logarithm of the probability of success, by features.

    Args:
        succeeded: features of recipes that gave a value, (n, d).
        failed: features of recipes that failed, (m, d); without any, success is certain.
    """
    if not len(failed):
        return lambda features: np.zeros(len(features))
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.gaussian_process.kernels import (
        ConstantKernel,
        Matern,
    )

    labels = np.concatenate([np.ones(len(succeeded), dtype=int), np.zeros(len(failed), dtype=int)])
    kernel = ConstantKernel(_AMPLITUDE) * Matern(_LENGTH, nu=2.5)
    model = GaussianProcessClassifier(kernel, optimizer=None).fit(np.vstack([succeeded, failed]), labels)

    def log_probability(features: Array) -> Array:
        chance = np.asarray(model.predict_proba(features)[:, 1], dtype=np.float64)
        return np.log(np.maximum(chance, 1e-12))

    return log_probability
