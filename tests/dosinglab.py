"""A host that doses on a simulated bench and may die at any message, with or without people around it."""

import asyncio
import contextlib
from pathlib import Path

import pyvisa

from galvanaut.core.clock import at_work, spawn
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench, load_bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.jobs import Dose
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.orders import OrderBook
from galvanaut.instruments.station import Station
from galvanaut.simulators.bench import SimulatedBench
from plainchemistry import PlainChemistry

FILE = Path(__file__).parents[1] / "instruments" / "benches" / "simulated.yaml"
DOSE = Dose("DMC", "SIM-DMC-1", "pump_dmc", "balance", "mixer", volume_mL=4.0, expected_g=4.0)
KEY = JobKey("demo", 1, "dose-DMC")


class HostDiedError(Exception):
    """Stands for a killed host: nothing of ours runs any more, the bench does."""


class Host:
    """One life of the host on the bench kept in ``folder``; dies at the n-th byte string sent or received."""

    def __init__(self, folder, dies_at=None, changed=None, has_people=False, **operators):
        self.folder, self.dies_at, self.messages, self.is_connected = folder, dies_at, [], False
        self.bench = _bench(changed or {}, operators)
        self.has_people = has_people

    def trace(self, instrument, direction, data):
        if self.is_connected:
            self.messages.append((instrument, direction, bytes(data)))
            if len(self.messages) == self.dies_at:
                raise HostDiedError

    def run(self, action, key=KEY, before=None, person=None):
        """Do one job; returns its result. The world is closed without making anything safe, as a kill would."""
        with contextlib.ExitStack() as stack:
            bench = self.bench
            description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
            self.world = SimulatedBench.open(description, self.folder / "world.db", 1, PlainChemistry())
            stack.callback(self.world.close)
            manager = pyvisa.ResourceManager(self.world.visa_library())
            connected = ConnectedBench.open(bench, manager, trace=self.trace)
            journal = Journal(EventLog(open_engine(self.folder / "station.db"), "journal"), self.world.clock)
            if before:
                before(self.world, connected)
            self.is_connected = True
            book = orders(self.folder) if self.has_people else None
            self.station = Station(connected, journal, self.world.clock, orders=book)
            return asyncio.run(self._run(action, key, person))

    async def _run(self, action, key, person):
        with at_work(self.station.clock):
            beside = None if person is None else spawn(self.station.clock, person(self))
            try:
                return await self.station.run(key, action)
            finally:
                if beside is not None:  # the person of a dead host is another host's
                    beside.cancel()

    def strokes(self):
        """How often this host has told a pump to run."""
        return sum(data.upper().startswith(b"0RUN") for _, way, data in self.messages if way == ">")


def orders(folder):
    """The book of orders as any process sees it."""
    return OrderBook(EventLog(open_engine(folder / "station.db"), "orders"), folder / "orders")


def message_of(tmp_path, command, after):
    """Number of the message ``after`` places behind a command, found in a dry run."""
    folder = tmp_path / "dry"
    folder.mkdir()
    host = Host(folder)
    host.run(DOSE)
    sent = [n for n, (_, way, data) in enumerate(host.messages, start=1) if way == ">" and data.startswith(command)]
    return sent[0] + after - 1


def _bench(changed, operators):
    """The simulated bench with other instruments in places."""
    bench = load_bench(FILE)
    description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    for name, fields in changed.items():
        description["instruments"][name] |= fields
    return Bench.model_validate(description | ({"operators": operators} if operators else {}))
