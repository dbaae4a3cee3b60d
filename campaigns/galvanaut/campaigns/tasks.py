"""From a campaign file to what its planner is set to, and to the planner itself."""

from __future__ import annotations

from collections.abc import Sequence

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.objectivefields import Objective
from galvanaut.campaigns.planners.given import GivenPlanner, GivenRecipe
from galvanaut.campaigns.planners.protocol import Maker, Planner
from galvanaut.campaigns.planners.registry import planner
from galvanaut.campaigns.planners.task import Aim, Belief, Limit, Task
from galvanaut.campaigns.space import SearchSpace


def task_of(
    campaign: Campaign, space: SearchSpace, seed: int, maker: Maker | None = None, beliefs: Sequence[Belief] = ()
) -> Task:
    """What the planner of a campaign is set to.

    Args:
        campaign: the campaign file.
        space: its search space.
        seed: of the campaign; may differ from the file's.
        maker: what the bench can make; None for everything.
        beliefs: predictions made beforehand.
    """
    several = campaign.objectives if len(campaign.objectives) > 1 else []
    return Task(
        space,
        maker,
        seed,
        initial=campaign.planner.initial,
        maximise=campaign.objective.goal == "maximise",
        aims=tuple(_aim(each) for each in several),
        limits=tuple(Limit(each.name, each.low, each.high, each.probability) for each in campaign.limits),
        beliefs=tuple(beliefs),
    )


def planner_of(campaign: Campaign, task: Task) -> Planner:
    """The planner that a campaign names; it begins with the recipes that the file gives.

    Raises:
        InputError: no planner of this name.
    """
    return planner_by_name(campaign, campaign.planner.name, task)


def planner_by_name(campaign: Campaign, name: str, task: Task) -> Planner:
    """Any planner in the place of the one that a campaign names.

    Raises:
        InputError: no planner of this name.
    """
    chosen, found = campaign.planner, planner(name, task)
    if not chosen.first and chosen.reference is None:
        return found
    first = [GivenRecipe(each.recipe(), f"given in the campaign file{_noted(each.note)}") for each in chosen.first]
    if chosen.reference is None:
        return GivenPlanner(found, task, first)
    written = chosen.reference.recipe
    reference = GivenRecipe(written.recipe(), f"reference electrolyte{_noted(written.note)}")
    return GivenPlanner(found, task, first, reference, chosen.reference.every)


def _noted(note: str) -> str:
    return f" ({note})" if note else ""


def _aim(objective: Objective) -> Aim:
    assert objective.worst is not None  # the campaign file refuses several objectives without
    assert objective.best is not None
    return Aim(objective.name, objective.goal == "maximise", objective.worst, objective.best)
