"""A bench with an assembler and two holders with a source meter each; hosts die at any message or record."""

import asyncio
import itertools
from contextlib import closing

from fakeassembler import FakeAssembler, connected_driver
from fakemeter import FakeMeter
from galvanaut.core.clock import SystemClock, VirtualClock, at_work, spawn
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.errors import BenchError, InstrumentError
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.orders import Asked, Choice, Order, OrderBook
from galvanaut.instruments.station import Station

HOLDERS = ("holder_1", "holder_2")
DESCRIPTION = {
    "name": "cells",
    "visa": "simulated",
    "vessels": {"mixer": {"capacity": "40 mL"}},
    "holders": {holder: {} for holder in HOLDERS},
    "instruments": {
        "assembler": {
            "driver": "virtual-assembler",
            "resource": "TCPIP::192.0.2.12::5025::SOCKET",
            "wiring": {"fills_from": "mixer", "loads": list(HOLDERS)},
        },
        **{
            f"smu_{number}": {
                "driver": "keithley-2450",
                "resource": f"TCPIP::192.0.2.2{number}::5025::SOCKET",
                "wiring": {"channel": holder},
            }
            for number, holder in enumerate(HOLDERS, start=1)
        },
    },
}
_numbers = itertools.count()


def key(step, replicate=1):
    return JobKey("demo", 1, step, replicate)


class HostDiedError(Exception):
    """Stands for a killed host."""


class World:
    """What outlives every host: the assembler, the meters, the files and the time."""

    def __init__(self, folder, **changes):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.clock = VirtualClock(1000.0)
        self.bench = Bench.model_validate(DESCRIPTION)
        self.assembler = FakeAssembler(self.clock, HOLDERS, **changes)
        self.meters = {name: FakeMeter(self.clock) for name in ("smu_1", "smu_2")}

    def go_on(self):
        """A clock that no dead host has stopped."""
        self.clock = VirtualClock(self.clock.now())
        for each in (self.assembler, *self.meters.values()):
            each.clock = self.clock
        return self.clock

    def orders(self):
        """The book of orders as another process sees it."""
        engine = open_engine(self.folder / "station.db", durable=False)
        return OrderBook(EventLog(engine, "orders"), self.folder / "orders")


def in_doubt(world):
    """The world of a lab in which a person was asked about a dose three hours ago, and is late by two."""
    job = str(key("dose-DMC"))
    Host(world).journal.intend(key("dose-DMC"), {"kind": "dose"})
    choices = (
        Choice("moved", "It was moved", (Asked("mass", "mg", 0.0, 8000.0),)),
        Choice("nothing", "Nothing was moved"),
    )
    order = Order(job, "Settle a doubt", {"why": "power"}, (), choices=choices, deadline_s=3600.0)
    world.orders().place(order, SystemClock().now() - 3 * 3600.0)
    return world


class MortalLog(EventLog):
    """A log of a host; told before and after each record."""

    watch = staticmethod(lambda: None)

    def append(self, *arguments):
        self.watch()
        found = super().append(*arguments)
        self.watch()
        return found


class Connected:
    """The part of a connected bench that a station needs, with a driver over PyVISA and meters in Python."""

    is_simulated = True

    def __init__(self, bench, drivers):
        self.bench, self.drivers = bench, drivers

    def names(self, role):
        return [name for name, entry in self.bench.instruments.items() if entry.role == role]

    def driver(self, name):
        return self.drivers[name]

    assembler = source_meter = driver

    def make_safe(self, names):
        try:
            for name in names:
                self.drivers[name].make_safe()
        except InstrumentError as error:
            raise BenchError("cells", "be made safe", [error]) from error


class Host:
    """One life of a program; dies at its n-th message or record, counted from its first job."""

    def __init__(self, world, dies_at=None):
        self.world, self.dies_at, self.count, self.messages = world, dies_at, 0, []
        self.clock = world.go_on()
        engine = open_engine(world.folder / "station.db", durable=False)
        logs = {name: MortalLog(engine, name) for name in ("journal", "orders")}
        for log in logs.values():
            log.watch = self.tick
        self.journal = Journal(logs["journal"], self.clock)
        self.orders = OrderBook(logs["orders"], world.folder / "orders")
        driver = connected_driver(world.assembler, next(_numbers), self.trace)
        for meter in world.meters.values():
            meter.role = "source meter"
        self.connected = Connected(world.bench, {"assembler": driver, **world.meters})
        self.station = Station(self.connected, self.journal, self.clock, orders=self.orders)

    def trace(self, instrument, direction, data):
        self.messages.append((direction, bytes(data)))
        self.tick()

    def tick(self):
        self.count += 1
        if self.count == self.dies_at:
            raise HostDiedError

    def sent(self, start):
        """How many messages that begin like this reached the line."""
        return sum(direction == ">" and data.startswith(start) for direction, data in self.messages)

    def run(self, action, step="assemble", *others):
        """Do one job, with coroutines beside it."""
        return asyncio.run(self._run(action, step, others))

    async def _run(self, action, step, others):
        with at_work(self.clock):
            tasks = [spawn(self.clock, other) for other in others]
            with closing(self.station):
                result = await self.station.run(key(step), action)
        await asyncio.gather(*tasks)
        return result

    async def answers(self, step, after_s, answer):
        """A person, later."""
        await self.clock.sleep(after_s)
        self.world.orders().answer(str(key(step)), answer)
