"""The fields of a campaign file that say what is wanted: quantities, prices, and what decides among several."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_serializer, field_validator, model_validator

from galvanaut.campaigns.chebyshev import SUM_SHARE
from galvanaut.campaigns.components import components, unknown
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.searchfields import FileModel

Goal = Literal["maximise", "minimise"]
Quantity = Literal["conductivity", "life", "cost"]
OF_CELLS: frozenset[Quantity] = frozenset({"life"})
"""Quantities that only a procedure with cells gives."""
SCORE = "score"


@dataclass(frozen=True)
class Target:
    """The one number that decides: the only objective, or the score of several.

    Attributes:
        name: of the value in an outcome.
        unit: of its values.
        goal: the direction wanted.
    """

    name: str
    unit: str
    goal: Goal


class Objective(FileModel):
    """A measured quantity and the direction wanted."""

    name: Quantity = Field(
        description="The quantity: conductivity (mS/cm), life (cycles until the plan's share of the capacity is left), "
        "cost (of the electrolyte's components, in the currency of the prices per kg)."
    )
    goal: Goal = Field(description="The direction wanted.")
    weight: float = Field(default=1.0, gt=0, le=1000, description="How much it counts among several objectives.")
    worst: float | None = Field(
        default=None,
        description="Value that counts as no good at all, in its unit; needed if there are several. It is this "
        "objective's coordinate of the reference point: what is worse adds nothing to the hypervolume.",
    )
    best: float | None = Field(
        default=None, description="Value that counts as all that is wished for; needed if there are several."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.worst is None or self.best is None:
            return self
        if self.worst == self.best or (self.best > self.worst) != (self.goal == "maximise"):
            raise ValueError(f"{self.goal} goes from worst to best, found {self.worst:g} to {self.best:g}")
        return self

    def shortfall(self, value: float) -> float:
        """How far a value is from the best: 0 at the best, 1 at the worst; below and above beyond them."""
        if self.worst is None or self.best is None:
            raise ValueError(f"objective {self.name} has no range to be weighed in")
        return (self.best - value) / (self.best - self.worst)


class QuantityLimit(FileModel):
    """What a measured quantity must keep to, whether or not it is an objective."""

    name: Quantity = Field(description="The quantity, as in objectives.")
    low: float | None = Field(default=None, description="At least this, in the quantity's unit.")
    high: float | None = Field(default=None, description="At most this.")
    probability: float = Field(
        default=0.9, gt=0, lt=1, description="With which a recipe must keep to it, as far as the model can tell."
    )

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError(f"the limit of {self.name} needs low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"limits crossed: low {self.low:g} is not below high {self.high:g}")
        return self

    def keeps(self, value: float) -> bool:
        """Whether a value lies within, ends included."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def text(self, unit: str) -> str:
        """In words, such as ``conductivity at least 5 mS/cm``."""
        ends = (("at least", self.low), ("at most", self.high))
        return f"{self.name} {' and '.join(f'{word} {end:g}' for word, end in ends if end is not None)} {unit}"


def _day(value: object) -> object:
    return datetime.date.fromisoformat(value) if isinstance(value, str) else value


class Prices(FileModel):
    """What components cost; prices move, so they carry a date and are the laboratory's own."""

    currency: str = Field(min_length=1, max_length=12, description="In which all prices are.", examples=["EUR"])
    date: Annotated[datetime.date, BeforeValidator(_day)] = Field(
        description="When they held.", examples=["2026-11-01"]
    )
    source: str = Field(min_length=1, description="Where they come from, in words.")
    per_kg: dict[str, Annotated[float, Field(ge=0)]] = Field(
        min_length=1, description="Price of each component per kg.", examples=[{"EC": 10, "LiPF6": 200}]
    )

    @field_validator("per_kg")
    @classmethod
    def _known(cls, prices: dict[str, float]) -> dict[str, float]:
        for key in prices:
            if key not in components():
                raise ValueError(f"{key!r} {unknown(key)}")
        return prices

    @field_serializer("date")
    def _as_text(self, day: datetime.date) -> str:
        return day.isoformat()

    def of(self, recipe: Recipe) -> float:
        """Price of a kilogram of electrolyte."""
        return sum(share * self.per_kg[key] for key, share in recipe.mass_fractions.items())


def target(objectives: Sequence[Objective], currency: str) -> Target:
    """What decides among these objectives."""
    if len(objectives) > 1:
        return Target(SCORE, "", "maximise")
    only = objectives[0]
    return Target(only.name, unit_of(only.name, currency), only.goal)


def unit_of(quantity: str, currency: str = "") -> str:
    """Unit of a quantity's values."""
    units = {"conductivity": "mS/cm", "life": "cycles", "cost": f"{currency}/kg"}
    return units.get(quantity, "")


def score(objectives: Sequence[Objective], values: Mapping[str, float]) -> float:
    """One number for several objectives: 1 where all are at their best, falling with the worst shortfall.

    The augmented Chebyshev function of Knowles, IEEE Trans. Evol. Comput. 10 (2006) 50, with fixed weights.
    """
    heaviest = max(each.weight for each in objectives)
    short = [each.weight / heaviest * each.shortfall(values[each.name]) for each in objectives]
    return 1.0 - max(short) - SUM_SHARE * sum(short)


def score_deviation(
    objectives: Sequence[Objective], values: Mapping[str, float], deviations: Mapping[str, float]
) -> float:
    """Standard deviation of the score, each value being moved by its own, independently, up and down.

    Where two objectives are about equally short the score has a kink, and one of the two ways changes it little.
    """
    here = score(objectives, values)
    moved = (
        score(objectives, {**values, name: values[name] + by}) - here
        for name, deviation in deviations.items()
        for by in (deviation, -deviation)
    )
    return math.hypot(*moved) / math.sqrt(2)
