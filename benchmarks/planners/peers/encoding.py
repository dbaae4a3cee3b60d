"""Recipes as parameters of libraries that know no mixtures, and the way back.

The last solvent is left out (its share is what the others leave), and salts of which exactly one is present become a
category and one molality. What a library suggests outside the space is moved to the nearest recipe inside, and the
library is told the value of *that*; of additives of which only so many may be present, the largest shares are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint as Condition
from scipy.optimize import minimize

from galvanaut.campaigns.components import component
from galvanaut.campaigns.constraints import CountConstraint, LinearConstraint
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds

Array = NDArray[np.float64]
Parameters = Mapping[str, float | str]

SALT, MOLALITY = "salt", "molality"


@dataclass(frozen=True)
class Row:
    """``sum(factors[name] * value[name]) <= bound`` over parameters."""

    factors: Mapping[str, float]
    bound: float


class Encoding:
    """Between points of a space and parameters.

    Args:
        space: search space.

    Attributes:
        ranges: of the numerical parameters, by name.
        salts: the categories of `SALT`; empty without a choice.
        rows: the linear constraints, the one on the solvent left out included.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.salts = next((count.names for count in counts(space) if is_choice_of_salt(count)), ())
        solvents = [name for name in space.names if component(name).is_solvent]
        self._dropped, self._others = solvents[-1], solvents[:-1]
        kept = [name for name in space.names if name != self._dropped and name not in self.salts]
        self.ranges = {name: Bounds(*space.bounds[name]) for name in kept}
        if self.salts:
            low, high = zip(*(space.bounds[name] for name in self.salts), strict=True)
            self.ranges[MOLALITY] = Bounds(min(low), max(high))
        self.rows = [*self._dropped_rows(), *map(self._row, linear(space))]

    def parameters(self, point: Array) -> dict[str, float | str]:
        """Of a feasible point."""
        values = dict(zip(self._space.names, np.asarray(point).tolist(), strict=True))
        found: dict[str, float | str] = {name: values[name] for name in self.ranges if name in values}
        if self.salts:
            found[SALT] = max(self.salts, key=values.__getitem__)
            found[MOLALITY] = max(values[name] for name in self.salts)
        for name, (low, high) in self.ranges.items():
            found[name] = float(np.clip(float(found[name]), low, high))  # against the last bit
        return found

    def point(self, parameters: Parameters) -> Array:
        """The feasible point nearest to parameters."""
        values = {name: float(value) for name, value in parameters.items() if name != SALT}
        values[self._dropped] = 1.0 - sum(values[name] for name in self._others)
        if self.salts:
            values |= {name: values[MOLALITY] if name == parameters[SALT] else 0.0 for name in self.salts}
        return nearest(self._space, np.array([values[name] for name in self._space.names]))

    def _dropped_rows(self) -> list[Row]:
        low, high = self._space.bounds[self._dropped]
        rows = [Row(dict.fromkeys(self._others, 1.0), 1.0 - low)]
        if sum(self._space.bounds[name][0] for name in self._others) < 1.0 - high:
            rows.append(Row(dict.fromkeys(self._others, -1.0), high - 1.0))
        return rows

    def _row(self, constraint: LinearConstraint) -> Row:
        factors = dict(constraint.coefficients)
        dropped = factors.pop(self._dropped, 0.0)
        for name in self._others if dropped else ():
            factors[name] = factors.get(name, 0.0) - dropped
        bound = constraint.bound - dropped
        return Row({name: factor for name, factor in factors.items() if factor}, bound)


def linear(space: SearchSpace) -> list[LinearConstraint]:
    """The inequalities of a space."""
    return [each for each in space.constraints if isinstance(each, LinearConstraint)]


def counts(space: SearchSpace) -> list[CountConstraint]:
    """The counts of a space."""
    return [each for each in space.constraints if isinstance(each, CountConstraint)]


def is_choice_of_salt(count: CountConstraint) -> bool:
    """Whether exactly one of some salts is present."""
    return count.least == count.most == 1 and all(component(name).role == "salt" for name in count.names)


def _with_largest(space: SearchSpace, point: Array) -> SearchSpace:
    """The space without those counted components of which a point holds least, in units of each one's highest value."""
    values = dict(zip(space.names, np.asarray(point).tolist(), strict=True))
    absent: set[str] = set()
    for count in counts(space):
        shares = sorted(count.names, key=lambda name: -values[name] / space.bounds[name].high)
        absent |= set(shares[count.most :])
    bounds = {name: Bounds(0.0, 0.0) if name in absent else space.bounds[name] for name in space.names}
    groups: dict[str, dict[str, Bounds]] = {"solvent": {}, "salt": {}, "additive": {}}
    for name, ends in bounds.items():
        groups[component(name).role][name] = ends
    return SearchSpace(groups["solvent"], groups["salt"], groups["additive"], linear(space))


def nearest(space: SearchSpace, point: Array) -> Array:
    """The nearest feasible point, distances in units of each variable's range."""
    if space.feasible(point)[0]:
        return point
    if counts(space):
        return nearest(_with_largest(space, point), point)
    low, high = np.array([space.bounds[name] for name in space.names]).T
    width = np.where(high > low, high - low, 1.0)
    solvents = np.array([float(component(name).is_solvent) for name in space.names])
    rows = np.array([constraint.row(space.names) for constraint in linear(space)]).reshape(-1, len(low))
    limits = np.array([constraint.bound for constraint in linear(space)])
    scaled = (rows * width, limits - rows @ low)
    conditions = [Condition(solvents * width, 1.0 - solvents @ low, 1.0 - solvents @ low)]
    if len(rows):
        conditions.append(Condition(scaled[0], -np.inf, scaled[1]))
    target = (point - low) / width

    def distance(x: Array) -> float:
        return float(np.sum((x - target) ** 2))

    def slope(x: Array) -> Array:
        return np.asarray(2.0 * (x - target))

    found = minimize(
        distance,
        np.clip(target, 0.0, 1.0),
        jac=slope,
        method="SLSQP",
        bounds=Box(np.zeros(len(low)), np.where(high > low, 1.0, 0.0)),
        constraints=conditions,
        options={"ftol": 1e-12, "maxiter": 200},
    )
    return _inside(space, np.asarray(low + found.x * width))


def _inside(space: SearchSpace, point: Array) -> Array:
    """A point that is feasible but for rounding, made feasible by a step towards the middle of the space."""
    middle = space.volume(64, np.random.default_rng(0)).mean(axis=0)
    for step in (0.0, 1e-9, 1e-7, 1e-5, 1e-3, 1e-2):
        moved = point + step * (middle - point)
        if space.feasible(moved)[0]:
            return np.asarray(moved)
    raise ArithmeticError(f"no feasible recipe near {point.tolist()}")
