"""A campaign's record in the form in which people ask for it: best so far, leaderboard, table of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.certainty import SIGNS, Known, known_as
from galvanaut.campaigns.ledger import Ledger, ReturnedBatch, TrialRecord
from galvanaut.campaigns.objectivefields import Objective, QuantityLimit, Target
from galvanaut.campaigns.report.front import Front, front_of


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
        is_synthetic: whether any of its numbers comes from a simulation.
        quantities: what is weighed in the objective; empty if it is a quantity itself.
        aims: the several objectives that these come from.
        limits: what quantities must keep to, each with its unit.
        returned: what other laboratories measured on its recipes.
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
    is_synthetic: bool
    quantities: Sequence[Target] = ()
    aims: Sequence[Objective] = ()
    limits: Sequence[tuple[QuantityLimit, str]] = ()
    returned: Sequence[ReturnedBatch] = ()

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
        """Value of the objective, which need not be measured, see `known`; None while pending and after a failure."""
        return trial.outcome.values.get(self.objective) if trial.outcome is not None else None

    def known(self, trial: TrialRecord) -> Known:
        """How the value of the objective is known."""
        return known_as(trial.outcome, self.objective, self.quantities)

    def text(self, trial: TrialRecord, digits: int = 3) -> str:
        """The value of the objective without its unit, behind a sign where it was not measured; empty without one."""
        value = self.value(trial)
        return "" if value is None else f"{SIGNS[self.known(trial)]}{value:.{digits}f}"

    def deviation(self, trial: TrialRecord) -> float | None:
        """Standard deviation of the value by its own readings and the cell constant; batches scatter more."""
        return trial.outcome.deviations.get(self.objective) if trial.outcome is not None else None

    def parts(self, trial: TrialRecord) -> str:
        """The values that are weighed in a trial's objective, or limited, in words; empty if there are none."""
        if trial.outcome is None:
            return ""
        values, details = trial.outcome.values, trial.outcome.details
        units = {each.name: each.unit for each in self.quantities}
        units |= {str(limit.name): unit for limit, unit in self.limits if limit.name != self.objective}
        return ", ".join(
            f"{name} {SIGNS[known_as(trial.outcome, name)]}{values[name]:.4g} {unit}{_share(details, name)}"
            for name, unit in units.items()
            if name in values
        )

    def broken(self, trial: TrialRecord) -> list[str]:
        """The limits that a trial's measured values break, in words; none while nothing was measured."""
        values = trial.outcome.values if trial.outcome is not None else {}
        return [
            limit.text(unit)
            for limit, unit in self.limits
            if limit.name in values and not limit.keeps(values[limit.name])
        ]

    def front(self) -> Front | None:
        """Of several objectives, which measured results nothing beats; None where there is one."""
        kept = [trial for trial in self.trials if not (self.broken(trial) or trial.forecast)]
        return front_of(kept, self.aims) if self.aims else None

    def cells(self) -> list[dict[str, Any]]:
        """What the ledger keeps of each cell, with its trial's number; empty if a campaign builds none."""
        return [
            {"trial": trial.number, **cell}
            for trial in self.trials
            if trial.outcome is not None
            for cell in trial.outcome.details.get("cells", ())
        ]

    def leaderboard(self, length: int | None = None) -> list[TrialRecord]:
        """Successful trials, the best first; after them those that break a limit, then those only forecast."""
        sign = -1.0 if self.maximise else 1.0
        ranked = [
            (2 * bool(trial.forecast) + bool(self.broken(trial)), sign * value, trial.number, trial)
            for trial in self.trials
            if (value := self.value(trial)) is not None
        ]
        return [trial for *_, trial in sorted(ranked, key=lambda row: row[:3])][:length]

    def best(self) -> TrialRecord | None:
        """The best measured trial so far; if any keeps all limits, one of those. Forecasts are no measurements."""
        return next((trial for trial in self.leaderboard(1) if not trial.forecast), None)

    def best_so_far(self) -> list[float | None]:
        """Best value after each ended trial, among those that keep all limits; None until the first one."""
        best: float | None = None
        course: list[float | None] = []
        for trial in self.ended:
            value = self.value(trial)
            is_left_out = bool(self.broken(trial) or trial.forecast)
            if value is not None and not is_left_out and (best is None or (value > best) == self.maximise):
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
            **({"front": front.to_json()} if (front := self.front()) is not None else {}),
            **({"limits": self._limits_json()} if self.limits else {}),
            "trials": [_trial_json(trial) for trial in self.trials],
            **({"returned": [asdict(batch) for batch in self.returned]} if self.returned else {}),
        }

    def _limits_json(self) -> list[dict[str, Any]]:
        """Each limit, and the trials whose measured values keep it."""
        measured = [(trial.number, trial.outcome.values) for trial in self.trials if trial.outcome is not None]
        return [
            {
                **limit.model_dump(mode="json"),
                "unit": unit,
                "kept_by": [
                    number for number, values in measured if limit.name in values and limit.keeps(values[limit.name])
                ],
            }
            for limit, unit in self.limits
        ]


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
        ledger.is_synthetic,
        campaign.quantities,
        campaign.objectives if campaign.quantities else (),
        [(limit, campaign.unit_of(limit.name)) for limit in campaign.limits],
        ledger.returned,
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
        **({"weighed": [dict(each) for each in trial.weighed]} if trial.weighed else {}),
        "proposed_at": trial.proposed_at,
        "ended_at": trial.ended_at,
    }
