"""A vendor's file that can become a record: its readings, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.core import bdf

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Imported:
    """What `galvanaut.instruments.vendorfiles.read_file` returns.

    Attributes:
        frame: one row per reading, columns of `galvanaut.core.bdf`.
        path: of the original, which stays as it is.
        format: its kind, e.g. ``Neware ndax``.
        sha256: of the original.
        cell: as the file names it; empty if it does not.
        channel: likewise.
        started_s: begin of the test, s since the epoch; None if the file does not say.
        notes: what a person should know of how it was read.
    """

    frame: pd.DataFrame
    path: Path
    format: str
    sha256: str
    cell: str
    channel: str
    started_s: float | None
    notes: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """From the first reading to the last, s."""
        time_s = self.frame[bdf.TEST_TIME]
        return float(time_s.iloc[-1] - time_s.iloc[0])

    @property
    def cycles(self) -> int | None:
        """How many cycles it has readings of; None if the file does not count them."""
        return int(self.frame[bdf.CYCLE].nunique()) if bdf.CYCLE in self.frame.columns else None

    @property
    def capacity_Ah(self) -> float:
        """The largest charge taken out in one cycle, Ah; in the whole test if cycles are not counted.

        By the file's counters, or by its current where it has none.
        """
        out_Ah = self._discharged_Ah()
        if bdf.CYCLE not in self.frame.columns:
            return float(out_Ah[-1] - out_Ah[0])
        begins = np.flatnonzero(np.diff(self.frame[bdf.CYCLE].to_numpy(np.float64))) + 1
        ends = np.append(begins - 1, len(out_Ah) - 1)
        return float(np.max(np.diff(out_Ah[ends], prepend=out_Ah[0])))

    def metadata(self, **more: Any) -> dict[str, Any]:
        """The facts that a record of it keeps, as plain JSON."""
        return {
            "imported_from": self.path.name,
            "format": self.format,
            "sha256": self.sha256,
            "cell": self.cell,
            "cell_in_file": self.cell,
            "channel": self.channel,
            "started_s": self.started_s,
            "rows": len(self.frame),
            "duration_s": self.duration_s,
            "cycles": self.cycles,
            "capacity_Ah": self.capacity_Ah,
            "notes": list(self.notes),
            "origin": "imported from a cycler's export; not measured or supervised by Galvanaut",
            **more,
        }

    def _discharged_Ah(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        if bdf.DISCHARGED in self.frame.columns:
            return self.frame[bdf.DISCHARGED].to_numpy(np.float64)
        hours = np.diff(self.frame[bdf.TEST_TIME].to_numpy(np.float64)) / 3600
        out_A = np.maximum(-self.frame[bdf.CURRENT].to_numpy(np.float64), 0.0)
        return np.concatenate([[0.0], np.cumsum((out_A[1:] + out_A[:-1]) / 2 * hours)])
