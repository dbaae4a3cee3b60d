"""Readings as the columns of the Battery Data Format, with the charge that was moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.core import bdf
from galvanaut.core.steptime import driven_s
from galvanaut.instruments.runs import Row

Columns = Mapping[str, NDArray[Any]]
"""Of a record, by their names in `galvanaut.core.bdf`; all of one length."""
_COUNTED = ("number", "step", "step_count", "cycle")


def columns_of(chunks: Iterable[Sequence[Sequence[Any]]]) -> tuple[NDArray[np.int64], Columns]:
    """Numbers of the readings of one test, from its first on, and columns of those that are measurements.

    One that has neither voltage nor current is what an instrument marked as no measurement: only its place is known.

    Args:
        chunks: values in the order of `Row`, some readings at a time; None stands for not a number.
    """
    tables = [np.array(chunk, dtype=float) for chunk in chunks] or [np.empty((0, len(Row._fields)))]
    found = {
        name: np.concatenate([table[:, place] for table in tables]).astype(int if name in _COUNTED else float)
        for place, name in enumerate(Row._fields)
    }
    charged_Ah, discharged_Ah = charges_Ah(
        found["time_s"], found["current_A"], found["step_count"], found["step_time_s"]
    )
    good = ~(np.isnan(found["voltage_V"]) & np.isnan(found["current_A"]))
    values = {
        bdf.TEST_TIME: found["time_s"],
        bdf.VOLTAGE: found["voltage_V"],
        bdf.CURRENT: found["current_A"],
        bdf.UNIX_TIME: found["unix_time_s"],
        bdf.CYCLE: found["cycle"],
        bdf.STEP_COUNT: found["step_count"],
        bdf.AMBIENT_TEMPERATURE: found["temperature_degC"],
        bdf.STEP_ID: found["step"],
        bdf.STEP_TIME: found["step_time_s"],
        bdf.CHARGED: charged_Ah,
        bdf.DISCHARGED: discharged_Ah,
    }
    return found["number"], {name: values[name][good] for name in bdf.COLUMNS}


def charges_Ah(
    time_s: NDArray[np.float64],
    current_A: NDArray[np.float64],
    step_count: NDArray[np.int64],
    step_time_s: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Charge moved into and out of the cell since the test began, at each reading, Ah.

    As `galvanaut.instruments.cycling.sequencer.Sequencer` counts: trapezoids within a step. Where a step begins between
    two readings, the old current flows until then and the new one from then on; if nobody knows when, the new one
    throughout. Where a step was interrupted nothing flows, and from then on the new current. A current that is not a
    number is left out.
    """
    good = np.isfinite(current_A)
    current = current_A[good]
    before = np.concatenate([current[:1], current[:-1]])
    begins = np.diff(step_count[good], prepend=-1) != 0
    elapsed_s = np.maximum(0.0, np.diff(time_s[good], prepend=0.0))
    resumes, elapsed_s[1:] = driven_s(elapsed_s[1:], step_time_s[good], begins[1:])
    begins[1:] |= resumes
    old_s = np.where(begins, np.clip(elapsed_s - np.nan_to_num(step_time_s[good], nan=np.inf), 0.0, elapsed_s), 0.0)
    mean_A = np.where(begins, current, (before + current) / 2)
    moved_Ah = np.zeros((2, len(current_A)))  # in the old step, in the new one
    moved_Ah[:, good] = before * old_s / 3600, mean_A * (elapsed_s - old_s) / 3600
    charged_Ah, discharged_Ah = (np.maximum(sign * moved_Ah, 0.0).sum(axis=0).cumsum() for sign in (1, -1))
    return charged_Ah, discharged_Ah


def gaps_in(numbers: NDArray[np.int64]) -> list[str]:
    """What is missing of readings that are numbered from 0, in words."""
    steps = np.diff(numbers, prepend=-1)
    return [
        f"readings {int(numbers[place] - steps[place]) + 1} to {int(numbers[place]) - 1} are missing"
        for place in np.flatnonzero(steps != 1)
    ]
