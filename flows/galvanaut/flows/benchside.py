"""Who works the bench for a campaign: this very process, or a station that is resident in another one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.clock import at_work
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.leases import Leases
from galvanaut.flows.holding import Problem, holding
from galvanaut.flows.labbench import connected_bench
from galvanaut.flows.livetwins import CAUSE, LiveTwins
from galvanaut.flows.notify import notifying
from galvanaut.instruments.identities import note_identities
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.loading import Survey, survey
from galvanaut.instruments.mailbox import RemoteStation, connected_station
from galvanaut.instruments.mailbox.letters import STATIONS, Welcome
from galvanaut.instruments.orders import OrderBook
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.tidy import tidy
from galvanaut.simulators.cells.spme.compiled import is_compiling

if TYPE_CHECKING:
    from galvanaut.core.clock import Clock
    from galvanaut.flows.alarms import AlarmFile
    from galvanaut.flows.folder import LabFolder
    from galvanaut.instruments.bench import Bench


@dataclass(frozen=True)
class BenchSide:
    """What a campaign sees of the bench.

    Attributes:
        station: runs jobs.
        clock: the bench's clock.
        recorder: keeps the readings of tests.
        begin: to be called before the first job, once all else is in order; finds out what a dead run has left, in
            words, and what the assemblers say of their holders.
        problem: why the bench is not this process's any more, in words.
    """

    station: Station | RemoteStation
    clock: Clock
    recorder: LabRecorder
    begin: Callable[[], tuple[list[str], Survey]]
    problem: Problem = lambda: ""


@contextmanager
def own_bench(
    bench: Bench, folder: LabFolder, seed: int, watching: AlarmFile, *, arm: bool, record: Path | None = None
) -> Iterator[BenchSide]:
    """Work the bench in this process; in the end it is made safe.

    Args:
        bench: the bench file.
        folder: of the lab.
        seed: of a simulated world that is begun.
        watching: from when on silence is an alarm, and who is told.
        arm: lets a real bench move.
        record: new file for a transcript of every byte.

    Raises:
        InputError: somebody else works it, or as `connected_bench`.
        BenchError: an instrument cannot be connected.
    """
    with ExitStack() as stack:
        problem = stack.enter_context(holding(folder, "bench", f"bench {bench.name} of {folder.path}"))
        connected, clock = stack.enter_context(connected_bench(bench, folder, seed, arm=arm, record=record))
        engine = stack.enter_context(opened(folder.station))
        journal = Journal(EventLog(engine, "journal"), clock)
        orders = OrderBook(EventLog(engine, "orders"), folder.orders)
        recorder = stack.enter_context(LabRecorder.opened(folder.path, folder.url))
        station = Station(connected, journal, clock, orders=orders, limits=watching.limits, folder=folder.path)
        told = notifying(station.book, watching.hooks, folder.path, bench.name, simulated=bench.is_synthetic)
        stack.enter_context(told)
        stack.callback(station.close)
        if is_compiling() or not clock.is_virtual:  # else weeks that pass in minutes would wait for twins
            over = partial(_twin_is_over, station)
            twins = LiveTwins(recorder, folder, station.alarm, over, is_inline=clock.is_virtual)
            stack.enter_context(twins.following())

        def begin() -> tuple[list[str], Survey]:
            tidy(recorder, journal)
            note_identities(journal, connected.identities)
            found = [str(each) for each in station.reconcile()]
            return found, survey(connected, journal.records())

        yield BenchSide(station, clock, recorder, begin, problem)


def _twin_is_over(station: Station, holder: str) -> None:
    """What a twin has said of a cell holds no longer than its test."""
    for instrument, cause in sorted(station.book.open):
        if instrument == holder and cause.startswith(CAUSE):
            station.book.clear(instrument, cause, "its test is over")


@contextmanager
def resident_bench(bench: Bench, folder: LabFolder, seed: int) -> Iterator[BenchSide]:
    """Have the bench worked by the station that is resident.

    Raises:
        InputError: it works another bench, or this one by another file or seed.
        GalvanautError: it does not answer.
    """
    with ExitStack() as stack:
        engine = stack.enter_context(opened(folder.station))
        mail, journal = EventLog(engine, "mailbox"), EventLog(engine, "journal")
        name = f"{STATIONS}{bench.name}"
        orders = OrderBook(EventLog(engine, "orders"), folder.orders)
        station, welcome = stack.enter_context(connected_station(mail, journal, Leases(engine), orders, name))
        _check_same(bench, seed, welcome)
        recorder = stack.enter_context(LabRecorder.opened(folder.path, folder.url))
        contradictions = {holder: (who, how) for holder, (who, how) in welcome.contradictions.items()}
        seen = Survey(contradictions, frozenset(welcome.empty))
        yield BenchSide(station, station.clock, recorder, lambda: (list(welcome.found), seen))


def resident_station(folder: LabFolder) -> str | None:
    """Name of the bench whose station is resident in a lab; None if none is."""
    if not folder.has("station"):
        return None
    with opened(folder.station) as engine:
        found = Leases(engine).all(STATIONS)
        return found[0].name.removeprefix(STATIONS) if found else None


def halt_by_station(folder: LabFolder, campaign: str) -> None:
    """Have the resident station break off the jobs of a campaign whose own process is gone.

    Raises:
        GalvanautError: it does not answer, or something could not be made safe.
    """
    with opened(folder.station) as engine:
        mail, journal = EventLog(engine, "mailbox"), EventLog(engine, "journal")
        orders = OrderBook(EventLog(engine, "orders"), folder.orders)
        name = f"{STATIONS}{resident_station(folder)}"
        with connected_station(mail, journal, Leases(engine), orders, name) as (station, _):
            asyncio.run(_halt(station, campaign))


async def _halt(station: RemoteStation, campaign: str) -> None:
    with at_work(station.clock):
        async with station.guarded():
            await station.halt(campaign)


def digest(bench: Bench) -> str:
    """Of all that a bench file says, or a bench that was put up new bottles since."""
    return hashlib.sha256(bench.model_dump_json(by_alias=True).encode()).hexdigest()


def _check_same(bench: Bench, seed: int, welcome: Welcome) -> None:
    if welcome.bench != digest(bench):
        raise InputError(
            f"bench {bench.name}",
            "is not what its resident station works: the file that it was started with, and the bottles put up since. "
            "Take back what else differs in the file; to work by the changed one, start the station anew, which makes "
            "its cells safe first",
        )
    if welcome.seed is not None and welcome.seed != seed:
        raise InputError("--seed", f"is {seed}, but the resident station simulates with {welcome.seed}")
