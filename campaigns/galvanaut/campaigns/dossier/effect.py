"""How much better than the reference electrolyte that was made again and again in the same campaign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from galvanaut.campaigns.certainty import Known, known_as
from galvanaut.campaigns.dossier.number import Number, Origin

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.model import Model
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.campaigns.objectivefields import Target
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
class LeftOut:
    """A value that stands in no comparison, because it was not measured.

    Attributes:
        recipe: ``recommended`` or ``reference``.
        trial: its number.
        known: why.
    """

    recipe: str
    trial: int
    known: Known


@dataclass(frozen=True)
class Effect:
    """The comparison.

    Attributes:
        reference: the electrolyte, in words; empty if the campaign had none.
        quantity, unit, origin: what is compared.
        recommended_trials, reference_trials: that made them and gave a value.
        recommended_values, reference_values: measured.
        by_model, by_values: the difference; None where it cannot be told.
        left_out: forecasts and bounds of the two recipes.
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
    left_out: tuple[LeftOut, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """What was left out and why, and what cannot be told because of that; a sentence each."""
        found: list[str] = []
        for recipe, words in _SIDES.items():
            here = [each for each in self.left_out if each.recipe == recipe]
            for known in dict.fromkeys(each.known for each in here):
                numbers = [str(each.trial) for each in here if each.known == known]
                end, verb = ("s", "are") if len(numbers) > 1 else ("", "is")
                trials = f"trial{end} {', '.join(numbers)}"
                found.append(f"{len(numbers)} {known}{end} of {words} ({trials}) {verb} left out: {_WHY[known]}.")
        measured = {"recommended": self.recommended_trials, "reference": self.reference_trials}
        for recipe, words in _SIDES.items():
            if not measured[recipe] and any(each.recipe == recipe for each in self.left_out):
                found.append(f"Nothing else is known of {words}, so no difference is told.")
        return found

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
            "left_out": [dict(vars(each)) for each in self.left_out],
            "remarks": self.remarks,
        }


NONE = (
    "The campaign made no reference electrolyte, so nothing here says how much better than a usual one the recipe is."
)
_SIDES = {"recommended": "the recommended recipe", "reference": "the reference electrolyte"}
_WHY: dict[Known, str] = {
    "forecast": "cells were taken off early, and what they would have reached was not measured",
    "lower bound": "cells had not come to their end, so that the truth lies above",
    "upper bound": "cells had not come to their end, so that the truth lies below",
}


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
    weighed: Sequence[Target] = (),
) -> Effect:
    """Compare the recommended recipe with the reference, by what was measured of both: no forecasts, no bounds.

    Args:
        best: the recommended trial.
        trials: all of the campaign.
        space: of the search.
        model: of the campaign, if there is one.
        quantity: name, unit and origin of the number that decides.
        weighed: what it is worked out from, if it is a score.
    """
    name, unit, origin = quantity
    ended = [trial for trial in trials if trial.outcome is not None and name in trial.outcome.values]
    known = {trial.number: known_as(trial.outcome, name, weighed) for trial in ended}
    references = [trial for trial in ended if is_reference(trial)]
    if not any(is_reference(trial) for trial in trials):
        return Effect("", name, unit, origin)
    if not references:
        return Effect("made, but never measured", name, unit, origin)
    sides = {"recommended": [trial for trial in ended if _is_same(trial, best, space)], "reference": references}
    same, usual = ([each for each in side if known[each.number] == "measured"] for side in sides.values())
    first, second = ([trial.outcome.values[name] for trial in part if trial.outcome] for part in (same, usual))
    left_out = tuple(
        LeftOut(recipe, each.number, known[each.number])
        for recipe, side in sides.items()
        for each in side
        if known[each.number] != "measured"
    )
    how = "the planner's model, which weighs all trials"
    how += "" if set(known.values()) <= {"measured"} else ", forecasts and bounds with the others"
    return Effect(
        references[0].recipe.text(),
        name,
        unit,
        origin,
        tuple(trial.number for trial in same),
        tuple(trial.number for trial in usual),
        tuple(first),
        tuple(second),
        None if model is None or not (same and usual) else _by_model(model, best, usual, space, name, how),
        welch(first, second),
        left_out,
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
    half = float(stdtrit(freedom, 0.975)) * math.sqrt(variance)
    return Difference(expected, expected - half, expected + half, how)


def _by_model(
    model: Model, best: TrialRecord, references: Sequence[TrialRecord], space: SearchSpace, name: str, how: str
) -> Difference:
    there = np.mean([space.point(each.tested, each.settings) for each in references], axis=0)
    expected, sd = model.difference(space.point(best.tested, best.settings), there, name)
    half = _WIDE * model.widening * sd
    return Difference(expected, expected - half, expected + half, how)


def _is_same(trial: TrialRecord, best: TrialRecord, space: SearchSpace) -> bool:
    rows = np.array([space.point(each.recipe, each.settings) for each in (trial, best)])
    first, second = space.features(rows)
    return bool(np.abs(first - second).max(initial=0.0) < _SAME)
