"""The reading buffers of a Keithley 2450 family source meter as its commands see them.

Sources: as in `k2450`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from galvanaut.simulators.devices.k2450_buffer import CAPACITY, Buffer, Element, element, elements
from galvanaut.simulators.devices.k2450_panel import SourcePanel
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Integer, Maybe, Rest, ScpiError, Text
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

BUFFERS = ("defbuffer1", "defbuffer2")
_MOST_ELEMENTS = 14


@dataclass(frozen=True)
class BufferName:
    """The name of one of the buffers, in quotes."""

    def parse(self, text: str) -> str:
        """The name; -224 if there is no such buffer."""
        name = Text().parse(text)
        if name not in BUFFERS:
            raise ScpiError(-224)
        return name


class BufferPanel(SourcePanel):
    """Two buffers, kept in the world's file reading by reading."""

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.buffers = {name: Buffer() for name in BUFFERS}

    def pages(self) -> dict[str, Any]:
        """Readings that came in, by buffer and place."""
        return {
            f"{name}/{place}": row for name, buffer in self.buffers.items() for place, row in buffer.pages().items()
        }

    def whole_pages(self) -> Iterator[dict[str, Any]]:
        """All readings, by buffer and place."""
        for name, buffer in self.buffers.items():
            for part in buffer.whole_pages():
                yield {f"{name}/{place}": row for place, row in part.items()}

    def recall_pages(self, pages: Mapping[str, Any]) -> None:
        """Take up `pages`."""
        for name, buffer in self.buffers.items():
            own = {int(key.rpartition("/")[2]): row for key, row in pages.items() if key.startswith(f"{name}/")}
            buffer.recall(self._sizes[name], own)

    def _recall_sizes(self, sizes: Mapping[str, Any]) -> None:
        """What of the buffers is no page; `recall_pages` comes next."""
        self._sizes = sizes

    def must_not_run(self) -> None:
        """Refuse what conflicts with a trigger model that runs."""

    @staticmethod
    def line(buffer: Buffer, words: tuple[str, ...]) -> str:
        """The elements asked for of the last reading."""
        if len(words) > _MOST_ELEMENTS:
            raise ScpiError(-108)
        row = buffer.row(len(buffer))
        return ",".join(element(row, word, buffer.begun_at) for word in words or ("READ",))

    @command(":FETCh?", Maybe(BufferName()), Rest(Element()))
    def fetch(self, name: str = BUFFERS[0], *words: str) -> str:
        """The last reading of a buffer."""
        buffer = self.buffers[name]
        if not len(buffer):
            raise ScpiError(-230)
        return self.line(buffer, words)

    @command(":TRACe:ACTual?", Maybe(BufferName()))
    def count(self, name: str = BUFFERS[0]) -> str:
        """Readings in a buffer."""
        return str(len(self.buffers[name]))

    @command(":TRACe:DATA?", Integer(1, 10**7), Integer(1, 10**7), Maybe(BufferName()), Rest(Element()))
    def data(self, first: int, last: int, name: str = BUFFERS[0], *words: str) -> str:
        """The elements of readings ``first`` to ``last``, one reading after the other."""
        buffer = self.buffers[name]
        if not first <= last <= len(buffer):
            raise ScpiError(-222)
        if len(words) > _MOST_ELEMENTS:
            raise ScpiError(-108)
        return elements(buffer, first, last, words or ("READ",))

    @command(":TRACe:CLEar", Maybe(BufferName()))
    def clear_buffer(self, name: str = BUFFERS[0]) -> None:
        """Forget the readings of a buffer."""
        buffer = self.buffers[name]
        buffer.clear(buffer.capacity)

    @command(":TRACe:POINts", Integer(10, 6_875_000), Maybe(BufferName()))
    def resize_buffer(self, capacity: int = CAPACITY, name: str = BUFFERS[0]) -> None:
        """Change the size of a buffer, which forgets its readings."""
        self.must_not_run()
        self.buffers[name].clear(capacity)

    @command(":TRACe:POINts?", Maybe(BufferName()))
    def capacity(self, name: str = BUFFERS[0]) -> str:
        """The size of a buffer."""
        return str(self.buffers[name].capacity)
