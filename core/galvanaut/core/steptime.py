"""What the time of a step tells of a record: where a test was interrupted, and nothing has flowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from galvanaut.core import bdf


def driven_s(
    elapsed_s: NDArray[np.float64], step_time_s: NDArray[np.float64], begins: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """What `galvanaut.core.bdf.STEP_TIME` tells of the time between each two readings.

    Args:
        elapsed_s: from one reading to the next, shape (n - 1,).
        step_time_s: of each reading, shape (n,).
        begins: whether a step begins in between, shape (n - 1,).

    Returns:
        Whether the step goes on after an interruption there, so that the current of the later reading has flowed
        throughout, and ``elapsed_s`` without interruptions.
    """
    spent_s = np.diff(step_time_s)
    stood = ~begins & (spent_s >= 0) & (elapsed_s - spent_s > bdf.STOOD_STILL_S)
    resumes = stood.copy()
    resumes[1:] |= stood[:-1] & ~begins[1:]  # the reading in between shows the cell before it was driven again
    return resumes, np.where(stood, spent_s, elapsed_s)
