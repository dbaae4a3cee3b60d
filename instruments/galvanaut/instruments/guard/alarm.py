"""An alarm: something that a person has to know, once per cause."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        text: what happened and what was done about it.
        at: when, seconds since the epoch by the bench's clock.
        instrument: that raised it, or what it is about: a stock, ``lab`` for its disk, ``station`` for a job of no
            instrument.
        cause: short and the same each time, e.g. ``temperature of cell_1``; an alarm is given once per cause.
        job: key of the job that it is about; empty if about none.
        is_watched: whether somebody looks again and again, and clears it when its cause is gone. The others, such as
            a trip of the supervision, stand until the next run has looked at the whole bench.
    """

    text: str
    at: float
    instrument: str
    cause: str
    job: str = ""
    is_watched: bool = False

    def __str__(self) -> str:
        return f"{self.instrument}: {self.text}"

    @property
    def name(self) -> tuple[str, str]:
        """What it is known by."""
        return self.instrument, self.cause


@dataclass(frozen=True)
class Notice:
    """News of an alarm, for those who pass it on.

    Attributes:
        event: whether it is new or gone.
        alarm: which one.
        at: when, seconds since the epoch by the bench's clock.
        text: what happened, in words.
    """

    event: Literal["raised", "cleared"]
    alarm: Alarm
    at: float
    text: str

    def __str__(self) -> str:
        head = "ALARM" if self.event == "raised" else "alarm cleared"
        return f"{head} {self.alarm.instrument}: {self.text}"


class Listeners:
    """Those who want to hear of alarms. What goes wrong with one of them is logged and goes no further."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Notice], None]] = []

    @contextmanager
    def heard(self, listener: Callable[[Notice], None]) -> Iterator[None]:
        """While inside, hand all news to somebody."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def tell(self, notice: Notice) -> None:
        """Hand out news."""
        for listener in list(self._listeners):
            try:
                listener(notice)
            except Exception:
                _log.exception("somebody could not be told: %s", notice)
