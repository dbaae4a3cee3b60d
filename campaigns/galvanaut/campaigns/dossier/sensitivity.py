"""What happens to a recipe when one component is off, and how far it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.components import component

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.model import Model
    from galvanaut.campaigns.dossier.specification import Specification
    from galvanaut.campaigns.space import SearchSpace

Array = NDArray[np.float64]

_STEPS = 200
_LINE_TOLERANCE = 1e-3
"""A recipe as it was made may lie a little outside of the search; finer than a balance doses."""


@dataclass(frozen=True)
class Counted:
    """In what a component is counted, for people.

    Attributes:
        factor: from the search's own numbers.
        unit: of the result.
        step: a change worth speaking of, in the search's own numbers.
    """

    factor: float
    unit: str
    step: float


_COUNTED = {
    "solvent": Counted(100.0, "wt% of the solvents", 0.01),
    "salt": Counted(1.0, "mol/kg of solvent", 0.05),
    "additive": Counted(100.0, "wt% of the electrolyte", 0.005),
}


def counted(key: str) -> Counted:
    """In what a component is counted."""
    found = component(key)
    return _COUNTED["solvent" if found.is_solvent else found.role]


@dataclass(frozen=True)
class Sensitivity:
    """One component of a recipe, the others keeping their proportions.

    Attributes:
        component: its key.
        unit: of the amounts.
        amount: in the recipe.
        low, high: between these the recipe meets its specification with the wanted probability, as long as nothing
            else is off.
        low_by, high_by: what ends the range: ``specification`` or ``search``, beyond which nothing was tried.
        step: change that ``effect`` stands for.
        effect: expected of that change, in the unit of ``quantity``; ``effect_sd`` its standard deviation.
        quantity, quantity_unit: which changes.
    """

    component: str
    unit: str
    amount: float
    low: float
    high: float
    low_by: str
    high_by: str
    step: float
    effect: float
    effect_sd: float
    quantity: str
    quantity_unit: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return dict(vars(self))


def sensitivities(
    model: Model, centre: Array, specification: Specification, probability: float, quantity: tuple[str, str]
) -> list[Sensitivity]:
    """Of each component that the search varies, around a recipe.

    Args:
        model: of the campaign.
        centre: the recipe's point.
        specification: to be met.
        probability: with which.
        quantity: name and unit of the number whose change is told.
    """
    space = model.space
    varied = [name for name in space.components if space.bounds[name].low < space.bounds[name].high]
    return [_sensitivity(model, centre, name, specification, probability, quantity) for name in varied]


def moved(space: SearchSpace, centre: Array, name: str, amounts: Array) -> Array:
    """A recipe with other amounts of one component, (n, variables): other solvents share the rest as they did."""
    points = np.tile(centre, (len(amounts), 1))
    column = space.names.index(name)
    points[:, column] = amounts
    if component(name).is_solvent:
        others = [place for place, key in enumerate(space.components) if key != name and component(key).is_solvent]
        total = float(centre[others].sum())
        shares = centre[others] / total if total > 0.0 else np.full(len(others), 1.0 / max(len(others), 1))
        points[:, others] = (1.0 - amounts)[:, None] * shares
    return points


def _sensitivity(
    model: Model,
    centre: Array,
    name: str,
    specification: Specification,
    probability: float,
    quantity: tuple[str, str],
) -> Sensitivity:
    how, place = counted(name), model.space.names.index(name)
    amount = float(centre[place])
    low, low_by = _end(model, centre, name, model.space.bounds[name].low, specification, probability)
    high, high_by = _end(model, centre, name, model.space.bounds[name].high, specification, probability)
    ends = np.array([max(amount - how.step / 2, 0.0), max(amount - how.step / 2, 0.0) + how.step])
    lower, upper = moved(model.space, centre, name, ends)
    effect, effect_sd = model.difference(upper, lower, quantity[0])
    return Sensitivity(
        name,
        how.unit,
        how.factor * amount,
        how.factor * low,
        how.factor * high,
        low_by,
        high_by,
        how.factor * how.step,
        effect,
        effect_sd,
        *quantity,
    )


def _end(
    model: Model, centre: Array, name: str, bound: float, specification: Specification, probability: float
) -> tuple[float, str]:
    """How far a component may go towards a bound of the search, and what stops it there."""
    space = model.space
    start = float(centre[space.names.index(name)])
    amounts = np.linspace(start, bound, _STEPS + 1)
    points = moved(space, centre, name, amounts)
    inside = space.feasible(points, _LINE_TOLERANCE)
    good = model.probability(points, specification) >= probability
    inside[0] = True
    fine = inside & good
    if not fine[0]:
        return start, "specification"
    last = int(np.argmin(fine)) - 1 if not fine.all() else _STEPS
    stopped_by_search = last == _STEPS or not inside[last + 1]
    return float(amounts[last]), "search" if stopped_by_search else "specification"
