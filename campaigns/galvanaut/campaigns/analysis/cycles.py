"""Charge, energy, mean voltage and efficiency of every cycle, with what the channel's accuracy makes of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.accuracy import KEITHLEY_2450, Accuracy
from galvanaut.campaigns.analysis.figures import Array, Figures, Flags, Integers, json_number, over
from galvanaut.campaigns.analysis.record import Intervals, Record

_PULSE_SHARE = 0.01
"""What moves so little of a cycle's charge does not say at which current it was charged."""


@dataclass(frozen=True)
class Cycles:
    """One row a cycle; every column has shape (n,). What a cycle does not have is not a number.

    Attributes:
        number: of the cycle in the record.
        charged_Ah, discharged_Ah: moved into and out of the cell, both positive.
        charged_Wh, discharged_Wh: energy, likewise.
        charge_V, discharge_V: mean voltage: energy over charge.
        coulombic_efficiency: discharged over charged charge of the same cycle.
        energy_efficiency: the same of energy.
        end_charge_V, end_discharge_V: last voltage under current in that direction.
        charge_A, discharge_A: mean current, each part weighted by the charge it moved; both positive.
        highest_charge_A: largest charging current, but for a hundredth of the charge: neither a pulse nor a reading
            that overshoots counts.
        seconds: duration, also of interruptions.
        gap_s: time under current without a reading for long; charge is interpolated there.
        is_complete: whether it counts as data: the cell was charged and discharged, and the cycle came to its end.
    """

    number: Integers
    charged_Ah: Figures
    discharged_Ah: Figures
    charged_Wh: Figures
    discharged_Wh: Figures
    charge_V: Figures
    discharge_V: Figures
    coulombic_efficiency: Figures
    energy_efficiency: Figures
    end_charge_V: Figures
    end_discharge_V: Figures
    charge_A: Array
    discharge_A: Array
    highest_charge_A: Array
    seconds: Array
    gap_s: Array
    is_complete: Flags

    def __len__(self) -> int:
        return len(self.number)

    def to_json(self) -> list[dict[str, Any]]:
        """One object a cycle."""
        return [
            {column.name: _cell(getattr(self, column.name), row) for column in fields(self)} for row in range(len(self))
        ]


def per_cycle(
    record: Record,
    accuracy: Accuracy = KEITHLEY_2450,
    *,
    is_finished: bool = False,
    longest_gap_s: float | None = None,
) -> Cycles:
    """The figures of every cycle.

    Args:
        record: of one cell.
        accuracy: of the channel that it stood in.
        is_finished: whether the test came to the end of its plan; otherwise the last cycle counts as incomplete.
        longest_gap_s: a longer interval under current is a gap; by default ten times the median interval.
    """
    intervals = Intervals.of(record, accuracy.rest_A)
    begins = np.flatnonzero(np.append(True, np.diff(record.cycle) > 0))
    groups = _Groups(np.cumsum(np.diff(record.cycle) > 0), len(begins))
    gaps = intervals.gaps(longest_gap_s)
    charge = _half(record, intervals, groups, gaps, 1.0)
    discharge = _half(record, intervals, groups, gaps, -1.0)
    is_complete = (charge.charge_Ah > 0) & (discharge.charge_Ah > 0)
    is_complete[-1] &= is_finished
    return Cycles(
        record.cycle[begins],
        _charge(charge, accuracy),
        _charge(discharge, accuracy),
        _energy(charge, accuracy),
        _energy(discharge, accuracy),
        _voltage(charge, accuracy),
        _voltage(discharge, accuracy),
        _coulombic(charge, discharge, accuracy),
        _energetic(charge, discharge, accuracy),
        _end(charge, accuracy),
        _end(discharge, accuracy),
        over(charge.square_A_Ah, charge.charge_Ah),
        over(discharge.square_A_Ah, discharge.charge_Ah),
        _highest(intervals, groups),
        groups.sum(np.diff(record.time_s)),
        groups.sum(np.where(gaps, intervals.seconds, 0.0)),
        is_complete,
    )


@dataclass(frozen=True)
class _Groups:
    """Which cycle each interval belongs to: that of the row at its end."""

    index: Integers
    count: int

    def sum(self, values: Array) -> Array:
        return np.asarray(np.bincount(self.index, values, self.count), dtype=np.float64)


@dataclass(frozen=True)
class _Half:
    """One direction of every cycle; charge, energy and currents are positive."""

    charge_Ah: Array
    energy_Wh: Array
    hours: Array
    volt_hours: Array
    square_A_Ah: Array  # current times charge
    gap_Ah: Array  # standard uncertainty of the charge that is interpolated
    end_V: Array


def _half(record: Record, intervals: Intervals, groups: _Groups, gaps: Flags, sign: float) -> _Half:
    rows = np.flatnonzero(sign * intervals.current_A > 0)
    within = _Groups(groups.index[rows], groups.count)
    charge_Ah, hours = sign * intervals.charge_Ah[rows], intervals.seconds[rows] / 3600
    end_V = np.full(groups.count, np.nan)
    end_V[within.index] = record.voltage_V[1:][rows]  # of equal indices the last one stays
    # Anything from no current at all to twice the mean may have flown meanwhile.
    gap_Ah = np.where(gaps[rows], charge_Ah / np.sqrt(3), 0.0)
    return _Half(
        within.sum(charge_Ah),
        within.sum(sign * intervals.power_W[rows] * hours),
        within.sum(hours),
        within.sum(intervals.voltage_V[rows] * hours),
        within.sum(sign * intervals.current_A[rows] * charge_Ah),
        np.sqrt(within.sum(gap_Ah**2)),
        end_V,
    )


def _highest(intervals: Intervals, groups: _Groups) -> Array:
    """See `Cycles.highest_charge_A`."""
    rows = np.flatnonzero(intervals.current_A > 0)
    rows = rows[np.lexsort((-intervals.current_A[rows], groups.index[rows]))]  # cycle by cycle, the largest first
    within = _Groups(groups.index[rows], groups.count)
    charge_Ah = intervals.charge_Ah[rows]
    total_Ah = within.sum(charge_Ah)
    before_Ah = np.cumsum(total_Ah) - total_Ah
    counts = np.cumsum(charge_Ah) - before_Ah[within.index] >= _PULSE_SHARE * total_Ah[within.index]
    found = np.full(groups.count, np.nan)
    found[within.index[counts][::-1]] = intervals.current_A[rows][counts][::-1]  # of equal indices the first one stays
    return found


def _charge(half: _Half, accuracy: Accuracy) -> Figures:
    shares = (accuracy.current_gain * half.charge_Ah, accuracy.current_offset_A * half.hours, half.gap_Ah)
    return Figures(half.charge_Ah, _root_sum(*shares))


def _energy(half: _Half, accuracy: Accuracy) -> Figures:
    shares = (
        accuracy.current_gain * half.energy_Wh,
        accuracy.voltage_gain * half.energy_Wh,
        accuracy.current_offset_A * half.volt_hours,
        accuracy.voltage_offset_V * half.charge_Ah,
        half.gap_Ah * np.nan_to_num(over(half.energy_Wh, half.charge_Ah)),
    )
    return Figures(half.energy_Wh, _root_sum(*shares))


def _voltage(half: _Half, accuracy: Accuracy) -> Figures:
    mean_V = over(half.energy_Wh, half.charge_Ah)
    # An offset of the current weighs every part of the curve by its time instead of its charge.
    shift_V = accuracy.current_offset_A * over(half.volt_hours - mean_V * half.hours, half.charge_Ah)
    offset_V = np.full(len(mean_V), accuracy.voltage_offset_V)
    return Figures(mean_V, _root_sum(accuracy.voltage_gain * mean_V, offset_V, shift_V))


def _coulombic(charge: _Half, discharge: _Half, accuracy: Accuracy) -> Figures:
    """Gain cancels. An offset does not: it adds to one direction what it takes from the other."""
    value = _efficiency(discharge.charge_Ah, charge.charge_Ah)
    hours_per_Ah = over(charge.hours, charge.charge_Ah) + over(discharge.hours, discharge.charge_Ah)
    relative = _root_sum(accuracy.current_offset_A * hours_per_Ah, *_gap_shares(charge, discharge))
    return Figures(value, value * relative)


def _energetic(charge: _Half, discharge: _Half, accuracy: Accuracy) -> Figures:
    value = _efficiency(discharge.energy_Wh, charge.energy_Wh)
    volts_per_W = over(charge.volt_hours, charge.energy_Wh) + over(discharge.volt_hours, discharge.energy_Wh)
    per_V = over(charge.charge_Ah, charge.energy_Wh) - over(discharge.charge_Ah, discharge.energy_Wh)
    shares = (accuracy.current_offset_A * volts_per_W, accuracy.voltage_offset_V * per_V)
    return Figures(value, value * _root_sum(*shares, *_gap_shares(charge, discharge)))


def _efficiency(given: Array, taken: Array) -> Array:
    """A cell that was not discharged yet has none, rather than zero."""
    return np.where(given > 0, over(given, taken), np.nan)


def _gap_shares(charge: _Half, discharge: _Half) -> tuple[Array, Array]:
    return over(charge.gap_Ah, charge.charge_Ah), over(discharge.gap_Ah, discharge.charge_Ah)


def _end(half: _Half, accuracy: Accuracy) -> Figures:
    constant_V = np.full(len(half.end_V), np.hypot(accuracy.voltage_offset_V, accuracy.voltage_noise_V))
    return Figures(half.end_V, _root_sum(accuracy.voltage_gain * half.end_V, constant_V))


def _root_sum(*shares: Array) -> Array:
    return np.asarray(np.sqrt(sum((share**2 for share in shares), np.zeros(len(shares[0])))))


def _cell(column: Figures | Array | Integers | Flags, row: int) -> Any:
    if isinstance(column, Figures):
        return column[row].to_json()
    value = column[row].item()
    return json_number(value) if isinstance(value, float) else value
