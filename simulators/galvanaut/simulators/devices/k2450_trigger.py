"""The trigger model of the Keithley 2450 family: its blocks, and when what they do falls due.

Nothing is stepped in time: from its start a model's course is fixed, and is worked out as legs, each a block or a loop,
with an instant for every reading in closed form. So a loop that ran for weeks costs as little as one that ran for a
second, and a loop whose round takes no time costs nothing.

Sources: 2450 reference manual for the blocks and the range of delays. Believed: the words of the state; that a counting
branch has its loop carried out so many times in all. Illustrative: the integration time is the one at the start,
whatever is set later; loops hold only measurements and delays, and no branch may lead into, out of or over another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import floor, inf
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["clear", "measure", "delay", "always", "count", "output"]
MOST_BLOCKS = 63
"""Believed."""


class Block(NamedTuple):
    """One block of a model.

    Attributes:
        kind: clears a buffer, measures into one, waits, branches always or by count, switches the output.
        buffer: that is cleared or measured into.
        seconds: to wait.
        to: number of the block that a branch leads to.
        rounds: how often a loop is carried out in all.
        is_on: whether the output is switched on.
    """

    kind: Kind
    buffer: str = ""
    seconds: float = 0.0
    to: int = 0
    rounds: int = 0
    is_on: bool = False

    @property
    def is_branch(self) -> bool:
        """Whether it leads elsewhere."""
        return self.kind in ("always", "count")


@dataclass(frozen=True)
class Leg:
    """Blocks one after the other, once or in a loop.

    Attributes:
        number: of the first block, from 1.
        blocks: without the branch that makes them a loop.
        begin_s: from the start of the model.
        integration_s: what a measurement takes.
        rounds: how often; infinite for ever.
    """

    number: int
    blocks: tuple[Block, ...]
    begin_s: float
    integration_s: float
    rounds: float = 1

    @cached_property
    def ends_s(self) -> Array:
        """When each block ends, from the beginning of its round."""
        return np.cumsum([self.integration_s if b.kind == "measure" else b.seconds for b in self.blocks])

    @cached_property
    def period_s(self) -> float:
        """What one round takes."""
        return float(self.ends_s[-1]) if self.blocks else 0.0

    @cached_property
    def marks_s(self) -> Array:
        """Readings of a round, from its beginning: a reading counts when its integration has ended."""
        return self.ends_s[[place for place, block in enumerate(self.blocks) if block.kind == "measure"]]

    @cached_property
    def _marks(self) -> list[float]:
        return [float(mark_s) for mark_s in self.marks_s]

    @cached_property
    def buffers(self) -> tuple[str, ...]:
        """Where the readings of a round go."""
        return tuple(block.buffer for block in self.blocks if block.kind == "measure")

    @property
    def end_s(self) -> float:
        """From the start of the model."""
        return inf if self.rounds == inf else self.begin_s + self.period_s * self.rounds

    @property
    def total(self) -> float:
        """Readings in all."""
        return len(self.marks_s) * self.rounds if len(self.marks_s) else 0

    def instants(self, start: float, first: int, last: int) -> Array:
        """Instants of the readings from ``first``, counted from 0, up to but not ``last``."""
        rounds, places = np.divmod(np.arange(first, last), len(self.marks_s))
        return np.asarray(start + (self.begin_s + rounds * self.period_s + self.marks_s[places]))

    def due_by(self, start: float, instant: float) -> int:
        """How many readings have fallen due by an instant."""
        if not self.total:
            return 0
        # Rounding may put the guess one round off, so that its neighbours are looked at too.
        guess = floor((instant - start - self.begin_s) / self.period_s)
        begin = int(min(max(0, guess - 1), self.rounds - 1)) * len(self.marks_s)
        end = int(min(max(0, guess) + 2, self.rounds)) * len(self.marks_s)
        # One by one in the very arithmetic of `instants`: for so few an array would cost more than it saves.
        marks_s, each_round = self._marks, len(self._marks)
        fallen = (
            start + (self.begin_s + place // each_round * self.period_s + marks_s[place % each_round])
            for place in range(begin, end)
        )
        return begin + sum(at <= instant for at in fallen)

    def block_at(self, seconds: float) -> int:
        """Number of the block that is carried out so long after the start of the model."""
        if not self.period_s:
            return self.number + (len(self.blocks) if self.rounds == inf else 0)
        place = np.searchsorted(self.ends_s, (seconds - self.begin_s) % self.period_s, side="right")
        return self.number + min(int(place), len(self.blocks) - 1)


@lru_cache(maxsize=64)
def course(blocks: tuple[Block, ...], integration_s: float) -> tuple[Leg, ...]:
    """The legs of a model that `is_sound`; the last one may have no end."""
    legs, number, at_s = list[Leg](), 1, 0.0
    while number <= len(blocks) and at_s < inf:
        block = blocks[number - 1]
        leg = Leg(number, (block,), at_s, integration_s)
        repeats = inf if block.kind == "always" else block.rounds - 1
        number += 1
        if block.is_branch and block.to >= number:
            number = block.to if repeats else number
            continue
        if block.is_branch:
            leg = Leg(block.to, blocks[block.to - 1 : number - 2], at_s, integration_s, repeats)
        if leg.rounds:
            legs.append(leg)
            at_s = leg.end_s
    return tuple(legs)


def is_sound(blocks: Sequence[Block]) -> bool:
    """Whether the simulated meter can carry the model out: see the limits of loops above."""
    spans = sorted((min(n, b.to), max(n, b.to)) for n, b in enumerate(blocks, start=1) if b.is_branch)
    if any(end > len(blocks) for _, end in spans) or any(after[0] <= before[1] for before, after in pairwise(spans)):
        return False
    loops = (blocks[b.to - 1 : n - 1] for n, b in enumerate(blocks, start=1) if b.is_branch and b.to <= n)
    return all(block.kind in ("measure", "delay") for loop in loops for block in loop)


@dataclass(frozen=True)
class Due:
    """What has fallen due: readings ``first`` up to but not ``last`` of a leg, or its block if it takes no readings."""

    leg: Leg
    first: int = 0
    last: int = 0


@dataclass
class TriggerModel:
    """The blocks and how far they have come.

    Attributes:
        blocks: in the order of their numbers.
        state: IDLE, RUNNING or ABORTED.
        started_at: instant of the last start.
        integration_s: what each measurement takes since then.
        leg: which one is carried out, from 0.
        taken: readings taken in it.
        block: number of the block in which it was aborted.
    """

    blocks: tuple[Block, ...] = ()
    state: str = "IDLE"
    started_at: float = 0.0
    integration_s: float = 0.0
    leg: int = 0
    taken: int = 0
    block: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not come to its end."""
        return self.state == "RUNNING"

    def to_row(self) -> dict[str, Any]:
        """In JSON types."""
        return {**vars(self), "blocks": [list(block) for block in self.blocks]}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> TriggerModel:
        """What `to_row` gave."""
        return cls(**{**row, "blocks": tuple(Block(*block) for block in row.get("blocks", ()))})

    def start(self, instant: float, integration_s: float) -> None:
        """Begin at the first block; the model must be sound and not be running."""
        self.started_at, self.integration_s, self.leg, self.taken = instant, integration_s, 0, 0
        self.state = "RUNNING" if self._legs() else "IDLE"

    def abort(self, instant: float) -> None:
        """Stop where it is, if it runs."""
        if self.is_running:
            self.block, self.state = self.block_at(instant), "ABORTED"

    def block_at(self, instant: float) -> int:
        """Number of the block that is carried out at an instant up to which it has run; 0 when idle."""
        if not self.is_running:
            return self.block if self.state == "ABORTED" else 0
        return self._legs()[self.leg].block_at(instant - self.started_at)

    def run(self, until: float) -> Iterator[Due]:
        """What has fallen due since the last call, in this order; it counts as done when it is given."""
        legs = self._legs() if self.is_running else ()
        while self.is_running and self.started_at + legs[self.leg].begin_s <= until:
            leg, before = legs[self.leg], self.taken
            self.taken = leg.due_by(self.started_at, until)
            is_through = self.taken >= leg.total and self.started_at + leg.end_s <= until
            if is_through:
                self.leg, self.taken = self.leg + 1, 0
                self.state = "RUNNING" if self.leg < len(legs) else "IDLE"
            if leg.total:
                yield Due(leg, before, int(leg.total) if is_through else self.taken)
            elif is_through:
                yield Due(leg)
            if not is_through:
                return

    def next_switch_at(self) -> float:
        """Instant at which it next switches the output by itself; infinite if it does not."""
        legs = self._legs()[self.leg :] if self.is_running else ()
        switches = (self.started_at + leg.begin_s for leg in legs if leg.blocks and leg.blocks[0].kind == "output")
        return next(switches, inf)

    def _legs(self) -> tuple[Leg, ...]:
        return course(self.blocks, self.integration_s)
