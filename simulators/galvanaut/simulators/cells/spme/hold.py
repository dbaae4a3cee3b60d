"""n cells at once under constant current, constant voltage or at rest, each until its own limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from galvanaut.simulators.cells.spme.cells import Cells, States
from galvanaut.simulators.cells.spme.parameters import Array, Flags
from galvanaut.simulators.cells.spme.stretch import Stretch, grid
from galvanaut.simulators.cells.spme.voltage import Snapshot

FIRST_STEP_S = 4.0
STEP_GROWTH = 1.25
"""Under constant voltage the current is a chain of straight lines; each is so much longer than the one before."""
_SMALL_A = 1e-5
_LEAST_A = 1e-15
"""Less is no current that could empty an electrode."""
_EXACT_V = 1e-8
_MOST_TRIES = 8
_END_TRIES = 3
_REST_GRID = np.concatenate([[0.0], np.geomspace(1e-6, 1, 32)])


@dataclass(frozen=True)
class Held:
    """What became of n cells.

    Attributes:
        states: at the end.
        seconds: how long it took, shape (n,).
        is_ended: by its limit rather than by the time given.
        is_depleted: whether salt fell below what the model can follow.
    """

    states: States
    seconds: Array
    is_ended: Flags
    is_depleted: Flags


def hold_current(
    cells: Cells, states: States, current_A: Array, seconds: Array | float, low_V: float = -inf, high_V: float = inf
) -> Held:
    """Constant current until the voltage leaves the limits, the time is over or an electrode is exhausted.

    Raises:
        ValueError: a rest without an end.
    """
    longest_s = np.minimum(seconds, exhausted_s(cells, states, current_A))
    if np.isinf(longest_s).any():
        raise ValueError("a rest has no end of its own; give finite seconds")
    instants = grid() if current_A.any() else _REST_GRID
    stretch = Stretch(Snapshot(cells, states), current_A, np.zeros_like(current_A), longest_s[:, None] * instants)
    crossing_s = stretch.leaves(np.full(len(cells), low_V), np.full(len(cells), high_V))
    taken_s = np.minimum(longest_s, crossing_s)
    is_depleted = np.asarray(stretch.paths.is_depleted.any(axis=1))
    return Held(stretch.at(taken_s), taken_s, crossing_s <= longest_s, is_depleted)


def exhausted_s(cells: Cells, states: States, current_A: Array) -> Array:
    """How long a current can flow until an electrode is empty or full to the last particle; shape (n,)."""
    full_n, full_p = states.room_C(cells)
    inner_A = current_A - cells.leak_A
    room_C = np.where(
        inner_A > 0,
        np.minimum((1 - states.negative) * full_n + states.formation_C, states.positive * full_p),
        np.minimum(states.negative * full_n, (1 - states.positive) * full_p),
    )
    # Side reactions take lithium on the way, and the surface runs ahead of the mean.
    longest_s = np.divide(
        1.05 * np.maximum(room_C, 0.0) + 1.0,
        np.abs(inner_A),
        out=np.full(len(cells), inf),
        where=np.abs(inner_A) > _LEAST_A,
    )
    return np.asarray(longest_s)


def hold_voltage(
    cells: Cells, states: States, voltage_V: float, seconds: float, cutoff_A: Array, start_A: Array
) -> Held:
    """Constant voltage until the current has fallen to a cut-off, either way, or the time is over.

    Args:
        cells: what they are made of.
        states: at the beginning.
        voltage_V: at the terminals.
        seconds: longest.
        cutoff_A: magnitude, shape (n,).
        start_A: current just before, shape (n,); a guess will do.
    """
    n = len(cells)
    now_A = imposed_A(cells, states, voltage_V, start_A, np.zeros(n))
    done, step_s, elapsed = np.abs(now_A) <= cutoff_A, FIRST_STEP_S, np.zeros(n)
    is_depleted = np.zeros(n, bool)
    slope_A_s, ended = np.zeros(n), done.copy()
    while not done.all():
        lasts_s = np.where(done, 0.0, np.minimum(step_s, seconds - elapsed))
        next_A = imposed_A(cells, states, voltage_V, now_A + slope_A_s * lasts_s, lasts_s, now_A)
        ends = ~done & (np.abs(next_A) <= cutoff_A)
        for _ in range(_END_TRIES if ends.any() else 0):
            falling = np.maximum(np.abs(now_A) - np.abs(next_A), 1e-15)
            share = np.clip((np.abs(now_A) - cutoff_A) / falling, 0, 2)
            lasts_s = np.where(ends, lasts_s * share, lasts_s)
            next_A = imposed_A(cells, states, voltage_V, next_A, lasts_s, now_A)
        slope_A_s = np.divide(next_A - now_A, lasts_s, out=np.zeros(n), where=lasts_s > 0)
        ramp = Stretch(Snapshot(cells, states), now_A, slope_A_s, lasts_s[:, None] * np.array([0.0, 1.0]))
        states, now_A = ramp.at(lasts_s), now_A + slope_A_s * lasts_s
        is_depleted |= ramp.paths.is_depleted.any(axis=1)
        elapsed, ended = elapsed + lasts_s, ended | ends
        done = ended | (elapsed >= seconds)
        step_s *= STEP_GROWTH
    return Held(states, elapsed, ended, is_depleted)


def imposed_A(
    cells: Cells,
    states: States,
    voltage_V: float,
    guess_A: Array,
    after_s: Array,
    from_A: Array | None = None,
) -> Array:
    """The current that gives a voltage, after a straight line of so many seconds from ``from_A``; shape (n,)."""
    snapshot = Snapshot(cells, states)
    start_A = guess_A if from_A is None else from_A
    waits = after_s > 0

    def missing_V(end_A: Array) -> Array:
        slope_A_s = np.divide(end_A - start_A, after_s, out=np.zeros_like(end_A), where=waits)
        path = snapshot.paths(np.where(waits, start_A, end_A), slope_A_s, after_s[:, None])
        return voltage_V - snapshot.voltage_V(path)[:, 0]

    last_A, current_A = guess_A + _SMALL_A, guess_A.copy()
    last_V, miss_V = missing_V(last_A), missing_V(current_A)
    for _ in range(_MOST_TRIES):
        if np.abs(miss_V).max() < _EXACT_V:
            break
        change_V = miss_V - last_V
        ratio = np.divide(current_A - last_A, change_V, out=np.zeros_like(change_V), where=change_V != 0)
        last_A, last_V, current_A = current_A, miss_V, current_A - miss_V * ratio
        miss_V = missing_V(current_A)
    return np.asarray(current_A)
