"""What a running job tells of itself, in memory: its newest sample and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.instruments.guard.limits import AlarmLimits


DUE_PERIODS = 2
"""A step that begins between two samples may take its own first one so many periods after the last one."""


@dataclass
class Vitals:
    """Signs of life of one running job.

    Attributes:
        job: its key.
        instrument: that it is about.
        sampled_at: when its newest sample came, s since the epoch; None as long as it takes none.
        sample: number of that sample.
        pause_s: until when after it nobody looks for another one, s.
        sampling_s: time between two samples, s.
        since: from when on its time counts, s since the epoch.
        expected_s: how long it may take from then, s; None if nobody can tell.
    """

    job: str = ""
    instrument: str = "station"
    sampled_at: float | None = None
    sample: int = -1
    pause_s: float = 0.0
    sampling_s: float = 0.0
    since: float = 0.0
    expected_s: float | None = None

    def sampled(self, now: float, number: int, sampling_s: float, pause_s: float) -> None:
        """A look found this sample the newest. One that came before a new one was due says when the next look is."""
        if self.sampled_at is None or number > self.sample:
            self.sampled_at, self.sample, self.sampling_s, self.pause_s = now, number, sampling_s, pause_s
        elif now - self.sampled_at < DUE_PERIODS * sampling_s:
            self.pause_s = now - self.sampled_at + pause_s

    def silent_from(self, limits: AlarmLimits) -> float | None:
        """The instant from which on it counts as silent; None if it takes no samples."""
        if self.sampled_at is None:
            return None
        return self.sampled_at + self.pause_s + max(limits.silent_min_s, limits.silent_periods * self.sampling_s)

    def late_from(self, limits: AlarmLimits) -> float | None:
        """The instant from which on it counts as late; None if nobody can tell."""
        if self.expected_s is None:
            return None
        return self.since + self.expected_s * (1 + limits.late_share) + limits.late_s
