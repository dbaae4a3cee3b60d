"""n cells through one stretch of time under a current that is a straight line in time."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from galvanaut.simulators.cells.spme.ageing import (
    EC_VOLUME_M3_MOL,
    FORMATION_SHARE,
    LITHIUM_PER_SEI,
    MOST_PLATING,
    SEI_VOLUME_M3_MOL,
    film_m,
    kinetic_A_m2,
    mean_so_far,
    plating_A_m2,
    so_far,
)
from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, Array, Flags
from galvanaut.simulators.cells.spme.voltage import Paths, Snapshot

_ZOOMS = 3
_ZOOM_POINTS = 12


def grid(points: int = 40) -> Array:
    """Instants from 0 to 1: geometrically closer at the beginning, where everything begins to move, then even."""
    return np.concatenate([[0.0], np.geomspace(1e-4, 0.6 / points, points // 5), np.linspace(1 / points, 1, points)])


class Stretch:
    """What happens between two changes of the current; all side reactions are evaluated on one grid of instants.

    Diffusion is exact at any instant. Side reactions are integrated over the grid, with the sizes and resistances of
    the beginning; in between they are interpolated, so that looking at an instant never changes another.

    Args:
        cells: what they are made of.
        states: at the beginning.
        current_A: at the beginning, shape (n,), positive while charging.
        slope_A_s: by how much it changes, shape (n,).
        times_s: instants from 0 on, shape (n, t).
    """

    def __init__(self, cells: Cells, states: States, current_A: Array, slope_A_s: Array, times_s: Array) -> None:
        self.cells, self.states, self.times_s = cells, states, times_s
        self._current_A, self._slope_A_s = current_A, slope_A_s
        self._snapshot = Snapshot(cells, states)
        self._film_m_C = SEI_VOLUME_M3_MOL / (LITHIUM_PER_SEI * FARADAY_C_MOL * self._snapshot.surface_m2[0])
        self._film_ohm_C = self._film_m_C * cells.ageing["film_ohm_m"] / self._snapshot.surface_m2[0]
        self.paths = self._snapshot.paths(current_A, slope_A_s, times_s)
        self._sei_C, self._plated_C, self._formed_C = self._lost(self.paths)
        self.voltage_V = self._voltage_V(self.paths)
        self._energy_J = so_far(times_s, self.voltage_V * self.paths.current_A)

    def _lost(self, paths: Paths) -> tuple[Array, Array, Array]:
        """Lithium lost until every instant of the grid, as charge: to the SEI, to plating and to formation."""
        cells, snapshot, kelvin = self.cells, self._snapshot, self.cells.temperature_K
        surface_m2 = snapshot.surface_m2[0][:, None]
        potential_V = snapshot.negative_V(paths)
        kinetic = mean_so_far(paths.times_s, kinetic_A_m2(potential_V, cells.ageing["sei_m_s"], kelvin))
        film = film_m(self.states.film_m, paths.times_s, kinetic, cells.ageing["sei_mol_m_s"], kelvin)
        grown_m = film - self.states.film_m[:, None]
        sei_C = grown_m / self._film_m_C[:, None]
        charging_A = np.maximum(paths.inner_A, 0.0)
        plating_A = surface_m2 * plating_A_m2(
            potential_V, paths.inner_A, paths.liquid_ohm, 1000 * paths.salt_n_M, cells.ageing["plating_m_s"], kelvin
        )
        plated_C = so_far(paths.times_s, np.minimum(plating_A, MOST_PLATING * charging_A))
        formed_C = np.minimum(FORMATION_SHARE * so_far(paths.times_s, charging_A), self.states.formation_C[:, None])
        return sei_C, plated_C, formed_C

    def _voltage_V(self, paths: Paths) -> Array:
        """Terminal voltage, with what the side reactions have done by then."""
        lost_C = self._sei_C + self._plated_C + self._formed_C
        lost_C, sei_C = self._between(np.stack([lost_C, self._sei_C]), paths.times_s)
        grown_ohm = (self._film_ohm_C * sei_C.T).T
        return self._snapshot.voltage_V(paths, lost_C / self._snapshot.room_C[0][:, None], grown_ohm)

    def _between(self, values: Array, times_s: Array) -> Array:
        """Values on the grid, shape (q, n, t), interpolated; those at its end after that."""
        if times_s is self.times_s:
            return values
        before = (self.times_s[:, None, 1:-1] <= times_s[:, :, None]).sum(axis=2)
        rows = np.arange(len(before))[:, None]
        begin_s, end_s = self.times_s[rows, before], self.times_s[rows, before + 1]
        begin, end = values[:, rows, before], values[:, rows, before + 1]
        long_s = end_s - begin_s
        share = np.divide(np.minimum(times_s, end_s) - begin_s, long_s, out=np.zeros_like(long_s), where=long_s > 0)
        return np.asarray(begin + share * (end - begin))

    # -- when it ends -------------------------------------------------------------------------------------------

    def leaves(self, low_V: Array, high_V: Array, extra_ohm: float = 0.0) -> Array:
        """When the voltage first is at a limit or past it, shape (n,); infinite if not on the grid.

        Args:
            low_V: shape (n,).
            high_V: shape (n,).
            extra_ohm: outside the terminals, where the limits are measured.
        """
        excess = self._excess_V(self.paths, self.voltage_V, low_V, high_V, extra_ohm)
        is_past = excess >= 0
        first = np.argmax(is_past, axis=1)
        ends = is_past.any(axis=1)
        rows = np.arange(len(first))
        before = np.maximum(first - 1, 0)
        begin, end = self.times_s[rows, before], self.times_s[rows, first]
        if not ends.any():
            return np.full(len(first), inf)
        under, over = excess[rows, before], excess[rows, first]
        share = np.linspace(0, 1, _ZOOM_POINTS)
        for _ in range(_ZOOMS):
            times_s = begin[:, None] + (end - begin)[:, None] * share
            inside = self._snapshot.paths(self._current_A, self._slope_A_s, times_s)
            voltage_V = self._voltage_V(inside)
            excess = self._excess_V(inside, voltage_V, low_V, high_V, extra_ohm)
            is_past = excess[:, 1:] >= 0
            first = np.where(is_past.any(axis=1), np.argmax(is_past, axis=1), _ZOOM_POINTS - 2)
            begin, end = times_s[rows, first], times_s[rows, first + 1]
            under, over = excess[rows, first], excess[rows, first + 1]
        width = np.where(ends & (over > under), over, 1.0) - np.where(ends, under, 0.0)
        crossing = begin + (end - begin) * np.clip(-np.where(ends, under, 0.0) / width, 0, 1)
        return np.where(ends, np.where(self._starts_past(low_V, high_V, extra_ohm), 0.0, crossing), inf)

    def _starts_past(self, low_V: Array, high_V: Array, extra_ohm: float) -> Flags:
        sensed_V = self.voltage_V[:, 0] + extra_ohm * self.paths.current_A[:, 0]
        return (sensed_V >= high_V) | (sensed_V <= low_V)

    def _excess_V(self, paths: Paths, voltage_V: Array, low_V: Array, high_V: Array, extra_ohm: float) -> Array:
        sensed_V = voltage_V + extra_ohm * paths.current_A
        return np.maximum(sensed_V - high_V[:, None], low_V[:, None] - sensed_V)

    # -- where it leads -----------------------------------------------------------------------------------------

    def at(self, seconds: Array) -> States:
        """The states after a time, shape (n,), side reactions included."""
        t = seconds[:, None]
        paths = self._snapshot.paths(self._current_A, self._slope_A_s, t)
        old, room_C = self.states, self._snapshot.room_C
        terminal_C = (self._current_A + self._slope_A_s * seconds / 2) * seconds
        inner_C = terminal_C - self.cells.leak_A * seconds
        sei_C, plated_C, formed_C = self._between(np.stack([self._sei_C, self._plated_C, self._formed_C]), t)[:, :, 0]
        lost_C = sei_C + plated_C + formed_C
        moved = replace(
            old,
            charge_C=old.charge_C + terminal_C,
            energy_J=old.energy_J + self._energy_until_J(paths),
            time_s=old.time_s + seconds,
            negative=old.negative + (inner_C - lost_C) / room_C[0],
            positive=old.positive - inner_C / room_C[1],
            sphere_n=paths.modes[0][:, 0],
            sphere_p=paths.modes[1][:, 0],
            salt=paths.modes[2][:, 0],
            film_m=old.film_m + self._film_m_C * sei_C,
            sei_C=old.sei_C + sei_C + formed_C,
            plated_C=old.plated_C + plated_C,
            formation_C=old.formation_C - formed_C,
            turnover_C=old.turnover_C + np.abs(terminal_C),
        )
        return self._worn(moved)

    def _energy_until_J(self, paths: Paths) -> Array:
        """By trapezia over the grid, and a last one that ends at the instant itself."""
        rows, seconds = np.arange(len(paths.times_s)), paths.times_s[:, 0]
        last = np.maximum((self.times_s <= paths.times_s).sum(axis=1) - 1, 0)
        begin_s = self.times_s[rows, last]
        end_W = (self._voltage_V(paths) * paths.current_A)[:, 0]
        begin_W = self.voltage_V[rows, last] * self.paths.current_A[rows, last]
        return np.asarray(self._energy_J[rows, last] + (seconds - begin_s) * (begin_W + end_W) / 2)

    def _worn(self, states: States) -> States:
        """With active material and wetted area lost, and the lithium in them trapped."""
        cells, constants = self.cells, self.cells.ageing
        nominal_C = 3600 * cells.design.nominal_A * cells.area_m2 / cells.design.area_m2
        lost_share = (states.sei_C - self._first_film_C(states) + states.plated_C) / nominal_C
        wear = constants["loss_per_turnover"] * (1 + constants["loss_growth"] * np.maximum(lost_share, 0.0))
        wear = wear * (states.turnover_C - self.states.turnover_C) / nominal_C
        grown_mol = (states.sei_C - self._first_film_C(states)) / (LITHIUM_PER_SEI * FARADAY_C_MOL)
        pores_m3 = cells.design.pore_m3_m2 * cells.area_m2
        liquid_m3 = constants["liquid_share"] * pores_m3 - EC_VOLUME_M3_MOL * grown_mol
        worn = replace(
            states,
            active_n=np.maximum(states.active_n - wear, 0.05),
            active_p=np.maximum(states.active_p - wear / 2, 0.05),
            wet=np.minimum(states.wet, np.clip(liquid_m3 / pores_m3, 0.05, 1.0)),
        )
        before_n, before_p = states.room_C(cells)
        after_n, after_p = worn.room_C(cells)
        trapped_C = states.negative * (before_n - after_n) + states.positive * (before_p - after_p)
        return replace(worn, trapped_C=worn.trapped_C + trapped_C)

    def _first_film_C(self, states: States) -> Array:
        """What formation has taken so far: part of the SEI that every cell has."""
        whole_C = self.cells.ageing["formation"] * self.cells.design.lithium_C_m2 * self.cells.area_m2
        return np.maximum(whole_C - states.formation_C, 0.0)
