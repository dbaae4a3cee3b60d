"""What a source meter records by itself, as the host takes it over: which reading of the test each is, and when it was.

The meter counts its readings from 1 and their time from the first. The host adds the number and the instant of that
first one. The two clocks differ a little and drift: an instant never lies in the future, and never before the one that
came before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

DRIFT_MAX = 1e-3
"""Share by which the meter's clock may be slower than the bench's before its readings count as late (illustrative)."""


class Recorded(NamedTuple):
    """One reading out of a meter's buffer.

    Attributes:
        time_s: by the bench's clock, s since the epoch.
        voltage_V: at the cell.
        current_A: into the cell.
        instrument_s: by the meter's clock, s since its first reading.
    """

    time_s: float
    voltage_V: float
    current_A: float
    instrument_s: float


@dataclass
class Recording:
    """One filling of the buffer.

    Attributes:
        first: number within the test of the reading that stands first in the buffer.
        anchor_s: instant of that reading, s since the epoch.
        looked_s: when the host last took readings over.
        newest_s: instant of the last one.
    """

    first: int
    anchor_s: float
    looked_s: float
    newest_s: float

    @classmethod
    def begun(cls, first: int, now_s: float) -> Recording:
        """One that begins now with reading number ``first``."""
        return cls(first, now_s, now_s, now_s)

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Recording:
        """Take up `to_json`."""
        return cls(**state)

    def to_json(self) -> dict[str, Any]:
        """All of it, as plain JSON."""
        return asdict(self)

    def later(
        self, rows: Sequence[list[float]], now_s: float, period_s: float, *, has_gone_on: bool
    ) -> list[list[float]]:
        """Of a buffer that is full, the readings after the last one that was taken over: times tell, numbers do not.

        Args:
            rows: all that it still holds, the oldest first.
            now_s: instant at which it took its last one.
            period_s: time between two readings.
            has_gone_on: whether it has recorded until now; then the newest one is no older than a period.
        """
        if not rows:
            return []
        late_s = now_s - (self.anchor_s + rows[-1][2])
        if has_gone_on and late_s > period_s + DRIFT_MAX * (now_s - self.looked_s):
            self.anchor_s += late_s  # its clock began anew with the oldest one that is left
        elif has_gone_on:
            self._correct(rows[-1][2], now_s, period_s)
        self.looked_s = now_s
        return [row for row in rows if self.anchor_s + row[2] > self.newest_s + period_s / 2]

    def take(self, rows: Sequence[Sequence[float]], now_s: float, period_s: float) -> list[Recorded]:
        """Readings with their instants.

        Args:
            rows: V, A, and s by the meter's clock; the oldest first.
            now_s: the present instant, s since the epoch.
            period_s: time between two readings.
        """
        if not rows:
            return []
        self._correct(rows[-1][2], now_s, period_s)
        found = []
        for voltage_V, current_A, instrument_s in rows:
            self.newest_s = max(self.newest_s, self.anchor_s + instrument_s)
            found.append(Recorded(self.newest_s, voltage_V, current_A, instrument_s))
        self.looked_s = now_s
        return found

    def _correct(self, instrument_s: float, now_s: float, period_s: float) -> None:
        """The newest reading is no older than a period, and does not come from the future."""
        age_s = now_s - (self.anchor_s + instrument_s)
        if age_s < 0:
            self.anchor_s += age_s
        elif age_s > period_s:
            self.anchor_s += min(age_s - period_s, DRIFT_MAX * (now_s - self.looked_s))
