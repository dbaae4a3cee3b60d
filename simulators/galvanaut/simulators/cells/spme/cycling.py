"""Many cells through whole cycles: charge to a voltage, hold it, discharge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.hold import hold_current, hold_voltage
from galvanaut.simulators.cells.spme.parameters import Array, Flags

_LONGEST_S = 1e6


@dataclass(frozen=True)
class Cycle:
    """One kind of cycle; rates are multiples of the design's nominal current, for its whole area."""

    charge_rate: float = 1 / 3
    cutoff_rate: float = 1 / 20
    discharge_rate: float = 1.0
    highest_V: float = 4.2
    lowest_V: float = 2.8


@dataclass(frozen=True)
class Cycled:
    """What a cycle gave; every array has shape (n,).

    Attributes:
        states: at its end.
        charged_C: charge that went in.
        discharged_C: charge that came out.
        seconds: how long it took.
        is_ended: whether every part ended at its own limit.
        is_depleted: whether salt fell below what the model can follow.
    """

    states: States
    charged_C: Array
    discharged_C: Array
    seconds: Array
    is_ended: Flags
    is_depleted: Flags


def cycle(cells: Cells, states: States, kind: Cycle) -> Cycled:
    """All cells once."""
    nominal_A = np.full(len(cells), cells.design.nominal_A)
    charge_A = nominal_A * kind.charge_rate
    charged = hold_current(cells, states, charge_A, _LONGEST_S, high_V=kind.highest_V)
    full = hold_voltage(cells, charged.states, kind.highest_V, _LONGEST_S, nominal_A * kind.cutoff_rate, charge_A)
    empty = hold_current(cells, full.states, -nominal_A * kind.discharge_rate, _LONGEST_S, low_V=kind.lowest_V)
    parts = (charged, full, empty)
    return Cycled(
        empty.states,
        full.states.charge_C - states.charge_C,
        full.states.charge_C - empty.states.charge_C,
        empty.states.time_s - states.time_s,
        charged.is_ended & full.is_ended & empty.is_ended,
        parts[0].is_depleted | parts[1].is_depleted | parts[2].is_depleted,
    )
