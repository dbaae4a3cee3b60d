"""Resistance of a cell from pulses of current out of a rest, as in a hybrid pulse power characterisation (HPPC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from galvanaut.campaigns.analysis.accuracy import KEITHLEY_2450, Accuracy
from galvanaut.campaigns.analysis.figures import Array, Figures, Integers, json_number
from galvanaut.campaigns.analysis.record import Intervals, Record

DELAYS_S = (1.0, 10.0, 30.0)
_JUMP_SHARE = 0.05
"""A change of the current by this share of the largest one in the record begins or ends a pulse; none is smaller."""
_CONSTANT_SHARE = 0.1
"""A pulse whose current spreads further about its median is none."""


@dataclass(frozen=True)
class Pulse:
    """One pulse of constant current after a rest.

    Attributes:
        time_s: of the last reading before it.
        direction: ``charge`` or ``discharge``.
        current_A: median during the pulse; positive charges.
        seconds: from ``time_s`` to the last reading of the pulse.
        charge_Ah: net charge into the cell from the begin of the record to that of the pulse.
        state_of_charge: there; NaN if the capacity was not given.
        rest_V: last voltage before.
        delays_s: times since ``time_s``.
        resistance_ohm: change of voltage over change of current at each delay; NaN where the pulse has no readings on
            both sides of it.
    """

    time_s: float
    direction: Literal["charge", "discharge"]
    current_A: float
    seconds: float
    charge_Ah: float
    state_of_charge: float
    rest_V: float
    delays_s: tuple[float, ...]
    resistance_ohm: Figures

    def to_json(self) -> dict[str, Any]:
        """All of it; resistances by their delay."""
        names = ("time_s", "current_A", "seconds", "charge_Ah", "state_of_charge", "rest_V")
        resistances = {
            f"{delay_s:g} s": self.resistance_ohm[row].to_json() for row, delay_s in enumerate(self.delays_s)
        }
        numbers = {name: json_number(getattr(self, name)) for name in names}
        return {"direction": self.direction, **numbers, "resistance_ohm": resistances}


def pulses(
    record: Record,
    accuracy: Accuracy = KEITHLEY_2450,
    delays_s: Sequence[float] = DELAYS_S,
    *,
    longest_s: float = 120.0,
    least_rest_s: float = 10.0,
    capacity_Ah: float | None = None,
    start_soc: float = 0.0,
) -> list[Pulse]:
    """All pulses of a record, in their order.

    Args:
        record: of one cell.
        accuracy: of its channel; gains, noise and what is unknown of the pulse's beginning go into the uncertainty.
        delays_s: where the resistance is wanted.
        longest_s: what lasts longer is charge or discharge, not a pulse.
        least_rest_s: a rest before it of at least so long.
        capacity_Ah: full scale of the state of charge.
        start_soc: state of charge at the beginning of the record.
    """
    jump_A, rest_A = _JUMP_SHARE * float(np.abs(record.current_A).max()), accuracy.rest_A
    begins = _segments(record.current_A, jump_A, rest_A)
    ends = np.append(begins[1:], len(record))
    moved_Ah = np.append(0.0, np.cumsum(Intervals.of(record, accuracy.rest_A).charge_Ah))
    found = []
    for before, first, end in zip(begins[:-1], begins[1:], ends[1:], strict=True):
        rest, pulse = slice(int(before), int(first)), slice(int(first), int(end))
        if _is_pulse(record, rest, pulse, rest_A, jump_A, longest_s, least_rest_s):
            charge_Ah = float(moved_Ah[first - 1])
            soc = np.nan if capacity_Ah is None else start_soc + charge_Ah / capacity_Ah
            found.append(_measured(record, pulse, accuracy, tuple(delays_s), charge_Ah, soc))
    return found


def _segments(current_A: Array, jump_A: float, rest_A: float) -> Integers:
    """First row of every stretch of steady current, and of every rest: a taper ends in a small jump, or in none."""
    flows = np.abs(current_A) > rest_A
    begins = (np.abs(np.diff(current_A)) > jump_A) | (flows[1:] != flows[:-1])
    return np.append(0, np.flatnonzero(begins) + 1)


def _is_pulse(
    record: Record, rest: slice, pulse: slice, rest_A: float, jump_A: float, longest_s: float, least_rest_s: float
) -> bool:
    current_A = record.current_A[pulse]
    middle_A = abs(float(np.median(current_A)))
    seconds = record.time_s[pulse.stop - 1] - record.time_s[pulse.start - 1]
    # A rest that follows another step began with that step's last reading.
    rested_s = record.time_s[rest.stop - 1] - record.time_s[max(0, rest.start - 1)]
    return bool(
        np.abs(record.current_A[rest]).max() <= rest_A
        and middle_A > max(rest_A, jump_A)
        and np.isfinite(record.voltage_V[pulse.start - 1])
        and np.ptp(current_A) <= _CONSTANT_SHARE * middle_A
        and seconds <= longest_s
        and rested_s >= least_rest_s
    )


def _measured(
    record: Record, pulse: slice, accuracy: Accuracy, delays_s: tuple[float, ...], charge_Ah: float, soc: float
) -> Pulse:
    last = pulse.start - 1
    since_s = record.time_s[pulse] - record.time_s[last]
    voltage_V, rest_V = record.voltage_V[pulse], float(record.voltage_V[last])
    step_A = record.current_A[pulse] - record.current_A[last]
    at_s = np.array(delays_s, dtype=np.float64)
    inside = (at_s >= since_s[0]) & (at_s <= since_s[-1])
    change_V = np.where(inside, np.interp(at_s, since_s, voltage_V) - rest_V, np.nan)
    change_A = np.interp(at_s, since_s, step_A)
    ohm = change_V / change_A
    # The current was switched somewhere between the last reading of the rest and the first of the pulse.
    unknown_V = _slope(at_s, since_s, voltage_V) * since_s[0] / np.sqrt(12)
    noise_V = np.hypot(np.sqrt(2) * accuracy.voltage_noise_V, unknown_V)
    noise_A = np.sqrt(2) * accuracy.current_noise_A
    gain = np.hypot(accuracy.voltage_gain, accuracy.current_gain)
    sds = np.sqrt((gain * ohm) ** 2 + (noise_V / change_A) ** 2 + (noise_A * ohm / change_A) ** 2)
    current_A = float(np.median(record.current_A[pulse]))
    return Pulse(
        float(record.time_s[last]),
        "charge" if current_A > 0 else "discharge",
        current_A,
        float(since_s[-1]),
        charge_Ah,
        float(soc),
        rest_V,
        delays_s,
        Figures(ohm, sds),
    )


def _slope(at_s: Array, since_s: Array, voltage_V: Array) -> Array:
    """Slope of the voltage between the readings around each instant, V/s."""
    if len(since_s) < 2:
        return np.zeros(len(at_s))
    after = np.clip(np.searchsorted(since_s, at_s), 1, len(since_s) - 1)
    return np.asarray((voltage_V[after] - voltage_V[after - 1]) / np.maximum(since_s[after] - since_s[after - 1], 1e-9))
