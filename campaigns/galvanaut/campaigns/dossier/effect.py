"""How much better than the reference electrolyte that was made again and again in the same campaign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import t as student

from galvanaut.campaigns.dossier.number import Number, Origin

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.model import Model
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.campaigns.space import SearchSpace

_WIDE = 1.959964
_SAME = 2e-3
"""Recipes that differ by less than this in every variable, in units of its range, count as one: dosing is no better."""


@dataclass(frozen=True)
class Difference:
    """One thing less another, with the interval that holds the truth in 95 of 100 such cases.

    Attributes:
        expected, low, high: in the unit of the quantity.
        how: what it rests on, in words.
    """

    expected: float
    low: float
    high: float
    how: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return dict(vars(self))

    def text(self, unit: str) -> str:
        """In words."""
        return f"{self.expected:+.3g} {unit}".rstrip() + f" (95 %: {self.low:+.3g} to {self.high:+.3g}; {self.how})"


@dataclass(frozen=True)
class Effect:
    """The comparison.

    Attributes:
        reference: the electrolyte, in words; empty if the campaign had none.
        quantity, unit, origin: what is compared.
        recommended_trials, reference_trials: that made them and gave a value.
        recommended_values, reference_values: measured.
        by_model, by_values: the difference; None where it cannot be told.
    """

    reference: str
    quantity: str
    unit: str
    origin: Origin
    recommended_trials: tuple[int, ...] = ()
    reference_trials: tuple[int, ...] = ()
    recommended_values: tuple[float, ...] = ()
    reference_values: tuple[float, ...] = ()
    by_model: Difference | None = None
    by_values: Difference | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        if not self.reference:
            return {"reference": None, "note": NONE}
        rows = [
            {"recipe": recipe, "trial": trial, **Number(value, self.unit, self.origin).to_json()}
            for recipe, trials, values in (
                ("recommended", self.recommended_trials, self.recommended_values),
                ("reference", self.reference_trials, self.reference_values),
            )
            for trial, value in zip(trials, values, strict=True)
        ]
        return {
            "reference": self.reference,
            "quantity": self.quantity,
            "unit": self.unit,
            "origin": self.origin,
            "values": rows,
            "difference_by_model": None if self.by_model is None else self.by_model.to_json(),
            "difference_by_values": None if self.by_values is None else self.by_values.to_json(),
        }


NONE = (
    "The campaign made no reference electrolyte, so nothing here says how much better than a usual one the recipe is."
)


def is_reference(trial: TrialRecord) -> bool:
    """Whether a trial made the reference electrolyte, by what its planner wrote down."""
    return trial.explanation.get("model") == "given" and str(trial.explanation.get("reason", "")).startswith(
        "reference electrolyte"
    )


def effect_of(
    best: TrialRecord,
    trials: Sequence[TrialRecord],
    space: SearchSpace,
    model: Model | None,
    quantity: tuple[str, str, Origin],
) -> Effect:
    """Compare the recommended recipe with the reference.

    Args:
        best: the recommended trial.
        trials: all of the campaign.
        space: of the search.
        model: of the campaign, if there is one.
        quantity: name, unit and origin of the number that decides.
    """
    name, unit, origin = quantity
    known = [trial for trial in trials if trial.outcome is not None and name in trial.outcome.values]
    references = [trial for trial in known if is_reference(trial)]
    if not any(is_reference(trial) for trial in trials):
        return Effect("", name, unit, origin)
    if not references:
        return Effect("made, but never measured", name, unit, origin)
    same = [trial for trial in known if _is_same(trial, best, space)]
    first, second = ([trial.outcome.values[name] for trial in part if trial.outcome] for part in (same, references))
    return Effect(
        references[0].recipe.text(),
        name,
        unit,
        origin,
        tuple(trial.number for trial in same),
        tuple(trial.number for trial in references),
        tuple(first),
        tuple(second),
        None if model is None else _by_model(model, best, references, space, name),
        welch(first, second),
    )


def welch(first: Sequence[float], second: Sequence[float]) -> Difference | None:
    """Difference of two means by their own scatter (Welch's interval); None with fewer than two values on a side."""
    if min(len(first), len(second)) < 2:
        return None
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (first, second)]
    variance = sum(parts)
    expected = float(np.mean(first) - np.mean(second))
    how = f"{len(first)} against {len(second)} measured values"
    if variance <= 0.0:
        return Difference(expected, expected, expected, how)
    counts = len(first) - 1, len(second) - 1
    freedom = variance**2 / sum(part**2 / count for part, count in zip(parts, counts, strict=True))
    half = float(student.ppf(0.975, freedom)) * math.sqrt(variance)
    return Difference(expected, expected - half, expected + half, how)


def _by_model(
    model: Model, best: TrialRecord, references: Sequence[TrialRecord], space: SearchSpace, name: str
) -> Difference:
    there = np.mean([space.point(each.tested, each.settings) for each in references], axis=0)
    expected, sd = model.difference(space.point(best.tested, best.settings), there, name)
    half = _WIDE * model.widening * sd
    return Difference(expected, expected - half, expected + half, "the planner's model, which weighs all trials")


def _is_same(trial: TrialRecord, best: TrialRecord, space: SearchSpace) -> bool:
    rows = np.array([space.point(each.recipe, each.settings) for each in (trial, best)])
    first, second = space.features(rows)
    return bool(np.abs(first - second).max(initial=0.0) < _SAME)
