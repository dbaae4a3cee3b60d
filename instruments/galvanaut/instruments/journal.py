"""The journal: the station's append-only record of jobs. A job's intent is on disk before its first byte is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from galvanaut.core.clock import Clock
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import Event, EventLog
from galvanaut.core.identifiers import JobKey

JobState = Literal["intended", "done", "failed"]
_REMARKS = "/"
"""Begins the topics of remarks, which belong to no job; no campaign is named like that."""


@dataclass
class JobRecord:
    """What the journal knows of one job.

    Attributes:
        request: what was to be done, as plain JSON, with its ``kind``.
        notes: facts written down while it ran, e.g. the weight before a dose; later notes replace earlier ones.
        result: of a job that is done.
        reason: of a job that failed.
        began: instant of the intent; ended: instant of the end, if any (seconds since the epoch).
        attempts: how often a host took the job up; more than one after a crash.
    """

    key: JobKey
    request: Mapping[str, Any]
    began: float
    state: JobState = "intended"
    notes: dict[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None
    reason: str = ""
    ended: float | None = None
    attempts: int = 1


class Journal:
    """Jobs by key, on an append-only log.

    Args:
        log: table of the station's database.
        clock: the bench's clock; every entry carries its instant.
    """

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._records: dict[str, JobRecord] = {}
        self._newest = 0
        self.follow()

    def follow(self) -> list[Event]:
        """Take over what another process has written since; what that was."""
        events = self._log.read(after=self._newest)
        for event in events:
            self._apply(event)
        return events

    def find(self, key: JobKey) -> JobRecord | None:
        """The record of a job, if it was ever intended."""
        return self._records.get(str(key))

    def records(self) -> list[JobRecord]:
        """All jobs in the order in which they were intended."""
        return list(self._records.values())

    def intend(self, key: JobKey, request: Mapping[str, Any]) -> JobRecord:
        """Write down what is about to be done, or take up again what a dead host left unfinished.

        Raises:
            GalvanautError: the key stands for another action already.
        """
        known = self.find(key)
        if known is None:
            self._write(key, "intended", {"request": dict(request)})
        elif known.request != request:
            raise GalvanautError(
                f"job {key}: the journal holds another request under this key ({dict(known.request)}), "
                f"now asked: {dict(request)}. A key is never used twice; give the campaign a new name."
            )
        else:
            self._write(key, "resumed", {})
        return self._records[str(key)]

    def note(self, key: JobKey, **facts: Any) -> None:
        """Write down facts of a running job; they are on disk when this returns."""
        self._write(key, "noted", facts)

    def done(self, key: JobKey, result: Mapping[str, Any]) -> None:
        """Close a job with its result."""
        self._write(key, "done", {"result": dict(result)})

    def failed(self, key: JobKey, reason: str) -> None:
        """Close a job that did not succeed, for good."""
        self._write(key, "failed", {"reason": reason})

    def remark(self, kind: str, instrument: str, **facts: Any) -> None:
        """Write down something about an instrument that belongs to no job: what was found at the start, an alarm."""
        self._write_event(_REMARKS + instrument, kind, facts)

    def remarks(self, *kinds: str, after: int = 0) -> list[Event]:
        """All remarks of these kinds beyond a sequence number, in their order; the topic ends with the instrument."""
        return [event for event in self._log.read(prefix=_REMARKS, after=after) if event.kind in kinds]

    def drawn_mL(self, stock: str, lot: str) -> float:
        """Volume that was ever asked of one lot of a stock, counting unfinished and failed doses in full."""
        return sum(
            float(record.request["volume_mL"])
            for record in self._records.values()
            if record.request.get("stock") == stock and record.request.get("lot") == lot
        )

    def _write(self, key: JobKey, kind: str, data: Mapping[str, Any]) -> None:
        self._write_event(str(key), kind, data)

    def _write_event(self, topic: str, kind: str, data: Mapping[str, Any]) -> None:
        self._apply(self._log.append(self._clock.now(), topic, kind, data))

    def _apply(self, event: Event) -> None:
        self._newest = event.sequence
        if event.topic.startswith(_REMARKS):
            return
        if event.kind == "intended":
            request = event.data["request"]
            self._records[event.topic] = JobRecord(JobKey.parse(event.topic), request, began=event.at)
            return
        record = self._records[event.topic]
        if event.kind == "noted":
            record.notes.update(event.data)
        elif event.kind == "resumed":
            record.attempts += 1
            record.state = "intended"
        else:
            record.state = "done" if event.kind == "done" else "failed"
            record.ended = event.at
            record.result = event.data.get("result")
            record.reason = event.data.get("reason", "")
