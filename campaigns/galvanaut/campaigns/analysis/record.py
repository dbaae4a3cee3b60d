"""A record of one cell as arrays, checked once, and its charge interval by interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.campaigns.analysis.figures import Array, Flags, Integers
from galvanaut.core import bdf
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.steptime import driven_s

if TYPE_CHECKING:
    import pandas as pd

_NEEDED = (*bdf.REQUIRED, bdf.CYCLE)
_STEP_SHARE = 0.05
"""Without numbers of steps: a change of the current by this share of the largest one begins a step."""


@dataclass(frozen=True)
class Record:
    """Readings of one cell; every array has shape (n,).

    Attributes:
        source: names the record in messages.
        time_s: since the test began; never falls.
        voltage_V: not a number where it was not measured.
        current_A: positive charges.
        cycle: number of the cycle; never falls.
        step: differs between two neighbouring rows where a step begins.
        step_time_s: spent in the step, see `galvanaut.core.bdf.STEP_TIME`; not a number where nobody knows.
    """

    source: str
    time_s: Array
    voltage_V: Array
    current_A: Array
    cycle: Integers
    step: Integers
    step_time_s: Array

    def __len__(self) -> int:
        return len(self.time_s)

    @classmethod
    def of(cls, frame: pd.DataFrame, source: str = "record") -> Record:
        """Read the columns of `galvanaut.core.bdf` out of a frame.

        Args:
            frame: with time, voltage, current and cycle count. Without a step count a step begins wherever the current
                jumps.
            source: cell or file, for messages.

        Raises:
            InputError: a column is missing, not finite or falls; all of it at once.
        """
        missing = [
            Problem(name, "this column is missing; import the file anew") for name in _NEEDED if name not in frame
        ]
        if missing:
            raise InputError(source, missing)
        if len(frame) < 2:
            raise InputError(source, f"holds {len(frame)} readings, at least two are needed")
        problems = list(_problems(frame))
        if problems:
            raise InputError(source, problems)
        current_A = frame[bdf.CURRENT].to_numpy(np.float64)
        return cls(
            source,
            frame[bdf.TEST_TIME].to_numpy(np.float64),
            frame[bdf.VOLTAGE].to_numpy(np.float64, na_value=np.nan),
            current_A,
            frame[bdf.CYCLE].to_numpy(np.int64),
            frame[bdf.STEP_COUNT].to_numpy(np.int64) if bdf.STEP_COUNT in frame else _steps(current_A),
            _step_times(frame),
        )

    def rows_of(self, cycle: int) -> slice:
        """Where a cycle stands.

        Raises:
            InputError: no such cycle.
        """
        first, last = (int(np.searchsorted(self.cycle, cycle, side)) for side in ("left", "right"))
        if first == last:
            raise InputError(self.source, f"has no cycle {cycle}; it has {self.cycle[0]} to {self.cycle[-1]}")
        return slice(first, last)


@dataclass(frozen=True)
class Intervals:
    """What happened between neighbouring rows; every array has shape (n - 1,), number i ends at row i + 1.

    Within a step current, voltage and power are straight lines. Where a step begins in between, the last reading of the
    old step holds until then and the first one of the new step from then on; without a step time, the new one
    throughout: so a host switches that looks right after a reading. Where a step was interrupted nothing flows, and
    from then on the new current.

    Attributes:
        seconds: duration, without that of interruptions.
        current_A: mean; 0 where it cannot be told from none.
        voltage_V: mean.
        power_W: mean into the cell; 0 without current.
        charge_Ah: into the cell.
    """

    seconds: Array
    current_A: Array
    voltage_V: Array
    power_W: Array
    charge_Ah: Array

    @classmethod
    def of(cls, record: Record, rest_A: float) -> Intervals:
        """Of a record; a mean current up to ``rest_A`` counts as none."""
        same = (record.step[1:] == record.step[:-1]) & (record.cycle[1:] == record.cycle[:-1])
        resumes, seconds = driven_s(np.diff(record.time_s), record.step_time_s, ~same)
        same &= ~resumes
        old = _old_share(record, seconds, same)
        current_A = _mean(record.current_A, same, old)
        flows = np.abs(current_A) > rest_A
        current_A = np.where(flows, current_A, 0.0)
        power_W = np.where(flows, _mean(record.current_A * record.voltage_V, same, old), 0.0)
        return cls(seconds, current_A, _mean(record.voltage_V, same, old), power_W, current_A * seconds / 3600)

    def gaps(self, longest_s: float | None = None) -> Flags:
        """Intervals under current longer than ``longest_s``; by default than ten times the median interval."""
        moving = self.seconds[self.seconds > 0]
        typical_s = float(np.median(moving)) if len(moving) else 0.0
        limit_s = 10 * typical_s if longest_s is None else longest_s
        return np.asarray((self.seconds > limit_s) & (self.current_A != 0))


def _old_share(record: Record, seconds: Array, same: Flags) -> Array:
    """Share of each interval that belongs to the step before the one at its end."""
    into_s = np.nan_to_num(record.step_time_s[1:], nan=np.inf)
    share = np.divide(seconds - into_s, seconds, out=np.zeros_like(seconds), where=seconds > 0)
    return np.where(same, 0.0, np.clip(share, 0.0, 1.0))


def _mean(values: Array, same: Flags, old: Array) -> Array:
    before, after = values[:-1], values[1:]
    # Only where there is an old step: its voltage may not be a number.
    mixed = np.where(old > 0, old * before + (1 - old) * after, after)
    return np.where(same, (before + after) / 2, mixed)


def _step_times(frame: pd.DataFrame) -> Array:
    if bdf.STEP_TIME not in frame:
        return np.full(len(frame), np.nan)
    return frame[bdf.STEP_TIME].to_numpy(np.float64, na_value=np.nan)


def _steps(current_A: Array) -> Integers:
    jump_A = _STEP_SHARE * float(np.abs(current_A).max())
    begins = np.append(False, np.abs(np.diff(current_A)) > jump_A)
    return np.cumsum(begins, dtype=np.int64)


def _problems(frame: pd.DataFrame) -> Iterator[Problem]:
    counters = (bdf.CYCLE, bdf.STEP_COUNT) if bdf.STEP_COUNT in frame else (bdf.CYCLE,)
    for name in (*bdf.REQUIRED, *counters):
        if frame[name].dtype.kind not in "fiu":
            yield Problem(name, f"holds {frame[name].dtype} instead of numbers; import the file anew")
            continue
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        bad = np.isinf(values) if name == bdf.VOLTAGE else ~np.isfinite(values)
        if bad.any():
            row = int(np.argmax(bad))
            yield Problem(name, f"is {values[row]} in row {row} and {int(bad.sum())} rows in all; remove or mend them")
        elif name in (bdf.TEST_TIME, *counters) and (falls := np.diff(values) < 0).any():
            row = int(np.argmax(falls)) + 1
            yield Problem(
                name, f"falls from {values[row - 1]:g} to {values[row]:g} in row {row}; sort or mend the record"
            )
