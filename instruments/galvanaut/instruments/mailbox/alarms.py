"""The alarms of a station in another process, read along in its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galvanaut.instruments.guard.alarm import Alarm, Listeners, Notice
from galvanaut.instruments.guard.alarmbook import CLEARED, RAISED, open_alarms

if TYPE_CHECKING:
    from galvanaut.core.eventlog import Event
    from galvanaut.instruments.journal import Journal


class AlarmsReadAlong(Listeners):
    """What `galvanaut.instruments.guard.alarmbook.AlarmBook` shows, for a process that raises none itself.

    Args:
        journal: that the other process writes.

    Attributes:
        told: raised since this process came, in their order.
        open: those whose cause is not gone, by instrument and cause.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        known = journal.remarks(RAISED, CLEARED)
        self._seen = known[-1].sequence if known else 0
        self.told: list[Alarm] = []
        self.open = open_alarms(known)

    def follow(self) -> None:
        """Take over what has come."""
        for event in self._journal.remarks(RAISED, CLEARED, after=self._seen):
            self._seen = event.sequence
            self._take(event)

    def _take(self, event: Event) -> None:
        name = event.topic.removeprefix("/"), event.data["cause"]
        if event.kind == RAISED:
            alarm = self.open[name] = open_alarms([event])[name]
            self.told.append(alarm)
            self.tell(Notice("raised", alarm, event.at, alarm.text))
        elif (gone := self.open.pop(name, None)) is not None:
            self.tell(Notice("cleared", gone, event.at, event.data["text"]))
