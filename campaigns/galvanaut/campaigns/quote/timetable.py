"""When the trials of a campaign begin and end on a bench: the same trials on another bench, in no time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """What a trial takes of the bench.

    Attributes:
        making_h: hours at the mixer.
        cells_h: hours of each of its cells in a channel, from the end of the making on; empty where there are no cells.
    """

    making_h: float
    cells_h: tuple[float, ...] = ()


@dataclass(frozen=True)
class Capacity:
    """What a bench can do at a time.

    Attributes:
        channels: for cells; 0 where there are none.
        parallel: trials that are open at a time, those that wait included.
        mixers: batches that are made and measured at a time.
        asynchronous: whether a trial is chosen as soon as one ends, rather than when all have.
    """

    channels: int
    parallel: int
    mixers: int = 1
    asynchronous: bool = True


def wall_clock_h(slots: Sequence[Slot], capacity: Capacity, begins_h: float = 0.0) -> float:
    """Hours until the last trial has ended. Trials are taken in their order; each waits for all of its channels first.

    Args:
        slots: of the trials, in the order of their numbers.
        capacity: of the bench.
        begins_h: when the first trial may begin.
    """
    mixers, now = [begins_h] * capacity.mixers, begins_h
    free, waiting, left = capacity.channels, list(range(len(slots))), dict[int, int]()
    opened, over = 0, 0
    events = list[tuple[float, int]]()  # when a cell, or a trial without cells, ends
    last = begins_h
    while True:
        if capacity.asynchronous or opened == over:
            opened = min(len(slots), over + capacity.parallel)
        while waiting and waiting[0] < opened and free >= len(slots[waiting[0]].cells_h):
            number = waiting.pop(0)
            slot = slots[number]
            free -= len(slot.cells_h)
            made = max(now, heapq.heappop(mixers)) + slot.making_h
            heapq.heappush(mixers, made)
            left[number] = max(1, len(slot.cells_h))
            for hours in slot.cells_h or (0.0,):
                heapq.heappush(events, (made + hours, number))
        if not events:
            return last
        now, number = heapq.heappop(events)
        left[number] -= 1
        free += 1 if slots[number].cells_h else 0
        if not left[number]:
            over += 1
            last = now
