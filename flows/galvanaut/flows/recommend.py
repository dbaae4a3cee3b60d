"""What a planner's model holds for the best recipe, from the ledger alone; it sees through the noise of values."""

from __future__ import annotations

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger, TrialRecord
from galvanaut.campaigns.planners.protocol import Observation
from galvanaut.campaigns.planners.registry import planner
from galvanaut.campaigns.planners.task import Task
from galvanaut.campaigns.space import SearchSpace


def observation(trial: TrialRecord, space: SearchSpace, objective: str) -> Observation | None:
    """What a planner is told of a trial that ended; None while it is pending."""
    outcome = trial.outcome
    if outcome is None or outcome.status == "pending":
        return None
    deviation = outcome.deviations.get(objective)
    # A badly built cell says as little about its recipe as a broken pump.
    status = "failed_instrument" if outcome.status == "failed_cells" else outcome.status
    return Observation(
        trial.number,
        tuple(space.point(trial.tested, trial.settings).tolist()),
        outcome.values.get(objective),
        None if deviation is None else deviation**2,
        status,
    )


def recommendation(campaign: Campaign, ledger: Ledger, seed: int) -> str:
    """In words: the tested recipe of highest expected value, with its interval; empty without a model."""
    objective, space = campaign.objective, SearchSpace.of(campaign)
    told = [seen for trial in ledger.ended() if (seen := observation(trial, space, objective.name)) is not None]
    task = Task(space, seed=seed, maximise=objective.goal == "maximise")
    found = planner(campaign.planner.name, task).recommend(told)
    if found is None or found.sd is None:
        return ""
    text = ledger.trials[found.trial].text
    return (
        f"The model, which weighs all trials, expects most of {text} (trial {found.trial}): "
        f"{found.mean:.2f} ± {1.96 * found.sd:.2f} {objective.unit} (95 %)."
    )
