"""Why a recipe cannot be made, in the words of a chemist at the bench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from galvanaut.campaigns import doseprogram
from galvanaut.campaigns.components import component
from galvanaut.campaigns.doseprogram import Array, DoseLimits
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.stocklimits import Limit, dose_limits
from galvanaut.core.errors import NotMakeableError
from galvanaut.core.stocks import Stock

_LIMITS: tuple[Limit, ...] = ("smallest dose", "largest dose", "stock left")


@dataclass(frozen=True)
class Attempt:
    """A recipe against the stocks.

    Attributes:
        recipe: wanted.
        mass_g: of the batch.
        tolerance: allowed deviation in any mass fraction.
        stocks: at hand.
        not_dosable: for each stock, why it is never dosed, or empty.
        keys: components that any stock holds.
        compositions: mass fractions of each stock, (stocks, keys).
        target: mass fractions wanted of ``keys``.
    """

    recipe: Recipe
    mass_g: float
    tolerance: float
    stocks: Sequence[Stock]
    not_dosable: Sequence[str]
    keys: Sequence[str]
    compositions: Array
    target: Array

    def limits(self, without: Sequence[Limit] = ()) -> DoseLimits:
        """Limits of the doses. Stocks with a component that the recipe does without are not used at all."""
        reasons = [
            reason
            or ("foreign" if any(fraction and key not in self.recipe.mass_fractions for key, fraction in parts) else "")
            for reason, parts in zip(
                self.not_dosable, (stock.composition.items() for stock in self.stocks), strict=True
            )
        ]
        return dose_limits(self.stocks, reasons, without)

    def amounts_g(self, without: Sequence[Limit] = ()) -> Array | None:
        """Continuous amounts within the tolerance, or None."""
        found = doseprogram.amounts(self.compositions, self.target, self.limits(without), self.mass_g)
        return found[0] if found is not None and found[1] <= self.tolerance else None


class NoDosesError(NotMakeableError):
    """No doses make a recipe. Why takes ten times as long to find as that, so it is worked out when it is read."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        super().__init__()

    def __str__(self) -> str:
        return self._why

    @cached_property
    def _why(self) -> str:
        return why_not(self._attempt)


def why_not(attempt: Attempt) -> str:
    """The first of these that holds: a component is not supplied; the stocks do not span the ratio; a dose limit."""
    reason = _not_supplied(attempt) or _out_of_ratio(attempt) or _barred_by(attempt)
    return f"{attempt.recipe.text()} cannot be made: {reason}"


def _not_supplied(attempt: Attempt) -> str:
    reasons = []
    for key in attempt.recipe.mass_fractions:
        holding = [index for index, stock in enumerate(attempt.stocks) if stock.composition.get(key, 0.0) > 0.0]
        solid = [attempt.not_dosable[index] for index in holding if attempt.not_dosable[index]]
        if not holding:
            reasons.append(f"no stock supplies {key}")
        elif len(solid) == len(holding):
            reasons.append("; ".join(solid))
    return "; ".join(reasons)


def _out_of_ratio(attempt: Attempt) -> str:
    if attempt.amounts_g(_LIMITS) is not None:
        return ""
    surplus = _surplus(attempt)
    too_much = " and ".join(f"{value:.3f} g/g {key}" for key, value in surplus.items() if value > attempt.tolerance)
    reason = "the ratio is beyond the stocks"
    if too_much:
        reason += f": bringing all of its components, they also bring {too_much} too much"
    return reason + _best_molality(attempt)


def _surplus(attempt: Attempt) -> dict[str, float]:
    """Mass fraction by which the leanest mixture that brings enough of everything overshoots, by component."""
    from scipy.optimize import linprog

    usable = _dosable(attempt)
    held = attempt.compositions[usable]
    result = linprog(np.ones(len(held)), A_ub=-held.T, b_ub=-attempt.target, method="highs")
    if result.x is None:
        raise RuntimeError(f"linear programme failed: {result.message}")
    return dict(zip(attempt.keys, (result.x @ held - attempt.target).tolist(), strict=True))


def _best_molality(attempt: Attempt) -> str:
    """With one salt, the highest molality that the stocks reach at the recipe's solvent shares and additives."""
    salts = list(attempt.recipe.molalities)
    if len(salts) != 1:
        return ""
    from scipy.optimize import linprog

    salt = attempt.keys.index(salts[0])
    held = attempt.compositions[_dosable(attempt)]
    others = [index for index in range(len(attempt.keys)) if index != salt]
    result = linprog(-held[:, salt], A_eq=held[:, others].T, b_eq=attempt.target[others], method="highs")
    if result.fun is None:
        return "; no molality can be reached at these solvent shares"
    solvent = sum(attempt.target[index] for index in others if component(attempt.keys[index]).is_solvent)
    highest = -result.fun / solvent / component(salts[0]).molar_mass_g_mol * 1000.0
    return f"; at these solvent shares they reach up to {highest:.2f} mol/kg {salts[0]}"


def _dosable(attempt: Attempt) -> list[int]:
    return [index for index, reason in enumerate(attempt.not_dosable) if not reason]


def _barred_by(attempt: Attempt) -> str:
    for limits in (*((limit,) for limit in _LIMITS), _LIMITS):
        amounts_g = attempt.amounts_g(limits)
        if amounts_g is not None:
            return _violations(attempt, amounts_g)
    raise RuntimeError("a recipe within reach of the stocks was found to be out of reach")


def _violations(attempt: Attempt, amounts_g: Array) -> str:
    reasons = []
    for stock, mass_g in zip(attempt.stocks, amounts_g.tolist(), strict=True):
        volume_mL = mass_g / stock.density_g_mL
        if 0.0 < volume_mL < stock.dose_min_mL and volume_mL > 1e-6:
            reasons.append(
                f"it needs {volume_mL:.3g} mL of {stock.name}, less than the smallest dose of {stock.dose_min_mL:g} mL"
            )
        if volume_mL > stock.available_mL:
            reasons.append(
                f"it needs {volume_mL:.3g} mL of {stock.name}, of which {stock.available_mL:.3g} mL are left; refill it"
            )
        elif volume_mL > stock.dose_max_mL:
            reasons.append(
                f"it needs {volume_mL:.3g} mL of {stock.name}, more than the largest dose of {stock.dose_max_mL:g} mL"
            )
    return "; ".join(reasons) + _other_mass(attempt)


def _other_mass(attempt: Attempt) -> str:
    """A mass within tenfold either way that could be made, if the limits of one dose are all that bars it."""
    for factor in (1.5, 2.0, 3.0, 5.0, 10.0, 0.7, 0.5, 0.3, 0.2, 0.1):
        other = replace(attempt, mass_g=float(f"{attempt.mass_g * factor:.2g}"))
        if other.amounts_g() is not None:
            return f" (a batch of {other.mass_g:g} g could be made)"
    return ""
