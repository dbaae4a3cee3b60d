"""Holders given out to the cells of a campaign, one each, in a fixed order, and across restarts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from galvanaut.core.clock import Gate, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.loading import Survey, loaded_cells, survey

if TYPE_CHECKING:
    from galvanaut.core.clock import Clock
    from galvanaut.instruments.connect import ConnectedBench
    from galvanaut.instruments.journal import Journal

PATIENCE_S = 600.0
"""So long the owners of cells that a dead run has left may take to come; then whoever waits is told (illustrative)."""


class HolderPool:
    """Some holders of a bench.

    A holder is free if nobody has taken it and, by the journal, no cell is in it. Whoever asks first gets the first
    free one in the order of ``holders``; those who ask at one instant are served in the order of their cells' names.
    A cell that was once meant for a holder always gets the same one: so after a restart a cell in the middle of its
    test finds itself where it is, and nobody else is given its place.

    Args:
        holders: names on the bench.
        journal: of the station.
        clock: the bench's clock.
        seen: what the assemblers said at the start; holders in which they contradict the journal are not given out.
    """

    def __init__(self, holders: Collection[str], journal: Journal, clock: Clock, seen: Survey | None = None) -> None:
        self._holders = tuple(holders)
        self._journal = journal
        self._clock = clock
        self._seen = seen or Survey()
        known = self.cells()
        self._emptied = {holder: known[holder] for holder in self._seen.empty if holder in known}
        self._taken: dict[str, str] = {}  # cell by holder
        self._waiting: deque[tuple[str, Gate[str | GalvanautError]]] = deque()
        self._giving_up: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, holders: Collection[str], connected: ConnectedBench, journal: Journal, clock: Clock) -> HolderPool:
        """A pool on a bench on which no job runs yet; its assemblers are asked what they hold.

        Raises:
            InstrumentError: an assembler does not tell.
        """
        return cls(holders, journal, clock, survey(connected, journal.records()))

    def cells(self) -> Mapping[str, str]:
        """By holder, the cell that is in it by the journal, or that may be."""
        return {holder: loaded.cell for holder, loaded in loaded_cells(self._journal.records()).items()}

    def free(self) -> list[str]:
        """Holders that could be taken now, in their order."""
        cells = self.cells()
        return [
            holder
            for holder in self._holders
            if holder not in self._taken
            and holder not in self._seen.contradictions
            and (holder not in cells or self._emptied.get(holder) == cells[holder])
        ]

    @asynccontextmanager
    async def taken(self, cell: str) -> AsyncIterator[str]:
        """Have a holder for a cell while inside; waits until one is free.

        A cell that has left its holder before, or never came into it, is told which one that was and takes nothing:
        all that was done with it is in the journal.

        Raises:
            GalvanautError: none is free, and nobody here will free one.
        """
        await self._clock.sleep(0.0, order=f"holder for {cell}")
        holder = self._meant_for(cell)
        if holder is not None and self.cells().get(holder) != cell:
            yield holder
            return
        if holder is None:
            holder = await self._turn(cell)
        self._taken[holder] = cell
        try:
            yield holder
        finally:
            del self._taken[holder]
            self._hand_out()

    def _meant_for(self, cell: str) -> str | None:
        """The holder that the cell was to be put into, if a job was ever begun for that."""
        for record in self._journal.records():
            if record.request.get("kind") == "assemble" and record.request["cell"] == cell:
                return str(record.request["holder"])
        return None

    async def _turn(self, cell: str) -> str:
        turn: Gate[str | GalvanautError] = Gate(self._clock)
        self._waiting.append((cell, turn))
        self._hand_out()
        try:
            found = await turn.wait()
        except asyncio.CancelledError:
            self._waiting = deque(each for each in self._waiting if each[1] is not turn)
            self._taken = {holder: owner for holder, owner in self._taken.items() if owner != cell}
            self._hand_out()
            raise
        if isinstance(found, GalvanautError):
            raise found
        return found

    def _hand_out(self) -> None:
        while self._waiting and (free := self.free()):
            cell, turn = self._waiting.popleft()
            self._taken[free[0]] = cell
            turn.open(free[0])
        if self._waiting and not self._taken and self._giving_up is None:
            self._giving_up = spawn(self._clock, self._give_up())

    async def _give_up(self) -> None:
        """Nobody has a holder that could become free. A cell's owner may still come and take it out."""
        await self._clock.sleep(PATIENCE_S, order="~holders")
        self._giving_up = None
        if self._taken or self.free():
            self._hand_out()
            return
        error = GalvanautError(f"no holder is free, and nobody here will free one: {self._reasons()}.")
        while self._waiting:
            self._waiting.popleft()[1].open(error)

    def _reasons(self) -> str:
        """What keeps each holder from being free."""
        cells = loaded_cells(self._journal.records())
        texts = []
        for holder in self._holders:
            if holder in self._seen.contradictions:
                texts.append(self._seen.contradictions[holder][1])
            elif holder in cells:
                texts.append(f"{holder} holds {cells[holder].cell} (job {cells[holder].job})")
        return "; ".join(texts) or "the bench has none"
