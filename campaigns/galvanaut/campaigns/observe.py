"""What a planner is told of a campaign's trials, from the ledger alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger, Outcome, TrialRecord
from galvanaut.campaigns.planners.protocol import Censored, Measured, Observation, Planner, Status
from galvanaut.campaigns.planners.session import PlannerSession
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import SearchSpace


def remembered(planner: Planner, ledger: Ledger, campaign: Campaign) -> PlannerSession:
    """A planner that knows all that the ledger holds: what was asked, what is under way, how trials ended."""
    session = PlannerSession(planner)
    for number, trial in sorted(ledger.trials.items()):
        session.restore(number, np.array(trial.explanation["point"]))
    for seen in observations(ledger, campaign, planner.space):
        session.hear(seen)
    return session


def observations(ledger: Ledger, campaign: Campaign, space: SearchSpace) -> list[Observation]:
    """Of all trials that ended, in the order in which they did, and after them of what other laboratories returned."""
    own = [
        observation(trial, trial.outcome, campaign, space, group_of(trial, campaign, ledger))
        for trial in ledger.ended()
        if trial.outcome is not None
    ]
    return [*own, *_returned(ledger, space)]


def returned_rows(ledger: Ledger) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Number, laboratory and row of each result of another one; they are no trials, and count down from -1."""
    rows = ((batch.laboratory, row) for batch in ledger.returned for row in batch.rows)
    return ((-place, laboratory, row) for place, (laboratory, row) in enumerate(rows, start=1))


def _returned(ledger: Ledger, space: SearchSpace) -> Iterator[Observation]:
    """Each with the offset of its laboratory."""
    for number, laboratory, row in returned_rows(ledger):
        status: Status = "ok" if row["status"] == "ok" else "failed_recipe"
        point = tuple(space.point(Recipe(row["made"])).tolist())
        yield Observation(number, point, row["value"], status=status, group=f"laboratory {laboratory}")


def group_of(trial: TrialRecord, campaign: Campaign, ledger: Ledger) -> str:
    """Which trials share an unknown offset with this one.

    With a reference electrolyte those from one making of it to the next on one bench; else those of one bench, where
    more than one takes part.
    """
    reference = campaign.planner.reference
    if reference is not None:
        return f"{trial.bench} block {1 + (trial.number - 1) // reference.every}"
    return trial.bench if ledger.joined else ""


def observation(
    trial: TrialRecord, outcome: Outcome, campaign: Campaign, space: SearchSpace, group: str = ""
) -> Observation:
    """What a planner is told of a trial that ended: the number that decides, and each quantity that it watches."""
    name, point = campaign.objective.name, tuple(space.point(trial.tested, trial.settings).tolist())
    # A badly built cell says as little about its recipe as a broken pump.
    if outcome.status != "ok":
        status: Status = "failed_recipe" if outcome.status == "failed_recipe" else "failed_instrument"
        return Observation(trial.number, point, status=status, group=group)
    value = _measured(name, outcome, _side(campaign, outcome))
    quantities = {each: _measured(each, outcome, _censored(each, outcome)) for each in campaign.watched}
    return Observation(
        trial.number, point, value.value, value.variance, "ok", value.censored, group, quantities=quantities
    )


def measured(quantity: str, outcome: Outcome) -> Measured | None:
    """A quantity of a trial; None if it has none."""
    return _measured(quantity, outcome, _censored(quantity, outcome)) if quantity in outcome.values else None


def _measured(quantity: str, outcome: Outcome, censored: Censored) -> Measured:
    deviation = outcome.deviations.get(quantity)
    return Measured(outcome.values[quantity], None if deviation is None else deviation**2, censored)


def _censored(quantity: str, outcome: Outcome) -> Censored:
    """A cell that was taken off before its end lives longer than it was seen to."""
    return "above" if quantity in outcome.details.get("censored", ()) else ""


def _side(campaign: Campaign, outcome: Outcome) -> Censored:
    """Where the truth of the number that decides lies: a score moves with the quantity that is not known to its end."""
    if not campaign.quantities:
        return _censored(campaign.objective.name, outcome)
    open_ended: Iterable[Censored] = (
        "above" if each.goal == "maximise" else "below" for each in campaign.quantities if _censored(each.name, outcome)
    )
    return next(iter(open_ended), "")
