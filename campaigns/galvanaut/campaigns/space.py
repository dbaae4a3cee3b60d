"""The search space: which recipes a campaign may propose, and how a recipe becomes a row of numbers.

A *point* is a row in the order of `SearchSpace.names`: solvents as mass shares of all solvent (they sum to 1), salts
in mol per kg of solvent, additives as mass fractions of the electrolyte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.components import component
from galvanaut.campaigns.constraints import LinearConstraint
from galvanaut.campaigns.polytope import EmptyRegionError, Polytope
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.errors import InputError

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign

Array = NDArray[np.float64]

_SOBOL_BLOCK = 256
_SOBOL_MOST = 2**14
"""Points drawn at most before a region counts as too thin for a Sobol sequence."""


class Bounds(NamedTuple):
    """Lowest and highest value of one variable."""

    low: float
    high: float


class SearchSpace:
    """All recipes within bounds and constraints.

    Args:
        solvents: mass share of each solvent in all solvent.
        salts: mol per kg of solvent.
        additives: mass fraction of the electrolyte.
        constraints: linear inequalities over these variables.

    Attributes:
        names: the variables, solvents first, then salts, then additives.
        bounds: low and high by variable, as given.

    Raises:
        InputError: no recipe fulfils all bounds and constraints.
    """

    def __init__(
        self,
        solvents: Mapping[str, Bounds],
        salts: Mapping[str, Bounds] | None = None,
        additives: Mapping[str, Bounds] | None = None,
        constraints: Sequence[LinearConstraint] = (),
    ) -> None:
        self._solvents, self._salts, self._additives = list(solvents), list(salts or {}), list(additives or {})
        self.bounds = {**solvents, **(salts or {}), **(additives or {})}
        self.names: tuple[str, ...] = (*self._solvents, *self._salts, *self._additives)
        self.constraints = tuple(constraints)
        lower, upper = np.array([self.bounds[name] for name in self.names], dtype=np.float64).T
        rows = np.array([constraint.row(self.names) for constraint in self.constraints], dtype=np.float64)
        limits = np.array([constraint.bound for constraint in self.constraints], dtype=np.float64)
        shares = np.array([1.0 if name in solvents else 0.0 for name in self.names])
        try:
            self._region = Polytope(lower, upper, rows.reshape(-1, len(self.names)), limits, shares, 1.0)
        except EmptyRegionError:
            texts = ", ".join(repr(constraint.text) for constraint in self.constraints) or "none"
            raise InputError("search space", f"no recipe fulfils all bounds and constraints ({texts})") from None

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        """The space that a campaign file describes."""
        searched = campaign.components
        groups = (searched.solvents, searched.salts, searched.additives)
        solvents, salts, additives = ({key: Bounds(*searched.bounds[key]) for key in group} for group in groups)
        return cls(solvents, salts, additives, campaign.constraints)

    @property
    def dof(self) -> int:
        """Degrees of freedom."""
        return self._region.dof

    def sample(self, n: int, generator: np.random.Generator) -> Array:
        """Feasible points, (n, variables): one half over the volume, one half on faces, edges and corners."""
        inner = n // 2
        volume = self._region.sample(inner, generator)
        return np.vstack([volume, self._region.boundary(n - inner, generator)])

    def volume(self, n: int, generator: np.random.Generator) -> Array:
        """Feasible points spread evenly over the volume, (n, variables)."""
        return self._region.sample(n, generator)

    def sobol(self, n: int, seed: int) -> Array:
        """The first ``n`` feasible points of a scrambled Sobol sequence, (n, variables).

        Solvent shares come from the unit cube by stick-breaking with Beta quantiles, which makes them uniform on the
        simplex. A longer sequence starts with the shorter one. Where the region is so thin that the sequence hardly
        ever meets it (`_SOBOL_MOST` points), evenly drawn random points complete it.
        """
        from scipy.stats import qmc

        sequence = qmc.Sobol(len(self.names) - 1, scramble=True, rng=np.random.default_rng(seed))
        blocks: list[Array] = []
        found = drawn = 0
        while found < n and drawn < _SOBOL_MOST:
            block = (
                self._from_cube(sequence.random(_SOBOL_BLOCK)) if self.dof else self.volume(_SOBOL_BLOCK, _rng(seed))
            )
            blocks.append(block[self.feasible(block)])
            found, drawn = found + len(blocks[-1]), drawn + _SOBOL_BLOCK
        if found < n:
            blocks.append(self.volume(n - found, _rng(seed)))
        return np.vstack(blocks)[:n]

    def _from_cube(self, cube: Array) -> Array:
        sticks, k = len(self._solvents) - 1, len(self._solvents)
        low, high = self._region.low, self._region.high
        left = np.ones(len(cube))
        points = np.empty((len(cube), len(self.names)))
        for i in range(sticks):
            share = left * (1.0 - (1.0 - cube[:, i]) ** (1.0 / (k - 1 - i)))
            points[:, i], left = share, left - share
        points[:, sticks] = left
        points[:, :k] = low[:k] + (1.0 - low[:k].sum()) * points[:, :k]
        points[:, k:] = low[k:] + (high[k:] - low[k:]) * cube[:, sticks:]
        return points

    def features(self, points: Array) -> Array:
        """The variables that can vary, each scaled to 0-1 over the region: what a model's kernel sees, (n, d)."""
        return self._region.scaled(np.atleast_2d(points))[:, self._region.free]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `features`."""
        return tuple(name for name, free in zip(self.names, self._region.free, strict=True) if free)

    def feasible(self, points: Array, tolerance: float = 1e-9) -> NDArray[np.bool_]:
        """For each row, whether it fulfils all bounds and constraints within ``tolerance``."""
        return self._region.contains(np.atleast_2d(points), tolerance)

    def neighbours(self, point: Array, scale: float, n: int, generator: np.random.Generator) -> Array:
        """Feasible points around ``point``, (n, variables), about ``scale`` away in units of the region's width."""
        return self._region.neighbours(point, scale, n, generator)

    def recipe(self, point: Array) -> Recipe:
        """The recipe at a point. Shares off by rounding are normalised."""
        values = dict(zip(self.names, np.maximum(point, 0.0).tolist(), strict=True))
        total = sum(values[key] for key in self._solvents)
        shares = {key: values[key] / total for key in self._solvents}
        salts, additives = ({key: values[key] for key in keys} for keys in (self._salts, self._additives))
        return Recipe.from_views(shares, salts, additives)

    def point(self, recipe: Recipe) -> Array:
        """The coordinates of a recipe, (variables,); those of an as-made one may lie slightly outside the space.

        Raises:
            InputError: the recipe holds a component that the space does not know.
        """
        foreign = [key for key in recipe.mass_fractions if key not in self.names]
        if foreign:
            raise InputError("recipe", f"{recipe.text()} holds {', '.join(foreign)}, unknown to this search space")
        shares, molalities, additives = recipe.solvent_shares, recipe.molalities, recipe.additive_fractions
        values = {**shares, **molalities, **additives}
        return np.array([values.get(name, 0.0) for name in self.names])

    def mass_fractions(self, points: Array) -> Array:
        """Mass fractions of the whole electrolyte, (n, variables) in the order of `names`."""
        points = np.atleast_2d(points)
        k, m = len(self._solvents), len(self._solvents) + len(self._salts)
        kg_mol = np.array([component(key).molar_mass_g_mol / 1000.0 for key in self._salts])
        salts, additives = points[:, k:m] * kg_mol, points[:, m:]
        solvent = (1.0 - additives.sum(axis=1)) / (1.0 + salts.sum(axis=1))
        return np.hstack([points[:, :k] * solvent[:, None], salts * solvent[:, None], additives])


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 1])
