"""What a frame must be to count as a record in the Battery Data Format; stricter than batterydf 0.1.0.

That one lets time run backwards and checks no number. Here a record has all required columns under their exact names,
numbers in every row, time that never runs backwards, counters that never fall, one place in the protocol for each step
taken, and charge that is the integral of the current it stands beside. Only the temperature may be missing in any row,
and the voltage in those without current: some instruments do not see a cell that they do not drive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.core import bdf
from galvanaut.core.steptime import driven_s

if TYPE_CHECKING:
    import pandas as pd

CHARGE_SHARE = 0.02
"""How far charge may be from the integral of the current, as a share of all charge moved: records are thinned."""
CHARGE_LEAST_Ah = 1e-7
REST_SHARE, REST_LEAST_A = 0.01, 1e-6
"""A current below this share of the largest one, or below this, is none (illustrative)."""
_RISING = (bdf.TEST_TIME, bdf.UNIX_TIME, bdf.CYCLE, bdf.STEP_COUNT, bdf.CHARGED, bdf.DISCHARGED)
_MAY_BE_MISSING = (bdf.VOLTAGE, bdf.AMBIENT_TEMPERATURE, bdf.STEP_TIME)
_LEAST = dict.fromkeys((bdf.TEST_TIME, bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_ID, bdf.CHARGED, bdf.DISCHARGED), 0)
"""Ours count cycles and steps from 1, other cyclers' from 0; BDF does not renumber them."""


def problems_of(frame: pd.DataFrame) -> list[str]:
    """Everything that is wrong with a record, in words; empty if nothing is."""
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return [f"column {name!r} is there more than once" for name in twice]
    return problems_in({name: _plain(frame[name]) for name in frame.columns})


def problems_in(columns: Mapping[str, NDArray[Any]]) -> list[str]:
    """The same of columns by name, all of one length. Columns that Galvanaut does not write are not looked at."""
    missing = [name for name in bdf.REQUIRED if name not in columns]
    if missing:
        return [f"column {name!r} is missing" for name in missing]
    if not len(columns[bdf.TEST_TIME]):
        return ["holds no reading"]
    known = {name: columns[name] for name in bdf.COLUMNS if name in columns}
    other = [f"{name!r} holds something else than numbers" for name, column in known.items() if not _is_number(column)]
    numbers = {name: column.astype(float) for name, column in known.items() if _is_number(column)}
    found = [*other, *_not_finite(numbers), *_falling(numbers), *_too_low(numbers), *_unseen(numbers)]
    return [*found, *_two_places(numbers), *_wrong_charge(numbers)]


def _plain(column: pd.Series[Any]) -> NDArray[Any]:
    """Of a type of numpy's; what is missing is not a number."""
    has_gaps = column.dtype.kind in "iuf" and bool(column.isna().any())
    return column.to_numpy(float, na_value=np.nan) if has_gaps else column.to_numpy()


def _is_number(column: NDArray[Any]) -> bool:
    return column.dtype.kind in "fiu"


def _not_finite(numbers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for name, column in numbers.items():
        bad = np.isinf(column) if name in _MAY_BE_MISSING else ~np.isfinite(column)
        if bad.any():
            row = int(np.argmax(bad))
            yield f"{name!r} is {column[row]:g} in row {row}"


def _falling(numbers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for name in _RISING:
        if name in numbers:
            column = numbers[name]
            falls = np.diff(column) < 0
            if falls.any():
                row = int(np.argmax(falls)) + 1
                yield f"{name!r} falls from {column[row - 1]:.12g} to {column[row]:.12g} in row {row}"


def _too_low(numbers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for name, least in _LEAST.items():
        if name in numbers and (numbers[name] < least).any():
            row = int(np.argmax(numbers[name] < least))
            yield f"{name!r} is {numbers[name][row]:g} in row {row}, but counts from {least}"


def _unseen(numbers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """Voltages that are missing where current flows."""
    if bdf.VOLTAGE not in numbers or bdf.CURRENT not in numbers:
        return
    current_A = np.nan_to_num(np.abs(numbers[bdf.CURRENT]), posinf=0.0)
    unseen = np.isnan(numbers[bdf.VOLTAGE]) & (current_A > max(REST_LEAST_A, REST_SHARE * float(current_A.max())))
    if unseen.any():
        row = int(np.argmax(unseen))
        yield f"{bdf.VOLTAGE!r} is missing in row {row}, though {numbers[bdf.CURRENT][row]:g} A flow"


def _two_places(numbers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    if not _are_whole(numbers, bdf.STEP_ID, bdf.STEP_COUNT):
        return
    moves = (np.diff(numbers[bdf.STEP_ID]) != 0) & (np.diff(numbers[bdf.STEP_COUNT]) == 0)
    if moves.any():
        row = int(np.argmax(moves)) + 1
        yield f"{bdf.STEP_ID!r} changes in row {row} within one step, by {bdf.STEP_COUNT!r}"


def _wrong_charge(numbers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    if not _are_whole(numbers, bdf.TEST_TIME, bdf.CURRENT, bdf.CHARGED, bdf.DISCHARGED):
        return
    moved_Ah, doubt_Ah = _moved_Ah(numbers)
    least_Ah = CHARGE_SHARE * float(np.sum(np.abs(moved_Ah))) + CHARGE_LEAST_Ah + doubt_Ah
    for name, part_Ah in ((bdf.CHARGED, np.maximum(moved_Ah, 0)), (bdf.DISCHARGED, np.maximum(-moved_Ah, 0))):
        said_Ah, counted_Ah = float(numbers[name][-1] - numbers[name][0]), float(np.sum(part_Ah))
        if abs(said_Ah - counted_Ah) > least_Ah:
            yield (
                f"{name!r} grows by {said_Ah:.4g} Ah, but the current adds up to {counted_Ah:.4g} Ah; "
                "check unit and sign of the current"
            )


def _moved_Ah(numbers: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], float]:
    """Charge between each two readings, and what is in doubt of it all.

    Trapezoids; where a step begins, the old current until then and the new one from then on, or the new one throughout
    if nobody knows when; where a step was interrupted, the new one from then on. A record that does not count its steps
    may have stepped anywhere between two readings.
    """
    current_A, hours = numbers[bdf.CURRENT], np.diff(numbers[bdf.TEST_TIME]) / 3600
    before_A, after_A = current_A[:-1], current_A[1:]
    straight_Ah = (before_A + after_A) / 2 * hours
    if not _are_whole(numbers, bdf.STEP_COUNT):
        return straight_Ah, float(np.sum(np.abs(after_A - before_A) / 2 * hours))
    begins = np.diff(numbers[bdf.STEP_COUNT]) != 0
    if bdf.STEP_TIME not in numbers:
        return np.where(begins, after_A * hours, straight_Ah), 0.0
    step_time_s = numbers[bdf.STEP_TIME]
    new_hours = np.fmin(step_time_s[1:] / 3600, hours)
    stepped_Ah = before_A * (hours - new_hours) + after_A * new_hours
    resumes, driven = driven_s(3600 * hours, step_time_s, begins)
    return np.where(resumes, after_A * driven / 3600, np.where(begins, stepped_Ah, straight_Ah)), 0.0


def _are_whole(numbers: Mapping[str, NDArray[Any]], *names: str) -> bool:
    """Whether these columns are there, with a number in every row."""
    return all(name in numbers and bool(np.isfinite(numbers[name]).all()) for name in names)
