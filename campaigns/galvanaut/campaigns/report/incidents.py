"""What went wrong during a campaign; and on a simulated bench, what came of each fault that it was told to have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LATER_S = 7200.0
"""What an instrument is noticed for within this time after a fault of it has ended is put down to the fault
(illustrative): some look every quarter of an hour, and a test that broke off is judged when it is sealed."""


@dataclass(frozen=True)
class Incident:
    """Something that the lab noticed.

    Attributes:
        at: when, s since the epoch by the bench's clock.
        until: when it was over; None if it was an instant, or is not over.
        kind: in a word or two: alarm, job failed.
        subject: instrument or job.
        text: in words.
    """

    at: float
    until: float | None
    kind: str
    subject: str
    text: str


@dataclass(frozen=True)
class InjectedFault:
    """Something that a simulated bench was told to let go wrong.

    Attributes:
        text: the fault in words.
        instrument: that had it.
        begun_at: s since the epoch; None if it has not come yet.
        ended_at: None as long as it lasts.
        messages: spoilt by it; None of a kind that spoils none.
    """

    text: str
    instrument: str
    begun_at: float | None
    ended_at: float | None
    messages: int | None


@dataclass(frozen=True)
class Account:
    """A fault and what the lab has noticed of it."""

    fault: InjectedFault
    noticed: tuple[Incident, ...]

    @property
    def text(self) -> str:
        """What came of it, in words; what incidents say of themselves stands in their own table."""
        if self.fault.begun_at is None:
            return "has not come"
        if self.noticed:
            return "; ".join(dict.fromkeys(f"{each.kind} {each.subject}" for each in self.noticed))
        if self.fault.messages == 0:
            return "met no message while it lasted"
        return "no alarm was raised, and no job failed"


def accounts(faults: Sequence[InjectedFault], incidents: Sequence[Incident]) -> list[Account]:
    """Each fault with the incidents of its instrument from its beginning until `LATER_S` after its end."""
    return [Account(fault, tuple(each for each in incidents if _may_come_of(each, fault))) for fault in faults]


def _may_come_of(incident: Incident, fault: InjectedFault) -> bool:
    if fault.begun_at is None or incident.at < fault.begun_at:
        return False
    if fault.ended_at is not None and incident.at > fault.ended_at + LATER_S:
        return False
    return re.search(rf"\b{re.escape(fault.instrument)}\b", f"{incident.subject} {incident.text}") is not None
