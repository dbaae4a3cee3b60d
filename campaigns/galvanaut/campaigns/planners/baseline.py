"""What planners have in common, and what those without a model answer."""

from __future__ import annotations

from collections.abc import Sequence

from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal, Recommendation, in_order
from galvanaut.campaigns.planners.task import Limit
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import SearchSpace


def blind_proposal(space: SearchSpace, index: int, point: Array, reason: str, model: str, seed: int) -> Proposal:
    """A proposal that rests on no data."""
    recipe = space.recipe(point)
    explanation = {"model": model, "seed": seed, "index": index}
    return Proposal(index, coordinates(space, recipe, point), recipe, reason, explanation=explanation)


def coordinates(space: SearchSpace, recipe: Recipe, point: Array) -> tuple[float, ...]:
    """Coordinates as they follow from the recipe in the ledger, to the last bit: what is replayed is what was.

    Args:
        space: search space.
        recipe: of the proposal.
        point: of the proposal; it adds the settings.
    """
    return tuple(space.point(recipe, space.settings(point)).tolist())


def best_measured(
    observations: Sequence[Observation], maximise: bool, limits: Sequence[Limit] = ()
) -> Recommendation | None:
    """The recipe with the best measured value (the earliest of equals) among those that keep the limits, as measured.

    None without a success; the best of all if none keeps the limits.
    """
    ordered = [seen for seen in in_order(observations) if seen.is_own]
    best: Recommendation | None = None
    kept = [seen for seen in ordered if all(_keeps(seen, limit) for limit in limits)]
    for seen in kept if any(each.value is not None for each in kept) else ordered:
        value = seen.value
        if value is not None and (best is None or (value > best.mean if maximise else value < best.mean)):
            best = Recommendation(seen.point, value, None, seen.trial)
    return best


def _keeps(seen: Observation, limit: Limit) -> bool:
    found = seen.measured(limit.name)
    return found is not None and limit.keeps(found.value)
