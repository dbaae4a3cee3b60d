"""Recipes that a campaign file gives have to lie in its search space, and the bench has to be able to make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.constraints import LinearConstraint, optional_names
from galvanaut.core.errors import InputError, Problem

if TYPE_CHECKING:
    from galvanaut.campaigns.recipe import Recipe
    from galvanaut.flows.plan import Plan

ROUNDING = 1e-6
"""How far outside a bound a recipe may lie that was written with some digits."""


def check_given(plan: Plan) -> None:
    """Refuse recipes that cannot be tried.

    Raises:
        InputError: lists each of them with what is wrong.
    """
    choice = plan.campaign.planner
    given = {f"planner.first.{place}": each.recipe() for place, each in enumerate(choice.first)}
    if choice.reference is not None:
        given["planner.reference.recipe"] = choice.reference.recipe.recipe()
    found = [(where, _problem(recipe, plan)) for where, recipe in given.items()]
    if problems := [Problem(where, text) for where, text in found if text]:
        raise InputError(plan.campaign_file, problems)


def _problem(recipe: Recipe, plan: Plan) -> str:
    """What is wrong with a recipe, in words; empty if nothing is."""
    space = plan.space
    foreign = [key for key in recipe.mass_fractions if key not in space.components]
    if foreign:
        return f"{recipe.text()} holds {', '.join(foreign)}, which {'is' if len(foreign) == 1 else 'are'} not searched"
    if space.names != space.components:
        return "recipes cannot be given beforehand where settings are chosen beside them; leave out one or the other"
    point = space.point(recipe)
    if not space.feasible(point, ROUNDING)[0]:
        broken = _broken(dict(zip(space.names, point.tolist(), strict=True)), plan)
        return f"{recipe.text()} lies outside the search space ({'; '.join(broken)}); widen that, or leave it out"
    return _unmade(recipe, plan)


def _unmade(recipe: Recipe, plan: Plan) -> str:
    """Why the bench does not make just this recipe; empty if it does."""
    batches, mass_g = plan.batches(), plan.campaign.procedure.batch_mass_g
    found = BatchMaker(plan.space, batches, mass_g).realise(plan.space.point(recipe))
    made = None if found is None else plan.space.recipe(found)
    if made is None:
        return (
            f"{recipe.text()} cannot be made from the stocks of bench {plan.bench.name}; add a stock, or leave it out"
        )
    off = max(abs(made.fraction(key) - recipe.fraction(key)) for key in plan.space.components)
    if off > batches.tolerance or set(made.mass_fractions) != set(recipe.mass_fractions):
        return (
            f"{recipe.text()} would be made as {made.text()}, as the dispensers of bench {plan.bench.name} give no "
            "smaller doses; write that, dilute the stock, enlarge procedure.batch_mass, or leave it out"
        )
    return ""


def _broken(values: dict[str, float], plan: Plan) -> list[str]:
    """Which bounds and constraints a recipe breaks."""
    constraints, present = plan.campaign.constraints, [name for name, value in values.items() if value > 0.0]
    may_be_absent = optional_names(plan.campaign.components.optional, constraints)
    outside = [
        f"{name} is {values[name]:.4g}, {low:g} to {high:g} is searched"
        for name, (low, high) in plan.campaign.components.bounds.items()
        if not low - ROUNDING <= values[name] <= high + ROUNDING and (name in present or name not in may_be_absent)
    ]
    holds = [
        one.excess(values) <= ROUNDING
        if isinstance(one, LinearConstraint)
        else one.least <= sum(name in present for name in one.names) <= one.most
        for one in constraints
    ]
    broken = [f"{one.text} does not hold" for one, is_kept in zip(constraints, holds, strict=True) if not is_kept]
    return outside + broken
