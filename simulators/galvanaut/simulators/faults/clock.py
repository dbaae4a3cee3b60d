"""A virtual clock that stops at the instants at which something happens by itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import inf

from galvanaut.core.clock import VirtualClock


class EventfulClock(VirtualClock):
    """A discrete-event clock on whose way things happen that nobody on the bench waits for.

    Args:
        start: the first instant, seconds since the epoch.
        on_advance: told each new instant before anybody wakes up.

    Attributes:
        next_event: instant of the next thing that happens; infinite for none.
        happen: called with whoever has an appointment while the clock stands at it; must have it moved on.
    """

    def __init__(self, start: float, on_advance: Callable[[float], None]) -> None:
        super().__init__(start, on_advance)
        self.next_event = inf
        self.happen: Callable[[Hashable], None] = _nothing
        self._appointments: dict[Hashable, float] = {}

    def appoint(self, who: Hashable, instant: float) -> None:
        """Stop for somebody at an instant, in place of the one before; infinite for never.

        Of several at one instant, the one comes first whose first appointment was made first.
        """
        if self._appointments.get(who) != instant:
            self._appointments[who] = instant
            self.next_event = min(self._appointments.values())

    def _set(self, instant: float) -> None:
        while self.next_event <= instant:
            super()._set(self.next_event)
            self.happen(min(self._appointments, key=self._appointments.__getitem__))
        super()._set(instant)


def _nothing(who: Hashable) -> None:
    raise RuntimeError("an event is due, but nobody was told what happens")
