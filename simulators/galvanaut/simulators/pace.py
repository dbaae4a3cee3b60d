"""How the time of a simulated bench that others talk to goes by: with the wall clock, or only when it has to."""

from __future__ import annotations

import time

from galvanaut.core.clock import VirtualClock


class Pace:
    """Drives a bench's clock. Call it with the bench's lock held.

    Args:
        clock: of the bench.
        speed: bench seconds per second of the wall clock; None lets time stand still unless somebody waits.
    """

    def __init__(self, clock: VirtualClock, speed: float | None) -> None:
        self._clock = clock
        self._speed = speed
        self._seen = time.monotonic()

    @property
    def stands_still(self) -> bool:
        """Whether no time passes by itself."""
        return self._speed is None

    def catch_up(self) -> None:
        """Let the time pass that went by since the last call."""
        if self._speed is not None:
            now = time.monotonic()
            self._clock.spend((now - self._seen) * self._speed)
            self._seen = now

    def wait_s(self, instant: float) -> float:
        """How long to wait until an instant of the bench, s of the wall clock; zero if time went there at once."""
        left_s = instant - self._clock.now()
        if left_s <= 0:
            return 0.0
        if self._speed is None:
            self._clock.spend(left_s)
            return 0.0
        return left_s / self._speed
