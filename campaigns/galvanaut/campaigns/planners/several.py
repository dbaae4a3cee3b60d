"""What trying a recipe is worth with several objectives: how much further out it moves the Pareto front.

Nobody knows the front: values are noisy. So surfaces are drawn that the data allow, the front among the tested points
is found on each, and the gain of a candidate is averaged over all (as NEHVI does: Daulton, Balandat & Bakshy, NeurIPS
2021). With two objectives the gain is hypervolume; with more, improvement of the augmented Chebyshev function under
weights drawn at random for each surface (ParEGO: Knowles, IEEE Trans. Evol. Comput. 10 (2006) 50).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from galvanaut.campaigns.chebyshev import SUM_SHARE
from galvanaut.campaigns.planners.posterior import Mixture, Places

Array = NDArray[np.float64]

DRAWS = 64
_JITTER = 1e-8
_LEAST_GAIN = 1e-12


@dataclass(frozen=True)
class Outlook:
    """What is believed of one objective.

    Attributes:
        mixture: points under way included.
        tested: standardised places that may lie on the front, (t,).
        zero, one: in model units, what counts as no good at all and as all that is wished for.
    """

    mixture: Mixture
    tested: Places
    zero: float
    one: float

    def scaled(self, values: Array) -> Array:
        """From model units to 0 (worst) and 1 (best)."""
        return np.asarray((values - self.zero) / (self.one - self.zero))


class FrontGain:
    """Logarithm of the expected gain of the front.

    Args:
        outlooks: one an objective, at least two, all on the same tested points.
        generator: draws surfaces and weights.
    """

    def __init__(self, outlooks: Sequence[Outlook], generator: np.random.Generator) -> None:
        self._surfaces = [_Surfaces(each, generator) for each in outlooks]
        tested = np.array([surfaces.tested for surfaces in self._surfaces])  # (objectives, draws, t)
        if len(outlooks) == 2:
            self._fronts = [_staircase(draw) for draw in tested.transpose(1, 2, 0)]
        else:
            weights = generator.dirichlet(np.ones(len(outlooks)), DRAWS).T[:, :, None]
            self._weights = weights / weights.max(axis=0)
            self._best = _chebyshev(tested, self._weights).max(axis=1)

    def __call__(self, places: Sequence[Places], most: int = DRAWS) -> Array:
        """By standardised places, one set an objective; (n,). Roughly, from only so many draws, if fewer are asked."""
        drawn = np.array([surfaces(each, most) for surfaces, each in zip(self._surfaces, places, strict=True)])
        if len(drawn) == 2:
            gains = np.mean([_gain(front, *drawn[:, s]) for s, front in enumerate(self._fronts[:most])], axis=0)
        else:
            better = _chebyshev(drawn, self._weights[:, :most]) - self._best[:most, None]
            gains = np.maximum(better, 0.0).mean(axis=0)
        return np.asarray(np.log(np.maximum(gains, _LEAST_GAIN)))


class _Surfaces:
    """Draws of one objective's surface, scaled to 0 and 1; each is fixed at the tested points first."""

    def __init__(self, outlook: Outlook, generator: np.random.Generator) -> None:
        self._outlook = outlook
        members, weights = outlook.mixture.members, outlook.mixture.weights
        owners = np.minimum(np.searchsorted(np.cumsum(weights), _order(DRAWS)), len(members) - 1)
        at_tested = generator.standard_normal((DRAWS, len(outlook.tested)))
        self._at_candidates = generator.standard_normal(DRAWS)
        self.tested = np.empty_like(at_tested)
        self._known: list[_Known] = []
        for number, member in enumerate(members):
            own = np.flatnonzero(owners == number)
            if not len(own):
                continue
            joint = member.covariance(outlook.tested, outlook.tested)
            lower = cholesky(joint + _JITTER * np.eye(len(joint)), lower=True)
            moved = at_tested[own] @ lower.T
            self.tested[own] = outlook.scaled(member.means(outlook.tested) + moved)
            pulls = cho_solve((lower, True), moved.T)
            self._known.append(_Known(own, member.beside(outlook.tested), lower, pulls))

    def __call__(self, places: Places, most: int) -> Array:
        """Drawn values, (draws, n)."""
        values = np.empty((most, len(places)))
        for known in self._known:
            own = known.draws[known.draws < most]
            if not len(own):
                continue
            mean, variance, cross = known.ask(places)
            explained = (solve_triangular(known.lower, cross.T, lower=True) ** 2).sum(axis=0)
            sd = np.sqrt(np.maximum(variance - explained, 0.0))
            values[own] = mean + (cross @ known.pulls[:, : len(own)]).T + self._at_candidates[own, None] * sd
        return self._outlook.scaled(values)


class _Known(NamedTuple):
    """One member of a mixture, and the draws that are its own, in rising order.

    Attributes:
        draws: their numbers, (s,).
        ask: the member beside the tested places.
        lower: root of the covariance of these, (t, t).
        pulls: what the drawn values at the tested places do to others, (t, s).
    """

    draws: NDArray[np.intp]
    ask: Callable[[Places], tuple[Array, Array, Array]]
    lower: Array
    pulls: Array


def _order(count: int) -> Array:
    """Middle points of equal parts of 0 to 1, in an order whose every beginning is spread evenly (van der Corput)."""
    bits = np.unpackbits(np.arange(count, dtype=np.uint8)[:, None], axis=1)[:, ::-1]
    return np.asarray(bits @ 0.5 ** np.arange(1, 9) + 0.5 / count)


def _staircase(points: Array) -> Array:
    """The non-dominated of points, (t, 2), that beat the reference point at 0, by rising first objective."""
    inside = points[(points > 0.0).all(axis=1)]
    order = np.argsort(-inside[:, 0], kind="stable")
    ahead = np.maximum.accumulate(np.append(0.0, inside[order, 1]))[:-1]
    return np.asarray(inside[order][inside[order, 1] > ahead][::-1])


def _gain(front: Array, first: Array, second: Array) -> Array:
    """Hypervolume, over the reference point at 0, that single points add to a front; (n,)."""
    starts = np.append(0.0, front[:, 0])
    ends = np.append(front[:, 0], np.inf)
    heights = np.append(front[:, 1], 0.0)
    widths = np.maximum(np.minimum(first[:, None], ends) - starts, 0.0)
    return np.asarray((widths * np.maximum(second[:, None] - heights, 0.0)).sum(axis=1))


def _chebyshev(values: Array, weights: Array) -> Array:
    """Augmented Chebyshev utility of values scaled to 0 and 1: (objectives, draws, n) to (draws, n)."""
    short = weights * (1.0 - values)
    return np.asarray(-short.max(axis=0) - SUM_SHARE * short.sum(axis=0))
