"""How to make a recipe from the stocks at hand: doses that the dispensers can give, with an exact mass balance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns import doseprogram
from galvanaut.campaigns.asmade import AsMade
from galvanaut.campaigns.components import component
from galvanaut.campaigns.notmakeable import Attempt, NoDosesError
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.stockcone import TOLERANCE, StockCone
from galvanaut.campaigns.stocklimits import dose_limits, not_dosable
from galvanaut.campaigns.supports import Supports
from galvanaut.core.errors import InputError, NotMakeableError
from galvanaut.core.stocks import Stock

_ROUNDS = 40
"""How often a plan is planned again at most. Once suffices but for 1 of 4,000 random mixtures of seven stocks; the
longest way that was seen takes five, each one step of a dose farther."""


@dataclass(frozen=True)
class Dose:
    """One dose of a batch.

    Attributes:
        stock: name.
        volume_mL: on the dispenser's step.
        mass_g: volume times the stock's density.
        left_mL: what the bottle still holds afterwards.
    """

    stock: str
    volume_mL: float
    mass_g: float
    left_mL: float


@dataclass(frozen=True)
class BatchPlan:
    """Doses that make a recipe.

    Attributes:
        asked: the recipe wanted.
        recipe: the recipe that the doses make, by exact mass balance.
        doses: in the order of the stocks; at most one of each.
        deviation: largest difference in any mass fraction between the two.
    """

    asked: Recipe
    recipe: Recipe
    doses: tuple[Dose, ...]
    deviation: float

    @property
    def mass_g(self) -> float:
        """Mass of the batch; differs from the mass asked for by the rounding of doses."""
        return math.fsum(dose.mass_g for dose in self.doses)

    @property
    def volume_mL(self) -> float:
        """Volume dosed; mixing may shrink it by a little."""
        return math.fsum(dose.volume_mL for dose in self.doses)


class BatchPlanner:
    """Plans batches from a set of stocks.

    Args:
        stocks: what the dispensers draw from. One with nothing available is never dosed, yet known to `as_made`
            (for example the rinse solvent that stays in the mixer).
        tolerance: largest deviation from a recipe, in any mass fraction, that still counts as that recipe. The
            default 0.002 is ten times what dose steps of about 1 uL make of a batch of a few grams (illustrative).
        dispensing_degC: temperature of stocks and dispensers; decides which neat stocks are solid.
        dose_sd_g: standard deviation of one weighed dose. The default is that of the difference of two readings of a
            balance that repeats within 1 mg (illustrative).

    Raises:
        InputError: a stock with an unknown component, fractions that do not sum to 1, or an impossible dispenser.
    """

    def __init__(
        self,
        stocks: Sequence[Stock],
        tolerance: float = 0.002,
        dispensing_degC: float = 25.0,
        dose_sd_g: float = 0.0014,
    ) -> None:
        self.stocks = {stock.name: stock for stock in stocks}
        if not stocks or len(self.stocks) < len(stocks):
            raise InputError("stocks", "none is given" if not stocks else "two have the same name")
        for stock in stocks:
            _check(stock)
        self.tolerance = tolerance
        self.dose_sd_g = dose_sd_g
        self._settings = (tolerance, dispensing_degC, dose_sd_g)
        self._without_lots: dict[frozenset[tuple[str, str]], BatchPlanner] = {}
        self._not_dosable = {name: not_dosable(stock, dispensing_degC) for name, stock in self.stocks.items()}
        self._keys = list(dict.fromkeys(key for stock in stocks for key in stock.composition))
        self._compositions = np.array([[stock.composition.get(key, 0.0) for key in self._keys] for stock in stocks])

    def without_lots(self, lots: frozenset[tuple[str, str]]) -> BatchPlanner:
        """The same planner, for which stocks that hold a component and are of a lot named with it are never dosed."""
        if not lots:
            return self
        if lots not in self._without_lots:
            stocks = [
                replace(one, available_mL=0.0) if any((key, one.lot) in lots for key in one.composition) else one
                for one in self.stocks.values()
            ]
            self._without_lots[lots] = BatchPlanner(stocks, *self._settings)
        return self._without_lots[lots]

    def plan(self, recipe: Recipe, mass_g: float, tolerance: float | None = None) -> BatchPlan:
        """Doses that make a recipe: nearest in composition, then with the fewest doses, then from the fullest stocks.

        Planning ``plan.recipe`` again gives the same doses, while the stocks last.

        Args:
            recipe: wanted.
            mass_g: of the batch, met within one step of a dose.
            tolerance: instead of the planner's own, for example a wide one to find the nearest recipe that can be made.

        Raises:
            NotMakeableError: within the tolerance no doses do; the text says what stands in the way.
        """
        attempt = self._attempt(recipe, mass_g, self.tolerance if tolerance is None else tolerance)
        plan = self._planned(recipe, attempt)
        for _ in range(_ROUNDS):  # rounding may open a way that is preferred; follow it, until the plan plans itself
            again = self._planned(recipe, replace(attempt, target=self._fractions(plan.recipe)))
            if again.doses == plan.doses:
                break
            plan = again
        if plan.deviation > attempt.tolerance:
            raise NotMakeableError(
                f"{recipe.text()}: the dispensers' steps are too coarse for a batch of {mass_g:g} g "
                f"(off by {plan.deviation:.4f} in mass fraction, allowed {attempt.tolerance:g}); make a larger batch"
            )
        return plan

    def _planned(self, recipe: Recipe, attempt: Attempt) -> BatchPlan:
        if set(recipe.mass_fractions) - set(self._keys):
            raise NoDosesError(attempt)
        limits = attempt.limits()
        amounts_g = self._supports.amounts(attempt.target, limits, attempt.mass_g)
        if amounts_g is None:
            amounts_g = attempt.amounts_g()
        if amounts_g is None:
            raise NoDosesError(attempt)
        steps = doseprogram.rounded(attempt.compositions, attempt.target, limits, amounts_g, attempt.mass_g)
        return self._plan_of(recipe, steps)

    def reachable(self, fractions: NDArray[np.float64], keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of many compositions lie between the stocks, limits of dispensers aside.

        Args:
            fractions: mass fractions of the whole electrolyte, (n, k), rows summing to 1.
            keys: component of each column.
        """
        given = np.asarray(fractions, dtype=np.float64)
        known = [index for index, key in enumerate(keys) if key in self._keys]
        foreign = [index for index in range(len(keys)) if index not in known]
        placed = np.zeros((len(given), len(self._keys)))
        placed[:, [self._keys.index(keys[index]) for index in known]] = given[:, known]
        if self._cone is None:
            return np.zeros(len(given), dtype=bool)
        without_foreign = np.abs(given[:, foreign]).max(axis=1, initial=0.0) <= TOLERANCE
        return np.asarray(self._cone.contains(placed) & without_foreign)

    def step_fractions(self, mass_g: float) -> dict[str, float]:
        """By component, the most by which one step of one dose changes its mass fraction in a batch."""
        stocks = list(self.stocks.values())
        limits = dose_limits(stocks, list(self._not_dosable.values()))
        shares = np.where(limits.usable, limits.step_g, 0.0)[:, None] * self._compositions / mass_g
        return dict(zip(self._keys, shares.max(axis=0).tolist(), strict=True))

    def as_made(self, doses_g: Mapping[str, float]) -> AsMade:
        """The composition made by weighed doses, by stock name; see `AsMade.of`."""
        return AsMade.of(self.stocks, doses_g, self.dose_sd_g)

    @cached_property
    def _supports(self) -> Supports:
        return Supports.of(self._compositions)

    @cached_property
    def _cone(self) -> StockCone | None:
        usable = dose_limits(list(self.stocks.values()), list(self._not_dosable.values())).usable
        return StockCone.of(self._compositions[usable]) if usable.any() else None

    def _attempt(self, recipe: Recipe, mass_g: float, tolerance: float) -> Attempt:
        if not (math.isfinite(mass_g) and mass_g > 0.0):
            raise NotMakeableError(f"a batch of {mass_g:g} g cannot be made")
        return Attempt(
            recipe=recipe,
            mass_g=mass_g,
            tolerance=tolerance,
            stocks=list(self.stocks.values()),
            not_dosable=list(self._not_dosable.values()),
            keys=self._keys,
            compositions=self._compositions,
            target=self._fractions(recipe),
        )

    def _fractions(self, recipe: Recipe) -> NDArray[np.float64]:
        return np.array([recipe.mass_fractions.get(key, 0.0) for key in self._keys])

    def _plan_of(self, asked: Recipe, steps: NDArray[np.int64]) -> BatchPlan:
        doses = []
        for stock, count in zip(self.stocks.values(), steps.tolist(), strict=True):
            if count:
                volume_mL = round(count * stock.dose_step_mL, 9)  # 0.3 mL, not 0.30000000000000004 mL
                left_mL = max(0.0, stock.available_mL - volume_mL)
                doses.append(Dose(stock.name, volume_mL, volume_mL * stock.density_g_mL, left_mL))
        made = self.as_made({dose.stock: dose.mass_g for dose in doses}).recipe
        keys = {*asked.mass_fractions, *made.mass_fractions}
        return BatchPlan(asked, made, tuple(doses), max(abs(asked.fraction(key) - made.fraction(key)) for key in keys))


def _check(stock: Stock) -> None:
    source = f"stock {stock.name!r}"
    for key, fraction in stock.composition.items():
        component(key)
        if not 0.0 <= fraction <= 1.0:
            raise InputError(source, f"mass fraction of {key} is {fraction:g}; expected 0 to 1")
    total = math.fsum(stock.composition.values())
    if abs(total - 1.0) > 1e-6:
        raise InputError(source, f"mass fractions sum to {total:.9g}, not to 1")
    for field in ("density_g_mL", "dose_step_mL", "dose_max_mL"):
        if not getattr(stock, field) > 0.0:
            raise InputError(source, f"{field} is {getattr(stock, field):g}; expected more than 0")
