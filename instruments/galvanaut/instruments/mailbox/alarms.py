"""The alarms of a station in another process, read along in its journal."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galvanaut.instruments.guard.alarm import Alarm, Notice
from galvanaut.instruments.guard.alarmbook import CLEARED, RAISED, open_alarms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from galvanaut.core.eventlog import Event
    from galvanaut.instruments.journal import Journal

_log = logging.getLogger(__name__)


class AlarmsReadAlong:
    """What `galvanaut.instruments.guard.alarmbook.AlarmBook` shows, for a process that raises none itself.

    Args:
        journal: that the other process writes.

    Attributes:
        told: raised since this process came, in their order.
        open: those whose cause is not gone, by instrument and cause.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        known = self._remarks()
        self._seen = known[-1].sequence if known else 0
        self.told: list[Alarm] = []
        self.open = open_alarms(known)
        self._listeners: list[Callable[[Notice], None]] = []

    @contextmanager
    def heard(self, listener: Callable[[Notice], None]) -> Iterator[None]:
        """While inside, hand all news to somebody."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def follow(self) -> None:
        """Take over what has come."""
        news = [event for event in self._remarks() if event.sequence > self._seen]
        for event in news:
            self._seen = event.sequence
            self._take(event)

    def _remarks(self) -> list[Event]:
        found = [*self._journal.remarks(RAISED), *self._journal.remarks(CLEARED)]
        return sorted(found, key=lambda event: event.sequence)

    def _take(self, event: Event) -> None:
        name = event.topic.removeprefix("/"), event.data["cause"]
        if event.kind == RAISED:
            alarm = self.open[name] = open_alarms([event])[name]
            self.told.append(alarm)
            self._tell(Notice("raised", alarm, event.at, alarm.text))
        elif (gone := self.open.pop(name, None)) is not None:
            self._tell(Notice("cleared", gone, event.at, event.data["text"]))

    def _tell(self, notice: Notice) -> None:
        for listener in list(self._listeners):
            try:
                listener(notice)
            except Exception:
                _log.exception("somebody could not be told: %s", notice)
