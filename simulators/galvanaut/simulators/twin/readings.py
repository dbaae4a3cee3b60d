"""Readings as twins take them."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme.parameters import Array


class Reading(Protocol):
    """One row of a test, as recorders have it. Not a number where nobody knows."""

    @property
    def time_s(self) -> float:
        """Since the beginning of the test."""
        ...

    @property
    def current_A(self) -> float:
        """Positive into the cell."""
        ...

    @property
    def voltage_V(self) -> float:
        """At the terminals."""
        ...

    @property
    def temperature_degC(self) -> float:
        """Of the cell or the air around it."""
        ...

    @property
    def cycle(self) -> int:
        """Number of the cycle."""
        ...

    @property
    def step_count(self) -> int:
        """Changes whenever a step begins."""
        ...

    @property
    def step_time_s(self) -> float:
        """Spent in the step, see `galvanaut.core.bdf.STEP_TIME`."""
        ...


def values(row: Reading) -> tuple[float, ...]:
    """A row of a recorder in the order of `layout.COLUMNS`."""
    return (row.time_s, row.current_A, row.voltage_V, row.temperature_degC, row.cycle, row.step_count, row.step_time_s)


def table(columns: Iterable[ArrayLike | None]) -> Array:
    """Columns side by side, shape (t, 7); a column that is None is not a number throughout.

    Raises:
        UnsupportedError: they differ in length.
    """
    arrays = [None if column is None else np.atleast_1d(np.asarray(column, float)) for column in columns]
    lengths = {len(array) for array in arrays if array is not None}
    if len(lengths) != 1:
        raise UnsupportedError(f"twin: the columns of readings have different lengths: {sorted(lengths)}")
    count = lengths.pop()
    return np.stack([np.full(count, nan) if array is None else array for array in arrays], axis=1)
