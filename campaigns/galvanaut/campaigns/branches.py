"""The branches of a search space: one for each combination of components that may be present and of choices.

Within a branch amounts vary freely, so that it is one convex region. There may be thousands; what a region is gets
worked out when somebody looks into it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.polytope import EmptyRegionError, Polytope
from galvanaut.campaigns.variables import Array, Bounds, Choice, Conditions

MOST_BRANCHES = 4096
"""More cannot be searched with the few trials that a lab affords, and only slow the planner down (illustrative)."""
_SOBOL_BLOCK = 256
_SOBOL_MOST = 2**14
"""Points drawn at most before a region counts as too thin for a Sobol sequence."""

Options = tuple[int, ...]


class TooManyBranchesError(ValueError):
    """More combinations of components and choices than can be searched."""


class Region:
    """The recipes that hold the same optional components.

    Args:
        conditions: of the space.
        present: columns of the optional components that these recipes hold.
        around: the region around all branches, see `hull`; it is the only one where no component is optional.

    Attributes:
        columns: those that are not 0 throughout.
    """

    def __init__(self, conditions: Conditions, present: frozenset[int], around: Polytope) -> None:
        absent = set(conditions.optional) - present
        self.present, self._hull = present, around
        self.columns = [column for column in range(len(conditions.names)) if column not in absent]
        self._conditions = conditions
        self._solvents = int(conditions.shares[self.columns].sum())

    @cached_property
    def polytope(self) -> Polytope | None:
        """Where the values of `columns` may lie; None if nowhere."""
        among = self._conditions
        if not among.optional:
            return self._hull
        low, high = among.least[self.columns], among.bounds[self.columns, 1]
        shares = among.shares[self.columns]
        if shares @ low > 1.0 + 1e-9 or shares @ high < 1.0 - 1e-9:
            return None
        rows, limits = _linear(among)
        try:
            return Polytope(low, high, rows[:, self.columns], limits, shares, 1.0, at_once=True)
        except EmptyRegionError:
            return None

    @property
    def inside(self) -> Polytope:
        """The same, where it is known not to be empty."""
        assert self.polytope is not None
        return self.polytope

    def sobol(self, n: int, seed: Sequence[int]) -> tuple[Array, NDArray[np.bool_]]:
        """The first ``n`` points in the region of a scrambled Sobol sequence, (n, columns), and which are none, (n,).

        Solvent shares come from the unit cube by stick-breaking with Beta quantiles, which makes them uniform on the
        simplex. Where the region is so thin that the sequence hardly ever meets it (`_SOBOL_MOST` points), evenly
        drawn random points complete it. That takes conditions that all but fix something: with one of three solvents
        held to 0.05 % the sequence still gives 23 points, with two of four held to 1 % each 26.
        """
        from scipy.stats import qmc

        region = self.inside
        dimensions = len(self._sticks) - 1 + len(self.columns) - self._solvents
        sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
        spare = [*seed, 1]
        blocks: list[Array] = []
        found = drawn = 0
        while found < n and drawn < _SOBOL_MOST:
            block = (
                self._from_cube(sequence.random(_SOBOL_BLOCK))
                if region.dof
                else region.sample(_SOBOL_BLOCK, np.random.default_rng(spare))
            )
            blocks.append(block[region.contains(block)])
            found, drawn = found + len(blocks[-1]), drawn + _SOBOL_BLOCK
        if found < n:
            blocks.append(region.sample(n - found, np.random.default_rng(spare)))
        return np.vstack(blocks)[:n], np.arange(n) >= found

    @cached_property
    def _sticks(self) -> NDArray[np.intp]:
        """Columns of the solvents among which what is left of the solvent is shared out.

        A fixed share takes no part: with it, no point of the sequence would lie in the region.
        """
        free = np.flatnonzero(self.inside.free[: self._solvents])
        return free if len(free) else np.arange(self._solvents)

    def _from_cube(self, cube: Array) -> Array:
        columns, k = self._sticks, self._solvents
        sticks = len(columns) - 1
        low, high = self.inside.low, self.inside.high
        left = np.ones(len(cube))
        parts = np.empty((len(cube), len(columns)))
        for i in range(sticks):
            part = left * (1.0 - (1.0 - cube[:, i]) ** (1.0 / (sticks - i)))
            parts[:, i], left = part, left - part
        parts[:, sticks] = left
        points = np.empty((len(cube), len(self.columns)))
        points[:, :k] = low[:k]
        points[:, columns] = low[columns] + (1.0 - low[:k].sum()) * parts
        points[:, k:] = low[k:] + (high[k:] - low[k:]) * cube[:, sticks:]
        return points


def _linear(conditions: Conditions) -> tuple[Array, Array]:
    """Inequalities as ``rows @ x <= limits``, (m, names) and (m,)."""
    rows = np.array([each.row(conditions.names) for each in conditions.linear], dtype=np.float64)
    return rows.reshape(-1, len(conditions.names)), np.array([each.bound for each in conditions.linear])


def hull(conditions: Conditions) -> Polytope:
    """The region around all branches: every optional component from 0 to its high bound.

    Raises:
        EmptyRegionError: not even that holds a recipe.
    """
    low = conditions.bounds[:, 0].copy()
    low[list(conditions.optional)] = 0.0
    return Polytope(low, conditions.bounds[:, 1], *_linear(conditions), conditions.shares, 1.0)


class Branch:
    """Recipes of one region with the same choices.

    Attributes:
        region: where amounts and settings vary.
        options: index of the option of each choice.
    """

    def __init__(self, region: Region, options: Options, variables: int) -> None:
        self.region, self.options = region, options
        self._variables = variables

    def whole(self, values: Array) -> Array:
        """Points with all variables, (n, variables), from values of the region's columns, (n, columns)."""
        points = np.zeros((len(values), self._variables))
        points[:, self.region.columns] = values
        points[:, self._variables - len(self.options) :] = self.options
        return points


class Branches:
    """All branches of a space.

    Args:
        conditions: on the numeric variables.
        choices: the others.

    Attributes:
        hull: the region around all branches.

    Raises:
        EmptyRegionError: no recipe fulfils the conditions, counts aside.
        TooManyBranchesError: more than `MOST_BRANCHES`.
    """

    def __init__(self, conditions: Conditions, choices: Sequence[Choice]) -> None:
        self._conditions, self._choices = conditions, choices
        per_region = math.prod(len(choice.options) for choice in choices)
        sets = list(itertools.islice(_allowed(conditions), MOST_BRANCHES // per_region + 1))
        if len(sets) * per_region > MOST_BRANCHES:
            raise TooManyBranchesError(
                f"there are more than {MOST_BRANCHES} combinations of components and choices; "
                "let fewer components be absent, tighten a count, or offer fewer choices"
            )
        self.hull = hull(conditions)
        self._regions = {present: Region(conditions, present, self.hull) for present in sets}
        self._in_order = list(self._regions.values())
        self._options: list[Options] = list(itertools.product(*(range(len(choice.options)) for choice in choices)))

    def __len__(self) -> int:
        return len(self._regions) * len(self._options)

    def at(self, index: int) -> Branch:
        """Number ``index`` of them, from 0; it may be empty."""
        region, options = divmod(index, len(self._options))
        return self._branch(self._in_order[region], self._options[options])

    def in_order(self, order: Sequence[int]) -> Iterator[Branch]:
        """Those of them that are not empty."""
        return (branch for branch in map(self.at, order) if branch.region.polytope is not None)

    def around(self, point: Array) -> Branch:
        """The branch of a point, or the one with the most components in common with it."""
        present = self._conditions.present(point)
        region = self._regions.get(present)
        if region is None or region.polytope is None:
            near = sorted(self._regions.values(), key=lambda other: len(other.present ^ present))
            region = next(other for other in near if other.polytope is not None)
        given = point[len(point) - len(self._choices) :]
        ends = [len(choice.options) - 1 for choice in self._choices]
        return self._branch(region, tuple(int(np.clip(round(x), 0, end)) for x, end in zip(given, ends, strict=True)))

    def beside(self, branch: Branch, generator: np.random.Generator) -> Iterator[Branch]:
        """Branches that differ in one component (added, left out or swapped for another one) or in one choice.

        In random order.
        """
        found = [self._branch(other, branch.options) for other in self._near(branch.region.present)]
        for place, choice in enumerate(self._choices):
            for option in range(len(choice.options)):
                if option != branch.options[place]:
                    options = (*branch.options[:place], option, *branch.options[place + 1 :])
                    found.append(self._branch(branch.region, options))
        order = generator.permutation(len(found)).tolist() if found else []
        return (found[index] for index in order if found[index].region.polytope is not None)

    def moved(self, point: Array, to: Branch, generator: np.random.Generator) -> Array:
        """A point brought to another branch, in that one's columns; it may still lie outside of its region.

        What is added takes the amount of what is left out, if anything is, or one at random.
        """
        had = self._conditions.present(point)
        added, dropped = sorted(to.region.present - had), sorted(had - to.region.present)
        moved = point.copy()
        for column, other in itertools.zip_longest(added, dropped[: len(added)]):
            bounds = Bounds(*self._conditions.bounds[column])
            amount = generator.uniform(*bounds) if other is None else point[other]
            moved[column] = np.clip(amount, *bounds)
        return np.asarray(moved[to.region.columns])

    def _near(self, present: frozenset[int]) -> list[Region]:
        absent = set(self._conditions.optional) - present
        flips = [present ^ {column} for column in self._conditions.optional]
        swaps = [present - {out} | {new} for out in sorted(present) for new in sorted(absent)]
        return [self._regions[one] for one in (*flips, *swaps) if one in self._regions]

    def _branch(self, region: Region, options: Options) -> Branch:
        return Branch(region, options, len(self._conditions.names) + len(self._choices))


def _allowed(conditions: Conditions) -> Iterator[frozenset[int]]:
    """Sets of optional components that fulfil all counts, one component after another decided."""
    columns = conditions.optional
    counts = [(frozenset(map(conditions.names.index, each.names)), each.least, each.most) for each in conditions.counts]

    def decided(at: int, present: frozenset[int]) -> Iterator[frozenset[int]]:
        undecided = frozenset(columns[at:])
        for among, least, most in counts:
            sure = len(among & present)
            if sure > most or sure + len(among & undecided) < least:
                return
        if at == len(columns):
            yield present
            return
        yield from decided(at + 1, present)
        yield from decided(at + 1, present | {columns[at]})

    return decided(0, frozenset())
