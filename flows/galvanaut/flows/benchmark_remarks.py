"""What `galvanaut benchmark` makes of the parts of a campaign file that say what is known, and what must not happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.campaigns.benchmark.problem import Problem
    from galvanaut.campaigns.campaignfile import Campaign


def planner_remarks(campaign: Campaign, problem: Problem) -> list[str]:
    """For a comparison of planners: what they are given, and what is left out, in sentences."""
    choice, found = campaign.planner, []
    if choice.first:
        found.append(f"Every planner begins with planner.first ({_counted(len(choice.first), 'recipe')}).")
    if choice.reference is not None:
        found.append(
            f"Every planner makes planner.reference every {choice.reference.every} experiments; nothing drifts."
        )
    if problem.beliefs:
        found.append(
            "planner.physics: planners that can believe something are told the law as the papers alone give it, as in "
            "a dry run. The truth is a law of the same form, so it may help more here than on a real bench."
        )
    unheard = choice.physics and not problem.beliefs
    return found + _no_part({"limits": campaign.limits, "planner.physics": unheard, "planner.earlier": choice.earlier})


def policy_remarks(campaign: Campaign, *, has_limits: bool) -> list[str]:
    """For a comparison of policies: what is left out, in sentences; ``has_limits`` if planners are told them."""
    choice = campaign.planner
    kept = "Planners know the limits, and no recipe is held against one that breaks them; but recipes that do count in "
    counted = [f"{kept}all figures."] if campaign.limits and has_limits else []
    return counted + _no_part(
        {
            "limits": campaign.limits and not has_limits,
            "planner.first": choice.first,
            "planner.reference": choice.reference,
            "planner.physics": choice.physics,
            "planner.earlier": choice.earlier,
        }
    )


def _no_part(given: dict[str, object]) -> list[str]:
    names = [name for name, each in given.items() if each]
    return [f"What the campaign file says under {', '.join(names)} plays no part here."] if names else []


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
