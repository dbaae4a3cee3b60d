"""How much went over the wires of a bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.instruments.link import Trace


class Traffic:
    """Counts messages and bytes, and shows them to somebody else, too.

    Args:
        trace: whoever else wants to see them.

    Attributes:
        messages: sent.
        sent_bytes: to instruments.
        received_bytes: from instruments.
    """

    def __init__(self, trace: Trace | None = None) -> None:
        self._trace = trace
        self.messages = self.sent_bytes = self.received_bytes = 0

    def __call__(self, instrument: str, direction: str, data: bytes) -> None:
        """Count one message."""
        if direction == ">":
            self.messages += 1
            self.sent_bytes += len(data)
        else:
            self.received_bytes += len(data)
        if self._trace is not None:
            self._trace(instrument, direction, data)
