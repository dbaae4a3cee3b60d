"""Many simulated cells through the shipped formation and ageing tests at once, cycle by cycle, without instruments.

The plans are those of ``instruments/plans/formation.yaml`` and ``ageing.yaml`` in what ages a cell: currents, voltages,
holds and check-ups. Rests of minutes are counted as time and otherwise left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from galvanaut.simulators.cells.spme.cells import Cells, Sample, States
from galvanaut.simulators.cells.spme.hold import hold_current, hold_voltage
from galvanaut.simulators.cells.spme.parameters import Array

CYCLES = 300
BLOCK = 50
"""Cycles between two check-ups."""
LIMIT = 0.8
"""Share of the first cycle's capacity; the test ends with the second cycle in a row that is below."""
HIGHEST_V, LOWEST_V = 4.2, 2.8
NOMINAL_A = 4e-3
CHECK_UP_HOLD_S, AGEING_HOLD_S = 14400.0, 3600.0
REST_S = 1200.0
FIRST_REST_S = 3600.0
_LONGEST_S = 1e6
_HOUR_S = 3600.0

Integers = NDArray[np.int64]
Rows = TypeVar("Rows", Cells, States)


@dataclass(frozen=True)
class Aged:
    """What became of n cells in ageing cycles at 1C; check-ups are not among the cycles.

    Attributes:
        capacity_Ah: of discharges, (n, cycles); NaN after the end of a cell's test.
        cycle_h: how long each of these cycles took, (n, cycles); NaN likewise.
        formation_h: formation, (n,).
        check_up_h: each check-up, the last one included, (n, check-ups); NaN where there was none.
        ended: the cycle that ended the test, counted from 1; ``cycles`` where all of them were done, (n,).
    """

    capacity_Ah: Array
    cycle_h: Array
    formation_h: Array
    check_up_h: Array
    ended: Integers


def age(samples: Sequence[Sample], cycles: int = CYCLES) -> Aged:
    """Form and age cells at 25 °C, each to its own end.

    Args:
        samples: the cells.
        cycles: most ageing cycles.
    """
    cells = Cells.of(samples)
    states, capacity_A, formation_h = _formed(cells, cells.fresh())
    n, blocks = len(cells), -(-cycles // BLOCK)
    capacity_Ah, cycle_h = np.full((n, cycles), np.nan), np.full((n, cycles), np.nan)
    check_up_h, ended = np.full((n, blocks + 1), np.nan), np.full(n, cycles)
    alive = np.arange(n)
    for number in range(cycles):
        part, rate_A = _rows(cells, alive), capacity_A[alive]
        if number % BLOCK == 0:
            states, _, taken_s = _cycled(part, states, rate_A / 10, CHECK_UP_HOLD_S, rate_A / 20)
            check_up_h[alive, number // BLOCK] = taken_s / _HOUR_S
        states, given_C, taken_s = _cycled(part, states, rate_A, AGEING_HOLD_S, rate_A / 20)
        capacity_Ah[alive, number], cycle_h[alive, number] = given_C / _HOUR_S, taken_s / _HOUR_S
        low = capacity_Ah[alive, max(0, number - 1) : number + 1] < LIMIT * capacity_Ah[alive, :1]
        over = low.all(axis=1) & (number > 0)
        ended[alive[over]] = number + 1
        states, alive = _rows(states, np.flatnonzero(~over)), alive[~over]
        if not len(alive):
            break
    return Aged(capacity_Ah, cycle_h, formation_h, check_up_h, ended)


def _formed(cells: Cells, states: States) -> tuple[States, Array, Array]:
    """After formation: the states, the currents that 1C comes to, A, and hours."""
    ones = np.ones(len(cells))
    states, _, first_s = _cycled(cells, states, NOMINAL_A / 20 * ones, 0.0, NOMINAL_A / 20 * ones)
    states, given_C, second_s = _cycled(cells, states, NOMINAL_A / 10 * ones, CHECK_UP_HOLD_S, NOMINAL_A / 20 * ones)
    return states, given_C / _HOUR_S, (FIRST_REST_S + first_s + second_s) / _HOUR_S


def _cycled(
    cells: Cells, states: States, current_A: Array, hold_s: float, cutoff_A: Array
) -> tuple[States, Array, Array]:
    """One cycle: the states after it, the charge that came out, C, and its duration, s."""
    began_s = states.time_s
    states = hold_current(cells, states, current_A, _LONGEST_S, high_V=HIGHEST_V).states
    if hold_s > 0:
        states = hold_voltage(cells, states, HIGHEST_V, hold_s, cutoff_A, current_A).states
    before_C = states.charge_C
    states = hold_current(cells, states, -current_A, _LONGEST_S, low_V=LOWEST_V).states
    return states, before_C - states.charge_C, states.time_s - began_s + REST_S


def _rows(whole: Rows, rows: Integers) -> Rows:
    """Some of the cells, or of their states."""
    values = {f.name: getattr(whole, f.name) for f in fields(whole)}
    arrays: dict[str, Any] = {name: value[rows] for name, value in values.items() if isinstance(value, np.ndarray)}
    if isinstance(whole, Cells):
        arrays["ageing"] = {name: values[rows] for name, values in whole.ageing.items()}
    return replace(whole, **arrays)
