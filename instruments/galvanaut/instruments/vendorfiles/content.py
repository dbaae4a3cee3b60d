"""What a reader has found in a file, before anybody has checked it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from galvanaut.core.errors import Problem

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Content:
    """Readings in the words of `galvanaut.core.bdf`, and what leads back to the file.

    Attributes:
        frame: one row per reading, in the order of the file; V, A, s, Ah; positive currents charge.
        names: of the file's own column behind each column of ``frame``.
        lines: 1-based line of each reading in a text file; empty for a binary one.
        cell: as the file names it; empty if it does not.
        channel: likewise.
        started_s: begin of the test, s since the epoch; None if the file does not say.
        notes: what a person should know of how it was read.
    """

    frame: pd.DataFrame
    names: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[int] = ()
    cell: str = ""
    channel: str = ""
    started_s: float | None = None
    notes: tuple[str, ...] = ()

    def problem(self, column: str, row: int, text: str) -> Problem:
        """What is wrong with one reading, at its place in the file: its line, or its number from 1 in a binary file."""
        name = f"column {self.names.get(column, column)}"
        if len(self.lines):
            return Problem(name, text, self.lines[row])
        return Problem(f"{name}, reading {row + 1}", text)
