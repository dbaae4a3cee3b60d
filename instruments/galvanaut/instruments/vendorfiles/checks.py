"""Whether what was found in a file may become a record. Whatever is wrong is told with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.core import bdf
from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.telemetry.validate import problems_of
from galvanaut.instruments.vendorfiles.charge import balance

if TYPE_CHECKING:
    import pandas as pd

    from galvanaut.instruments.vendorfiles.content import Content

_COUNTERS = (bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_ID)


def checked(path: Path, content: Content) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The record in a file.

    Returns:
        The frame, columns in the order of `bdf.COLUMNS`, and notes on what was left out or looks odd.

    Raises:
        InputError: it is damaged; every kind of damage with the first place where it shows.
    """
    problems = [*_not_finite(content), *_backwards(content), *_cycles(content)]
    if not problems:
        problems = list(_wrong_charge(content))
    if problems:
        raise InputError(path, problems)
    frame, notes = _without_bad_dates(content)
    left = problems_of(frame.drop(columns=[bdf.CHARGED, bdf.DISCHARGED], errors="ignore"))
    if left:
        raise InputError(path, [Problem("", text) for text in left])
    return _ordered(frame), (*content.notes, *notes, *_oddities(frame))


def _not_finite(content: Content) -> Iterator[Problem]:
    frame = content.frame
    gapless = (*bdf.REQUIRED, *_COUNTERS, bdf.CHARGED, bdf.DISCHARGED)
    for name in (name for name in gapless if name in frame.columns):
        values = frame[name].to_numpy(np.float64)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(np.argmax(bad))
            text = f"is {values[row]:g}, which nobody has measured ({int(bad.sum())} such in all); export it again"
            yield content.problem(name, row, text)


def _backwards(content: Content) -> Iterator[Problem]:
    time_s = content.frame[bdf.TEST_TIME].to_numpy(np.float64)
    falls = np.diff(time_s) < 0
    if falls.any():
        row = int(np.argmax(falls)) + 1
        text = (
            f"time runs back from {time_s[row - 1]:g} to {time_s[row]:g} s ({int(falls.sum())} times in all), and "
            "nobody can tell which is right; export the file again"
        )
        yield content.problem(bdf.TEST_TIME, row, text)


def _cycles(content: Content) -> Iterator[Problem]:
    if bdf.CYCLE not in content.frame.columns:
        return
    cycle = content.frame[bdf.CYCLE].to_numpy(np.float64)
    steps = np.diff(cycle)
    wrong = (steps < 0) | (steps > 1)
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        what = "falls" if steps[row - 1] < 0 else "jumps"
        text = (
            f"the cycle {what} from {cycle[row - 1]:g} to {cycle[row]:g}: readings are missing or out of order; export "
            "all cycles, in one file"
        )
        yield content.problem(bdf.CYCLE, row, text)


def _wrong_charge(content: Content) -> Iterator[Problem]:
    if not _has_charge(content.frame):
        return
    found = balance(content.frame)
    if not found.plausible:
        columns = dict.fromkeys(content.names.get(name, name) for name in (bdf.CHARGED, bdf.DISCHARGED))
        yield Problem(
            f"column {' and '.join(columns)}",
            f"net charge is {found.said_Ah:.4g} Ah, but the current adds up to {found.summed_Ah:.4g} Ah: sign or unit "
            "of one of them is wrong. Positive currents charge; export both in the units that their names say",
        )


def _without_bad_dates(content: Content) -> tuple[pd.DataFrame, list[str]]:
    """Clocks are set back in autumn and by hand; the time of the test is not, so the record can do without dates."""
    frame = content.frame
    if bdf.UNIX_TIME not in frame.columns:
        return frame, []
    unix_s = frame[bdf.UNIX_TIME].to_numpy(np.float64)
    bad = ~np.isfinite(unix_s) | (np.diff(unix_s, prepend=unix_s[:1]) < 0)
    if not bad.any():
        return frame, []
    return frame.drop(columns=bdf.UNIX_TIME), [f"dates left out: they fall at reading {int(np.argmax(bad)) + 1}"]


def _oddities(frame: pd.DataFrame) -> Iterator[str]:
    if not frame[bdf.CURRENT].to_numpy(np.float64).any():
        yield "the current is 0 throughout"
    found = balance(frame) if _has_charge(frame) else None
    if found is not None and not found.agree:
        yield f"counters say {found.said_Ah:.4g} Ah, the current adds up to {found.summed_Ah:.4g} Ah; both are kept"


def _has_charge(frame: pd.DataFrame) -> bool:
    return bdf.CHARGED in frame.columns and bdf.DISCHARGED in frame.columns


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    known = [name for name in bdf.COLUMNS if name in frame.columns]
    more = [name for name in frame.columns if name not in known]
    ordered = frame[[*known, *more]].reset_index(drop=True)
    for name in (name for name in _COUNTERS if name in ordered.columns):
        values = ordered[name].to_numpy(np.float64)
        if (values == np.round(values)).all():
            ordered[name] = values.astype(np.int64)
    return ordered
