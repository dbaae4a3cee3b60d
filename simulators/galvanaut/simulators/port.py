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
        self._replies: deque[tuple[float, bytes, bool]] = deque()  # arrival, reply, whether a fault holds it up
        self._lost_at = device.lost_at

    def write(self, data: bytes) -> None:
        """Send bytes; every message that they complete is carried out."""
        if self.device.lost_at != self._lost_at:
            self._lose()
        self._incoming += data
        # One by one: what a message is may depend on the message before it.
        while (cut := self.device.cut(self._incoming)) is not None:
            message, self._incoming = cut
            reply, arrives_at = self.bench.exchange(self.device, message)
            if reply:
                self._replies.append((arrives_at, reply, arrives_at > self.device.now))

    def arrived(self) -> bytes:
        """Take the bytes that have arrived by now."""
        if self.device.lost_at != self._lost_at:
            self._lose()
        now, data = self.bench.clock.now(), b""
        while self._replies and self._replies[0][0] <= now:
            data += self._replies.popleft()[1]
        return data

    def next_arrival(self) -> float | None:
        """The instant of the next reply; None when none is on its way."""
        if self.device.lost_at != self._lost_at:
            self._lose()
        return self._replies[0][0] if self._replies else None

    def is_held_up(self) -> bool:
        """Whether a fault holds up all that is on its way."""
        return bool(self._replies) and all(is_late for _, _, is_late in self._replies)

    def clear(self) -> None:
        """Forget half a message and all replies but those that a fault holds up: they come later."""
        now, self._incoming = self.bench.clock.now(), b""
        self._replies = deque(each for each in self._replies if each[2] and each[0] > now)

    def _lose(self) -> None:
        """Give up what was under way when the instrument fell silent."""
        self._lost_at = self.device.lost_at
        self._replies = deque(each for each in self._replies if each[0] <= self._lost_at)
