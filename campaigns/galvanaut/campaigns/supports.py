"""Exact ways to make a composition: every set of independent stocks, with its solution prepared once.

A set of stocks whose compositions are linearly independent makes a given composition in one way or not at all. The
sets are few for the number of stocks on a bench, so that the best way is found by looking at all, in well under a
millisecond. Where none is within the limits of the doses, `galvanaut.campaigns.doseprogram` takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Self

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.doseprogram import Array, DoseLimits, dose_cost, share_limits

_MOST_SETS = 5000
"""With more sets (about 13 stocks of 8 components) none is prepared and every batch goes through the programme."""
_EXACT = 1e-9
"""Deviation in mass fraction that is arithmetic noise."""


@dataclass(frozen=True)
class Supports:
    """Sets of independent stocks.

    Attributes:
        members: which stocks are in each set, (sets, stocks).
        solutions: share of each stock for a composition: ``solutions[i] @ composition``, (sets, stocks, k).
        compositions: mass fractions of each stock, (stocks, k).
    """

    members: NDArray[np.bool_]
    solutions: Array
    compositions: Array

    @classmethod
    def of(cls, compositions: Array) -> Self:
        """All sets of independent rows of ``compositions``, (stocks, k); none when they would be too many."""
        count, k = compositions.shape
        largest = min(count, k)
        too_many = sum(comb(count, size) for size in range(1, largest + 1)) > _MOST_SETS
        members: list[NDArray[np.bool_]] = [np.zeros((0, count), dtype=bool)]
        solutions = [np.zeros((0, count, k))]
        for size in range(1, 0 if too_many else largest + 1):
            chosen = np.array(list(combinations(range(count), size)))
            chosen = chosen[np.linalg.matrix_rank(compositions[chosen]) == size]
            padded = np.zeros((len(chosen), count, k))
            np.put_along_axis(
                padded, chosen[:, :, None], np.linalg.pinv(compositions[chosen].transpose(0, 2, 1)), axis=1
            )
            member = np.zeros((len(chosen), count), dtype=bool)
            np.put_along_axis(member, chosen, True, axis=1)
            members.append(member)
            solutions.append(padded)
        return cls(np.concatenate(members), np.concatenate(solutions), compositions)

    def amounts(self, target: Array, limits: DoseLimits, mass_g: float) -> Array | None:
        """Mass of each stock that makes ``target`` exactly, with the fewest doses and from the fullest stocks.

        Returns:
            None if no set does so within the limits, to about a step.
        """
        low, high = share_limits(limits, mass_g)
        shares = self.solutions @ target
        exact = np.abs(shares @ self.compositions - target).max(axis=1, initial=0.0) <= _EXACT
        within = ((shares >= low) & (shares <= high) & limits.usable) | ~self.members
        cost = np.where(exact & within.all(axis=1), self.members @ dose_cost(limits), np.inf)
        if not np.isfinite(cost).any():
            return None
        return np.asarray(shares[np.argmin(cost)] * mass_g)
