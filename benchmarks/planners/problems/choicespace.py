"""A search space with choices: exactly one of some salts, at most so many of some additives.

It is a union of ordinary search spaces, one a choice (a branch). What planners call is what an ordinary space has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.constraints import LinearConstraint
from galvanaut.campaigns.space import Bounds, SearchSpace
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]

_ABSENT = Bounds(0.0, 0.0)
_CLOSE = 0.01
"""How far outside a branch a recipe may lie and still count to it, as doses are rounded."""


class ChoiceSpace(SearchSpace):
    """All recipes of all branches.

    Args:
        solvents, additives, constraints: as of a `SearchSpace`.
        salts: bounds when present.
        one_of: salts of which exactly one is present.
        some_of: variables (additives, salts) of which at most ``most`` are present, from zero up.
        most: see ``some_of``.

    Attributes:
        one_of, some_of, most: as given.
        branches: one ordinary space a choice, all with the same variables.
    """

    def __init__(
        self,
        solvents: Mapping[str, Bounds],
        salts: Mapping[str, Bounds],
        additives: Mapping[str, Bounds],
        one_of: Sequence[str],
        some_of: Sequence[str],
        most: int,
        constraints: Sequence[LinearConstraint] = (),
    ) -> None:
        free = {name: Bounds(0.0, bounds.high) if name in one_of else bounds for name, bounds in salts.items()}
        super().__init__(solvents, free, additives, constraints)
        self.one_of, self.some_of, self.most = tuple(one_of), tuple(some_of), most
        self.branches = [
            SearchSpace(solvents, _only(salts, kept), _only(additives, kept), constraints) for kept in self._choices()
        ]

    def _choices(self) -> Iterator[set[str]]:
        """The variables that may be present, by branch."""
        always = set(self.names) - set(self.one_of) - set(self.some_of)
        for one, some in product(self.one_of, combinations(self.some_of, self.most)):
            yield always | {one, *some}

    @property
    def dof(self) -> int:
        """Degrees of freedom within a branch."""
        return max(branch.dof for branch in self.branches)

    def sample(self, n: int, generator: np.random.Generator) -> Array:
        """As of `SearchSpace`, each branch equally often."""
        return self._drawn(n, generator, "sample")

    def volume(self, n: int, generator: np.random.Generator) -> Array:
        """As of `SearchSpace`, each branch equally often."""
        return self._drawn(n, generator, "volume")

    def _drawn(self, n: int, generator: np.random.Generator, method: str) -> Array:
        counts = generator.multinomial(n, np.full(len(self.branches), 1.0 / len(self.branches)))
        drawn = [
            getattr(branch, method)(int(count), generator)
            for branch, count in zip(self.branches, counts, strict=True)
            if count
        ]
        return np.asarray(generator.permutation(np.vstack(drawn)) if drawn else np.empty((0, len(self.names))))

    def sobol(self, n: int, seed: int) -> Array:
        """One point of each branch's sequence in turn, in an order that belongs to the seed."""
        turns = generator(seed, "branches").permutation(len(self.branches))
        each = -(-n // len(turns))
        sequences = np.stack([self.branches[k].sobol(each, seed + int(k)) for k in turns], axis=1)
        return np.asarray(sequences.reshape(-1, len(self.names))[:n])

    def feasible(self, points: Array, tolerance: float = 1e-9) -> NDArray[np.bool_]:
        """For each row, whether it lies in a branch within ``tolerance``."""
        return np.logical_or.reduce([branch.feasible(points, tolerance) for branch in self.branches])

    def neighbours(self, point: Array, scale: float, n: int, generator: np.random.Generator) -> Array:
        """Points around ``point`` in the branches that it belongs to, evenly divided among these."""
        homes = [branch for branch in self.branches if branch.feasible(point, _CLOSE)[0]] or [self.nearest(point)]
        counts = np.bincount(np.arange(n) % len(homes), minlength=len(homes))
        near = [home.neighbours(point, scale, int(k), generator) for home, k in zip(homes, counts, strict=True) if k]
        return np.asarray(np.vstack(near) if near else np.empty((0, len(self.names))))

    def nearest(self, point: Array) -> SearchSpace:
        """The branch that leaves out least of a point, in units of each variable's range."""
        high = np.array([self.bounds[name].high for name in self.names])
        shares = np.asarray(point) / np.where(high > 0.0, high, 1.0)
        absent = np.array([[branch.bounds[name].high == 0.0 for name in self.names] for branch in self.branches])
        return self.branches[int(np.argmin(absent @ shares))]


def _only(bounds: Mapping[str, Bounds], kept: set[str]) -> dict[str, Bounds]:
    return {name: values if name in kept else _ABSENT for name, values in bounds.items()}
