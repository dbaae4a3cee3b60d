"""Side reactions of n cells on their way through a stretch of time, and what they leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from galvanaut.simulators.cells.spme.ageing import (
    FORMATION_SHARE,
    LITHIUM_PER_SEI,
    MOST_PLATING,
    SEI_VOLUME_M3_MOL,
    film_m,
    kinetic_A_m2,
    plating_A_m2,
    so_far,
)
from galvanaut.simulators.cells.spme.cells import States
from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, Array
from galvanaut.simulators.cells.spme.sizes import Sizes
from galvanaut.simulators.cells.spme.slopes import Slopes, slopes
from galvanaut.simulators.cells.spme.voltage import Paths, Snapshot

LEAST_LEFT = 0.05
"""Share of active material and of wet area that is always left."""

_TRAPEZIA = np.empty((0, 0))


class Grid(Protocol):
    """Instants from 0 on at which quantities are known."""

    @property
    def times_s(self) -> Array:
        """Shape (n, t)."""
        ...

    @property
    def integral_s(self) -> Array:
        """The same for one cell as a matrix, shape (t, t); empty if it goes by trapezia."""
        ...

    def so_far(self, values: Array) -> Array:
        """Integral of a quantity until each instant; shapes (n, t)."""
        ...

    def between(self, values: Array, times_s: Array) -> Array:
        """Quantities, shape (q, n, t), at other instants, shape (n, m): shape (q, n, m)."""
        ...


@dataclass(frozen=True)
class Instants:
    """A grid on which quantities go along straight lines; after its end they stay."""

    times_s: Array

    @property
    def integral_s(self) -> Array:
        """See `Grid`."""
        return _TRAPEZIA

    def so_far(self, values: Array) -> Array:
        """See `Grid`."""
        return so_far(self.times_s, values)

    def between(self, values: Array, times_s: Array) -> Array:
        """See `Grid`."""
        before = (self.times_s[:, None, 1:-1] <= times_s[:, :, None]).sum(axis=2)
        rows = np.arange(len(before))[:, None]
        begin_s, end_s = self.times_s[rows, before], self.times_s[rows, before + 1]
        begin, end = values[:, rows, before], values[:, rows, before + 1]
        long_s = end_s - begin_s
        share = np.divide(np.minimum(times_s, end_s) - begin_s, long_s, out=np.zeros_like(long_s), where=long_s > 0)
        return np.asarray(begin + share * (end - begin))


class Losses:
    """Lithium that side reactions take along known paths, what wears with it, and the voltage that shows both.

    Args:
        snapshot: the cells at the beginning; rates of side reactions go by their sizes then.
        paths: on the grid.
        grid: how its instants belong together.
        fast_table: what `FastStretch` made of it, if that is known already.

    Attributes:
        lost_C: lithium gone until every instant, shape (n, t).
        sizes: what is left at every instant.
        voltage_V: at every instant, shape (n, t).
    """

    def __init__(self, snapshot: Snapshot, paths: Paths, grid: Grid, fast_table: Array | None = None) -> None:
        self.snapshot, self.paths, self._grid = snapshot, paths, grid
        self._film_m_C = SEI_VOLUME_M3_MOL / (LITHIUM_PER_SEI * FARADAY_C_MOL * snapshot.sizes.surface_n_m2)
        self._steps_C = paths.charge_C[:, 1:] - paths.charge_C[:, :-1]
        if snapshot.fast:
            self._set_fast(snapshot.fast.losses(paths, grid.integral_s) if fast_table is None else fast_table)
            return
        taken_C = self._taken_C()
        self.lost_C = taken_C[0] + taken_C[1] + taken_C[2]
        self._turnover_C = _from_zero(np.abs(self._steps_C))
        self._columns = (*taken_C, *self._left(*taken_C))
        self.sizes = self._sizes(self._columns)
        self.voltage_V = snapshot.voltage_V(paths, self.lost_C / snapshot.room_C[0], self.sizes)

    def _set_fast(self, table: Array) -> None:
        self._columns, self.sizes = tuple(table[:6]), Sizes(*table[6:11])
        self.lost_C, self._turnover_C, self.voltage_V = table[11:]
        self.fast_table = table

    @cached_property
    def _table(self) -> Array:
        """Lithium taken in three ways and shares left in three ways, shape (6, n, t)."""
        return np.stack(self._columns)

    @cached_property
    def _energy_J(self) -> Array:
        """That went in until every instant."""
        return _from_zero(self._steps_C * (self.voltage_V[:, 1:] + self.voltage_V[:, :-1]) / 2)

    def _taken_C(self) -> tuple[Array, Array, Array]:
        """Lithium lost until every instant of the grid: to the SEI, to plating and to formation."""
        snapshot, paths, grid = self.snapshot, self.paths, self._grid
        fixed, start_m, to_form_C = snapshot.constants, snapshot.states.film_m[:, None], snapshot.states.formation_C
        potential_V = snapshot.negative_V(paths)
        kinetic = kinetic_A_m2(potential_V, fixed.sei_A_m2, fixed.thermal_V)
        mean = np.divide(grid.so_far(kinetic), paths.times_s, out=kinetic, where=paths.times_s > 0)
        sei_C = (film_m(start_m, paths.times_s, mean, fixed.feed_A_m) - start_m) / self._film_m_C
        charging_A = np.maximum(paths.inner_A, 0.0)
        nothing = np.zeros_like(sei_C)
        if not charging_A.any():
            return sei_C, nothing, nothing
        per_m2 = plating_A_m2(
            potential_V,
            charging_A,
            paths.liquid_ohm(snapshot.sizes),
            1000 * paths.salt_n_M,
            fixed.plating_A_mol,
            fixed.thermal_V,
        )
        plating_A = np.minimum(snapshot.sizes.surface_n_m2 * per_m2, MOST_PLATING * charging_A)
        if not to_form_C.any():
            return sei_C, grid.so_far(plating_A), nothing
        formed_C = np.minimum(FORMATION_SHARE * grid.so_far(charging_A), to_form_C[:, None])
        return sei_C, grid.so_far(plating_A), formed_C

    def _left(self, sei_C: Array, plated_C: Array, formed_C: Array) -> tuple[Array, Array, Array]:
        """Shares of active material and of wetted area that are left at every instant."""
        old, ageing, fixed = self.snapshot.states, self.snapshot.cells.ageing, self.snapshot.constants
        # Formation belongs to every cell; growth beyond it is what wears.
        first_C = np.maximum(fixed.film_C - old.formation_C[:, None] + formed_C, 0.0)
        grown_C = old.sei_C[:, None] + sei_C + formed_C - first_C
        lost = np.maximum((grown_C + old.plated_C[:, None] + plated_C) / fixed.nominal_C, 0.0)
        turns = self._turnover_C * (ageing["loss_per_turnover"][:, None] / fixed.nominal_C)
        wear = turns * (1 + ageing["loss_growth"][:, None] * lost)
        wet = np.maximum(fixed.liquid_share - grown_C * fixed.drying_1_C, LEAST_LEFT)
        return (
            np.maximum(old.active_n[:, None] - wear, LEAST_LEFT),
            np.maximum(old.active_p[:, None] - wear / 2, LEAST_LEFT),
            np.minimum(old.wet[:, None], wet),
        )

    def _sizes(self, table: Array | tuple[Array, ...]) -> Sizes:
        sei_C, _, _, active_n, active_p, wet = table
        film = self.snapshot.states.film_m[:, None] + self._film_m_C * sei_C
        return Sizes.of(self.snapshot.cells, active_n, active_p, wet, film)

    def slopes(self) -> Slopes:
        """Of the voltage at every instant of the grid."""
        if self.snapshot.fast:
            return self.snapshot.fast.slopes(self.paths, self.fast_table)
        return slopes(self.snapshot, self.paths, self.lost_C / self.snapshot.room_C[0], self.sizes)

    def voltages_V(self, paths: Paths) -> Array:
        """Terminal voltage at other instants of the same stretch."""
        if self.snapshot.fast and not len(self._grid.integral_s):
            return self.snapshot.fast.voltages_V(self._grid.times_s, self.fast_table, paths)
        table = self._grid.between(self._table, paths.times_s)
        lost = (table[0] + table[1] + table[2]) / self.snapshot.room_C[0]
        return self.snapshot.voltage_V(paths, lost, self._sizes(table))

    def states(self, seconds: Array, charge_C: Array, voltage_V: Array, modes: Array) -> States:
        """The states at one instant each.

        Args:
            seconds: since the beginning, shape (n,).
            charge_C: that went in at the terminals, shape (n,).
            voltage_V: there and then, shape (n,).
            modes: all of them, shape (n, k).
        """
        old, cells, room_C = self.snapshot.states, self.snapshot.cells, self.snapshot.room_C
        taken = self._grid.between(self._table, seconds[:, None])[:, :, 0]
        sei_C, plated_C, formed_C, active_n, active_p, wet = taken
        inner_C = charge_C - cells.leak_A * seconds
        turnover_C, energy_J = self._until(seconds, charge_C, voltage_V)
        spheres = old.sphere_n.shape[1]
        before_n, before_p = room_C[0][:, 0], room_C[1][:, 0]
        moved = States(
            charge_C=old.charge_C + charge_C,
            energy_J=old.energy_J + energy_J,
            time_s=old.time_s + seconds,
            negative=old.negative + (inner_C - (sei_C + plated_C + formed_C)) / before_n,
            positive=old.positive - inner_C / before_p,
            sphere_n=modes[:, :spheres],
            sphere_p=modes[:, spheres : 2 * spheres],
            salt=modes[:, 2 * spheres :],
            film_m=old.film_m + self._film_m_C[:, 0] * sei_C,
            sei_C=old.sei_C + sei_C + formed_C,
            plated_C=old.plated_C + plated_C,
            trapped_C=old.trapped_C,
            formation_C=old.formation_C - formed_C,
            turnover_C=old.turnover_C + turnover_C,
            active_n=active_n,
            active_p=active_p,
            wet=wet,
        )
        after_n, after_p = moved.room_C(cells)
        trapped_C = moved.negative * (before_n - after_n) + moved.positive * (before_p - after_p)
        return replace(moved, trapped_C=moved.trapped_C + trapped_C)

    def _until(self, seconds: Array, charge_C: Array, voltage_V: Array) -> tuple[Array, Array]:
        """Charge throughput and energy: over the grid, and a last piece that ends at the instant itself."""
        rows = np.arange(len(seconds))
        last = np.maximum((self._grid.times_s <= seconds[:, None]).sum(axis=1) - 1, 0)
        step_C = charge_C - self.paths.charge_C[rows, last]
        step_J = step_C * (voltage_V + self.voltage_V[rows, last]) / 2
        return self._turnover_C[rows, last] + np.abs(step_C), self._energy_J[rows, last] + step_J


def _from_zero(steps: Array) -> Array:
    """Sums of steps until each instant, the first of which has none."""
    sums = np.zeros((len(steps), steps.shape[1] + 1))
    np.cumsum(steps, axis=1, out=sums[:, 1:])
    return sums
