"""Is the model's word good? What it said of trials that it had not seen, against what came out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from galvanaut.campaigns.certainty import known_as
from galvanaut.campaigns.dossier.model import Model

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.campaigns.objectivefields import Target
    from galvanaut.campaigns.planners.protocol import Observation
    from galvanaut.campaigns.planners.task import Task

How = Literal["before", "left out"]
"""``before``: said before the experiment, as the ledger holds it. ``left out``: by a model fitted without the trial."""
FOLDS = 10
_WIDE = 1.959964
LEAST = 5
"""Predictions from which their scatter says something."""


@dataclass(frozen=True)
class Prediction:
    """What was expected of one measured value.

    Attributes:
        trial: its number.
        how: see `How`.
        expected: value; ``sd`` with the scatter of a measurement in it.
        measured: what came out.
    """

    trial: int
    how: How
    expected: float
    sd: float
    measured: float

    @property
    def deviation(self) -> float:
        """How far off, in standard deviations."""
        return (self.measured - self.expected) / self.sd if self.sd > 0.0 else 0.0


@dataclass(frozen=True)
class Calibration:
    """Predictions of one kind, judged.

    Attributes:
        how: see `How`.
        predictions: by trial.
    """

    how: How
    predictions: tuple[Prediction, ...]

    @property
    def within(self) -> float:
        """Share of values inside the interval that should hold 95 % of them."""
        return float(np.mean([abs(each.deviation) <= _WIDE for each in self.predictions]))

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, in the unit of the values."""
        return math.sqrt(float(np.mean([(each.measured - each.expected) ** 2 for each in self.predictions])))

    @property
    def scatter(self) -> float:
        """Root mean square of the deviations: 1 where intervals are right, above where they are too narrow."""
        return math.sqrt(float(np.mean([each.deviation**2 for each in self.predictions])))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without the single predictions."""
        return {
            "how": self.how,
            "predictions": len(self.predictions),
            "share_within_95_percent": self.within,
            "rms_error": self.rmse,
            "rms_deviation_in_sd": self.scatter,
        }


def said_before(trials: Sequence[TrialRecord], quantity: str, weighed: Sequence[Target] = ()) -> Calibration | None:
    """What the ledger holds of the expectations before each experiment; None if there are none.

    Forecasts and bounds judge no prediction: they are not what came out.

    Args:
        trials: of the campaign.
        quantity: the number that decides.
        weighed: what it is worked out from, if it is a score.
    """
    found = [
        Prediction(
            trial.number,
            "before",
            float(trial.explanation["predicted_mean"]),
            float(trial.explanation["measured_sd"]),
            trial.outcome.values[quantity],
        )
        for trial in trials
        if trial.outcome is not None
        and quantity in trial.outcome.values
        and known_as(trial.outcome, quantity, weighed) == "measured"
        and trial.explanation.get("predicted_mean") is not None
        and trial.explanation.get("measured_sd") is not None
    ]
    return Calibration("before", tuple(found)) if found else None


def left_out(
    campaign: Campaign, task: Task, told: Sequence[Observation], forecast: Collection[int] = ()
) -> Calibration | None:
    """The model fitted without a tenth of the trials, asked for these, ten times; None if there are too few.

    Values known only as bounds judge no prediction, and neither do forecasts, which another model has made. The model
    learns from both, as the planner does.

    Args:
        campaign: the campaign file.
        task: what its planner is set to.
        told: all trials that ended.
        forecast: those whose deciding number is a forecast: a planner is told it as any other value.
    """
    found: list[Prediction] = []
    quantity = campaign.objective.name
    for fold in range(FOLDS):
        held = [seen for place, seen in enumerate(told) if place % FOLDS == fold]
        asked = [seen for seen in held if _judges(seen, forecast)]
        model = Model.fitted(campaign, task, [seen for seen in told if seen not in held]) if asked else None
        if model is None:
            continue
        means, sds = model.predict(np.array([seen.point for seen in asked]), quantity)
        noise_sd = model.noise_sd(quantity)
        found += [
            Prediction(seen.trial, "left out", float(mean), math.hypot(float(sd), noise_sd), seen.value)
            for seen, mean, sd in zip(asked, means, sds, strict=True)
            if seen.value is not None
        ]
    ordered = sorted(found, key=lambda each: each.trial)
    return Calibration("left out", tuple(ordered)) if ordered else None


def _judges(seen: Observation, forecast: Collection[int]) -> bool:
    """Whether a value was measured here, to its end."""
    return seen.value is not None and not seen.censored and seen.is_own and seen.trial not in forecast
