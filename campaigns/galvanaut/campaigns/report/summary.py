"""A campaign's record in the form in which people ask for it: best so far, leaderboard, table of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger, TrialRecord
from galvanaut.campaigns.objectivefields import Target


@dataclass(frozen=True)
class Summary:
    """What the ledger says about one campaign.

    Attributes:
        name, title: of the campaign.
        objective, unit, maximise: what is measured and which way is better.
        budget: trials in all.
        trials: those that were proposed, by number.
        calibration: cell constant and the standard it rests on, or None.
        plan: campaign file, seed and bench as started.
        quantities: what is weighed in the objective; empty if it is a quantity itself.
    """

    name: str
    title: str
    objective: str
    unit: str
    maximise: bool
    budget: int
    trials: Sequence[TrialRecord]
    calibration: Mapping[str, Any] | None
    plan: Mapping[str, Any]
    quantities: Sequence[Target] = ()

    @property
    def ended(self) -> list[TrialRecord]:
        """Trials that ended, in the order in which they did."""
        done = [trial for trial in self.trials if trial.ended_at is not None]
        return sorted(done, key=lambda trial: (trial.ended_at or 0.0, trial.number))

    @property
    def label(self) -> str:
        """Of an axis or a column of values."""
        return f"{self.objective} / {self.unit}" if self.unit else self.objective

    def value(self, trial: TrialRecord) -> float | None:
        """Measured value of the objective; None while pending and after a failure."""
        return trial.outcome.values.get(self.objective) if trial.outcome is not None else None

    def deviation(self, trial: TrialRecord) -> float | None:
        """Standard deviation of the value by its own readings and the cell constant; batches scatter more."""
        return trial.outcome.deviations.get(self.objective) if trial.outcome is not None else None

    def parts(self, trial: TrialRecord) -> str:
        """The values that are weighed in a trial's objective, in words; empty if there are none."""
        if trial.outcome is None:
            return ""
        values, details = trial.outcome.values, trial.outcome.details
        censored = details.get("censored", ())
        found = ((each, values[each.name]) for each in self.quantities if each.name in values)
        return ", ".join(
            f"{each.name} {'> ' if each.name in censored else ''}{value:.4g} {each.unit}{_share(details, each.name)}"
            for each, value in found
        )

    def cells(self) -> list[dict[str, Any]]:
        """What the ledger keeps of each cell, with its trial's number; empty if a campaign builds none."""
        return [
            {"trial": trial.number, **cell}
            for trial in self.trials
            if trial.outcome is not None
            for cell in trial.outcome.details.get("cells", ())
        ]

    def leaderboard(self, length: int | None = None) -> list[TrialRecord]:
        """Successful trials, the best first."""
        sign = -1.0 if self.maximise else 1.0
        ranked = [
            (sign * value, trial.number, trial) for trial in self.trials if (value := self.value(trial)) is not None
        ]
        return [trial for _, _, trial in sorted(ranked, key=lambda row: row[:2])][:length]

    def best(self) -> TrialRecord | None:
        """The best measured trial so far."""
        return next(iter(self.leaderboard(1)), None)

    def best_so_far(self) -> list[float | None]:
        """Best value after each ended trial; None until the first success."""
        best: float | None = None
        course: list[float | None] = []
        for trial in self.ended:
            value = self.value(trial)
            if value is not None and (best is None or (value > best) == self.maximise):
                best = value
            course.append(best)
        return course

    def to_json(self) -> dict[str, Any]:
        """The whole record as JSON. On a simulated bench the same seed gives the same bytes."""
        return {
            "campaign": self.name,
            "title": self.title,
            "objective": {"name": self.objective, "unit": self.unit, "maximise": self.maximise},
            "budget": self.budget,
            "plan": dict(self.plan),
            "calibration": dict(self.calibration) if self.calibration is not None else None,
            "best": best.number if (best := self.best()) is not None else None,
            "trials": [_trial_json(trial) for trial in self.trials],
        }


def summarise(ledger: Ledger, campaign: Campaign) -> Summary:
    """Read a summary out of a ledger."""
    trials, deciding = [trial for _, trial in sorted(ledger.trials.items())], campaign.objective
    return Summary(
        ledger.campaign,
        campaign.title,
        deciding.name,
        deciding.unit,
        deciding.goal == "maximise",
        campaign.budget.trials,
        trials,
        ledger.calibration,
        ledger.started or {},
        campaign.quantities,
    )


def _share(details: Mapping[str, Any], quantity: str) -> str:
    """How many cells a value rests on, where some were left out of it."""
    average = details.get(quantity)
    if average is None or not average["excluded"]:
        return ""
    counting = len(average["cells"])
    return f" by {counting} of {counting + len(average['excluded'])} cells"


def _trial_json(trial: TrialRecord) -> dict[str, Any]:
    outcome = trial.outcome
    return {
        "trial": trial.number,
        "bench": trial.bench,
        "status": trial.status,
        "recipe": dict(trial.recipe.mass_fractions),
        "settings": dict(trial.settings),
        "doses": [dict(dose) for dose in trial.doses],
        "as_made": dict(trial.as_made.mass_fractions) if trial.as_made is not None else None,
        "as_made_deviations": dict(trial.as_made_deviations),
        "values": dict(outcome.values) if outcome is not None else {},
        "deviations": dict(outcome.deviations) if outcome is not None else {},
        "details": dict(outcome.details) if outcome is not None else {},
        "reason": outcome.reason if outcome is not None else "",
        "explanation": dict(trial.explanation),
        "proposed_at": trial.proposed_at,
        "ended_at": trial.ended_at,
    }
