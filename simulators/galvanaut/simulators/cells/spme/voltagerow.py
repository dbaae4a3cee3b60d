"""One cell under constant voltage through a row of panels: the currents at all nodes at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.cells.spme.cells import States
from galvanaut.simulators.cells.spme.instant import Instant, One, open_circuit_V
from galvanaut.simulators.cells.spme.losses import Losses
from galvanaut.simulators.cells.spme.panels import Panels, panels, salt_responses, sphere_responses
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.cells.spme.voltage import SPHERE, Paths, Snapshot

_EXACT_V = 1e-8
"""Some 0.3 nA."""
_NEAR_V = 1e-4
"""Nearer than this the slopes of the last try will do."""
_MOST_TRIES = 20
_MOST_HALVINGS = 4
_HALVINGS = 12


@dataclass(frozen=True)
class _Nodes:
    """The nodes of a row of panels as a `Grid`; quantities are a polynomial on each panel."""

    row: Panels

    @property
    def times_s(self) -> Array:
        """See `Grid`."""
        return self.row.times_s[None]

    @property
    def integral_s(self) -> Array:
        """See `Grid`."""
        return self.row.integral_s

    def so_far(self, values: Array) -> Array:
        """See `Grid`."""
        return np.asarray(values @ self.row.integral_s.T)

    def between(self, values: Array, times_s: Array) -> Array:
        """See `Grid`."""
        return self.row.values(self.row.polynomials(values[:, 0]), times_s[0])[:, None]


class VoltageRow:
    """What a cell does between two edges of a row; times count from the first one.

    Args:
        one: the cell's constants.
        snapshot: of the same cell, at the beginning.
        voltage_V: behind the leads.
        lead_ohm: resistance outside the terminals.
        edges_s: of the panels.

    Attributes:
        is_solved: whether currents were found; nothing else means anything if not.
        end_s: of the last panel.
        times_s: of all nodes.
        currents_A: at the nodes.
    """

    def __init__(
        self, one: One, snapshot: Snapshot, voltage_V: float, lead_ohm: float, edges_s: tuple[float, ...]
    ) -> None:
        self._one, self._snapshot, self._row, cells = one, snapshot, panels(edges_s), snapshot.cells
        self._voltage_V, self._lead_ohm, self._nodes = voltage_V, lead_ohm, _Nodes(self._row)
        self._salt = salt_responses(edges_s, cells.design, cells.diffusivity_m2_s.item())
        self._by_node = self._salt.transpose(1, 0, 2)
        self._set_particles(sphere_responses(edges_s, cells.design))
        start_A = Instant.of(one, snapshot).current_A(voltage_V, lead_ohm)
        currents_A, self._losses, self.is_solved = self._solved(start_A)
        self.end_s, self.times_s, self.currents_A = edges_s[-1], self._row.times_s.tolist(), currents_A.tolist()
        self._polynomials = self._row.polynomials(currents_A)
        self._coefficients: list[list[float]] = self._polynomials.tolist()

    def _set_particles(self, answers: tuple[Array, Array]) -> None:
        """What the modes of the beginning still are at every node, and how particles answer to currents."""
        snapshot = self._snapshot
        left = snapshot.start[0] * np.exp(-self._row.times_s[:, None] * snapshot.constants.rates[0])
        self._left = (left[:, :SPHERE].sum(axis=1), left[:, SPHERE : 2 * SPHERE].sum(axis=1), left[:, 2 * SPHERE :])
        gain_n, gain_p = (gain.item() for gain in snapshot.sphere_gains)
        self._ahead = (gain_n * answers[0], gain_p * answers[1])
        self._answers = (self._row.times_s, self._row.integral_s, *self._ahead, self._salt, snapshot.salt_gains[0])

    def current_A(self, seconds: float) -> float:
        """At an instant."""
        number, within = self._row.panel(seconds)
        value = 0.0
        for coefficient in reversed(self._coefficients[number]):
            value = value * within + coefficient
        return value

    def many_A(self, seconds: Array) -> Array:
        """At many instants."""
        return self._row.values(self._polynomials, seconds)

    def states(self, seconds: float) -> States:
        """All that is known of an instant."""
        snapshot, leak_A = self._snapshot, self._one.leak_A
        inner = self._polynomials.copy()
        inner[:, 0] -= leak_A
        rates, gains = snapshot.constants.rates[0], snapshot.gains[0]
        modes, inner_C = self._row.modes(snapshot.start[0], rates, gains, inner, seconds)
        voltage_V = self._voltage_V - self._lead_ohm * self.current_A(seconds)
        charge_C = inner_C + leak_A * seconds
        return self._losses.states(np.array([seconds]), np.array([charge_C]), np.array([voltage_V]), modes[None])

    # -- solving ------------------------------------------------------------------------------------------------

    def _solved(self, start_A: float) -> tuple[Array, Losses, bool]:
        """Newton's method for all currents but the first, which is known; a step that leads away is halved."""
        currents_A, inverse = self._guess(start_A), np.asarray([])
        losses, miss_V = self._followed(currents_A)
        for _ in range(_MOST_TRIES):
            far_V = np.abs(miss_V).max()
            if far_V < _EXACT_V:
                return currents_A, losses, True
            if far_V > _NEAR_V or not inverse.size:
                inverse = np.asarray(np.linalg.inv(self._slopes(losses)[1:, 1:]))
            step_A = np.append(0.0, inverse @ miss_V)
            for halving in range(_MOST_HALVINGS):
                tried_A = currents_A + step_A / 2**halving
                losses, miss_V = self._followed(tried_A)
                if np.abs(miss_V).max() < far_V:
                    break
            currents_A = tried_A
        return currents_A, losses, False

    def _followed(self, currents_A: Array) -> tuple[Losses, Array]:
        """Everything at the nodes for given currents there, and what the voltage lacks at every node but the first."""
        if fast := self._snapshot.fast:
            paths, table = fast.followed(currents_A, self._left, self._answers)
            losses = Losses(self._snapshot, paths, self._nodes, table)
        else:
            losses = Losses(self._snapshot, self._paths(currents_A), self._nodes)
        return losses, (self._voltage_V - self._lead_ohm * currents_A - losses.voltage_V[0])[1:]

    def _paths(self, currents_A: Array) -> Paths:
        """Diffusion at the nodes, for given currents there."""
        snapshot, row = self._snapshot, self._row
        inner_A = currents_A - self._one.leak_A
        ahead_n = self._left[0] + self._ahead[0] @ inner_A
        ahead_p = self._left[1] + self._ahead[1] @ inner_A
        salt = self._left[2] + (self._salt @ inner_A).T * snapshot.salt_gains
        charge_C = row.integral_s @ currents_A
        ahead = (ahead_n[None], ahead_p[None])
        return snapshot.along(row.times_s[None], currents_A[None], charge_C[None], ahead, salt[None])

    def _slopes(self, losses: Losses) -> Array:
        """By how much the voltage at every node (first axis) rises with the current at every node, V/A.

        What side reactions answer is left out; it only costs tries.
        """
        if fast := self._snapshot.fast:
            rises = fast.rises_ohm(losses.paths, losses.fast_table, self._answers)
            rises[np.diag_indices(len(rises))] += self._lead_ohm
            return rises
        snapshot, integral_s, found = self._snapshot, self._row.integral_s, losses.slopes()
        room_n, room_p = (room.item() for room in snapshot.room_C)
        rises = found.by_negative.T * (integral_s / room_n + self._ahead[0])
        rises += found.by_positive.T * (self._ahead[1] - integral_s / room_p)
        by_mode = (found.by_salt[0] @ snapshot.liquid.shapes_M) * snapshot.salt_gains
        rises += np.matmul(by_mode[:, None, :], self._by_node)[:, 0]
        rises[np.diag_indices(len(rises))] += found.by_current[0] + self._lead_ohm
        return np.asarray(rises)

    def _guess(self, start_A: float) -> Array:
        """A current that fades until the open circuit has come to the voltage."""
        states, leak_A = self._snapshot.states, self._one.leak_A
        room_n, room_p = (room.item() for room in self._snapshot.room_C)
        x, y, inner_A = states.negative.item(), states.positive.item(), start_A - leak_A

        def still_V(charge_C: float) -> float:
            rest_V = open_circuit_V(self._one, (x + charge_C / room_n, y - charge_C / room_p))
            return (self._voltage_V - rest_V) * (1 if inner_A > 0 else -1)

        currents_A = np.full(len(self._row.times_s), leak_A)
        near_C, far_C = 0.0, room_n if inner_A > 0 else -room_n
        if still_V(near_C) > 0 > still_V(far_C):
            for _ in range(_HALVINGS):
                middle_C = (near_C + far_C) / 2
                near_C, far_C = (middle_C, far_C) if still_V(middle_C) > 0 else (near_C, middle_C)
            currents_A += inner_A * np.exp(-self._row.times_s * (inner_A / far_C))
        currents_A[0] = start_A
        return currents_A
