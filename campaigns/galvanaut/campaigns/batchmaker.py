"""What the bench can make, in the coordinates of a search space: the planners' view of a `BatchPlanner`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.components import component
from galvanaut.campaigns.lots import spurned_lots
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import NotMakeableError

STEPS = 4.0
"""Steps of a dose by which a recipe may miss a bound or a constraint: several doses are rounded at a time. With two,
one of 60 recipes at the edge of the shipped search was refused that four doses make, 0.003 mol/kg beyond it."""
_NOISE = 1e-9
NEAREST = 0.02
"""How far, in any mass fraction, the recipe that is made may lie from the point wished for. Covers a wish for less than
the smallest dose of a component: none of it or one smallest dose is made instead (illustrative)."""


@dataclass(frozen=True)
class BatchMaker:
    """A `galvanaut.campaigns.planners.protocol.Maker` on stocks.

    Attributes:
        space: names the coordinates.
        batches: knows the stocks.
        mass_g: of each batch.
    """

    space: SearchSpace
    batches: BatchPlanner
    mass_g: float

    def reachable(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """For each row of ``points``, (n, variables), whether the stocks span it; limits of doses aside."""
        fractions, known = self.space.mass_fractions(points), self.space.components
        if not self.space.choices:
            return self.batches.reachable(fractions, known)
        kinds, kind = np.unique(points[:, -len(self.space.choices) :], axis=0, return_inverse=True)
        found = np.zeros(len(points), dtype=bool)
        for number in range(len(kinds)):
            rows = np.flatnonzero(kind == number)
            found[rows] = self._batches(points[rows[0]]).reachable(fractions[rows], known)
        return found

    def realise(self, point: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The nearest point that doses make exactly; None if it lies outside the space by more than `slack`.

        A realised point realises to itself.
        """
        try:
            made = self._batches(point).plan(self.space.recipe(point), self.mass_g, NEAREST).recipe
        except NotMakeableError:
            return None
        found = self.space.point(made, self.space.settings(point))
        return found if self.space.feasible(found, self.slack)[0] else None

    @cached_property
    def slack(self) -> NDArray[np.float64]:
        """How far outside the space a recipe may lie, in each of its `bounds`: what `STEPS` steps of a dose come to.

        A bound is met no better than the dispensers' steps allow; a smallest dose is no excuse to go beyond it.
        """
        space, one = self.space, self.batches.step_fractions(self.mass_g)
        components, whole = space.components, max(one.values(), default=0.0)
        salts = {key: component(key).molar_mass_g_mol / 1000.0 for key in components if space.is_salt(key)}
        high = {key: space.bounds[key].high for key in components}
        additives = sum(min(high[key], 1.0) for key in components if space.is_additive(key))
        solvent = max(0.1, 1.0 - additives) / (1.0 + sum(kg_mol * high[key] for key, kg_mol in salts.items()))

        def of(name: str) -> float:
            step = one.get(name, 0.0)
            if name not in components:
                return 0.0
            if space.is_additive(name):
                return step
            if name in salts:
                return (step / salts[name] + high[name] * whole) / solvent
            return (step + whole) / solvent

        return np.array([STEPS * of(name) + _NOISE for name in space.bounds])

    def _batches(self, point: NDArray[np.float64]) -> BatchPlanner:
        """With the lots that are chosen at a point."""
        return self.batches.without_lots(spurned_lots(self.space.choices, self.space.settings(point)))
