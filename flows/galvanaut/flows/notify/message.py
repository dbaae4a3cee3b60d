"""What a hook is handed: one alarm, raised or cleared, in plain words and types."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.instruments.guard.alarm import Notice


@dataclass(frozen=True)
class Message:
    """One piece of news.

    Attributes:
        event: ``raised``, ``cleared``, or ``test`` for a trial of the hooks.
        text: what happened, in words.
        instrument: that it is about; see `galvanaut.instruments.guard.alarm.Alarm`.
        cause: the same each time, and for its clearing.
        job: key of the job that it is about, or empty.
        at: by the bench's clock, ISO 8601 in UTC.
        bench: name of the bench.
        simulated: whether nothing of it has happened in reality.
    """

    event: str
    text: str
    instrument: str
    cause: str
    job: str
    at: str
    bench: str
    simulated: bool

    @classmethod
    def of(cls, notice: Notice, bench: str, simulated: bool) -> Message:
        """The message about an alarm."""
        alarm = notice.alarm
        at = datetime.fromtimestamp(notice.at, tz=UTC).isoformat(timespec="seconds")
        return cls(notice.event, notice.text, alarm.instrument, alarm.cause, alarm.job, at, bench, simulated)

    def subject(self) -> str:
        """One line."""
        kind = {"raised": "ALARM", "cleared": "cleared", "test": "test"}[self.event]
        label = "[simulated] " if self.simulated else ""
        line = f"{label}{kind}: {self.instrument} on bench {self.bench}: {self.cause}"
        return " ".join(line.split())  # no line break may get into the header of a mail

    def body(self) -> str:
        """All of it, for a person."""
        about = f"job:        {self.job}\n" if self.job else ""
        note = "\nThis bench is simulated: nothing of it has happened in reality.\n" if self.simulated else ""
        return (
            f"{self.text}\n\nevent:      {self.event}\nbench:      {self.bench}\ninstrument: {self.instrument}\n"
            f"cause:      {self.cause}\n{about}time:       {self.at} (by the bench's clock)\n{note}"
        )

    def json(self) -> str:
        """All of it, for a machine."""
        return json.dumps(asdict(self))
