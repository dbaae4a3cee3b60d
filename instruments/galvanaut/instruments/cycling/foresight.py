"""When to look next at a cell whose meter records by itself: rarely, but in time for the end of its step; no input.

The voltage of a step at constant current is carried on along its last two readings, bent as the three last ones are if
that brings its end nearer; the current of a hold fades by the same share in equal times. A look comes after a share of
the time that is left, so that the guess gets better as the end comes nearer, and just after a reading is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log, sqrt
from typing import NamedTuple

from galvanaut.instruments.cycling.program import CurrentStep, Step, VoltageStep
from galvanaut.instruments.cycling.sequencer import LEFT_LIMIT, REACHED_V

SHARE = 0.5
"""Of the time until a step is expected to end (illustrative)."""
MARGIN, MARGIN_MAX_S = 0.1, 0.5
"""A look comes so long after a reading is due, as a share of the period and at most (illustrative)."""


class Point(NamedTuple):
    """One reading of the step under way: s since the epoch, V, A."""

    time_s: float
    voltage_V: float
    current_A: float


def expected_s(step: Step | None, points: Sequence[Point]) -> float | None:
    """Time from the last reading until the step will be over by voltage or current, s; None if nothing tells.

    Args:
        step: under way.
        points: its last readings, the newest last; three are enough.
    """
    if len(points) < 2 or points[-1].time_s <= points[-2].time_s:
        return None
    if isinstance(step, CurrentStep):
        return _to_voltage(step, points)
    if isinstance(step, VoltageStep) and step.until_A is not None:
        return _to_current(step.until_A, step.limit_A, points)
    return None


def next_look_s(now_s: float, last_s: float, period_s: float, wanted_s: float) -> float:
    """Time until the next look, s: the last moment within ``wanted_s`` that follows a reading.

    Args:
        now_s: the present instant, s since the epoch.
        last_s: instant of the newest reading.
        period_s: time between two readings.
        wanted_s: how long the host would like to wait, s.
    """
    margin_s = min(MARGIN * period_s, MARGIN_MAX_S)
    rounds = floor((now_s + wanted_s - last_s - margin_s) / period_s + 1e-9)
    due_s = last_s + rounds * period_s + margin_s
    return due_s - now_s if due_s > now_s + margin_s else wanted_s


def _to_voltage(step: CurrentStep, points: Sequence[Point]) -> float | None:
    direction = 1.0 if step.current_A > 0 else -1.0
    before, last = points[-2], points[-1]
    left_V = direction * (step.voltage_V - last.voltage_V)
    slope_V_s = direction * (last.voltage_V - before.voltage_V) / (last.time_s - before.time_s)
    if left_V <= 0:
        return 0.0
    bend_V_s2 = _bend(points[-3], before, last) * direction if len(points) > 2 else 0.0
    found_s = _time_to(left_V, slope_V_s, max(0.0, bend_V_s2))
    if left_V > REACHED_V:
        return found_s
    return 0.0 if slope_V_s <= 0 or found_s is None else found_s  # held already, while the current leaves its limit


def _time_to(left: float, slope: float, bend: float) -> float | None:
    """The time t with slope t + bend t^2 / 2 = left."""
    if bend > 0:
        return (sqrt(slope * slope + 2 * bend * left) - slope) / bend
    return left / slope if slope > 0 else None


def _bend(first: Point, second: Point, third: Point) -> float:
    early_s, late_s = second.time_s - first.time_s, third.time_s - second.time_s
    if early_s <= 0 or late_s <= 0:
        return 0.0
    early = (second.voltage_V - first.voltage_V) / early_s
    late = (third.voltage_V - second.voltage_V) / late_s
    return 2 * (late - early) / (early_s + late_s)


def _to_current(until_A: float, limit_A: float, points: Sequence[Point]) -> float | None:
    before, last = points[-2], points[-1]
    was_A, is_A = abs(before.current_A), abs(last.current_A)
    if is_A <= until_A:
        return 0.0
    if not (isfinite(was_A) and was_A > is_A) or is_A >= LEFT_LIMIT * limit_A:
        return None
    return log(is_A / until_A) / log(was_A / is_A) * (last.time_s - before.time_s)
