"""Reading buffers of the Keithley 2450 family, and how their elements are written.

Sources: 2450 reference manual for the names of the elements and for READing, SOURce and RELative; the form of the other
elements is illustrative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from galvanaut.simulators.scpi_types import Choice, ScpiError

CAPACITY = 100_000
"""Readings in a default buffer after reset."""
PAGE = 16
_NO_SUCH_ELEMENT = 1133
_UNITS = {"VOLT": "Volt DC", "CURR": "Amp DC"}
_LETTERS = {"VOLT": "V", "CURR": "A"}


@dataclass(frozen=True)
class Row:
    """One reading.

    Attributes:
        at: instant, seconds since the epoch.
        function: measured: VOLT or CURR.
        reading: in V or A.
        source_function: VOLT or CURR.
        source: level or its read-back, in V or A.
        is_limited: whether the source was clamped at its limit.
    """

    at: float
    function: str
    reading: float
    source_function: str
    source: float
    is_limited: bool


class Buffer:
    """A ring: when it is full, the oldest reading gives way.

    Attributes:
        capacity: readings that it holds.
        taken: readings since it was cleared.
        begun_at: instant of the first reading since it was cleared.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self, capacity: int = CAPACITY) -> None:
        """Forget all readings."""
        self.capacity, self.taken, self.begun_at = capacity, 0, 0.0
        self._rows: list[Row] = []
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row) -> None:
        """Append a reading."""
        if not self.taken:
            self.begun_at = row.at
        position = self.taken % self.capacity
        if position == len(self._rows):
            self._rows.append(row)
        else:
            self._rows[position] = row
        self.taken += 1
        self._changed.add(position // PAGE)

    def row(self, index: int) -> Row:
        """A reading by its index, from 1 for the oldest."""
        first = self.taken - len(self._rows)
        return self._rows[(first + index - 1) % self.capacity]

    def memory(self) -> list[Any]:
        """Everything but the readings, in JSON types."""
        return [self.capacity, self.taken, self.begun_at]

    def pages(self) -> dict[int, Any]:
        """Pages that changed since the last call, in JSON types."""
        changed, self._changed = self._changed, set()
        return {
            page: [list(vars(row).values()) for row in self._rows[page * PAGE : (page + 1) * PAGE]] for page in changed
        }

    def recall(self, memory: list[Any], pages: Mapping[int, Any]) -> None:
        """Take up `memory` and all that `pages` ever gave."""
        self.clear()
        self.capacity, self.taken, self.begun_at = memory
        rows = [Row(*row) for page in sorted(pages) for row in pages[page]]
        self._rows = rows[: min(self.taken, self.capacity)]


_WORDS = Choice(
    *("DATE", "FORMatted", "FRACtional", "READing", "RELative", "SEConds", "SOURce", "SOURFORMatted", "SOURSTATus"),
    *("SOURUNIT", "STATus", "TIME", "TSTamp", "UNIT"),
)


class Element:
    """One word of a list of buffer elements; any other word is error 1133."""

    def parse(self, text: str) -> str:
        """Its short form."""
        try:
            return _WORDS.parse(text)
        except ScpiError:
            raise ScpiError(_NO_SUCH_ELEMENT) from None


def written(value: float) -> str:
    """A number as the family writes it, e.g. ``4.199870E+00``."""
    return f"{value:.6E}"


def element(row: Row, word: str, begun_at: float) -> str:
    """One element of a reading."""
    return _ELEMENTS[word](row, begun_at)


def _moment(row: Row) -> datetime:
    return datetime.fromtimestamp(row.at, UTC)


_ELEMENTS: dict[str, Callable[[Row, float], str]] = {
    "DATE": lambda row, _: f"{_moment(row):%m/%d/%Y}",
    "FORM": lambda row, _: f"{row.reading:.6g} {_LETTERS[row.function]}",
    "FRAC": lambda row, _: f"{row.at % 1:.6f}",
    "READ": lambda row, _: written(row.reading),
    "REL": lambda row, begun_at: written(row.at - begun_at),
    "SEC": lambda row, _: f"{int(row.at)}",
    "SOUR": lambda row, _: written(row.source),
    "SOURFORM": lambda row, _: f"{row.source:.6g} {_LETTERS[row.source_function]}",
    "SOURSTAT": lambda row, _: f"{int(row.is_limited) * 4}",
    "SOURUNIT": lambda row, _: _UNITS[row.source_function],
    "STAT": lambda row, _: "0",
    "TIME": lambda row, _: f"{_moment(row):%H:%M:%S.%f}",
    "TST": lambda row, _: f"{_moment(row):%m/%d/%Y %H:%M:%S.%f}",
    "UNIT": lambda row, _: _UNITS[row.function],
}
