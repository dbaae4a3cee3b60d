"""The best recipe that can be made: many feasible candidates, refined around the best, realised, compared again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from galvanaut.campaigns.planners.making import reachable, realise_some, realised
from galvanaut.campaigns.planners.protocol import Maker
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError

Array = NDArray[np.float64]


class Score(Protocol):
    """An acquisition function."""

    def __call__(self, points: Array, roughly: bool = False) -> Array:
        """By points, (n, variables) to (n,); much faster if roughly."""
        ...


_CANDIDATES = 1500
_SCREENED = 300
"""Candidates that are scored properly, those that look best roughly."""
_ROUNDS = 6
_STARTS = 3
_CENTRES = 8
_AROUND_EACH = 20
_FIRST_STEP = 0.15
"""Of a variable's range; each round takes `_SHRINK` of it."""
_SHRINK = 0.6
_REALISED = 4
_ATTEMPTS = 60
_SAME = 0.04
"""Recipes closer than this in every variable, in units of its range, count as replicates of one another."""
_REPLICATES = 3
"""More replicates than this are not made: the same effort buys more elsewhere (measured, README.md beside)."""
_APART = 1e-3
"""Closest that a proposal may come to one under way, in units of a variable's range."""


@dataclass(frozen=True)
class Candidate:
    """A makeable point and its acquisition value."""

    point: Array
    score: float


class CandidateSearch:
    """Maximises a score over the makeable recipes of a space.

    Args:
        space: search space.
        maker: what the bench can make; None for everything.
        tested: points so far, (n, variables), the most promising first; the search also looks around the first few.
        pending: points under way; the choice keeps apart from them if it can.
        generator: randomness.
    """

    def __init__(
        self, space: SearchSpace, maker: Maker | None, tested: Array, pending: Array, generator: np.random.Generator
    ) -> None:
        self._space, self._maker = space, maker
        self._tested, self._pending, self._generator = tested, pending, generator

    def features(self, point: Array) -> Array:
        """What the model sees of one point, (d,)."""
        return np.asarray(self._space.features(point)[0])

    def best(self, score: Score) -> Candidate:
        """The makeable point with the highest score, as the bench will make it.

        Raises:
            NotMakeableError: the bench can make none of the candidates.
        """
        points, scores = self._refined(score)
        made = realise_some(self._maker, _by_score(points, scores), _REALISED, _ATTEMPTS)
        if not made:
            raise NotMakeableError(
                f"the bench can make none of the {_ATTEMPTS} recipes that the planner would like to try next; "
                "refill or add stocks, or use a larger batch"
            )
        choices = np.array(made)
        values = score(choices)
        wanted = self._preference(choices)
        chosen = max(range(len(made)), key=lambda i: (int(wanted[i]), float(values[i])))
        return Candidate(choices[chosen], float(values[chosen]))

    def some(self) -> Array:
        """Feasible points: all over the space, and around the first tested ones, (n, variables)."""
        around = [self._space.neighbours(p, _FIRST_STEP, _AROUND_EACH, self._generator) for p in self._tested[:_STARTS]]
        return self._within(np.vstack([self._space.sample(_CANDIDATES, self._generator), *around]))

    def again(self, point: Array) -> Array | None:
        """A tested point as the bench would make it once more; None where it is worn out, under way or not makeable."""
        made = realised(self._maker, point)
        if made is None or self._replicates(made[None, :])[0] >= _REPLICATES or self._gaps(made[None, :])[0] <= _APART:
            return None
        return made

    def _refined(self, score: Score) -> tuple[Array, Array]:
        """Candidates and their scores, the neighbourhood of the best looked into more and more closely."""
        points, scores = _screened(self.some(), score)
        for step in _FIRST_STEP * _SHRINK ** np.arange(_ROUNDS):
            if not len(points):
                break
            centres = points[np.argsort(-scores, kind="stable")[:_CENTRES]]
            new = self._within(
                np.vstack([self._space.neighbours(p, float(step), _AROUND_EACH, self._generator) for p in centres])
            )
            if len(new):
                points = np.vstack([points, new])
                scores = np.concatenate([scores, score(new)])
        return points, scores

    def _within(self, points: Array) -> Array:
        """Those that can be made; of these, if there are any such, those that are neither pending nor worn out."""
        kept: Array = points[reachable(self._maker, points)]
        fresh = (self._gaps(kept) > _APART) & (self._replicates(kept) < _REPLICATES)
        return kept[fresh] if fresh.any() else kept

    def _gaps(self, points: Array) -> Array:
        """Distance of each point to the nearest pending one."""
        if not len(self._pending):
            return np.full(len(points), np.inf)
        return np.asarray(self._farthest(points, self._pending).min(axis=1))

    def _replicates(self, points: Array) -> NDArray[np.int64]:
        """How many tested points each of ``points`` would be a replicate of."""
        return np.asarray((self._farthest(points, self._tested) < _SAME).sum(axis=1))

    def _farthest(self, here: Array, there: Array) -> Array:
        """Of two points, how far they are apart in the variable in which they are farthest, (n, m)."""
        return np.asarray(cdist(self._space.features(here), self._space.features(there), "chebyshev"))

    def _preference(self, choices: Array) -> NDArray[np.int64]:
        """Rather apart from those under way, then not worn out, then strictly inside the space (doses are rounded)."""
        apart, fresh = self._gaps(choices) > _APART, self._replicates(choices) < _REPLICATES
        return 4 * apart.astype(np.int64) + 2 * fresh.astype(np.int64) + self._space.feasible(choices)


def _screened(points: Array, score: Score) -> tuple[Array, Array]:
    """Points and scores, of which only those that look best roughly are scored properly; all others come after them."""
    if len(points) <= _SCREENED:
        return points, score(points) if len(points) else np.empty(0)
    rough = score(points, roughly=True)
    order = np.argsort(-rough, kind="stable")
    scores = score(points[order[:_SCREENED]])
    rest = rough[order[_SCREENED:]]
    return points[order], np.concatenate([scores, rest - rest.max() + scores.min() - 1.0])


def _by_score(points: Array, scores: Array) -> Iterator[Array]:
    """Best first; after a third of the attempts in ever longer strides, as neighbours tend to fail together."""
    order = np.argsort(-scores, kind="stable")
    close = _ATTEMPTS // 3
    stride = max(1, (len(order) - close) // (_ATTEMPTS - close))
    yield from points[order[:close]]
    yield from points[order[close::stride]]
