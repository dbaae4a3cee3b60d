"""What a Keithley DAQ6510 remembers: how its channels are set up, a scan and when its readings fall due, the buffer.

Illustrative: what one reading takes, how often a waiting scan looks at its monitor channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

STEP_S = 0.04
"""From one reading of a scan to the next: relay, settling and one power line cycle. Illustrative."""
MONITOR_S = 1.0
"""Between two looks at the monitor channel. Illustrative."""
CAPACITY = 100_000
"""Readings that the buffer holds after a reset."""
PAGE = 64
"""Readings that are kept together on disk."""

Reading = tuple[int, float, float]
"""Channel, value, instant."""


@dataclass
class ChannelSetting:
    """One channel.

    Attributes:
        function: TEMP or VOLT:DC.
        transducer: of temperatures: TC.
        thermocouple: type letter.
        junction: reference junction: INT, EXT or SIM.
        is_open_detected: whether an open thermocouple is looked for.
        unit: of temperatures: CELS, FAHR or KELV.
    """

    function: str = "VOLT:DC"
    transducer: str = "TC"
    thermocouple: str = "K"
    junction: str = "INT"
    is_open_detected: bool = True
    unit: str = "CELS"


@dataclass
class Scan:
    """A list of channels that is read one or several times.

    Attributes:
        channels: in their order.
        count: how often the list is read.
        interval_s: from the beginning of one round to that of the next; a round takes its time at least.
        monitor_channel: the channel that sets off the scan; 0 for none.
        monitor_mode: UPP to wait until the monitor channel reads more than the limit, or OFF.
        monitor_limit: in the unit of the monitor channel.
        began_at: instant at which its readings began, or shall; None while it waits for its monitor or rests.
        waits_from: instant of the next look at the monitor channel; None if it does not wait.
        taken: readings so far.
        is_on: between its start and its last reading.
    """

    channels: list[int] = field(default_factory=list)
    count: int = 1
    interval_s: float = 0.0
    monitor_channel: int = 0
    monitor_mode: str = "OFF"
    monitor_limit: float = 0.0
    began_at: float | None = None
    waits_from: float | None = None
    taken: int = 0
    is_on: bool = False

    @property
    def total(self) -> int:
        """Readings of the whole scan."""
        return self.count * len(self.channels)

    def due_at(self, number: int) -> float:
        """Instant of a reading, counted from 0, of a scan that has begun."""
        scan, step = divmod(number, len(self.channels))
        period_s = max(self.interval_s, len(self.channels) * STEP_S)
        return (self.began_at or 0.0) + scan * period_s + (step + 1) * STEP_S

    def due(self, until: float) -> Iterator[tuple[int, float]]:
        """Channel and instant of each reading not yet taken that falls due by ``until``; it then counts as taken."""
        while self.is_on and self.began_at is not None and (instant := self.due_at(self.taken)) <= until:
            channel = self.channels[self.taken % len(self.channels)]
            self.taken += 1
            self.is_on = self.taken < self.total
            yield channel, instant


class Readings:
    """The buffer, a ring of channel, value and instant; full, it forgets its oldest readings.

    Attributes:
        capacity: readings that it holds.
        taken: readings since it was cleared.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.taken = 0
        self._rows: list[Reading] = []
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, channel: int, value: float, instant: float) -> None:
        """Append one reading; the value is in the unit of its channel at that time, the instant since the epoch."""
        place = self.taken % self.capacity
        self._rows[place : place + 1] = [(channel, value, instant)]
        self._changed.add(place // PAGE)
        self.taken += 1

    def __getitem__(self, index: int) -> Reading:
        """A reading, from 0 for the oldest."""
        return self._rows[(self.taken - len(self._rows) + index) % self.capacity]

    def memory(self) -> list[int]:
        """All but the readings."""
        return [self.capacity, self.taken]

    def pages(self) -> dict[str, list[Reading]]:
        """Pages that changed since the last call."""
        changed, self._changed = self._changed, set[int]()
        return {str(page): self._page(page) for page in changed}

    def whole_pages(self) -> Iterator[dict[str, list[Reading]]]:
        """All pages, one at a time."""
        for page in range(-(-len(self._rows) // PAGE)):
            yield {str(page): self._page(page)}

    def _page(self, page: int) -> list[Reading]:
        return self._rows[page * PAGE : (page + 1) * PAGE]

    def recall_pages(self, pages: Mapping[str, list[Reading]]) -> None:
        """Take up all that `pages` ever gave; pages of readings forgotten since are left out."""
        rows = [(channel, value, at) for page in sorted(pages, key=int) for channel, value, at in pages[page]]
        self._rows = rows[: min(self.taken, self.capacity)]
