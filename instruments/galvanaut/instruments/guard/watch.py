"""The watch: looks now and then for what makes no noise of its own, and raises and clears alarms of it.

That is a test without a new sample, a job over its expected time, a bottle that runs out, a disk that fills up. It
sends nothing to any instrument and stops nothing.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.clock import spawn
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.guard.limits import GB, AlarmLimits
from galvanaut.instruments.guard.supplies import Supplies
from galvanaut.instruments.guard.vitals import Vitals
from galvanaut.instruments.orders.paper import span

if TYPE_CHECKING:
    from galvanaut.core.clock import Clock
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.guard.alarmbook import AlarmBook
    from galvanaut.instruments.journal import Journal

IDLE_PERIODS = 10
"""On a virtual clock each look is an instant of its own. So nobody looks there before something can be due, but at
least every so many periods (illustrative)."""
ENOUGH = 1.2
"""A disk is well again when this many times the limit is free, so that a file that comes and goes tells nothing
(illustrative)."""
LAB = "lab"
"""Stands in place of an instrument in alarms about the lab folder."""

_log = logging.getLogger(__name__)


class Watch:
    """Looks after the silent things of one station.

    Args:
        book: where alarms go.
        journal: says what was drawn.
        clock: the bench's clock.
        bench: its stocks are watched; None for none.
        limits: from when on something is an alarm.
        folder: whose disk is watched; None for none.
    """

    def __init__(
        self,
        book: AlarmBook,
        journal: Journal,
        clock: Clock,
        bench: Bench | None,
        limits: AlarmLimits | None = None,
        folder: Path | None = None,
    ) -> None:
        self.limits = limits or AlarmLimits()
        self._book = book
        self._clock = clock
        self._bench = bench
        self._supplies = Supplies({} if bench is None else bench.stocks, journal)
        self._folder = folder
        self._jobs: dict[str, Vitals] = {}

    def follow(self, key: JobKey, needs: list[str]) -> Vitals:
        """A job begins; the signs of life that it is to give.

        Args:
            key: of the job.
            needs: what it uses; the alarm is about the first instrument among it.
        """
        instruments = {} if self._bench is None else self._bench.instruments
        about = next((name for name in needs if name in instruments), "station")
        vitals = self._jobs[str(key)] = Vitals(str(key), about, since=self._clock.now())
        return vitals

    def leave(self, key: JobKey) -> None:
        """A job has ended, or its host gives up."""
        self._jobs.pop(str(key), None)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While inside, look now and then. A last look at the end clears what ended with the last job."""
        self._book.begin_run()
        task = spawn(self._clock, self._work())
        try:
            yield
            self.look()
        finally:
            task.cancel()
            await asyncio.wait([task])

    def look(self) -> None:
        """Judge everything once. Never raises: a look that fails is logged, and the next one comes."""
        try:
            self._book.write_again()
            found = {alarm.name: alarm for alarm in self._found()}
            for name, alarm in list(self._book.open.items()):
                if name not in found and self._is_over(alarm):
                    self._book.clear(*name, self._why_over(alarm))
            for alarm in found.values():
                self._book.raise_once(alarm)
        except Exception:
            _log.exception("a look for silent alarms failed")

    async def _work(self) -> None:
        while True:
            self.look()
            await self._clock.sleep(self._pause_s(), order="~watch")  # after all others of an instant
            await asyncio.sleep(0)  # on a virtual clock a lone sleeper wakes at once, and nobody else would have a turn

    def _pause_s(self) -> float:
        period_s = self.limits.period_s
        is_ill = any(alarm.is_watched and alarm.job for alarm in self._book.open.values())
        if is_ill or not self._clock.is_virtual:
            return period_s
        due = (
            at for each in self._jobs.values() for at in (each.silent_from(self.limits), each.late_from(self.limits))
        )
        ahead = [at - self._clock.now() for at in due if at is not None and at > self._clock.now()]
        return max(period_s, min([IDLE_PERIODS * period_s, *ahead]))

    # -- judging ------------------------------------------------------------------------------------------------

    def _found(self) -> Iterator[Alarm]:
        for vitals in list(self._jobs.values()):
            yield from self._of_job(vitals)
        for stock, text in self._supplies.short(self.limits):
            yield self._alarm(stock, "running out", text)
        yield from self._of_disk()

    def _of_job(self, vitals: Vitals) -> Iterator[Alarm]:
        now, name = self._clock.now(), vitals.instrument
        silent_from, late_from = vitals.silent_from(self.limits), vitals.late_from(self.limits)
        if silent_from is not None and vitals.sampled_at is not None and now >= silent_from:
            text = (
                f"no new sample of test {vitals.job} for {span(now - vitals.sampled_at)}, where one was to come every "
                f"{span(vitals.sampling_s)}; look at {name} and its cell"
            )
            yield self._alarm(name, f"silence of {vitals.job}", text, vitals.job)
        if late_from is not None and vitals.expected_s is not None and now >= late_from:
            text = (
                f"job {vitals.job} has taken {span(now - vitals.since)} and is not over, where about "
                f"{span(vitals.expected_s)} were expected; look at {name}"
            )
            yield self._alarm(name, f"time of {vitals.job}", text, vitals.job)

    def _of_disk(self) -> Iterator[Alarm]:
        if self._folder is None:
            return
        usage = shutil.disk_usage(self._folder)
        least = max(self.limits.disk_free_GB * GB, self.limits.disk_share * usage.total)
        cause = "disk filling"
        if usage.free < (least * ENOUGH if (LAB, cause) in self._book.open else least):
            text = (
                f"{usage.free / GB:.3g} GB ({usage.free / usage.total:.1%}) are free on the disk of the lab folder, "
                f"less than {least / GB:.3g} GB; make room, or jobs and readings cannot be written down"
            )
            yield self._alarm(LAB, cause, text)

    def _alarm(self, instrument: str, cause: str, text: str, job: str = "") -> Alarm:
        return Alarm(text, self._clock.now(), instrument, cause, job, is_watched=True)

    # -- clearing -----------------------------------------------------------------------------------------------

    def _is_over(self, alarm: Alarm) -> bool:
        """Whether the cause of an alarm that was not found at this look is gone.

        Nobody can tell of a job that a dead run has left and nobody has taken up yet. An alarm that nobody watches,
        such as one of a cell that may not be safe, is over when its job has come to a good end after all.
        """
        state = self._book.job_state(alarm)
        if not alarm.is_watched:
            return state == "done"
        return alarm.job in self._jobs or state != "intended"

    def _why_over(self, alarm: Alarm) -> str:
        if not alarm.job:
            return "there is enough again"
        return "it goes on" if alarm.job in self._jobs else "the job has ended"
