"""An equivalent-circuit cell, solved in closed form: illustrative, and not fitted to any real cell.

Open-circuit voltage of the charge, a series resistance and one RC pair. The open-circuit voltage is a chain of straight
lines, so that within a line the circuit is linear: under constant current the terminal voltage is a straight line plus
one fading exponential, under constant voltage the current is two fading exponentials. Nothing is stepped in time, so
how often somebody looks changes nothing, and charge and energy balance to rounding errors.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from math import inf, pi, sqrt

from galvanaut.simulators.cells.cell import CellState, Limits
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


@dataclass(frozen=True)
class _Pass:
    """The state after a line, or a part of it, under constant current; the time it took; whether a limit ended it."""

    state: CellState
    seconds: float
    is_crossed: bool


_ENDLESS = _Pass(CellState(0.0), inf, False)
_LONGEST_S = 1e9
"""A line that takes longer is never followed to its end."""
_PASSES = 32


@dataclass(frozen=True)
class CircuitCell:
    """A series resistance, one RC pair and an open-circuit voltage.

    Attributes:
        capacity_C: charge from state of charge 0 to 1.
        state_of_charge: when it comes into its holder.
        series_ohm: series resistance.
        pair_ohm: resistance of the RC pair.
        pair_s: time constant of the RC pair.
    """

    capacity_C: float
    state_of_charge: float
    series_ohm: float
    pair_ohm: float
    pair_s: float
    _lines: tuple[_Line, ...] = field(init=False, repr=False)
    _ends_C: tuple[float, ...] = field(init=False, repr=False)
    _passed: Callable[..., _Pass] = field(init=False, repr=False, compare=False)

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
        # A long charge is looked at again and again; the lines that it has passed are always the same.
        object.__setattr__(self, "_passed", lru_cache(_PASSES)(self._pass))

    def fresh(self) -> CellState:
        """At rest at its state of charge."""
        return CellState(self.state_of_charge * self.capacity_C)

    def open_circuit_V(self, charge_C: float) -> float:
        """Voltage after a long rest."""
        return self._line(charge_C, rising=True).at(charge_C)

    def stored_J(self, state: CellState) -> float:
        """Energy in the cell above that at charge 0: under the open-circuit voltage, and in the RC pair's capacitor."""
        capacitance_F = self.pair_s / self.pair_ohm
        edges = sorted([0.0, state.charge_C, *self._ends_C])
        low, high = sorted((0.0, state.charge_C))
        inside = [edge for edge in edges if low <= edge <= high]
        area_J = sum(
            (self.open_circuit_V(begin) + self.open_circuit_V(end)) / 2 * (end - begin)
            for begin, end in pairwise(inside)
        )
        return (area_J if state.charge_C >= 0 else -area_J) + capacitance_F * state.polarisation_V**2 / 2

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """See `Cell`."""
        return self.open_circuit_V(state.charge_C) + state.polarisation_V + current_A * self.series_ohm

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """See `Cell`."""
        return (voltage_V - self.voltage_V(state, 0.0)) / (self.series_ohm + lead_ohm)

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """See `Cell`."""
        return self.series_ohm + self.pair_ohm / (1 + 2j * pi * frequency_Hz * self.pair_s)

    def hold_current(
        self, state: CellState, current_A: float, lead_ohm: float, limits: Limits
    ) -> tuple[CellState, float]:
        """See `Cell`."""
        elapsed, is_crossed = 0.0, False
        while elapsed < limits.seconds and not is_crossed:
            whole, left_s = self._passed(state, current_A, lead_ohm, limits.low, limits.high), limits.seconds - elapsed
            if whole.seconds > left_s:
                whole = self._pass(state, current_A, lead_ohm, limits.low, limits.high, left_s)
            state, is_crossed = whole.state, whole.is_crossed
            elapsed += whole.seconds
        return state, min(elapsed, limits.seconds)

    def _pass(
        self, state: CellState, current_A: float, lead_ohm: float, low_V: float, high_V: float, most_s: float = inf
    ) -> _Pass:
        """Under constant current along one line, until its edge, a limit or the end of a time comes."""
        line = self._line(state.charge_C, rising=current_A > 0)
        edge_C = line.end_C if current_A > 0 else line.begin_C
        to_edge_s = (edge_C - state.charge_C) / current_A if current_A else inf
        left_s = min(most_s, to_edge_s)
        if most_s == inf and to_edge_s > _LONGEST_S:
            return _ENDLESS
        steady_V = current_A * self.pair_ohm
        fading = ((state.polarisation_V - steady_V, 1 / self.pair_s),)
        offset_V = line.at(state.charge_C) + steady_V + current_A * self.series_ohm
        terminal = Curve(offset_V, line.slope_V_C * current_A, fading)
        seen = Curve(offset_V + current_A * lead_ohm, terminal.slope, fading)
        crossing_s = seen.leaves(low_V, high_V, left_s)
        step_s = min(left_s, crossing_s)
        charge_C = edge_C if step_s == to_edge_s else state.charge_C + current_A * step_s
        polarisation_V = Curve(steady_V, 0.0, fading).at(step_s)
        after = CellState(charge_C, polarisation_V, state.energy_J + current_A * terminal.integral(step_s))
        return _Pass(after, step_s, crossing_s <= left_s)

    def hold_voltage(
        self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits
    ) -> tuple[CellState, float]:
        """See `Cell`."""
        elapsed, loop_ohm, is_fresh = 0.0, self.series_ohm + lead_ohm, True
        while elapsed < limits.seconds:
            line = self._line(state.charge_C, rising=self.current_A(state, voltage_V, lead_ohm) > 0)
            excess, polarisation, current = self._relaxing(line, state, voltage_V, loop_ohm)
            left_s = limits.seconds - elapsed
            low_V, high_V = line.at(line.begin_C) - voltage_V, line.at(line.end_C) - voltage_V
            edge_s = excess.leaves(low_V, high_V, left_s, at_once=is_fresh)
            crossing_s = current.leaves(limits.low, limits.high, min(left_s, edge_s))
            step_s = min(left_s, edge_s, crossing_s)
            moved_C = (excess.at(step_s) - excess.at(0.0)) / line.slope_V_C
            charge_C = state.charge_C + moved_C
            if step_s == edge_s:
                charge_C = min((line.begin_C, line.end_C), key=lambda edge_C: abs(edge_C - charge_C))
            energy_J = voltage_V * (charge_C - state.charge_C) - lead_ohm * current.squared_integral(step_s)
            state = CellState(charge_C, polarisation.at(step_s), state.energy_J + energy_J)
            before_s, elapsed = elapsed, elapsed + step_s
            is_fresh = elapsed > before_s  # at a knot, where rounding hides the direction, not twice a step of nothing
            if crossing_s <= step_s:
                break
        return state, min(elapsed, limits.seconds)

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
