"""Reading buffers of the Keithley 2450 family, and how their elements are written.

Sources: 2450 reference manual for the names of the elements and for READing, SOURce and RELative; the form of the other
elements is illustrative.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from galvanaut.simulators.scpi_types import Choice, ScpiError

CAPACITY = 100_000
"""Readings in a default buffer after reset."""
_PAGE = 500
_NO_SUCH_ELEMENT = 1133
_UNITS = {"VOLT": "Volt DC", "CURR": "Amp DC"}
_FUNCTIONS = ("VOLT", "CURR")
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
    """A ring: when it is full, the oldest reading gives way. It is packed: a bench may keep millions of readings.

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
        self._at, self._readings, self._sources = array("d"), array("d"), array("d")
        self._kinds = bytearray()
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, row: Row) -> None:
        """Append a reading."""
        if not self.taken:
            self.begun_at = row.at
        place = self.taken % self.capacity
        self._put(place, row.at, row.reading, row.source, _kind(row))
        self.taken += 1
        self._changed.add(place)

    def row(self, index: int) -> Row:
        """A reading by its index, from 1 for the oldest."""
        place = (self.taken - len(self) + index - 1) % self.capacity
        kind = self._kinds[place]
        return Row(
            self._at[place],
            _FUNCTIONS[kind >> 1 & 1],
            self._readings[place],
            _FUNCTIONS[kind & 1],
            self._sources[place],
            bool(kind >> 2),
        )

    def memory(self) -> list[Any]:
        """Everything but the readings, in JSON types."""
        return [self.capacity, self.taken, self.begun_at]

    def pages(self) -> dict[int, Any]:
        """Readings that came in since the last call, by place and in JSON types."""
        changed, self._changed = self._changed, set()
        return {place: self._packed(place) for place in changed}

    def whole_pages(self) -> Iterator[dict[int, Any]]:
        """All readings as from `pages`, some at a time."""
        for start in range(0, len(self), _PAGE):
            yield {place: self._packed(place) for place in range(start, min(start + _PAGE, len(self)))}

    def _packed(self, place: int) -> list[float]:
        return [self._at[place], self._readings[place], self._sources[place], self._kinds[place]]

    def recall(self, memory: list[Any], pages: Mapping[int, Any]) -> None:
        """Take up `memory` and all that `pages` ever gave."""
        self.clear()
        self.capacity, self.taken, self.begun_at = memory
        for place in range(min(self.taken, self.capacity)):
            self._put(place, *pages[place])

    def _put(self, place: int, at: float, reading: float, source: float, kind: int) -> None:
        """Write over a place, or append."""
        end = place + 1
        self._at[place:end] = array("d", (at,))
        self._readings[place:end] = array("d", (reading,))
        self._sources[place:end] = array("d", (source,))
        self._kinds[place:end] = bytes((kind,))


def _kind(row: Row) -> int:
    """Both functions and the limit in one number."""
    is_limited, measured, sourced = row.is_limited, row.function == "CURR", row.source_function == "CURR"
    return is_limited << 2 | measured << 1 | sourced


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
