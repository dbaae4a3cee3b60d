"""What a record says about whether a cell is one at all: the numbers that a verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.accuracy import KEITHLEY_2450, Accuracy
from galvanaut.campaigns.analysis.cycles import Cycles, per_cycle
from galvanaut.campaigns.analysis.figures import Array, Figure, Flags, json_number
from galvanaut.campaigns.analysis.pulses import pulses
from galvanaut.campaigns.analysis.record import Record

RESISTANCE_DELAY_S = 30.0
_LEAST_REST_S = 1800.0
_LEAST_HOLD_S = 3600.0
_HELD_V = 0.005
"""A voltage is held at the upper limit within this."""


@dataclass(frozen=True)
class Expected:
    """What a cell should be.

    Attributes:
        capacity_Ah: nominal.
        upper_V: end of charge of its test.
    """

    capacity_Ah: float
    upper_V: float


@dataclass(frozen=True)
class Evidence:
    """Numbers from the formation record of one cell; NaN where the record does not tell.

    Attributes:
        cell: its name.
        highest_V: while it was charged or at rest.
        moved_Ah: charge in and out, all cycles.
        first_charge_Ah: that the first cycle put in.
        complete_cycles: how many.
        capacity_Ah: discharged in the last complete cycle.
        coulombic_efficiency: of the last complete cycle.
        is_first_cycle: whether that one was the first, which also forms the SEI.
        leak_A: charge of the last complete cycle that did not come back, over its duration: side reactions and leaks.
        rest_fall_V_h: fall of the voltage in the second half of the longest rest after a charge, of half an hour at
            least; positive when it falls.
        float_A: where the current of the longest hold at the upper voltage is heading, of an hour at least.
        resistance_ohm: 30 s after the beginning of discharges out of a rest, median.
    """

    cell: str
    highest_V: float
    moved_Ah: float
    first_charge_Ah: float
    complete_cycles: int
    capacity_Ah: Figure
    coulombic_efficiency: Figure
    is_first_cycle: bool
    leak_A: float
    rest_fall_V_h: float
    float_A: float
    resistance_ohm: Figure

    def to_json(self) -> dict[str, Any]:
        """All of it, unknown as null."""
        return {name: _plain(value) for name, value in vars(self).items()}


def evidence(
    record: Record, expected: Expected, accuracy: Accuracy = KEITHLEY_2450, *, is_finished: bool = False
) -> Evidence:
    """Read the numbers out of a formation record; its source is the cell's name.

    Args:
        record: of the cell.
        expected: what the cell should be.
        accuracy: of the channel.
        is_finished: whether the test came to the end of its plan, so that its last cycle counts.
    """
    cycles = per_cycle(record, accuracy, is_finished=is_finished)
    complete = np.flatnonzero(cycles.is_complete)
    last = int(complete[-1]) if len(complete) else -1
    unknown = Figure(nan, nan)
    seen_V = record.voltage_V[np.isfinite(record.voltage_V)]
    return Evidence(
        record.source,
        float(seen_V.max()) if len(seen_V) else nan,
        float(cycles.charged_Ah.values.sum() + cycles.discharged_Ah.values.sum()),
        float(cycles.charged_Ah.values[0]),
        len(complete),
        cycles.discharged_Ah[last] if len(complete) else unknown,
        cycles.coulombic_efficiency[last] if len(complete) else unknown,
        last == 0,
        _lost_A(cycles, last) if len(complete) else nan,
        _rest_fall(record, accuracy.rest_A),
        _float(record, expected.upper_V, accuracy.rest_A),
        _resistance(record, accuracy),
    )


def _lost_A(cycles: Cycles, row: int) -> float:
    lost_Ah = cycles.charged_Ah.values[row] - cycles.discharged_Ah.values[row]
    return float(lost_Ah / cycles.seconds[row] * 3600)


def _rest_fall(record: Record, rest_A: float) -> float:
    resting = np.abs(record.current_A) <= rest_A
    after_charge = [
        rows for rows in _stretches(resting) if rows.start > 0 and record.current_A[rows.start - 1] > rest_A
    ]
    longest = _longest(record, after_charge, _LEAST_REST_S)
    if longest is None:
        return nan
    time_s, voltage_V = record.time_s[longest], record.voltage_V[longest]
    late = (time_s >= (time_s[0] + time_s[-1]) / 2) & np.isfinite(voltage_V)
    if late.sum() < 3:
        return nan
    return -3600 * float(np.polyfit(time_s[late] - time_s[0], voltage_V[late], 1)[0])


def _float(record: Record, upper_V: float, rest_A: float) -> float:
    """Limit of a current that fades as an exponential, from three thirds of the hold's second half (Aitken)."""
    held = (record.voltage_V >= upper_V - _HELD_V) & (record.current_A > rest_A)
    longest = _longest(record, list(_stretches(held)), _LEAST_HOLD_S)
    if longest is None:
        return nan
    time_s, current_A = record.time_s[longest], record.current_A[longest]
    edges = np.linspace((time_s[0] + time_s[-1]) / 2, time_s[-1], 4)
    first, second, third = (_mean(time_s, current_A, edges[k], edges[k + 1]) for k in range(3))
    bend = first + third - 2 * second
    is_fading = first > second > third and bend > 0
    return max(0.0, (first * third - second**2) / bend) if is_fading else third


def _mean(time_s: Array, values: Array, begin_s: float, end_s: float) -> float:
    """Time average on straight lines, also between readings."""
    inner = time_s[(time_s > begin_s) & (time_s < end_s)]
    at_s = np.concatenate([[begin_s], inner, [end_s]])
    return float(np.trapezoid(np.interp(at_s, time_s, values), at_s) / (end_s - begin_s))


def _stretches(flags: Flags) -> Iterator[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(begin, end)


def _longest(record: Record, stretches: list[slice], least_s: float) -> slice | None:
    timed = [(float(record.time_s[rows.stop - 1] - record.time_s[rows.start]), rows) for rows in stretches]
    seconds, rows = max(timed, key=lambda each: each[0], default=(0.0, None))
    return rows if seconds >= least_s else None


def _resistance(record: Record, accuracy: Accuracy) -> Figure:
    begun = pulses(record, accuracy, (RESISTANCE_DELAY_S,), longest_s=inf)
    found = [pulse.resistance_ohm[0] for pulse in begun if pulse.direction == "discharge"]
    known = sorted((each for each in found if np.isfinite(each.value)), key=lambda each: each.value)
    return known[len(known) // 2] if known else Figure(nan, nan)


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return value.to_json()
    return json_number(value) if isinstance(value, float) else value
