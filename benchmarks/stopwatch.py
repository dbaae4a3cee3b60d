"""Wall time and CPU time of a piece of work, for the scripts beside this."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Taken:
    """Of one piece of work, s, and how many events it came to, where these are counted."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    events: int = 0

    def text(self) -> str:
        """Events a second."""
        return f"{self.events / self.wall_s:,.0f} events/s ({self.cpu_s / self.events * 1e6:.0f} us CPU an event)"


@contextmanager
def measured() -> Iterator[Taken]:
    """What happens inside; known at its end."""
    taken = Taken()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    yield taken
    taken.wall_s, taken.cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
