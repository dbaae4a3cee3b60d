"""One fault, as a bench file or the command line asks for it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from galvanaut.core.units import Unit, text

FaultKind = Literal[
    "dropped reply",
    "late reply",
    "garbled reply",
    "truncated reply",
    "duplicated reply",
    "dead peer",
    "wrong instrument",
    "power cut",
    "sentinel",
    "stuck reading",
    "sensor drift",
    "relay stuck closed",
    "over-voltage trip",
    "door open",
    "pump stall",
    "pump power cycle",
    "balance overload",
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

REPLY_FAULTS = frozenset(
    {"dropped reply", "late reply", "garbled reply", "truncated reply", "duplicated reply", "sentinel"}
)
"""Kinds that spoil one reply unless told to go on."""
LINE_FAULTS = REPLY_FAULTS | {"dead peer", "wrong instrument", "stuck reading"}
"""Kinds that lie between the host and the instrument, and can be counted in messages."""
EVENTS = frozenset({"power cut", "over-voltage trip", "pump power cycle"})
"""Kinds that happen at one instant; what they have done lasts by itself."""

_LOST_MESSAGE = "dropped message"
_SENTENCE = re.compile(
    r"(?P<fault>\S.*?)\s+on\s+(?P<instrument>\S+)"
    r"(?:\s+at\s+message\s+(?P<message>\d+)|\s+after\s+(?P<after>.+?))?"
    r"(?:\s+for\s+(?:(?P<times>\d+)\s+times?|(?P<lasts>.+?)))?"
    r"(?:\s+of\s+(?P<size>.+?))?\s*"
)
_GRAMMAR = "KIND on INSTRUMENT [at message N | after 30 s] [for 60 s | for N times] [of SIZE]"


class Fault(BaseModel):
    """What goes wrong with one instrument. It may be written as a sentence, see `parse_fault`.

    Attributes:
        fault: what kind.
        instrument: name in the bench file.
        message: begins with this message to the instrument (or its mainframe), counted from the injection; the first
            is 1. The fault comes before the message is carried out. One of a reply passes over messages that it cannot
            spoil.
        after_s: begins this much bench time after the injection.
        lasts_s: bench time from its beginning to its end.
        times: how many messages it spoils.
        size: a number with its unit: how late a reply comes or how long a power cut takes (s), the time constant of the
            air behind an open door (s), how much too much a sensor reads in each hour (g/h, K/h, V/h). There is a
            default for each.
        lost: with a dropped reply, whether the message was carried out and its reply is lost, or the message itself.

    Without ``message`` and ``after`` it begins at once. Without ``lasts`` and ``times`` a fault of a reply comes once;
    any other lasts until it is cleared, except those that happen at one instant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: FaultKind
    instrument: str
    message: int | None = Field(default=None, ge=1)
    after_s: Annotated[float, Unit("s")] | None = Field(default=None, alias="after")
    lasts_s: Annotated[float, Unit("s")] | None = Field(default=None, alias="lasts")
    times: int | None = Field(default=None, ge=1)
    size: str | None = None
    lost: Literal["reply", "message"] = "reply"

    @model_validator(mode="before")
    @classmethod
    def _from_sentence(cls, entry: Any) -> Any:
        return _words(entry) if isinstance(entry, str) else entry

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.message is not None and self.after_s is not None:
            raise ValueError("write message or after, not both")
        if self.times is not None and self.lasts_s is not None:
            raise ValueError("write times or lasts, not both")
        if (self.after_s or 0.0) < 0 or (self.lasts_s is not None and self.lasts_s <= 0):
            raise ValueError("after must not be negative, and lasts must be positive")
        if self.times is not None and self.fault not in LINE_FAULTS:
            raise ValueError(f"{self.fault} does not come and go with messages; write lasts")
        if self.lasts_s is not None and self.fault in EVENTS:
            raise ValueError(f"{self.fault} happens at one instant; leave lasts away")
        if self.lost == "message" and self.fault != "dropped reply":
            raise ValueError("only a dropped reply can be a lost message")
        return self

    @property
    def most_times(self) -> int | None:
        """How many messages it spoils at most; None for no limit."""
        is_single = self.fault in REPLY_FAULTS and self.lasts_s is None
        return 1 if self.times is None and is_single else self.times

    def entry(self) -> dict[str, Any]:
        """As a bench file writes it, without what is left to the defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def __str__(self) -> str:
        kind = self.fault if self.lost == "reply" else _LOST_MESSAGE
        parts = [f"{kind} on {self.instrument}"]
        if self.message is not None:
            parts.append(f"at message {self.message}")
        if self.after_s is not None:
            parts.append(f"after {text(self.after_s, 's')}")
        if self.times is not None:
            parts.append(f"for {self.times} times")
        if self.lasts_s is not None:
            parts.append(f"for {text(self.lasts_s, 's')}")
        return " ".join([*parts, *([f"of {self.size}"] if self.size is not None else [])])


def parse_fault(sentence: str) -> Fault:
    """The fault that a sentence describes.

    Its grammar::

        KIND on INSTRUMENT [at message N | after 30 s] [for 60 s | for N times] [of SIZE]

    For instance ``dropped reply on smu_1 at message 12``, ``power cut on pump after 30 s of 5 s``,
    ``garbled reply on balance for 3 times``, ``sensor drift on chamber for 2 h of 0.5 K/h``. A ``dropped message`` is a
    dropped reply whose message is lost too.

    Raises:
        ValueError: it is no such sentence, or what it says does not go together.
    """
    try:
        return Fault.model_validate(sentence)
    except ValidationError as error:
        problems = [
            ": ".join([*(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, ")])
            for each in error.errors(include_url=False)
        ]
        found = "; ".join(problems)
        raise ValueError(found if found.startswith(repr(sentence)) else f"{sentence!r}: {found}") from None


def _words(sentence: str) -> dict[str, Any]:
    match = _SENTENCE.fullmatch(sentence.strip())
    if match is None:
        raise ValueError(f"{sentence!r} is not a fault; expected {_GRAMMAR}, with KIND one of {', '.join(KINDS)}")
    words = {key: value for key, value in match.groupdict().items() if value is not None}
    return words | {"fault": "dropped reply", "lost": "message"} if words["fault"] == _LOST_MESSAGE else words
