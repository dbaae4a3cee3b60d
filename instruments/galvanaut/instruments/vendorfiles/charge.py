"""Charge counters of vendors: they begin anew with each step or cycle, those of a record never do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from galvanaut.core import bdf
from galvanaut.instruments.telemetry.validate import CHARGE_SHARE, CHARGE_LEAST_Ah

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SCALE = 10.0
"""A counter this many times off has another unit than the current, however rarely the current was recorded."""


class Balance(NamedTuple):
    """How far charge counters and current agree.

    Attributes:
        said_Ah, summed_Ah: net charge by the counters and by the current, where they differ most.
        agree: the counters lie within what the recorded currents allow.
        plausible: they have one sign and one order of magnitude.
    """

    said_Ah: float
    summed_Ah: float
    agree: bool
    plausible: bool


def never_falling(counter_Ah: NDArray[np.float64]) -> NDArray[np.float64]:
    """A counter that now and then begins anew, as one that goes on."""
    steps = np.diff(counter_Ah)
    fresh = np.where(steps < 0, counter_Ah[1:], steps)
    onward_Ah: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(np.maximum(fresh, 0.0))])
    onward_Ah += counter_Ah[0]
    return onward_Ah


def from_net(net_Ah: NDArray[np.float64], step: NDArray[np.float64] | None = None) -> tuple[NDArray[np.float64], ...]:
    """Charge in and charge out of the cell from a signed counter.

    Args:
        net_Ah: rises while the cell is charged and falls while it is discharged.
        step: number of the step that each row belongs to, if the counter begins at 0 with each step.
    """
    moved = np.diff(net_Ah, prepend=net_Ah[:1])
    if step is not None:
        begins = np.diff(step, prepend=step[:1]) != 0
        moved = np.where(begins, net_Ah, moved)
    return np.cumsum(np.maximum(moved, 0.0)), np.cumsum(np.maximum(-moved, 0.0))


def balance(frame: pd.DataFrame) -> Balance:
    """Compare the charge counters of a record with its current.

    Rows may be far apart, so the current between two of them is only known to lie between theirs. Where it changes
    sign, that leaves room for either.
    """
    hours = np.diff(frame[bdf.TEST_TIME].to_numpy(np.float64)) / 3600
    current_A = frame[bdf.CURRENT].to_numpy(np.float64)
    low_A, high_A = np.minimum(current_A[1:], current_A[:-1]), np.maximum(current_A[1:], current_A[:-1])
    least_Ah, most_Ah = np.cumsum(low_A * hours), np.cumsum(high_A * hours)
    counted = (frame[bdf.CHARGED] - frame[bdf.DISCHARGED]).to_numpy(np.float64)
    said_Ah, summed_Ah = counted[1:] - counted[0], (least_Ah + most_Ah) / 2
    moved_Ah = np.cumsum(np.maximum(np.abs(low_A), np.abs(high_A)) * hours)
    room_Ah = CHARGE_SHARE * moved_Ah + CHARGE_LEAST_Ah
    off_Ah = np.maximum(said_Ah - most_Ah, least_Ah - said_Ah) - room_Ah
    if not len(off_Ah):
        return Balance(0.0, 0.0, True, True)
    row = int(np.argmax(off_Ah))
    far = int(np.argmax(np.abs(summed_Ah)))
    agree = bool(off_Ah[row] <= 0)
    alike = bool(1 / SCALE < said_Ah[far] / (summed_Ah[far] or 1.0) < SCALE)
    return Balance(float(said_Ah[row]), float(summed_Ah[row]), agree, agree or alike)
