"""CPU time of polling many simulated cells on charge once a second from one process, everything included.

One poll is ``driver.measure()``: driver, link, PyVISA, simulated meter, cell, and the world's file.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from cellbench import DRIVER_SETTINGS, charging

from galvanaut.core.clock import spawn
from galvanaut.instruments.roles import SourceMeter

_PERIOD_S = 1.0


def main() -> None:
    """Print microseconds per poll and the share of one core that the channels take at one poll a second each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=60, help="polls of each channel")
    parser.add_argument("--driver", choices=sorted(DRIVER_SETTINGS), default="keithley-2450")
    parser.add_argument("--hours", type=float, default=1.0, help="time on charge before the first poll")
    parser.add_argument("--tasks", action="store_true", help="as the station does: a task and a thread per channel")
    given = parser.parse_args()
    title = f"{given.driver} x {given.channels}"
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "world"
        if given.tasks:
            seconds = asyncio.run(poll_in_tasks(given.driver, given.channels, given.rounds, state))
            print(f"{title}, in tasks, mean: {_figures(seconds, given.channels)}")
            return
        rounds, late = poll_rounds(given.driver, given.channels, given.rounds, given.hours, state)
    print(f"{title}, best round: {_figures(min(rounds), given.channels)}")
    print(f"{title}, median round: {_figures(statistics.median(rounds), given.channels)}")
    if late:
        print(f"{late} of {given.rounds} rounds took more than 1 s of bench time, one meter after the other")


def _figures(seconds: float, channels: int) -> str:
    return f"{seconds / channels * 1e6:.0f} us CPU per poll = {seconds / _PERIOD_S:.1%} of one core at 1 Hz"


def poll_rounds(driver: str, channels: int, rounds: int, hours: float, state: Path) -> tuple[list[float], int]:
    """CPU seconds of each round, and how many rounds took longer than a second on the bench's clock."""
    seconds, late = [], 0
    with charging(driver, channels, state) as (bench, meters):
        bench.clock.spend(hours * 3600)
        for _ in range(rounds):
            began, began_at = time.process_time(), bench.clock.now()
            for meter in meters:
                meter.measure()
            left_s = began_at + _PERIOD_S - bench.clock.now()
            bench.clock.spend(max(0.0, left_s))
            late += left_s < 0
            seconds.append(time.process_time() - began)
    return seconds, late


async def poll_in_tasks(driver: str, channels: int, rounds: int, state: Path) -> float:
    """CPU seconds for a poll of all channels when each has a task on the bench's clock and a thread of its own."""

    async def watch(meter: SourceMeter, thread: ThreadPoolExecutor) -> None:
        for _ in range(rounds):
            await asyncio.get_running_loop().run_in_executor(thread, meter.measure)
            await bench.clock.sleep(_PERIOD_S, str(meter))

    with charging(driver, channels, state) as (bench, meters), ExitStack() as stack:
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in meters]
        began = time.process_time()
        tasks = [spawn(bench.clock, watch(*each)) for each in zip(meters, threads, strict=True)]
        await asyncio.gather(*tasks)
        return (time.process_time() - began) / rounds


if __name__ == "__main__":
    main()
