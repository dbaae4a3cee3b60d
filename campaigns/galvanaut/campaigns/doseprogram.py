"""The arithmetic of a batch: which stocks, how much of each, on the dispensers' steps. Arrays only, no chemistry.

A small mixed-integer linear programme (HiGHS through scipy) chooses stocks and continuous amounts: least deviation
from the recipe, then fewest doses, then fullest stocks. The amounts then go on the steps next to them, so that the
deviation is least.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.quiet import native_output_dropped

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Array = NDArray[np.float64]

DEVIATION_WORTH_A_DOSE = 2e-5
"""Deviation in mass fraction that one more dose must save to be chosen. Less than
one dose step makes in a batch of some grams, more than the solver's own error."""
MOST_DOSES = 12
"""In one batch; keeps the search for the best steps small (2 to this power)."""
_DIGITS = 12
"""Decimals of a mass fraction that count. Where several amounts of the same stocks make a recipe, the last bits would
decide among them, and a recipe that was planned and written down would be planned otherwise."""
WIDELY_SEARCHED = 7
"""Up to this many doses, four steps each are tried (4 to this power), with more only the two next to the amount."""


@dataclass(frozen=True)
class DoseLimits:
    """What each dispenser can give, in whole steps; stocks with ``low > high`` cannot be used.

    Attributes:
        step_g: mass of one step, (stocks,).
        low: fewest steps of a dose, (stocks,).
        high: most steps of a dose, (stocks,).
        left_g: mass left in each bottle, (stocks,); of ways with equally few doses, the one from the fullest is taken.
    """

    step_g: Array
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    left_g: Array

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which stocks can be dosed at all, (stocks,)."""
        return np.asarray(self.low <= self.high)


def amounts(compositions: Array, target: Array, limits: DoseLimits, mass_g: float) -> tuple[Array, float] | None:
    """Continuous mass of each stock for a batch, and the largest deviation in mass fraction.

    Args:
        compositions: mass fractions of each stock, (stocks, k).
        target: mass fractions wanted, (k,).
        limits: each dose is 0 or within these to about a step, which `rounded` puts right.
        mass_g: of the batch, met exactly.

    Returns:
        None if no doses within the limits give the mass.
    """
    low, high = share_limits(limits, mass_g)
    usable = limits.usable & (low <= high)
    if not usable.any():
        return None
    wanted = target.round(_DIGITS)
    found = _Mixture(compositions, wanted, low, high, usable.astype(float), dose_cost(limits)).nearest()
    return None if found is None else (found * mass_g, float(np.abs(found @ compositions - target).max()))


def share_limits(limits: DoseLimits, mass_g: float) -> tuple[Array, Array]:
    """Lowest and highest share of each stock in a batch: one step beyond the limits, for rounding."""
    low = np.where(limits.usable, (limits.low - 1) * limits.step_g / mass_g, 0.0)
    return low, np.where(limits.usable, np.minimum((limits.high + 1) * limits.step_g / mass_g, 1.0), 0.0)


def dose_cost(limits: DoseLimits) -> Array:
    """1 for each dose, plus a fraction that makes any two sets of equally many stocks differ: the emptier, the more."""
    rank = np.argsort(np.argsort(-limits.left_g, kind="stable"), kind="stable")
    return np.asarray(1.0 + 0.5 * 2.0 ** (rank - len(rank)))


_ATTEMPTS = tuple((digits, presolve) for digits in (None, 9, 7, 5) for presolve in (True, False))
"""Decimals kept of shares (all of them if None), and whether the solver simplifies first. Traces in the target are as
small as its tolerance, and it then may fail; what it finds is judged by the exact shares in any case."""


@dataclass(frozen=True)
class _Mixture:
    """The programme: share of each stock in the batch and whether it is chosen, then the deviation."""

    compositions: Array
    target: Array
    low: Array
    high: Array
    usable: Array
    dose_cost: Array

    def nearest(self) -> Array | None:
        """Shares with the least deviation."""
        count, k = self.compositions.shape
        none, ones, below = np.zeros((k, count)), np.ones((k, 1)), np.full(k, -np.inf)
        over = (np.hstack([self.compositions.T, none, -ones]), below, self.target)
        under = (np.hstack([-self.compositions.T, none, -ones]), below, -self.target)
        found = self._solve([over, under, *self._doses()])
        return None if found is None else found[:count]

    def _doses(self) -> list[tuple[Array, Array, Array]]:
        """Limits of each dose if chosen, 0 if not; not too many; the shares make the whole."""
        count = len(self.low)
        eye, below, column = np.eye(count), np.full(count, -np.inf), np.zeros((count, 1))
        ones, none, last = np.ones((1, count)), np.zeros((1, count)), np.zeros((1, 1))
        return [
            (np.hstack([eye, -np.diag(self.high), column]), below, np.zeros(count)),
            (np.hstack([-eye, np.diag(self.low), column]), below, np.zeros(count)),
            (np.hstack([none, ones, last]), np.zeros(1), np.array([float(MOST_DOSES)])),
            (np.hstack([ones, none, last]), np.ones(1), np.ones(1)),
        ]

    def _solve(self, parts: list[tuple[Array, Array, Array]]) -> Array | None:
        exact = [np.concatenate(column) for column in zip(*parts, strict=True)]
        for digits, presolve in _ATTEMPTS:
            rows, lower, upper = (each if digits is None else each.round(digits) for each in exact)
            result = self._attempt(rows, lower, upper, presolve)
            if result.status == 2:
                return None
            if result.status == 0:
                return np.asarray(result.x, dtype=np.float64)
        raise RuntimeError(f"mixed-integer programme failed: {result.message}")

    def _attempt(self, rows: Array, lower: Array, upper: Array, presolve: bool) -> OptimizeResult:
        from scipy.optimize import Bounds, LinearConstraint, milp

        count = len(self.low)
        highest = np.concatenate([self.high, self.usable, [1.0]])
        with native_output_dropped():
            return milp(
                np.concatenate([np.zeros(count), self.dose_cost, [1.0 / DEVIATION_WORTH_A_DOSE]]),
                constraints=LinearConstraint(rows, lower, upper),
                bounds=Bounds(np.zeros_like(highest), highest),
                integrality=np.concatenate([np.zeros(count), np.ones(count), [0.0]]),
                options={"mip_rel_gap": 0.0, "presolve": presolve},
            )


def rounded(
    compositions: Array, target: Array, limits: DoseLimits, amounts_g: Array, mass_g: float
) -> NDArray[np.int64]:
    """Whole steps next to continuous amounts with the least deviation in mass fraction, by trying all.

    The mass is kept within one step, so that up to `WIDELY_SEARCHED` doses a composition that was planned once is
    found again exactly: scaled to the mass asked for, its doses move by less than one step.

    Args:
        compositions: mass fractions of each stock, (stocks, k).
        target: mass fractions wanted, (k,).
        limits: kept.
        amounts_g: from `amounts`.
        mass_g: of the batch.
    """
    exact = amounts_g / limits.step_g
    chosen = np.flatnonzero(limits.usable & (exact > 0.4 * limits.low))
    moves = (-1.0, 0.0, 1.0, 2.0) if len(chosen) <= WIDELY_SEARCHED else (0.0, 1.0)
    below = np.floor(exact[chosen] + 1e-6)
    trials = np.array(list(product(moves, repeat=len(chosen)))) + below
    trials = np.clip(trials, limits.low[chosen], limits.high[chosen])
    masses = trials * limits.step_g[chosen]
    totals = masses.sum(axis=1)
    deviations = np.abs(masses @ compositions[chosen] / totals[:, None] - target).max(axis=1)
    off_g = np.abs(totals - mass_g)
    best = np.lexsort((off_g, np.round(deviations, 12), off_g > limits.step_g[chosen].max() * (1.0 + 1e-6)))[0]
    steps = np.zeros(len(exact), dtype=np.int64)
    steps[chosen] = trials[best].astype(np.int64)
    return steps
