"""One cell behind what holders ask of a cell.

A stretch under one rule is worked out once, as far as it can go, and remembered: whoever looks at an instant in it gets
a state on that one path, so that looking changes nothing, and looks are cheap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import inf
from typing import Any

import numpy as np

from galvanaut.simulators.cells.cell import CellState, Limits
from galvanaut.simulators.cells.spme.cells import Cells, Sample, States
from galvanaut.simulators.cells.spme.hold import exhausted_s, imposed_A
from galvanaut.simulators.cells.spme.instant import Instant
from galvanaut.simulators.cells.spme.parameters import COIN, REFERENCE_K
from galvanaut.simulators.cells.spme.stretch import Stretch, grid

CAPACITY_C = 4.183e-3 * 3600
"""Of a formed cell of the design between 4.2 and 2.8 V, very slowly."""
_LONGEST_S = 1e9
_FIRST_STEP_S = 0.5
_STEP_GROWTH = 1.3
_REMEMBERED = 16
_CARRIED = 0.8
"""How much of its last slope a fading current keeps, as a first guess."""
_BISECTIONS = 50
_SECANTS = 6
_EXACT_V = 1e-10


@dataclass(frozen=True)
class SpmeState(CellState):
    """See `CellState`.

    Attributes:
        values: all numbers of `States`, one after the other.
    """

    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class _CurrentPlan:
    stretch: Stretch
    crossing_s: float


class _VoltagePlan:
    """Constant voltage as a chain of straight lines of current, made longer when somebody asks further."""

    def __init__(self, cells: Cells, states: States, voltage_V: float, lead_ohm: float) -> None:
        self._cells, self._voltage_V, self._lead_ohm = cells, voltage_V, lead_ohm
        self._step_s, self._last = _FIRST_STEP_S, states
        self.currents_A = [Instant(cells, states).current_A(voltage_V, lead_ohm)]
        self.times_s, self.ramps = [0.0], list[Stretch]()

    def extend(self) -> None:
        """By one line, whose end is at the voltage."""
        start_A, lasts_s = np.array(self.currents_A[-1:]), np.array([self._step_s])
        guess_A = start_A
        if len(self.times_s) > 1:
            guess_A = start_A + (start_A - self.currents_A[-2]) * (_CARRIED * _STEP_GROWTH)
        next_A = imposed_A(self._cells, self._last, self._voltage_V, guess_A, lasts_s, start_A, self._lead_ohm)
        slope_A_s = (next_A - start_A) / lasts_s
        ramp = Stretch(self._cells, self._last, start_A, slope_A_s, lasts_s[:, None] * np.array([0.0, 1.0]))
        self._last = ramp.at(lasts_s)
        self.ramps.append(ramp)
        self.times_s.append(self.times_s[-1] + self._step_s)
        self.currents_A.append(float(next_A[0]))
        self._step_s *= _STEP_GROWTH

    def at(self, seconds: float) -> States:
        """The states after a time."""
        while self.times_s[-1] <= seconds:
            self.extend()
        step = int(np.searchsorted(self.times_s, seconds, side="right")) - 1
        return self.ramps[step].at(np.array([seconds - self.times_s[step]]))

    def leaves(self, low_A: float, high_A: float, within_s: float) -> float:
        """When the current first is at a limit or past it, moving outwards; infinite if not within a time."""
        step = 0
        while self.times_s[step] < within_s:
            while len(self.ramps) <= step:
                self.extend()
            before_A, after_A = self.currents_A[step : step + 2]
            bound_A = high_A if after_A > before_A else low_A
            side = 1 if after_A > before_A else -1
            if side * (after_A - bound_A) >= 0:
                if side * (before_A - bound_A) >= 0:
                    return self.times_s[step]
                return self._meets(bound_A, side, self.times_s[step], self.times_s[step + 1])
            step += 1
        return inf

    def _meets(self, bound_A: float, side: int, begin_s: float, end_s: float) -> float:
        for _ in range(_BISECTIONS):
            middle_s = (begin_s + end_s) / 2
            now_A = Instant(self._cells, self.at(middle_s)).current_A(self._voltage_V, self._lead_ohm)
            if side * (now_A - bound_A) >= 0:
                end_s = middle_s
            else:
                begin_s = middle_s
        return end_s


class SpmeCell:
    """A coin cell of the single-particle model with electrolyte. See `Cell`.

    Args:
        sample: what it is made of.
        temperature_K: it stays at.
        state_of_charge: of a formed cell when it comes into its holder, 0 to 1; None for one never charged.
    """

    def __init__(
        self, sample: Sample, temperature_K: float = REFERENCE_K, state_of_charge: float | None = None
    ) -> None:
        self._cells = Cells.of([sample], temperature_K)
        self._soc = state_of_charge
        empty = self._cells.full()
        self._shapes = [(field.name, getattr(empty, field.name).shape) for field in fields(States)]
        self._newest: tuple[SpmeState, Instant] | None = None
        self._instant = lru_cache(_REMEMBERED)(self._make_instant)
        self._current_plan = lru_cache(_REMEMBERED)(self._make_current_plan)
        self._voltage_plan = lru_cache(_REMEMBERED)(self._make_voltage_plan)

    def fresh(self) -> SpmeState:
        """As assembled, or formed and at rest at its state of charge."""
        return self._state(self._cells.fresh() if self._soc is None else self._formed(self._soc))

    def _formed(self, state_of_charge: float) -> States:
        full = self._cells.full()
        missing_C = (1 - state_of_charge) * CAPACITY_C * self._cells.area_m2 / COIN.area_m2
        full_n, full_p = full.room_C(self._cells)
        return replace(
            full,
            charge_C=full.charge_C + state_of_charge * CAPACITY_C,
            negative=full.negative - missing_C / full_n,
            positive=full.positive + missing_C / full_p,
        )

    def restore(self, row: Mapping[str, Any]) -> SpmeState:
        """The state whose attributes were kept as JSON."""
        return SpmeState(**{**row, "values": tuple(row["values"])})

    def states(self, state: CellState) -> States:
        """All that is known of a state."""
        if not isinstance(state, SpmeState):
            raise TypeError(f"{state} is no state of this cell; restore it with SpmeCell.restore")
        pieces, begin = {}, 0
        for field, shape in self._shapes:
            size = int(np.prod(shape))
            pieces[field] = np.array(state.values[begin : begin + size]).reshape(shape)
            begin += size
        return States(**pieces)

    def _state(self, states: States) -> SpmeState:
        values = tuple(np.concatenate([getattr(states, field.name).ravel() for field in fields(States)]).tolist())
        instant = Instant(self._cells, states)
        state = SpmeState(float(states.charge_C[0]), instant.polarisation_V, float(states.energy_J[0]), values)
        self._newest = (state, instant)
        return state

    def _make_instant(self, state: CellState) -> Instant:
        if self._newest is not None and self._newest[0] is state:
            return self._newest[1]
        return Instant(self._cells, self.states(state))

    def voltage_V(self, state: CellState, current_A: float) -> float:
        """See `Cell`."""
        return self._instant(state).voltage_V(current_A)

    def current_A(self, state: CellState, voltage_V: float, lead_ohm: float) -> float:
        """See `Cell`."""
        return self._instant(state).current_A(voltage_V, lead_ohm)

    def impedance_ohm(self, frequency_Hz: float) -> complex:
        """See `Cell`; of the cell when formed and half full, as the question names no state."""
        return Instant(self._cells, self._formed(0.5)).impedance_ohm(frequency_Hz)

    def hold_current(
        self, state: CellState, current_A: float, lead_ohm: float, limits: Limits
    ) -> tuple[CellState, float]:
        """See `Cell`."""
        if limits.seconds <= 0:
            return state, 0.0
        plan = self._current_plan(state, current_A, lead_ohm, limits.low, limits.high)
        taken_s = min(limits.seconds, plan.crossing_s)
        return (state if taken_s == 0 else self._state(plan.stretch.at(np.array([taken_s])))), taken_s

    def _make_current_plan(
        self, state: CellState, current_A: float, lead_ohm: float, low_V: float, high_V: float
    ) -> _CurrentPlan:
        states, imposed = self.states(state), np.array([current_A])
        horizon_s = np.minimum(exhausted_s(self._cells, states, imposed), _LONGEST_S)
        early = np.geomspace(1e-3, 1.0, 24) * float(horizon_s[0]) ** np.linspace(0, 1, 24)
        times_s = np.unique(np.concatenate([grid() * horizon_s[0], np.minimum(early, horizon_s[0])]))
        stretch = Stretch(self._cells, states, imposed, np.zeros(1), times_s[None, :])
        crossing_s = float(stretch.leaves(np.array([low_V]), np.array([high_V]), lead_ohm)[0])
        if 0 < crossing_s < inf:
            bound_V = high_V if current_A > 0 else low_V
            crossing_s = self._exact(stretch, current_A, bound_V - current_A * lead_ohm, crossing_s)
        return _CurrentPlan(stretch, crossing_s)

    def _exact(self, stretch: Stretch, current_A: float, bound_V: float, guess_s: float) -> float:
        """A crossing in terms of the states that it leads to, whose wear the voltage on the way does not show yet."""

        def miss_V(seconds: float) -> float:
            return Instant(self._cells, stretch.at(np.array([seconds]))).voltage_V(current_A) - bound_V

        last_s, last_V, now_s = guess_s * 0.999, miss_V(guess_s * 0.999), guess_s
        for _ in range(_SECANTS):
            now_V = miss_V(now_s)
            if abs(now_V) < _EXACT_V or now_V == last_V:
                break
            next_s = now_s - now_V * (now_s - last_s) / (now_V - last_V)
            last_s, last_V, now_s = now_s, now_V, min(2 * guess_s, max(0.5 * guess_s, next_s))
        return now_s

    def hold_voltage(
        self, state: CellState, voltage_V: float, lead_ohm: float, limits: Limits
    ) -> tuple[CellState, float]:
        """See `Cell`."""
        if limits.seconds <= 0:
            return state, 0.0
        plan = self._voltage_plan(state, voltage_V, lead_ohm)
        taken_s = min(limits.seconds, plan.leaves(limits.low, limits.high, limits.seconds))
        return (state if taken_s == 0 else self._state(plan.at(taken_s))), taken_s

    def _make_voltage_plan(self, state: CellState, voltage_V: float, lead_ohm: float) -> _VoltagePlan:
        return _VoltagePlan(self._cells, self.states(state), voltage_V, lead_ohm)
