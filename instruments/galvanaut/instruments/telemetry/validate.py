"""What a frame must be to count as a record in the Battery Data Format; stricter than batterydf 0.1.0.

That one lets time run backwards and checks no number. Here a record has all required columns under their exact names,
numbers in every row, time that never runs backwards, counters that never fall, and charge that is the integral of the
current it stands beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.core import bdf

if TYPE_CHECKING:
    import pandas as pd

CHARGE_SHARE = 0.02
"""How far charge may be from the integral of the current, as a share of all charge moved: records are thinned."""
CHARGE_LEAST_Ah = 1e-7
_COUNTERS = (bdf.CYCLE, bdf.STEP_COUNT, bdf.CHARGED, bdf.DISCHARGED)


def problems_of(frame: pd.DataFrame) -> list[str]:
    """Everything that is wrong with a record, in words; empty if nothing is."""
    missing = [name for name in bdf.REQUIRED if name not in frame.columns]
    if missing:
        return [f"column {name!r} is missing" for name in missing]
    if not len(frame):
        return ["holds no reading"]
    return [*_not_numbers(frame), *_backwards(frame), *_wrong_charge(frame)]


def _not_numbers(frame: pd.DataFrame) -> Iterator[str]:
    for name in bdf.REQUIRED:
        if frame[name].dtype.kind not in "fiu":
            yield f"{name!r} holds something else than numbers"
        elif name != bdf.VOLTAGE and not np.isfinite(frame[name]).all():
            yield f"{name!r} is not a finite number in row {int(np.argmin(np.isfinite(frame[name])))}"
        elif np.isinf(frame[name]).any():
            yield f"{name!r} is infinite in row {int(np.argmax(np.isinf(frame[name])))}"


def _backwards(frame: pd.DataFrame) -> Iterator[str]:
    for name in (bdf.TEST_TIME, bdf.UNIX_TIME, *_COUNTERS):
        if name in frame.columns and frame[name].dtype.kind in "fiu":
            falls = np.diff(frame[name].to_numpy(float)) < 0
            if falls.any():
                row = int(np.argmax(falls)) + 1
                yield f"{name!r} falls from {frame[name].iloc[row - 1]:g} to {frame[name].iloc[row]:g} in row {row}"


def _wrong_charge(frame: pd.DataFrame) -> Iterator[str]:
    if bdf.CHARGED not in frame.columns or bdf.DISCHARGED not in frame.columns or len(frame) < 2:
        return
    hours = frame[bdf.TEST_TIME].to_numpy(float) / 3600
    current_A = frame[bdf.CURRENT].to_numpy(float)
    if not (np.isfinite(hours).all() and np.isfinite(current_A).all()):
        return
    mean_A = (current_A[1:] + current_A[:-1]) / 2
    moved_Ah = float(np.sum(np.abs(mean_A) * np.diff(hours)))
    net_Ah = float(np.sum(mean_A * np.diff(hours)))
    said_Ah = float(np.ptp(frame[bdf.CHARGED]) - np.ptp(frame[bdf.DISCHARGED]))
    if abs(said_Ah - net_Ah) > CHARGE_SHARE * moved_Ah + CHARGE_LEAST_Ah:
        yield f"net charge is {said_Ah:.4g} Ah, but the current adds up to {net_Ah:.4g} Ah; check the current's sign"
