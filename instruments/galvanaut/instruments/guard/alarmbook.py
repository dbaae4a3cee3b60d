"""The book of alarms: each is raised once per cause and cleared once, in the log, in the journal and to who listens.

The journal remembers what is open, so a later process neither tells the same thing twice nor forgets to clear it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.guard.alarm import Alarm, Listeners, Notice

if TYPE_CHECKING:
    from galvanaut.core.eventlog import Event
    from galvanaut.instruments.journal import Journal

RAISED, CLEARED = "alarm", "alarm cleared"
"""Kinds of the journal's remarks."""

_log = logging.getLogger(__name__)


class AlarmBook(Listeners):
    """Alarms of one station. Not for several threads at a time.

    Args:
        journal: where each is written down.
        now: the present instant by the bench's clock, s since the epoch.

    Attributes:
        told: all that this process has raised, in their order.
        open: those whose cause is not gone, also from earlier processes, by instrument and cause.
    """

    def __init__(self, journal: Journal, now: Callable[[], float]) -> None:
        super().__init__()
        self.told: list[Alarm] = []
        self.open = open_alarms(journal.remarks(RAISED, CLEARED))
        self._journal = journal
        self._now = now
        self._earlier = {name for name, alarm in self.open.items() if not alarm.is_watched}
        self._unwritten: list[Callable[[], None]] = []

    def begin_run(self) -> None:
        """Clear what nobody watches and an earlier run has left: this run has looked at the bench before it began.

        What belongs to a job that goes on now stays open.
        """
        for name in sorted(self._earlier & self.open.keys()):
            if self.job_state(self.open[name]) != "intended":
                self.clear(*name, "a new run has looked at the bench and begun")
        self._earlier &= self.open.keys()

    def job_state(self, alarm: Alarm) -> str:
        """How the job stands that an alarm is about; empty if it is about none."""
        known = self._journal.find(JobKey.parse(alarm.job)) if alarm.job else None
        return "" if known is None else known.state

    def raise_once(self, alarm: Alarm) -> bool:
        """Make an alarm known, unless it is open; whether it was new.

        One that nobody watches is also new if it was left open by an earlier run: it has happened once more.
        """
        if alarm.name in self.open and alarm.name not in self._earlier:
            return False
        self._earlier.discard(alarm.name)
        self.open[alarm.name] = alarm
        self.told.append(alarm)
        _log.warning("ALARM %s", alarm)
        facts = {"text": alarm.text, "cause": alarm.cause, "job": alarm.job, "watched": alarm.is_watched}
        self._write(partial(self._journal.remark, RAISED, alarm.instrument, **facts))
        self.tell(Notice("raised", alarm, alarm.at, alarm.text))
        return True

    def clear(self, instrument: str, cause: str, text: str) -> None:
        """Make known that the cause of an alarm is gone; nothing if it is not open.

        Args:
            instrument: of the alarm.
            cause: of the alarm.
            text: why it is over.
        """
        alarm = self.open.pop((instrument, cause), None)
        if alarm is None:
            return
        text = f"{cause}: {text}"
        _log.warning("alarm cleared %s: %s", instrument, text)
        self._write(partial(self._journal.remark, CLEARED, instrument, text=text, cause=cause))
        self.tell(Notice("cleared", alarm, self._now(), text))

    def write_again(self) -> None:
        """Write down what the journal did not take before: a full disk is a cause of alarms itself."""
        waiting, self._unwritten = self._unwritten, []
        for write in waiting:
            self._write(write)

    def _write(self, write: Callable[[], None]) -> None:
        if self._unwritten:  # in their order, or the journal would say that something is open that is not
            self._unwritten.append(write)
            return
        try:
            write()
        except GalvanautError as error:
            _log.error("an alarm is not in the journal yet, it is tried again: %s", error)
            self._unwritten.append(write)


def alarm_history(remarks: Iterable[Event]) -> list[tuple[Alarm, float | None]]:
    """All alarms by the remarks of a journal, and when each was cleared; other remarks are passed over."""
    found: list[tuple[Alarm, float | None]] = []
    place: dict[tuple[str, str], int] = {}
    for event in sorted(remarks, key=lambda each: each.sequence):
        if event.kind not in (RAISED, CLEARED):
            continue
        instrument, facts = event.topic.removeprefix("/"), event.data
        name = instrument, facts["cause"]
        if event.kind == RAISED:
            job, watched = facts.get("job", ""), facts.get("watched", False)
            place[name] = len(found)
            found.append((Alarm(facts["text"], event.at, instrument, facts["cause"], job, watched), None))
        elif name in place:
            at = place.pop(name)
            found[at] = (found[at][0], event.at)
    return found


def open_alarms(remarks: Iterable[Event]) -> dict[tuple[str, str], Alarm]:
    """The alarms whose cause is not gone, by the remarks of a journal."""
    return {alarm.name: alarm for alarm, cleared_at in alarm_history(remarks) if cleared_at is None}
