"""`galvanaut station`: the owner of a bench as a resident process, and how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from galvanaut.core.clock import at_work
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.leases import LeaseKeeper, Leases
from galvanaut.flows.alarms import load_alarm_file
from galvanaut.flows.benchside import BenchSide, digest, own_bench
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.signals import interruptible
from galvanaut.instruments.bench import Bench, load_bench
from galvanaut.instruments.connect import require_armed
from galvanaut.instruments.mailbox import Mailbox, Service
from galvanaut.instruments.mailbox.actions import Surroundings
from galvanaut.instruments.mailbox.letters import LEASE_S, STATION, STATIONS, Welcome, fresh_name
from galvanaut.instruments.station import Station


@dataclass(frozen=True)
class Ready:
    """What a station says once it is there: its bench, and what it has found there."""

    bench: Bench
    found: list[str]


def station_command(
    bench_file: Path,
    lab: Path,
    seed: int,
    ready: Callable[[Ready], None],
    *,
    arm: bool = False,
    record: Path | None = None,
    database: str | None = None,
) -> None:
    """Work a bench until interrupted; in the end everything on it is made safe.

    Args:
        bench_file: YAML file of the bench.
        lab: lab folder; made when missing.
        seed: of a simulated world.
        ready: told once campaigns can come.
        arm: lets a real bench move.
        record: new file for a transcript of every byte.
        database: address of the lab's tables, see `galvanaut.core.labdatabase`.

    Raises:
        InputError: something has to be put right first.
        BenchError: an instrument cannot be connected.
    """
    bench = load_bench(bench_file)
    require_armed(bench, arm)
    watching = load_alarm_file(LabFolder(lab, database))
    with interruptible(), ExitStack() as stack:
        with LabFolder.begun(lab, database) as folder:
            folder.keep_address()
            side = stack.enter_context(own_bench(bench, folder, seed, watching, arm=arm, record=record))
            service, found = _service(bench, folder, side, seed, stack)
        ready(Ready(bench, found))
        try:
            asyncio.run(_work(side, service))
        except (KeyboardInterrupt, asyncio.CancelledError):
            return


def _service(
    bench: Bench, folder: LabFolder, side: BenchSide, seed: int, stack: ExitStack
) -> tuple[Service, list[str]]:
    """What the mailbox needs; from here on the station has its lease."""
    engine = stack.enter_context(opened(folder.station))
    log, leases = EventLog(engine, "mailbox"), Leases(engine)
    mailbox = Mailbox(log, STATION, since=_newest(log))  # before anybody can see that a station is there
    name, clock = f"{STATIONS}{bench.name}", side.clock
    owner = fresh_name("station")
    keeper = LeaseKeeper(leases, name, owner, LEASE_S, look=side.problem, facts=lambda: {"now": clock.now()})
    stack.enter_context(keeper.kept())
    found, seen = side.begin()
    contradictions = {holder: list(why) for holder, why in seen.contradictions.items()}
    world = seed if bench.is_simulated else None
    assert isinstance(side.station, Station)
    worked = side.station.bench.bench

    def welcome(now: float) -> Welcome:
        return Welcome(now, clock.is_virtual, found, contradictions, sorted(seen.empty), digest(worked), world)

    around = Surroundings(side.recorder, folder.records)
    return Service(side.station, mailbox, leases, around, welcome, keeper), found


async def _work(side: BenchSide, service: Service) -> None:
    with at_work(side.clock):
        async with side.station.guarded():
            await service.run()


def _newest(log: EventLog) -> int:
    """Letters to an earlier station are void: whoever wrote them has been told that it is gone."""
    found = log.read(topic=STATION)
    return found[-1].sequence if found else 0
