"""An equivalent-circuit cell, solved in closed form: illustrative, and not fitted to any real cell.

Open-circuit voltage of the charge, a series resistance and one RC pair. The open-circuit voltage is a chain of straight
lines, so that within a line the circuit is linear: under constant current the terminal voltage is a straight line plus
one fading exponential, under constant voltage the current is two fading exponentials. Nothing is stepped in time, so
how often somebody looks changes nothing, and charge and energy balance to rounding errors.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from math import inf, pi, sqrt
from typing import Any

from galvanaut.simulators.cells.cell import CellState, Limits
from galvanaut.simulators.cells.chain import ChainPath, Piece
from galvanaut.simulators.cells.curve import Curve

OPEN_CIRCUIT_V = (
    (-0.02, 0.0),
    (0.0, 2.80),
    (0.02, 3.20),
    (0.05, 3.40),
    (0.10, 3.50),
    (0.20, 3.58),
    (0.30, 3.63),
    (0.40, 3.68),
    (0.50, 3.74),
    (0.60, 3.84),
    (0.70, 3.93),
    (0.80, 4.01),
    (0.90, 4.09),
    (1.00, 4.20),
    (1.05, 4.30),
)
"""Open-circuit voltage by state of charge, rising everywhere; the outer lines go on without end. Illustrative."""


@dataclass(frozen=True)
class _Line:
    """One straight piece of the open-circuit voltage over the charge."""

    begin_C: float
    end_C: float
    start_C: float
    start_V: float
    slope_V_C: float

    def at(self, charge_C: float) -> float:
        return self.start_V + self.slope_V_C * (charge_C - self.start_C)


_LONGEST_S = 1e9
"""A piece of a path that takes longer is cut there."""


@dataclass(frozen=True)
class CircuitCell:
    """A series resistance, one RC pair and an open-circuit voltage.

    Attributes:
        capacity_C: charge from state of charge 0 to 1.
        state_of_charge: when it comes into its holder.
        series_ohm: series resistance.
        pair_ohm: resistance of the RC pair.
        pair_s: time constant of the RC pair.
        description: what it can be built from again, in JSON types.
    """

    capacity_C: float
    state_of_charge: float
    series_ohm: float
    pair_ohm: float
    pair_s: float
    description: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lines: tuple[_Line, ...] = field(init=False, repr=False)
    _ends_C: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        knots = [(share * self.capacity_C, volts) for share, volts in OPEN_CIRCUIT_V]
        lines = [
            _Line(begin, end, begin, low_V, (high_V - low_V) / (end - begin))
            for (begin, low_V), (end, high_V) in pairwise(knots)
        ]
        lines[0] = replace(lines[0], begin_C=-inf)
        lines[-1] = replace(lines[-1], end_C=inf)
        object.__setattr__(self, "_lines", tuple(lines))
        object.__setattr__(self, "_ends_C", tuple(line.end_C for line in lines[:-1]))

    def tempered(self, temperature_K: float) -> CircuitCell:
        """Itself: no temperature changes it."""
        return self

    def fresh(self) -> CellState:
        """At rest at its state of charge."""
        return CellState(self.state_of_charge * self.capacity_C)

    def restore(self, row: Mapping[str, Any]) -> CellState:
        """See `Cell`."""
        return CellState(**row)

    def open_circuit_V(self, charge_C: float) -> float:
        """Voltage after a long rest."""
        return self._line(charge_C, rising=True).at(charge_C)

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """See `Cell`."""
        return self.open_circuit_V(state.charge_C) + state.polarisation_V + current_A * self.series_ohm

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """See `Cell`."""
        return (voltage_V - self.voltage_V(state, 0.0)) / (self.series_ohm + lead_ohm)

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """See `Cell`."""
        return self.series_ohm + self.pair_ohm / (1 + 2j * pi * frequency_Hz * self.pair_s)

    def hold_current(self, state: CellState, current_A: float, lead_ohm: float, limits: Limits) -> ChainPath:
        """See `Cell`."""
        return ChainPath(self._under_current(state, current_A, lead_ohm, limits))

    def hold_voltage(self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits) -> ChainPath:
        """See `Cell`."""
        return ChainPath(self._under_voltage(state, voltage_V, lead_ohm, limits))

    def _under_current(self, state: CellState, current_A: float, lead_ohm: float, limits: Limits) -> Iterator[Piece]:
        """A piece for each line, until a limit is reached."""
        steady_V, is_crossed = current_A * self.pair_ohm, False
        while not is_crossed:
            line = self._line(state.charge_C, rising=current_A > 0)
            edge_C = line.end_C if current_A > 0 else line.begin_C
            to_edge_s = (edge_C - state.charge_C) / current_A if current_A else inf
            left_s = min(to_edge_s, _LONGEST_S)
            fading = ((state.polarisation_V - steady_V, 1 / self.pair_s),)
            offset_V = line.at(state.charge_C) + steady_V + current_A * self.series_ohm
            terminal = Curve(offset_V, line.slope_V_C * current_A, fading)
            seen = Curve(offset_V + current_A * lead_ohm, terminal.slope, fading)
            crossing_s = seen.leaves(limits.low, limits.high, left_s)
            step_s, is_crossed = min(left_s, crossing_s), crossing_s <= left_s
            piece = Piece(
                step_s,
                is_crossed,
                terminal,
                Curve(current_A, 0.0, ()),
                partial(_charged, state, Curve(steady_V, 0.0, fading), terminal, current_A, to_edge_s, edge_C),
            )
            yield piece
            state = piece.state(step_s)

    def _under_voltage(self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits) -> Iterator[Piece]:
        """A piece for each line, until a limit is reached."""
        loop_ohm, is_fresh, is_crossed = self.series_ohm + lead_ohm, True, False
        while not is_crossed:
            line = self._line(state.charge_C, rising=self.current_A(state, voltage_V, lead_ohm) > 0)
            relaxing = self._relaxing(line, state, voltage_V, loop_ohm)
            excess, _, current = relaxing
            low_V, high_V = line.at(line.begin_C) - voltage_V, line.at(line.end_C) - voltage_V
            edge_s = excess.leaves(low_V, high_V, _LONGEST_S, at_once=is_fresh)
            crossing_s = current.leaves(limits.low, limits.high, min(_LONGEST_S, edge_s))
            step_s = min(_LONGEST_S, edge_s, crossing_s)
            is_crossed = crossing_s <= step_s
            sinking = tuple((-lead_ohm * size, rate) for size, rate in current.modes)
            piece = Piece(
                step_s,
                is_crossed,
                Curve(voltage_V, 0.0, sinking),
                current,
                partial(_relaxed, state, relaxing, line, edge_s, voltage_V, lead_ohm),
            )
            yield piece
            state = piece.state(step_s)
            is_fresh = step_s > 0  # at a knot, where rounding hides the direction, not twice a step of nothing

    def _relaxing(self, line: _Line, state: CellState, voltage_V: float, loop_ohm: float) -> tuple[Curve, Curve, Curve]:
        """Under a held voltage V: open-circuit voltage minus V, polarisation and current over time.

        With y = U - V and v the polarisation: y' = -a (y + v), v' = -b (y + v) - c v, where a = slope/R,
        b = pair_ohm/(R pair_s), c = 1/pair_s. The two rates are the roots of k^2 - (a + b + c) k + a c.
        """
        a = line.slope_V_C / loop_ohm
        b = self.pair_ohm / (loop_ohm * self.pair_s)
        c = 1 / self.pair_s
        fast = (a + b + c + sqrt((a - c) ** 2 + b * (b + 2 * a + 2 * c))) / 2
        slow = a * c / fast
        fast_share, slow_share = (fast - a) / a, (slow - a) / a
        y, v = line.at(state.charge_C) - voltage_V, state.polarisation_V
        first = (v - slow_share * y) / (fast_share - slow_share)
        second = y - first
        excess = Curve(0.0, 0.0, ((first, fast), (second, slow)))
        polarisation = Curve(0.0, 0.0, ((first * fast_share, fast), (second * slow_share, slow)))
        current = Curve(0.0, 0.0, ((-first * fast / line.slope_V_C, fast), (-second * slow / line.slope_V_C, slow)))
        return excess, polarisation, current

    def _line(self, charge_C: float, rising: bool) -> _Line:
        """The line that the charge is on; at a knot, the one that it moves into."""
        find = bisect_right if rising else bisect_left
        return self._lines[find(self._ends_C, charge_C)]


def _charged(
    start: CellState,
    polarisation: Curve,
    terminal: Curve,
    current_A: float,
    to_edge_s: float,
    edge_C: float,
    seconds: float,
) -> CellState:
    """The state after a time of constant current on one line."""
    charge_C = edge_C if seconds == to_edge_s else start.charge_C + current_A * seconds
    return CellState(charge_C, polarisation.at(seconds), start.energy_J + current_A * terminal.integral(seconds))


def _relaxed(
    start: CellState,
    relaxing: tuple[Curve, Curve, Curve],
    line: _Line,
    edge_s: float,
    voltage_V: float,
    lead_ohm: float,
    seconds: float,
) -> CellState:
    """The state after a time of constant voltage on one line."""
    excess, polarisation, current = relaxing
    charge_C = start.charge_C + (excess.at(seconds) - excess.at(0.0)) / line.slope_V_C
    if seconds == edge_s:
        charge_C = min((line.begin_C, line.end_C), key=lambda edge_C: abs(edge_C - charge_C))
    energy_J = voltage_V * (charge_C - start.charge_C) - lead_ohm * current.squared_integral(seconds)
    return CellState(charge_C, polarisation.at(seconds), start.energy_J + energy_J)
