"""What a planner's model holds for the best of the tested recipes, in words, and whether that one keeps the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.objectivefields import QuantityLimit
from galvanaut.campaigns.observe import observations
from galvanaut.campaigns.planners.prediction import predictor
from galvanaut.campaigns.planners.protocol import Observation, Recommendation
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.tasks import planner_of


@dataclass(frozen=True)
class Prospect:
    """How a recipe stands to a limit, by the model that weighs all trials.

    Attributes:
        limit: from the campaign file.
        unit: of the quantity.
        mean, sd: what is expected of it.
    """

    limit: QuantityLimit
    unit: str
    mean: float
    sd: float

    @property
    def probability(self) -> float:
        """With which the recipe keeps the limit."""
        if self.sd == 0.0:
            return float(self.limit.keeps(self.mean))
        law, low, high = NormalDist(self.mean, self.sd), self.limit.low, self.limit.high
        return (1.0 if high is None else law.cdf(high)) - (0.0 if low is None else law.cdf(low))

    @property
    def is_kept(self) -> bool:
        """Whether that is as likely as the campaign file wants it."""
        return self.probability >= self.limit.probability

    def text(self) -> str:
        """In words."""
        verb = "keeps" if self.is_kept else "does NOT surely keep"
        return (
            f"It {verb} {self.limit.text(self.unit)} (expected {self.mean:.4g} ± {1.96 * self.sd:.2g}; probability "
            f"{self.probability:.0%}, wanted {self.limit.probability:.0%})."
        )


def recommendation(campaign: Campaign, ledger: Ledger, task: Task) -> Recommendation | None:
    """The tested recipe of highest expected value; None before a success."""
    return planner_of(campaign, task).recommend(observations(ledger, campaign, task.space))


def advice(campaign: Campaign, ledger: Ledger, task: Task) -> str:
    """The tested recipe of highest expected value with its interval, and how it stands to each limit.

    Empty before a success, and where a planner has no model.
    """
    told = observations(ledger, campaign, task.space)
    found = recommendation(campaign, ledger, task)
    if found is None or found.sd is None:
        return ""
    text, objective = ledger.trials[found.trial].text, campaign.objective
    expected = f"{found.mean:.2f} ± {1.96 * found.sd:.2f} {objective.unit}".strip()
    head = f"The model, which weighs all trials, expects most of {text} (trial {found.trial}): {expected} (95 %)."
    return " ".join([head, *(each.text() for each in prospects(campaign, task, told, found))])


def prospects(campaign: Campaign, task: Task, told: Sequence[Observation], found: Recommendation) -> list[Prospect]:
    """How a recommended recipe stands to each limit of its campaign; nothing where there are too few values."""
    predict = predictor(task, told) if campaign.limits else None
    if predict is None:
        return []
    point = np.array(found.point)[None, :]
    rows = [(limit, predict(point, limit.name)) for limit in campaign.limits]
    return [Prospect(limit, campaign.unit_of(limit.name), float(mean[0]), float(sd[0])) for limit, (mean, sd) in rows]
