"""The process window: how far a recipe may be off, in all components at once, and still meet its specification.

A region of any shape helps nobody at a balance, so the window is a box: a range for each component. Every recipe whose
components lie in their ranges, sum up, and keep the constraints of the search meets the specification with the wanted
probability, by the planner's model. The box is grown from the recommended recipe and checked on recipes drawn inside it
and on its faces, edges and corners; it is no proof for those between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.constraints import LinearConstraint
from galvanaut.campaigns.dossier.sensitivity import counted
from galvanaut.campaigns.dossier.specification import Specification
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds
from galvanaut.core.errors import InputError
from galvanaut.core.identifiers import generator

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.dossier.model import Model
    from galvanaut.campaigns.dossier.sensitivity import Sensitivity

Array = NDArray[np.float64]
Ranges = dict[str, Bounds]
"""By component, in the numbers of the search."""

_HALVINGS = 8
_GROWTH = (0.5, 0.2)
"""Shares of the way to the farthest end that a side is moved outwards by."""
_WHILE_GROWING, _AT_THE_END = 400, 4000
_SHRINK = 0.9
_SPREAD = 4000
"""Recipes spread over the search that tell how much of it meets the specification."""


@dataclass(frozen=True)
class ProcessWindow:
    """A box around a recipe.

    Attributes:
        specification: to be met.
        probability: with which.
        centre: the recipe.
        at_centre: probability with which it meets the specification itself.
        ranges: by component; empty where not even the recipe meets it with the wanted probability.
        lowest: probability found inside, at the worst of ``checked`` recipes.
        checked: recipes drawn inside.
        share: of the search space that meets the specification with the probability, box or not.
    """

    specification: Specification
    probability: float
    centre: Array
    at_centre: float
    ranges: Ranges
    lowest: float
    checked: int
    share: float

    def contains(self, points: Array, space: SearchSpace, tolerance: float = 1e-9) -> NDArray[np.bool_]:
        """Which points lie in all ranges."""
        inside = np.full(len(points), bool(self.ranges))
        for name, (low, high) in self.ranges.items():
            column = points[:, space.names.index(name)]
            inside &= (column >= low - tolerance) & (column <= high + tolerance)
        return inside

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, in the units that people count in."""
        rows = {
            name: {"low": how.factor * low, "high": how.factor * high, "unit": how.unit}
            for name, (low, high) in self.ranges.items()
            for how in [counted(name)]
        }
        return {
            "specification": [each.to_json() for each in self.specification.demands],
            "specification_assumed": self.specification.is_assumed,
            "probability": self.probability,
            "probability_at_recipe": self.at_centre,
            "ranges": rows,
            "lowest_probability_found": self.lowest,
            "recipes_checked": self.checked,
            "share_of_search_space": self.share,
        }


def window_of(
    model: Model,
    campaign: Campaign,
    centre: Array,
    specification: Specification,
    probability: float,
    alone: list[Sensitivity],
) -> ProcessWindow:
    """The window around a recipe.

    Args:
        model: of the campaign.
        campaign: its file.
        centre: the recipe; within the search.
        specification: to be met.
        probability: with which.
        alone: how far each component may go by itself, which is the farthest that it may in company.
    """
    at_centre = float(model.probability(centre, specification)[0])
    spread = model.space.volume(_SPREAD, generator(0, "window", "share"))
    share = float((model.probability(spread, specification) >= probability).mean())
    if at_centre < probability:
        return ProcessWindow(specification, probability, centre, at_centre, {}, at_centre, 0, share)

    def lowest(ranges: Ranges, count: int) -> float:
        points = draw(campaign, model.space, centre, ranges, count)
        return float(model.probability(points, specification).min())

    farthest = _farthest(model.space, centre, alone)
    ranges = _grown(centre, model.space, farthest, lambda tried: lowest(tried, _WHILE_GROWING) >= probability)
    found = lowest(ranges, _AT_THE_END)
    while found < probability and _width(ranges) > 1e-9:
        ranges = _scaled(model.space, centre, ranges, _SHRINK)
        found = lowest(ranges, _AT_THE_END)
    return ProcessWindow(specification, probability, centre, at_centre, ranges, found, _AT_THE_END, share)


def draw(campaign: Campaign, space: SearchSpace, centre: Array, ranges: Ranges, count: int, seed: int = 0) -> Array:
    """Recipes inside of a box, half of them on its faces, edges and corners, (count, variables); settings as they are.

    Args:
        campaign: whose constraints they keep; what the recipe at the centre does without stays absent.
        space: of the campaign.
        centre: the recipe.
        ranges: the box; the centre lies inside.
        count: of recipes.
        seed: of the draw.
    """
    kept = [name for name in space.components if name in ranges and ranges[name].high > 0.0]
    groups = campaign.components.solvents, campaign.components.salts, campaign.components.additives
    solvents, salts, additives = ({key: ranges[key] for key in group if key in kept} for group in groups)
    linear = [_without(each, kept) for each in space.constraints if isinstance(each, LinearConstraint)]
    try:
        inner = SearchSpace(solvents, salts, additives, [each for each in linear if each.coefficients])
    except InputError:  # rounding: the box is the recipe itself
        return np.tile(centre, (count, 1))
    points = np.tile(centre, (count, 1))
    for place, column in enumerate(inner.sample(count, generator(seed, "window", count)).T):
        points[:, space.names.index(inner.names[place])] = column
    absent = [space.names.index(name) for name in space.components if name not in kept]
    points[:, absent] = 0.0
    fine = space.feasible(points, 1e-6)
    return points[fine] if fine.any() else np.tile(centre, (1, 1))


def _without(constraint: LinearConstraint, kept: list[str]) -> LinearConstraint:
    """A constraint on what is left when the other components are absent."""
    left = {name: factor for name, factor in constraint.coefficients.items() if name in kept}
    return replace(constraint, coefficients=left)


def _farthest(space: SearchSpace, centre: Array, alone: list[Sensitivity]) -> Ranges:
    found = {name: Bounds(float(centre[place]), float(centre[place])) for place, name in enumerate(space.components)}
    for each in alone:
        at = found[each.component].low
        if at > 0.0 or each.low <= 0.0:  # an optional component that the recipe does without stays away
            factor = counted(each.component).factor
            found[each.component] = Bounds(min(at, each.low / factor), max(at, each.high / factor))
    return found


def _grown(centre: Array, space: SearchSpace, farthest: Ranges, is_good: Callable[[Ranges], bool]) -> Ranges:
    """The largest box of the shape of the farthest one that is good, each side then moved out as far as it goes."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_good(_scaled(space, centre, farthest, middle)):
            low = middle
        else:
            high = middle
    ranges = _scaled(space, centre, farthest, low)
    for part in _GROWTH:
        for name in ranges:
            for side in (0, 1):
                ends = list(ranges[name])
                ends[side] += part * (farthest[name][side] - ends[side])
                tried = {**ranges, name: Bounds(*ends)}
                if tried != ranges and is_good(tried):
                    ranges = tried
    return ranges


def _scaled(space: SearchSpace, centre: Array, ranges: Ranges, factor: float) -> Ranges:
    at = {name: float(centre[place]) for place, name in enumerate(space.components)}
    return {
        name: Bounds(at[name] + factor * (low - at[name]), at[name] + factor * (high - at[name]))
        for name, (low, high) in ranges.items()
    }


def _width(ranges: Ranges) -> float:
    return max(high - low for low, high in ranges.values())
