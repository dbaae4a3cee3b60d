"""Millions of polls of a few simulated cells: memory, file handles, VISA sessions and the world's file must not grow.

At intervals every link is closed and opened again, the cells are turned from charge to discharge or back, and a line
says how things stand. A meter's ring of 100,000 readings is full, and memory flat, after as many polls of each meter.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pyvisa
from cellbench import DRIVER_SETTINGS, ENVELOPE, Meter, connect, describe

from galvanaut.simulators.bench import SimulatedBench

_VOLTAGES_V = (4.15, 3.2)
_CURRENT_A = 1e-3


@dataclass(frozen=True)
class Standing:
    """What could have grown.

    Attributes:
        polls: done so far.
        rss_MB: resident memory of this process.
        handles: open files of this process.
        sessions: open in the VISA library.
        file_MB: size of the world's file.
    """

    polls: int
    rss_MB: float
    handles: int
    sessions: int
    file_MB: float


def main() -> None:
    """Print a line at each interval, and at the end what changed between the middle and the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=5_000_000)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--every", type=int, default=100_000, help="polls between two lines, and two openings of links")
    parser.add_argument("--driver", choices=sorted(DRIVER_SETTINGS), default="keithley-2450")
    given = parser.parse_args()
    began, began_cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for each in soak(given.driver, given.channels, given.polls, given.every, Path(folder) / "world"):
            found.append(each)
            print(
                f"{each.polls:>9} polls {time.monotonic() - began:6.0f} s  RSS {each.rss_MB:.1f} MB  "
                f"{each.handles} handles  {each.sessions} sessions  world {each.file_MB:.1f} MB",
                flush=True,
            )
    middle, end = found[len(found) // 2], found[-1]
    more_MB, more_handles = end.rss_MB - middle.rss_MB, end.handles - middle.handles
    print(f"from the middle to the end: RSS {more_MB:+.1f} MB, handles {more_handles:+d}")
    print(f"{(time.process_time() - began_cpu) / given.polls * 1e6:.0f} us CPU per poll, all in")


def soak(driver: str, channels: int, polls: int, every: int, state: Path) -> Iterator[Standing]:
    """Poll, and say how things stand before the first poll and after every so many."""
    bench = SimulatedBench.open(describe(driver, channels), state, seed=1)
    library = bench.visa_library()
    manager = pyvisa.ResourceManager(library)
    voltages_V = cycle(_VOLTAGES_V)
    meters, done = _turned(connect(manager, driver, channels), next(voltages_V)), 0
    while True:
        yield Standing(done, _rss_MB(), _handles(), len(library._sessions), state.stat().st_size / 1e6)
        if done >= polls:
            break
        for _ in range(every // channels):
            for meter in meters:
                meter.measure()
            bench.clock.spend(1.0)
        done += every // channels * channels
        for meter in meters:
            meter.link.close()
        meters = _turned(connect(manager, driver, channels), next(voltages_V))
    for meter in meters:
        meter.make_safe()
        meter.link.close()
    bench.close()


def _turned(meters: list[Meter], voltage_V: float) -> list[Meter]:
    for meter in meters:
        meter.set_limits(ENVELOPE)
        meter.configure(voltage_V, _CURRENT_A)
        meter.output(True)
    return meters


def _rss_MB() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    main()
