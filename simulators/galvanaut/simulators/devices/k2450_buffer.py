"""Reading buffers of the Keithley 2450 family, and how their elements are written.

Sources: 2450 reference manual for the names of the elements and for READing, SOURce and RELative; the form of the other
elements is illustrative.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Columns:
    """Many readings: see `Row`. All arrays have shape (n,).

    Attributes:
        at: instants.
        readings: in V or A.
        sources: in V or A.
        kinds: both functions and the limit in one number, as `kind_of` makes it.
    """

    at: NDArray[np.float64]
    readings: NDArray[np.float64]
    sources: NDArray[np.float64]
    kinds: NDArray[np.uint8]

    def __getitem__(self, part: slice | NDArray[np.bool_]) -> Columns:
        return Columns(self.at[part], self.readings[part], self.sources[part], self.kinds[part])


class Buffer:
    """A ring: when it is full, the oldest reading gives way. It is packed: a bench may keep millions of readings.

    Attributes:
        capacity: readings that it holds.
        taken: readings kept since it was cleared.
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
        kind = kind_of(row.function, row.source_function, row.is_limited)
        self._put(place, row.at, row.reading, row.source, kind)
        self.taken += 1
        self._changed.add(place)

    def extend(self, columns: Columns, begun_at: float) -> None:
        """Append readings. Those that would give way to later ones of them may be left out.

        Args:
            columns: the readings.
            begun_at: instant of the first one, were it left out or not.
        """
        if not self.taken:
            self.begun_at = begun_at
        kept = columns[-self.capacity :]
        begin, count = self.taken % self.capacity, len(kept.at)
        room = min(count, self.capacity - begin)
        self._overwrite(begin, kept[:room])
        self._overwrite(0, kept[room:])
        self.taken += count
        self._changed.update(place % self.capacity for place in range(begin, begin + count))

    def _overwrite(self, begin: int, columns: Columns) -> None:
        """Write over places that follow one another, or append."""
        end = begin + len(columns.at)
        self._at[begin:end] = array("d", columns.at.tobytes())
        self._readings[begin:end] = array("d", columns.readings.tobytes())
        self._sources[begin:end] = array("d", columns.sources.tobytes())
        self._kinds[begin:end] = columns.kinds.tobytes()

    def columns(self, first: int, last: int) -> Columns:
        """Readings by index, from 1 for the oldest; both ends are among them."""
        places = (self.taken - len(self) + np.arange(first - 1, last)) % self.capacity
        at, readings, sources = (np.frombuffer(each)[places] for each in (self._at, self._readings, self._sources))
        return Columns(at, readings, sources, np.frombuffer(self._kinds, np.uint8)[places])

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


def kind_of(function: str, source_function: str, is_limited: bool) -> int:
    """Both functions and the limit in one number."""
    return is_limited << 2 | (function == "CURR") << 1 | (source_function == "CURR")


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


def elements(buffer: Buffer, first: int, last: int, words: Sequence[str]) -> str:
    """Elements of the readings of a buffer from ``first`` to ``last``, one reading after the other."""
    columns = buffer.columns(first, last)
    numbers = {"READ": columns.readings, "SOUR": columns.sources, "REL": columns.at - buffer.begun_at}
    parts = [
        [f"{number:.6E}" for number in numbers[word].tolist()]
        if word in numbers
        else [element(buffer.row(index), word, buffer.begun_at) for index in range(first, last + 1)]
        for word in words
    ]
    return ",".join(",".join(line) for line in zip(*parts, strict=True))


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
