"""What a recipe has to keep to, so that the one who receives it can use it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.core.errors import InputError
from galvanaut.core.units import magnitude

TOLERANCE = 0.05
"""Where nobody says what is wanted: this share of what is expected of the recommended recipe may be lost; of a score,
which has no natural zero, so much."""
_FORM = re.compile(r"\s*([A-Za-z_]+)\s*(>=|<=)\s*(\S.*?)\s*")


@dataclass(frozen=True)
class Demand:
    """Ends of one quantity.

    Attributes:
        name: of the quantity.
        unit: of the ends.
        low, high: infinite where open.
    """

    name: str
    unit: str
    low: float = -math.inf
    high: float = math.inf

    def keeps(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which values lie within, ends included."""
        return np.asarray((values >= self.low) & (values <= self.high))

    def text(self) -> str:
        """Such as ``conductivity >= 7 mS/cm``."""
        ends = (self.low, ">="), (self.high, "<=")
        return " and ".join(
            f"{self.name} {sign} {end:.4g} {self.unit}".strip() for end, sign in ends if math.isfinite(end)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; an open end is null."""
        low, high = (end if math.isfinite(end) else None for end in (self.low, self.high))
        return {"name": self.name, "unit": self.unit, "low": low, "high": high}


@dataclass(frozen=True)
class Specification:
    """All demands at once.

    Attributes:
        demands: one for each quantity.
        is_assumed: nobody has said what is wanted.
    """

    demands: tuple[Demand, ...]
    is_assumed: bool = False

    def text(self) -> str:
        """In words."""
        return " and ".join(each.text() for each in self.demands)


def specification_of(campaign: Campaign, wanted: Sequence[str], expected: float) -> Specification:
    """What is asked for: on the command line, else by the limits of the campaign file, else an assumption.

    Args:
        campaign: the campaign file.
        wanted: such as ``conductivity >= 7 mS/cm``.
        expected: of the recommended recipe, in the unit of the number that decides.

    Raises:
        InputError: a text of another form, or a quantity that the campaign does not know.
    """
    if wanted:
        return Specification(_joined([_demand(text, campaign) for text in wanted]))
    if campaign.limits:
        ends = [(each.name, each.low, each.high) for each in campaign.limits]
        demands = [Demand(name, campaign.unit_of(name), *_ends(low, high)) for name, low, high in ends]
        return Specification(tuple(demands))
    deciding = campaign.objective
    loss = TOLERANCE if campaign.quantities else TOLERANCE * abs(expected)
    if deciding.goal == "maximise":
        return Specification((Demand(deciding.name, deciding.unit, low=expected - loss),), is_assumed=True)
    return Specification((Demand(deciding.name, deciding.unit, high=expected + loss),), is_assumed=True)


def known_quantities(campaign: Campaign) -> list[str]:
    """Quantities that a specification may name."""
    cost = ["cost"] if campaign.prices is not None else []
    return list(dict.fromkeys([campaign.objective.name, *campaign.watched, *cost]))


def _ends(low: float | None, high: float | None) -> tuple[float, float]:
    return -math.inf if low is None else low, math.inf if high is None else high


def _demand(text: str, campaign: Campaign) -> Demand:
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError("--spec", f"is written like 'conductivity >= 7 mS/cm', found {text!r}")
    name, sign, amount = found.groups()
    known = known_quantities(campaign)
    if name not in known:
        raise InputError("--spec", f"{text!r} names {name!r}; this campaign knows {', '.join(known)}")
    unit = campaign.unit_of(name)
    value = _value(amount, unit, text)
    return Demand(name, unit, low=value) if sign == ">=" else Demand(name, unit, high=value)


def _value(amount: str, unit: str, text: str) -> float:
    """In the unit, which may be left out."""
    try:
        value = float(amount.removesuffix(unit) if unit else amount)
    except ValueError:
        try:
            value = magnitude(amount, unit)
        except ValueError as error:
            raise InputError("--spec", f"{text!r}: {error}") from None
        except Exception:  # a unit of ours that pint does not know, such as cycles
            raise InputError("--spec", f"{text!r}: expected a number in {unit or 'no unit'}") from None
    if not math.isfinite(value):
        raise InputError("--spec", f"{text!r}: expected a finite number")
    return value


def _joined(demands: Sequence[Demand]) -> tuple[Demand, ...]:
    """Both ends of a quantity in one demand.

    Raises:
        InputError: nothing lies between them.
    """
    found: dict[str, Demand] = {}
    for each in demands:
        before = found.get(each.name, Demand(each.name, each.unit))
        found[each.name] = Demand(each.name, each.unit, max(before.low, each.low), min(before.high, each.high))
        if found[each.name].low > found[each.name].high:
            raise InputError("--spec", f"nothing lies within {found[each.name].text()}")
    return tuple(found.values())
