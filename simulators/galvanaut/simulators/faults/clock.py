"""A virtual clock that stops at the instants at which something happens by itself."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from galvanaut.core.clock import VirtualClock


class EventfulClock(VirtualClock):
    """A discrete-event clock on whose way things happen that nobody on the bench waits for.

    Args:
        start: the first instant, seconds since the epoch.
        on_advance: told each new instant before anybody wakes up.

    Attributes:
        next_event: instant of the next thing that happens; infinite for none.
        happen: called while the clock stands at ``next_event``, which it must move on.
    """

    def __init__(self, start: float, on_advance: Callable[[float], None]) -> None:
        super().__init__(start, on_advance)
        self.next_event = inf
        self.happen: Callable[[], None] = _nothing

    def _set(self, instant: float) -> None:
        while self.next_event <= instant:
            super()._set(self.next_event)
            self.happen()
        super()._set(instant)


def _nothing() -> None:
    raise RuntimeError("an event is due, but nobody was told what happens")
