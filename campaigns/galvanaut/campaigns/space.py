"""The search space: which trials a campaign may propose, and how a trial becomes a row of numbers.

A *point* is a row in the order of `SearchSpace.names`: solvents as mass shares of all solvent (they sum to 1), salts
in mol per kg of solvent, additives as mass fractions of the electrolyte, settings of the procedure as numbers, and
choices as the index of their option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.branches import Branch, Branches, TooManyBranchesError
from galvanaut.campaigns.components import component
from galvanaut.campaigns.constraints import Constraint, CountConstraint, LinearConstraint, optional_names
from galvanaut.campaigns.polytope import EmptyRegionError, Polytope
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.variables import Array, Bounds, Choice, Conditions, Setting
from galvanaut.core.errors import InputError

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign

_AT_A_TIME = 32
"""Branches that one draw of points looks into at most."""
_HOPPING = 4
"""Of so many neighbours of a point one lies in another branch."""


class SearchSpace:
    """All recipes, settings and choices within bounds and constraints.

    It is a union of branches, see `galvanaut.campaigns.branches`; without counts, optional components and choices
    there is one. Branches are drawn equally often, however large they are.

    Args:
        solvents: mass share of each solvent in all solvent.
        salts: mol per kg of solvent.
        additives: mass fraction of the electrolyte.
        constraints: linear inequalities over these variables, and counts.
        optional: components that are 0 or within their bounds; those that a count names are so, too.
        settings: what is chosen beside the recipe.

    Attributes:
        names: the variables: solvents, salts, additives, settings that are numbers, choices.
        components: those of them that are components.
        choices: those of them that are choices.
        bounds: low and high of components and of settings that are numbers, as given.

    Raises:
        InputError: no recipe fulfils all bounds and constraints, or there are too many branches.
    """

    def __init__(
        self,
        solvents: Mapping[str, Bounds],
        salts: Mapping[str, Bounds] | None = None,
        additives: Mapping[str, Bounds] | None = None,
        constraints: Sequence[Constraint] = (),
        optional: Sequence[str] = (),
        settings: Sequence[Setting | Choice] = (),
    ) -> None:
        self._solvents, self._salts, self._additives = list(solvents), list(salts or {}), list(additives or {})
        self.components: tuple[str, ...] = (*self._solvents, *self._salts, *self._additives)
        self.choices = tuple(each for each in settings if isinstance(each, Choice))
        numbers = {each.name: Bounds(each.low, each.high) for each in settings if isinstance(each, Setting)}
        self.bounds: dict[str, Bounds] = {**solvents, **(salts or {}), **(additives or {}), **numbers}
        self.names: tuple[str, ...] = (*self.bounds, *(choice.name for choice in self.choices))
        self.constraints = tuple(constraints)
        self._conditions = self._bound(optional)
        self._branches = self._branched()
        self._hull = self._branches.hull

    def _bound(self, optional: Sequence[str]) -> Conditions:
        counts = tuple(each for each in self.constraints if isinstance(each, CountConstraint))
        # What may be 0 anyhow, and is not counted, needs no branch of its own.
        named = optional_names([name for name in optional if self.bounds[name].low > 0.0], counts)
        names = tuple(self.bounds)
        return Conditions(
            names,
            np.array([self.bounds[name] for name in names], dtype=np.float64),
            np.array([1.0 if name in self._solvents else 0.0 for name in names]),
            tuple(each for each in self.constraints if isinstance(each, LinearConstraint)),
            counts,
            tuple(column for column, name in enumerate(names) if name in named),
        )

    def _branched(self) -> Branches:
        try:
            branches = Branches(self._conditions, self.choices)
            if next(branches.in_order(range(len(branches))), None) is not None:
                return branches
        except EmptyRegionError:
            pass
        except TooManyBranchesError as error:
            raise InputError("search space", str(error)) from None
        texts = ", ".join(repr(constraint.text) for constraint in self.constraints) or "none"
        raise InputError("search space", f"no recipe fulfils all bounds and constraints ({texts})")

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        """The space that a campaign file describes."""
        searched = campaign.components
        groups = (searched.solvents, searched.salts, searched.additives)
        solvents, salts, additives = ({key: Bounds(*searched.bounds[key]) for key in group} for group in groups)
        settings = campaign.settings.variables
        return cls(solvents, salts, additives, campaign.constraints, searched.optional, settings)

    def is_salt(self, name: str) -> bool:
        """Whether a variable is the molality of a salt."""
        return name in self._salts

    def is_additive(self, name: str) -> bool:
        """Whether a variable is the mass fraction of an additive."""
        return name in self._additives

    @property
    def dof(self) -> int:
        """Degrees of freedom, choices included; 0 if there is nothing to choose."""
        return self._hull.dof + sum(len(choice.options) > 1 for choice in self.choices)

    @property
    def branches(self) -> int:
        """How many combinations of components and choices there are; some may hold no recipe."""
        return len(self._branches)

    @property
    def is_single(self) -> bool:
        """Whether it is one point."""
        some = self._branches.in_order(range(len(self._branches)))
        return next(some).region.inside.dof == 0 and next(some, None) is None

    def sample(self, n: int, generator: np.random.Generator) -> Array:
        """Feasible points, (n, variables): one half over the volume, one half on faces, edges and corners."""
        inner = n // 2
        volume = self._drawn(inner, generator, Polytope.sample)
        return np.vstack([volume, self._drawn(n - inner, generator, Polytope.boundary)])

    def volume(self, n: int, generator: np.random.Generator) -> Array:
        """Feasible points spread evenly over the volume, (n, variables)."""
        return self._drawn(n, generator, Polytope.sample)

    def _drawn(self, n: int, generator: np.random.Generator, draw: Callable[..., Array]) -> Array:
        """Points by a method of `Polytope`, as many from each of some branches, in random order."""
        if len(self._branches) == 1:
            branch = self._branches.at(0)
            return branch.whole(draw(branch.region.inside, n, generator))
        order = generator.permutation(len(self._branches)).tolist()
        some = list(islice(self._branches.in_order(order), min(n, _AT_A_TIME)))
        parts = [
            branch.whole(draw(branch.region.inside, len(range(place, n, len(some))), generator))
            for place, branch in enumerate(some)
        ]
        points = np.vstack([np.empty((0, len(self.names))), *parts])
        return points[generator.permutation(len(points))]

    def sobol(self, n: int, seed: int) -> Array:
        """The first ``n`` points of a space-filling sequence, (n, variables), see `design`."""
        return self.design(n, seed)[0]

    def design(self, n: int, seed: int) -> tuple[Array, NDArray[np.bool_]]:
        """The first ``n`` points of a space-filling sequence, (n, variables), and which were drawn at random, (n,).

        One branch after another gives the next point of its own scrambled Sobol sequence, see `Region.sobol`; which
        branch comes first depends on the seed. A longer sequence starts with the shorter one, up to the first point
        that was drawn at random, because a region is too thin for a sequence.
        """
        if len(self._branches) == 1:
            branch = self._branches.at(0)
            values, at_random = branch.region.sobol(n, [seed])
            return branch.whole(values), at_random
        order = np.random.default_rng([seed, 2]).permutation(len(self._branches)).tolist()
        some = list(islice(self._branches.in_order(order), n))
        points, at_random = np.empty((n, len(self.names))), np.empty(n, dtype=np.bool_)
        for place, branch in enumerate(some):
            every = slice(place, None, len(some))
            values, at_random[every] = branch.region.sobol(len(points[every]), [seed, place])
            points[every] = branch.whole(values)
        return points, at_random

    def features(self, points: Array) -> Array:
        """What a model's kernel sees, (n, d).

        The numbers that can vary, scaled to 0-1 over the space, and a column of 0 or 1 for each option of a choice.
        """
        points = np.atleast_2d(points)
        numbers = len(self.bounds)
        scaled = self._hull.scaled(points[:, :numbers])[:, self._hull.free]
        options = [
            np.arange(len(choice.options)) == np.round(points[:, numbers + place, None])
            for place, choice in enumerate(self.choices)
            if len(choice.options) > 1
        ]
        return np.hstack([scaled, *options])

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `features`; an option is written ``choice=option``."""
        varied = (name for name, free in zip(self.bounds, self._hull.free, strict=True) if free)
        choices = (choice for choice in self.choices if len(choice.options) > 1)
        return (*varied, *(f"{choice.name}={option}" for choice in choices for option in choice.options))

    def feasible(self, points: Array, tolerance: float | Array = 1e-9) -> NDArray[np.bool_]:
        """For each row, whether it fulfils all bounds and constraints within ``tolerance``; counts know none.

        Args:
            points: (n, variables).
            tolerance: the same for all, or of each variable in `bounds`, (bounds,).
        """
        points = np.atleast_2d(points)
        numbers, options = points[:, : len(self.bounds)], points[:, len(self.bounds) :]
        last = np.array([len(choice.options) - 1 for choice in self.choices])
        chosen = (options == np.round(options)) & (options >= 0) & (options <= last)
        inside = self._hull.contains(numbers, tolerance) & self._conditions.fulfilled(numbers, tolerance)
        return np.asarray(inside & chosen.all(axis=1))

    def neighbours(self, point: Array, scale: float, n: int, generator: np.random.Generator) -> Array:
        """Feasible points around ``point``, (n, variables), about ``scale`` away in units of the region's width.

        Where there are more branches, up to one of four lies in another one: a component is added, left out or swapped
        for another one, or another option chosen.
        """
        here = self._branches.around(point)
        others = list(islice(self._branches.beside(here, generator), n // _HOPPING))
        parts = [(here, n - len(others)), *((other, 1) for other in others)]
        return np.vstack([self._near(point, branch, scale, count, generator) for branch, count in parts])

    def _near(self, point: Array, branch: Branch, scale: float, n: int, generator: np.random.Generator) -> Array:
        moved = self._branches.moved(point, branch, generator)
        return branch.whole(branch.region.inside.neighbours(moved, scale, n, generator))

    def recipe(self, point: Array) -> Recipe:
        """The recipe at a point. Shares off by rounding are normalised."""
        values = dict(zip(self.names, np.maximum(point, 0.0).tolist(), strict=True))
        total = sum(values[key] for key in self._solvents)
        shares = {key: values[key] / total for key in self._solvents}
        salts, additives = ({key: values[key] for key in keys} for keys in (self._salts, self._additives))
        return Recipe.from_views(shares, salts, additives)

    def settings(self, point: Array) -> dict[str, float | str]:
        """What is chosen beside the recipe at a point, by name."""
        values = dict(zip(self.names, np.asarray(point).tolist(), strict=True))
        numbers = list(self.bounds)[len(self.components) :]
        chosen = {choice.name: choice.options[round(values[choice.name])] for choice in self.choices}
        return {**{name: values[name] for name in numbers}, **chosen}

    def point(self, recipe: Recipe, settings: Mapping[str, float | str] | None = None) -> Array:
        """The coordinates of a trial, (variables,); those of an as-made recipe may lie slightly outside the space.

        Args:
            recipe: its recipe.
            settings: what was chosen beside that, see `settings`.

        Raises:
            InputError: the recipe holds a component that the space does not know, or a setting is missing or unknown.
        """
        foreign = [key for key in recipe.mass_fractions if key not in self.components]
        if foreign:
            raise InputError("recipe", f"{recipe.text()} holds {', '.join(foreign)}, unknown to this search space")
        shares, molalities, additives = recipe.solvent_shares, recipe.molalities, recipe.additive_fractions
        values = {**shares, **molalities, **additives}
        amounts = [values.get(name, 0.0) for name in self.components]
        return np.array([*amounts, *self._coordinates(settings or {})])

    def _coordinates(self, settings: Mapping[str, float | str]) -> Iterator[float]:
        wanted = self.names[len(self.components) :]
        if set(settings) != set(wanted):
            raise InputError(
                "settings", f"expected {', '.join(wanted) or 'none'}, found {', '.join(settings) or 'none'}"
            )
        yield from (float(settings[name]) for name in wanted[: len(wanted) - len(self.choices)])
        for choice in self.choices:
            if settings[choice.name] not in choice.options:
                raise InputError("settings", f"{choice.name} has no option {settings[choice.name]!r}")
            yield float(choice.options.index(str(settings[choice.name])))

    def mass_fractions(self, points: Array) -> Array:
        """Mass fractions of the whole electrolyte, (n, components) in the order of `components`."""
        points = np.atleast_2d(points)
        k, m, end = len(self._solvents), len(self._solvents) + len(self._salts), len(self.components)
        kg_mol = np.array([component(key).molar_mass_g_mol / 1000.0 for key in self._salts])
        salts, additives = points[:, k:m] * kg_mol, points[:, m:end]
        solvent = (1.0 - additives.sum(axis=1)) / (1.0 + salts.sum(axis=1))
        return np.hstack([points[:, :k] * solvent[:, None], salts * solvent[:, None], additives])
