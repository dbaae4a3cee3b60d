"""Currents that are a polynomial on each of a row of panels, and what diffusion and charge make of them, exactly.

Everything is linear in the currents at the nodes. So under constant voltage all node currents can be found at once, and
nothing has to be stepped in time. Panels grow geometrically, as everything slows down that is left to itself.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

import numpy as np

from galvanaut.simulators.cells.spme.modes import SPHERE_GAINS, liquid_modes, sphere_rates
from galvanaut.simulators.cells.spme.parameters import Array, Design

DEGREE = 7
NODES = (1 - np.cos(np.pi * np.arange(DEGREE + 1) / DEGREE)) / 2
"""Of one panel, from 0 to 1: both ends among them, and closer there."""
_POWERS = np.arange(DEGREE + 1)
_TO_POWERS = np.linalg.inv(NODES[:, None] ** _POWERS)
"""From values at the nodes to the coefficients of a polynomial, lowest power first."""
_BACKWARD = 2.0
_FAR = 24
"""From here the backward recurrence has forgotten its beginning when it comes to the powers that are wanted."""
_REMEMBERED = 64
"""Answers of the salt kept: of so many diffusivities and rows of panels, 0.4 MB each."""


def lagging(turns: Array) -> Array:
    """Integral of ``w exp(-w (1 - s)) s^n`` over s from 0 to 1, for all powers n and many w; shape (..., powers).

    A mode that follows a current s^n comes to it, when w is its rate times the time. The recurrence between the powers
    is used in the direction in which it forgets errors.
    """
    values = np.empty((DEGREE + 1, *turns.shape))
    is_small = turns < _BACKWARD
    large = np.maximum(turns, _BACKWARD)
    values[0] = -np.expm1(-large)
    for n in range(1, DEGREE + 1):
        values[n] = 1 - n / large * values[n - 1]
    small = np.minimum(turns, _BACKWARD)
    value = small / (_FAR + 1)
    for n in range(_FAR, 0, -1):
        value = (1 - value) * (small / n)
        if n <= DEGREE + 1:
            np.copyto(values[n - 1], value, where=is_small)
    return np.moveaxis(values, 0, -1)


class Panels:
    """A row of panels; all times in seconds from its beginning.

    Args:
        edges_s: where panels begin and end, from 0 on.

    Attributes:
        times_s: of all nodes, shape (k,); neighbours share one.
        integral_s: from values at the nodes to the integral until each, shape (k, k).
    """

    def __init__(self, edges_s: tuple[float, ...]) -> None:
        self.edges_s, self._lengths_s = edges_s, np.diff(edges_s)
        self.times_s = np.append(
            (np.array(edges_s[:-1])[:, None] + self._lengths_s[:, None] * NODES[:-1]).ravel(), edges_s[-1]
        )
        within = (NODES[:, None] ** (_POWERS + 1) / (_POWERS + 1)) @ _TO_POWERS
        self.integral_s = np.zeros((len(self.times_s), len(self.times_s)))
        for number, length_s in enumerate(self._lengths_s):
            begin = number * DEGREE
            rows = slice(begin, begin + DEGREE + 1)
            self.integral_s[begin:] += self.integral_s[begin] - self.integral_s[begin:]
            self.integral_s[rows, rows] += length_s * within
            self.integral_s[begin + DEGREE :] = self.integral_s[begin + DEGREE]

    def responses(self, rates: Array) -> Array:
        """What modes come to at every node, per current at every node and unit of gain; shape (modes, k, k)."""
        count = len(self.times_s)
        answers = np.zeros((len(rates), count, count))
        for number, length_s in enumerate(self._lengths_s):
            begin = number * DEGREE
            rows = slice(begin, begin + DEGREE + 1)
            turns = (rates * length_s)[:, None] * NODES
            answers[:, rows] = np.exp(-turns)[:, :, None] * answers[:, begin, None]
            answers[:, rows, rows] += (lagging(turns) * NODES[:, None] ** _POWERS) @ _TO_POWERS
        return answers

    def polynomials(self, values: Array) -> Array:
        """Coefficients of each panel, of its own time from 0 to 1; values at the nodes (..., k) to (..., panels, n)."""
        count = len(self._lengths_s)
        places = np.arange(count)[:, None] * DEGREE + np.arange(DEGREE + 1)
        return np.asarray(values[..., places] @ _TO_POWERS.T)

    def panel(self, seconds: float) -> tuple[int, float]:
        """The panel that an instant is in, and how far in it from 0 to 1."""
        number = min(bisect_right(self.edges_s, seconds), len(self._lengths_s)) - 1
        begin_s = self.edges_s[number]
        return number, (seconds - begin_s) / (self.edges_s[number + 1] - begin_s)

    def values(self, polynomials: Array, seconds: Array) -> Array:
        """Values of `polynomials` (..., panels, n) at many instants (m,): shape (..., m)."""
        numbers = np.minimum(np.searchsorted(self.edges_s, seconds, side="right"), len(self._lengths_s)) - 1
        within = (seconds - np.array(self.edges_s)[numbers]) / self._lengths_s[numbers]
        chosen = polynomials[..., numbers, :]
        values = chosen[..., -1]
        for power in range(DEGREE - 1, -1, -1):
            values = values * within + chosen[..., power]
        return np.asarray(values)

    def modes(
        self, start: Array, rates: Array, gains: Array, polynomials: Array, seconds: float
    ) -> tuple[Array, float]:
        """Modes at an instant under currents as polynomials (panels, n), and the integral of the current until then.

        Args:
            start: modes at the beginning, shape (modes,).
            rates: 1/s, shape (modes,).
            gains: what a mode settles at per ampere, shape (modes,).
            polynomials: of the current.
            seconds: since the beginning.
        """
        last, within = self.panel(seconds)
        ends = np.append(np.ones(last), within)
        scaled = polynomials[: last + 1] * ends[:, None] ** _POWERS
        lasts_s = self._lengths_s[: last + 1] * ends
        turns = rates * lasts_s[:, None]
        added = gains * (lagging(turns) @ scaled[:, :, None])[:, :, 0]
        modes = start
        for fading, more in zip(np.exp(-turns), added, strict=True):
            modes = modes * fading + more
        return modes, float((lasts_s * (scaled / (_POWERS + 1)).sum(axis=1)).sum())


@lru_cache(maxsize=8)
def panels(edges_s: tuple[float, ...]) -> Panels:
    """The same row of panels for everybody."""
    return Panels(edges_s)


@lru_cache(maxsize=8)
def sphere_responses(edges_s: tuple[float, ...], design: Design) -> tuple[Array, Array]:
    """How far the surfaces of both particles are ahead of their means, per current at every node; shapes (k, k)."""
    row = panels(edges_s)
    negative, positive = (
        np.einsum("m,mij->ij", SPHERE_GAINS, row.responses(sphere_rates(side)))
        for side in (design.negative, design.positive)
    )
    return negative, positive


@lru_cache(maxsize=_REMEMBERED)
def salt_responses(edges_s: tuple[float, ...], design: Design, diffusivity_m2_s: float) -> Array:
    """`Panels.responses` of the salt's modes."""
    return panels(edges_s).responses(liquid_modes(design).eigenvalues * diffusivity_m2_s)
