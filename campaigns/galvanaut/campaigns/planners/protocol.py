"""What a planner is told, what it answers, and what it asks of the bench.

A planner is a pure function: the same space, observations, pending points, seed and index give the same proposal, in
whatever order the observations are told. So a campaign that was killed continues by replaying its ledger.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import SearchSpace

Array = NDArray[np.float64]
Status = Literal["ok", "failed_recipe", "failed_instrument"]
Censored = Literal["", "above", "below"]
"""Where the truth lies when a measurement ended early: a cell that was taken off lives *above* the cycles it had."""


@dataclass(frozen=True)
class Measured:
    """One measured quantity.

    Attributes:
        value: in its unit.
        variance: in its unit squared, as far as it is known; the model learns what goes beyond, such as the scatter
            from batch to batch.
        censored: on which side of the value the truth lies; empty when it was measured.

    Raises:
        ValueError: not finite, or a negative variance.
    """

    value: float
    variance: float | None = None
    censored: Censored = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the value {self.value} is not finite; tell the trial as failed")
        if self.variance is not None and not (math.isfinite(self.variance) and self.variance >= 0.0):
            raise ValueError(f"the variance {self.variance} is not a number from 0 up")


@dataclass(frozen=True)
class Observation:
    """How one trial ended.

    Attributes:
        trial: its number; unique. Below 0 for what another laboratory measured: learnt from, and never recommended.
        point: coordinates of what was made (not of what was asked).
        value: the number that decides; only with status ``ok``.
        variance, censored: of the value, see `Measured`.
        status: ``ok``; ``failed_recipe``: such recipes fail (it gelled), learn from it; ``failed_instrument``: says
            nothing about the recipe.
        group: trials of one group share an unknown offset, as those of one day, one bench or one batch of a stock do.
        quantities: what else was measured, by name: each of several objectives, and what limits are set on.

    Raises:
        ValueError: a value is missing, not finite, or given for a failed trial; a negative variance.
    """

    trial: int
    point: tuple[float, ...]
    value: float | None = None
    variance: float | None = None
    status: Status = "ok"
    censored: Censored = ""
    group: str = ""
    quantities: Mapping[str, Measured] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "point", tuple(float(x) for x in self.point))
        if not all(math.isfinite(x) for x in self.point):
            raise ValueError(f"trial {self.trial}: the point {self.point} is not finite")
        if (self.status == "ok") != (self.value is not None):
            raise ValueError(f"trial {self.trial}: status {self.status} with value {self.value}")
        if self.value is not None:
            try:
                Measured(self.value, self.variance)
            except ValueError as error:
                raise ValueError(f"trial {self.trial}: {error}") from None

    @property
    def is_own(self) -> bool:
        """Whether it is of a trial of this campaign."""
        return self.trial >= 0

    def measured(self, quantity: str = "") -> Measured | None:
        """A quantity by name, the number that decides by the empty name; None where there is none."""
        if self.status != "ok" or self.value is None:
            return None
        return self.quantities.get(quantity) if quantity else Measured(self.value, self.variance, self.censored)

    def told(self) -> list[Any]:
        """All of it, JSON-ready: what a proposal may depend on."""
        others = {name: [each.value, each.variance, each.censored] for name, each in sorted(self.quantities.items())}
        return [self.trial, self.point, self.value, self.variance, self.status, self.censored, self.group, others]


@dataclass(frozen=True)
class Proposal:
    """One recipe to try.

    Attributes:
        index: which ask it answers, from 0.
        point: coordinates in the search space.
        recipe: the same as a recipe.
        reason: why, in words.
        predicted_mean, predicted_sd: what the model expects, in the objective's unit (without measurement noise).
        acquisition: value of the acquisition function (log expected improvement).
        explanation: model, hyperparameters, data hash, seed; JSON-ready.
    """

    index: int
    point: tuple[float, ...]
    recipe: Recipe
    reason: str
    predicted_mean: float | None = None
    predicted_sd: float | None = None
    acquisition: float | None = None
    explanation: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Everything but the recipe, JSON-ready: the ledger's record of the decision."""
        return {
            "reason": self.reason,
            "predicted_mean": self.predicted_mean,
            "predicted_sd": self.predicted_sd,
            "acquisition": self.acquisition,
            "point": list(self.point),
            **self.explanation,
        }


@dataclass(frozen=True)
class Recommendation:
    """The best recipe among those tested, and what the planner holds of it.

    Attributes:
        point: as made.
        mean: expected value, in the objective's unit.
        sd: standard deviation of that expectation; None where the planner has no model.
        trial: in which it was tested.
    """

    point: tuple[float, ...]
    mean: float
    sd: float | None
    trial: int


class Maker(Protocol):
    """What the bench can make."""

    def reachable(self, points: Array) -> NDArray[np.bool_]:
        """For each row of ``points``, (n, variables), whether the stocks span it; fast, may be optimistic."""
        ...

    def realise(self, point: Array) -> Array | None:
        """The nearest point that the bench makes exactly; a realised point realises to itself.

        None if it lies outside the space by more than the steps of doses.
        """
        ...


class Planner(Protocol):
    """Proposes recipes."""

    @property
    def space(self) -> SearchSpace:
        """Where it searches."""
        ...

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        """The answer to ask number ``index``, given all that is known and what is under way.

        Raises:
            NotMakeableError: the bench can make nothing in the search space.
        """
        ...

    def recommend(self, observations: Sequence[Observation]) -> Recommendation | None:
        """The best tested recipe; None before the first success."""
        ...


def in_order(observations: Iterable[Observation]) -> list[Observation]:
    """By trial number, so that the order of telling cannot matter.

    Raises:
        ValueError: two observations of one trial.
    """
    ordered = sorted(observations, key=lambda observation: observation.trial)
    for first, second in itertools.pairwise(ordered):
        if first.trial == second.trial:
            raise ValueError(f"trial {first.trial} was told twice")
    return ordered


def data_hash(space: SearchSpace, observations: Sequence[Observation], pending: Sequence[Array]) -> str:
    """Identifies what a proposal was based on: 16 hexadecimal digits."""
    told = [seen.told() for seen in in_order(observations)]
    where = [list(space.names), list(space.bounds.values()), [c.text for c in space.constraints]]
    under_way = sorted(np.asarray(point).tolist() for point in pending)
    return hashlib.sha256(json.dumps([where, told, under_way]).encode()).hexdigest()[:16]
