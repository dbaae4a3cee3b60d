"""Several entries of a bench file behind one VISA resource, e.g. the outputs of a mainframe: one session, one lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galvanaut.instruments.link import Link
from galvanaut.instruments.packets import Packets

if TYPE_CHECKING:
    from pyvisa import ResourceManager


class SharedLink(Link):
    """One part's view of a link that it shares: messages and trace name the part, all else is the link's.

    A silence that one part met is settled before any other part is asked; closing or reopening does it for all.

    Args:
        line: the link that all parts share.
        instrument: name of this part in the bench file.
    """

    def __init__(self, line: Link, instrument: str) -> None:
        self.instrument = instrument
        self.model = line.model
        self.address = line.address
        self._line = line

    def query(self, command: str, timeout_s: float | None = None) -> str:
        """See `Link.query`."""
        with self._named() as line:
            return line.query(command, timeout_s)

    def write(self, command: str) -> None:
        """See `Link.write`."""
        with self._named() as line:
            line.write(command)

    def pause(self, seconds: float) -> None:
        """See `Link.pause`."""
        with self._named() as line:
            line.pause(seconds)

    @contextmanager
    def held(self) -> Iterator[None]:
        """See `Link.held`."""
        with self._line.held():
            yield

    def leave(self) -> None:
        """See `Link.leave`; it holds for all parts."""
        self._line.leave()

    def reframe(self, packets: Packets | None) -> None:
        """See `Link.reframe`."""
        self._line.reframe(packets)

    def reopen(self, manager: ResourceManager) -> None:
        """See `Link.reopen`; the other parts go on with the fresh connection, too."""
        with self._named() as line:
            line.reopen(manager)

    def close(self) -> None:
        """See `Link.close`; may be called by each part."""
        with self._named() as line:
            line.close()

    @contextmanager
    def _named(self) -> Iterator[Link]:
        line = self._line
        with line._lock:
            kept, line.instrument = line.instrument, self.instrument
            try:
                yield line
            finally:
                line.instrument = kept
