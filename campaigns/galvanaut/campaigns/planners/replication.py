"""Whether to measure a recipe once more: what an experiment is worth for knowing which tested recipe is best.

A new recipe may be better than all tested ones; a replicate may show that the one taken for the best is not. Both are
worth the expected rise of the highest expected value (knowledge gradient: Frazier, Powell & Dayanik, INFORMS Journal on
Computing 21 (2009) 599), so they can be compared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from galvanaut.campaigns.planners.posterior import Mixture, Places, Posterior

Array = NDArray[np.float64]

_NODES = ndtri((np.arange(64) + 0.5) / 64)
"""Standard normal numbers that stand for equal shares of the distribution."""


def worth(mixture: Mixture, measured: Places, tested: Places) -> Array:
    """By how much the highest expected value is expected to rise after one more measurement.

    Args:
        mixture: what is believed.
        measured: where, one by one, it may be, (n,).
        tested: among which the best is sought, and the place measured with them.

    Returns:
        (n,), in model units.
    """
    each = np.array([_under(member, measured, tested) for member in mixture.members])
    return np.asarray(mixture.weights @ each)


def _under(member: Posterior, measured: Places, tested: Places) -> Array:
    means = member.means(tested)
    here, variance, shared = member.beside(tested)(measured)
    spread = np.sqrt(variance + member.noise)
    moves = shared.T / spread  # (tested, n)
    after = means[:, None, None] + moves[:, :, None] * _NODES
    own = here[:, None] + (variance / spread)[:, None] * _NODES
    best = np.maximum(after.max(axis=0), own).mean(axis=1)
    return np.asarray(best - means.max())
