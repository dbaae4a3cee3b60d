"""The bench's virtual clock as a client has it: its own coroutines are counted here, time itself goes on over there."""

from __future__ import annotations

import asyncio
import heapq

from galvanaut.core.clock import VirtualClock


class DistantClock(VirtualClock):
    """A `VirtualClock` that asks instead of jumping.

    When everybody here rests and nobody is to wake at this very instant, `all_rest` is set; somebody then asks the
    station to let time run, and calls `go_to`.
    """

    def __init__(self, start: float) -> None:
        super().__init__(start)
        self.all_rest = asyncio.Event()

    @property
    def until(self) -> float | None:
        """The first instant at which somebody here wants to wake; None if nobody does by himself."""
        while self._sleepers and self._sleepers[0][3].cancelled():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def resume(self) -> None:
        """One more coroutine is at work."""
        super().resume()
        self.all_rest.clear()

    def rest(self) -> None:
        """One coroutine less is at work."""
        self._leave()
        self._wake_one()

    def go_to(self, instant: float) -> None:
        """Time has come here; whoever sleeps until now wakes, one after another."""
        self._set(instant)

    def wake(self) -> None:
        """If nobody is at work, wake the first one whose instant has come; without one, all still rest."""
        self._wake_one()

    def _wake_one(self) -> None:
        while self._at_work == 0 and (until := self.until) is not None and until <= self._now:
            _, _, _, wake = heapq.heappop(self._sleepers)
            self._at_work += 1
            wake.set_result(None)
        if self._at_work == 0:
            self.all_rest.set()
        else:
            self.all_rest.clear()
