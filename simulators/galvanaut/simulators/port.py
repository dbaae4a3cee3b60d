"""The host's end of the line to one simulated instrument: bytes go in, replies come out in their time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from galvanaut.simulators.devices.device import Device

if TYPE_CHECKING:
    from galvanaut.simulators.bench import SimulatedBench


class Port:
    """Cuts the bytes written into messages and queues the replies until their instant has come."""

    def __init__(self, bench: SimulatedBench, device: Device) -> None:
        self.bench = bench
        self.device = device
        self._incoming = b""
        self._replies: deque[tuple[float, bytes]] = deque()

    def write(self, data: bytes) -> None:
        """Send bytes; every message that they complete is carried out."""
        self._incoming += data
        # One by one: what a message is may depend on the message before it.
        while (cut := self.device.cut(self._incoming)) is not None:
            message, self._incoming = cut
            reply, leaves_at = self.bench.exchange(self.device, message)
            if reply:
                self._replies.append((leaves_at, reply))

    def arrived(self) -> bytes:
        """Take the bytes that have arrived by now."""
        now, data = self.bench.clock.now(), b""
        while self._replies and self._replies[0][0] <= now:
            data += self._replies.popleft()[1]
        return data

    def next_arrival(self) -> float | None:
        """The instant of the next reply; None when none is on its way."""
        return self._replies[0][0] if self._replies else None

    def clear(self) -> None:
        """Forget half a message and all replies."""
        self._incoming = b""
        self._replies.clear()
