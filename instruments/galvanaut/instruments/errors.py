"""What can go wrong with instruments, one class per way in which a caller has to react.

InstrumentError         the instrument did not do what it was told; find out before anything else
├── NoReplyError        silence: whether the command was carried out is not known
├── RefusedError        it declined, or was never asked: nothing has happened
│   └── OverrunError    it has lost readings to newer ones; those that it still holds can be had
├── BadReadingError     a reading came that is not a measurement
└── AlarmError          it stopped by itself: what was running is cut short
BenchError              several instruments of one bench failed
"""

from __future__ import annotations

from collections.abc import Sequence

from galvanaut.core.errors import GalvanautError

_LONGEST = 200
"""Characters of a reply that are shown: one may be as long as a thousand readings."""


class InstrumentError(GalvanautError):
    """An instrument did not do what it was told.

    Args:
        problem: what happened, read after the name of the instrument, e.g. ``"answered with noise"``.
        instrument: its name in the bench file.
        model: e.g. ``"New Era NE-1000"``.
        resource: VISA resource name.
        command: the message sent, without terminator; None if nothing was sent.
        reply: the message received, without terminator; None if there was none.
        advice: what the reader can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        instrument: str,
        model: str = "",
        resource: str = "",
        command: str | None = None,
        reply: str | None = None,
        advice: str = "",
    ) -> None:
        self.problem = problem
        self.instrument = instrument
        self.model = model
        self.resource = resource
        self.command = command
        self.reply = reply
        self.advice = advice
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        place = " at ".join(part for part in (self.model, self.resource) if part)
        sent = f"sent {self.command!r}" if self.command is not None else ""
        received = f"received {_shown(self.reply)}" if self.reply is not None else ""
        traffic = ", ".join(part for part in (sent, received) if part)
        sentence = f"{self.instrument} ({place})" if place else self.instrument
        sentence += f": {self.problem}"
        if traffic:
            sentence += f" [{traffic}]"
        return f"{sentence}; {self.advice}" if self.advice else sentence


class NoReplyError(InstrumentError):
    """Silence or a broken connection; whether the last command was carried out is not known."""


class RefusedError(InstrumentError):
    """The instrument declined the command, or the driver did before sending it; nothing has happened."""


class OverrunError(RefusedError):
    """Readings that were not fetched in time have given way to newer ones; what is left can still be fetched."""


class BadReadingError(InstrumentError):
    """A reply that is not a measurement: a sentinel, overload, a sensor fault, noise on the line."""


class AlarmError(InstrumentError):
    """The instrument stopped by itself (power cut, stall); what was running is cut short."""


class BenchError(GalvanautError):
    """Several instruments of one bench failed at once.

    Args:
        bench: its name.
        doing: what was attempted, e.g. ``"connect"``.
        errors: one per instrument that failed, in the order of the bench file.
    """

    def __init__(self, bench: str, doing: str, errors: Sequence[InstrumentError]) -> None:
        self.errors = list(errors)
        lines = [f"bench {bench}: {len(self.errors)} instrument(s) failed to {doing}"]
        super().__init__("\n".join(lines + [f"  {error}" for error in self.errors]))


def _shown(reply: str) -> str:
    """A reply in quotes, or how it begins and how long it is."""
    if len(reply) <= _LONGEST:
        return repr(reply)
    return f"{reply[:_LONGEST]!r} and so on, {len(reply)} characters"
