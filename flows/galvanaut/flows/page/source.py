"""What the lab page knows of a lab folder: its logs followed from where they were read last, everything read-only."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.report.summary import Summary, summarise
from galvanaut.core.bdf import SUFFIX
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import Event, EventLog
from galvanaut.core.leases import Lease, Leases
from galvanaut.core.readonly import has_table, open_read_only
from galvanaut.flows.folder import LabFolder, Tables
from galvanaut.flows.labels import note
from galvanaut.flows.livetwins import TWINS
from galvanaut.flows.orders import waiting
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.guard.alarmbook import CLEARED, RAISED, open_alarms
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.mailbox.letters import STATIONS
from galvanaut.instruments.orders import OrderBook, StandingOrder
from galvanaut.instruments.telemetry.sealed import is_imported
from galvanaut.instruments.telemetry.store import HotStore, HotTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa


class LabSource:
    """A lab as it is on disk now. Safe for several threads: one reads at a time.

    Args:
        lab: its folder, which may be empty yet.

    Attributes:
        lock: held while something is read; views that ask several things hold it meanwhile.
    """

    def __init__(self, lab: Path) -> None:
        self.folder = LabFolder(lab)
        self.lock = threading.RLock()
        self._engines: dict[Tables, sa.Engine] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._versions: dict[str, int] = {}
        self._ledger_read = 0
        self._journal: Journal | None = None
        self._remarks: list[Event] = []
        self._newest_s = 0.0
        self._files: dict[Path, int] = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Take over what was written since, and keep it as it is while inside."""
        with self.lock:
            if self._is_another_lab():
                self._forget()
            self._follow_ledger()
            self._follow_station()
            yield

    def _is_another_lab(self) -> bool:
        """Whether the folder was deleted and begun anew: its databases are other files now."""
        known, self._files = self._files, self._found_files()
        return any(self._files.get(name) != inode for name, inode in known.items())

    def _found_files(self) -> dict[Path, int]:
        found = {}
        for file in (self.folder.ledger, self.folder.station, self.folder.telemetry):
            if isinstance(file, Path):
                with suppress(OSError):
                    found[file] = file.stat().st_ino
        return found

    def _forget(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines, self._ledgers, self._versions, self._ledger_read = {}, {}, {}, 0
        self._journal, self._remarks, self._newest_s = None, [], 0.0

    def log(self, name: str, tables: Tables) -> EventLog | None:
        """A log of the lab, or None where it was never begun."""
        engine = self._engine(tables)
        return EventLog(engine, name) if engine is not None and has_table(engine, name) else None

    @property
    def versions(self) -> dict[str, int]:
        """Of each campaign, by the beginning: the place in the log of the last thing known."""
        return dict(self._versions)

    @property
    def journal(self) -> Journal | None:
        """Jobs of the station; None before there is one. Only inside `reading`."""
        return self._journal

    def ledger(self, campaign: str) -> Ledger:
        """A campaign's ledger; only inside `reading`.

        Raises:
            InputError: there is none of this name.
        """
        if campaign not in self._versions:
            raise InputError(f"campaign {campaign}", "is not in the ledger of this lab")
        if campaign not in self._ledgers:
            log = self.log("ledger", "ledger")
            assert log is not None
            self._ledgers[campaign] = Ledger(log, campaign, SystemClock())
        return self._ledgers[campaign]

    def summary(self, campaign: str) -> Summary:
        """What its ledger says; errors as of `ledger`."""
        ledger = self.ledger(campaign)
        return summarise(ledger, Campaign.kept((ledger.started or {})["campaign"]))

    def is_simulated(self, campaign: str) -> bool:
        """Whether any of its benches is."""
        return self.ledger(campaign).is_synthetic

    def note(self, campaign: str) -> str:
        """What of its numbers was simulated, in words; empty if they were measured."""
        has_cells = "tests" in (self.ledger(campaign).started or {})
        return note(is_synthetic=self.is_simulated(campaign), has_cells=has_cells)

    def tests(self) -> list[HotTest]:
        """Tests that run, with their newest reading."""
        with self.lock:
            engine = self._engine("telemetry")
            return HotStore(engine).tests() if engine is not None and has_table(engine, "readings") else []

    def station(self) -> Lease | None:
        """Who works the bench as a resident station."""
        with self.lock:
            engine = self._engine("station")
            if engine is None or not has_table(engine, "leases"):
                return None
            return next(iter(Leases(engine).all(STATIONS)), None)

    def alarms(self) -> list[Alarm]:
        """Those whose cause is not gone; only inside `reading`."""
        return list(open_alarms(self._remarks).values())

    def orders(self) -> list[StandingOrder]:
        """Work orders for which a job waits; only inside `reading`."""
        log = self.log("orders", "station")
        if log is None or self._journal is None:
            return []
        return waiting(OrderBook(log, self.folder.orders), self._journal)

    def bench_now(self, tests: list[HotTest], station: Lease | None) -> float:
        """The present instant by the clock of a simulated bench, as far as it can be known from outside, s.

        That is the newest thing written: such a clock stands still while nobody works the bench.
        """
        seen = [test.newest.unix_time_s for test in tests if test.newest is not None]
        told = [] if station is None else [float(station.facts.get("now", 0.0))]
        return max([self._newest_s, *seen, *told])

    def twins(self) -> dict[str, int]:
        """When each twin wrote down last what it knows, ns, by the name of its file."""
        found = {}
        for file in sorted((self.folder.path / TWINS).glob("*.json")):
            try:
                found[file.stem] = file.stat().st_mtime_ns
            except OSError:  # it is just being replaced
                continue
        return found

    def imported(self) -> list[str]:
        """Records that came from other programs, as ``campaign/name``; told by their names, no file is opened."""
        files = self.folder.records.glob(f"*/*{SUFFIX}")
        names = [f"{file.parent.name}/{file.name.removesuffix(SUFFIX)}" for file in files]
        return sorted(name for name in names if is_imported(name))

    def plan_holders(self) -> Mapping[str, Any]:
        """Holders of the benches of all campaigns, those of the newest first; only inside `reading`."""
        found: dict[str, Any] = {}
        for campaign in reversed(self._versions):
            for plan in self.ledger(campaign).plans:
                for name in plan["bench"].get("holders", {}):
                    found.setdefault(name, self.is_simulated(campaign))
        return found

    def _engine(self, tables: Tables) -> sa.Engine | None:
        if tables not in self._engines:
            if not self.folder.has(tables):
                return None
            place = {"ledger": self.folder.ledger, "station": self.folder.station, "telemetry": self.folder.telemetry}
            self._engines[tables] = open_read_only(place[tables])
        return self._engines[tables]

    def _follow_ledger(self) -> None:
        log = self.log("ledger", "ledger")
        for event in [] if log is None else log.read(after=self._ledger_read):
            self._ledger_read = event.sequence
            self._versions[event.topic] = event.sequence
        for campaign, ledger in self._ledgers.items():
            if ledger.newest < self._versions[campaign]:
                ledger.follow(self._versions[campaign])

    def _follow_station(self) -> None:
        log = self.log("journal", "station")
        if log is None:
            return
        if self._journal is None:
            self._journal, events = Journal(log, SystemClock()), log.read()
        else:
            events = self._journal.follow()
        self._newest_s = max([self._newest_s, *(event.at for event in events)])
        self._remarks += [event for event in events if event.kind in (RAISED, CLEARED)]
