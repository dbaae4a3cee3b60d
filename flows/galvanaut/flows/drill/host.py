"""A laboratory's program on a simulated copy: it may end well, or die without a word, and another one may follow it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyvisa
from pyvisa.errors import VisaIOError

from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import Event, EventLog, open_engine
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.runs import Row, RunHandle
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.sealed import HOT_FILE
from galvanaut.instruments.telemetry.store import HotStore
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.visa import SimulatedVisaLibrary

if TYPE_CHECKING:
    from pyvisa.constants import StatusCode
    from pyvisa.typing import VISASession
    from sqlalchemy import Engine

    from galvanaut.instruments.bench import Bench
    from galvanaut.simulators.chemistry import Chemistry
    from galvanaut.simulators.devices.device import Device


class HostDied(BaseException):  # not an error: nothing that the program does may catch it
    """Ends whatever the program does at its next message or record."""


DOING: ContextVar[str] = ContextVar("DOING", default="")
"""Step of the job that runs; empty for what is no job, such as the supervision."""


class Wait(NamedTuple):
    """A wait for an instrument's answer that did not come.

    On a copy everybody waits with it, for simulated instruments answer inline. On a real bench every job and the
    supervision have threads of their own, so nobody else is held up.

    Attributes:
        instrument: that did not answer.
        doing: who waited, see `DOING`.
        began, ended: instants.
    """

    instrument: str
    doing: str
    began: float
    ended: float


class Life:
    """Whether the host is alive.

    Args:
        instrument: whose messages are counted.
        messages: it dies at the message of this number; never if 0.
        before: before that message is sent, or after it while the answer is awaited.

    Attributes:
        is_over: nothing is sent or written any more.
        ended_at: since when.
        now: the present instant.
        at_end: called when it dies.
    """

    def __init__(self, instrument: str = "", messages: int = 0, *, before: bool = True) -> None:
        self.is_over = False
        self.ended_at = inf
        self.now: Callable[[], float] = lambda: inf
        self.at_end: Callable[[], object] = lambda: None
        self._instrument = ""
        self._fate = (instrument, messages)
        self._left = 0
        self._before = before

    def begin_to_count(self) -> None:
        """Count messages from now on."""
        self._instrument, self._left = self._fate

    def require(self) -> None:
        """End the program if its host is dead."""
        if self.is_over:
            raise HostDied

    def will_send(self, instruments: Collection[str]) -> None:
        """A message is about to be sent to one of these, parts of one mainframe or only one."""
        self.require()
        if self._instrument in instruments:
            self._left -= 1
            if self._left == 0 and self._before:
                self._end()

    def was_sent(self, instruments: Collection[str]) -> None:
        """The message is on its way."""
        if self._instrument in instruments and self._left == 0:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        self.ended_at = self.now()
        self.at_end()
        raise HostDied


class Host:
    """A program that owns a copy: world, connected instruments, journal and station in one folder.

    Args:
        bench: the copy.
        folder: holds the world and the records; a second host of the same folder finds what the first one left.
        seed: of the world.
        chemistry: of the world; the fitted model by default.
        life: when it dies.

    Attributes:
        world: the simulated bench.
        connected, journal, recorder, station: as in any laboratory.
        at_message: told the names of the instruments at a resource before each message to it.
        waits: for answers that did not come.
    """

    def __init__(self, bench: Bench, folder: Path, seed: int, chemistry: Chemistry | None, life: Life) -> None:
        self.bench = bench
        self.folder = folder
        self.life = life
        self.at_message: Callable[[Collection[str]], None] = lambda names: None
        self.waits: list[Wait] = []
        with ExitStack() as stack:
            description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
            self.world = SimulatedBench.open(description, folder / "world.db", seed, chemistry)
            stack.callback(self.world.close)
            self._names: dict[str, list[str]] = {}
            for name, device in self.world.devices.items():
                self._names.setdefault(device.name, []).append(name)
            manager = pyvisa.ResourceManager(_MortalLibrary.of(self))
            stack.callback(manager.close)
            engine = open_engine(folder / "station.db", durable=False)
            stack.callback(engine.dispose)
            self.clock = self.world.clock
            life.now = self.clock.now
            self.journal = Journal(_MortalLog.of(life, engine, "journal"), self.clock)
            self.connected = ConnectedBench.open(bench, manager)
            hot = open_engine(folder / HOT_FILE, durable=False)
            stack.callback(hot.dispose)
            self.recorder = MortalRecorder(folder, MortalStore(life, hot))
            self.station = Station(self.connected, self.journal, self.clock)
            stack.callback(self.station.close)
            self._owned = stack.pop_all()

    def let_go(self) -> None:
        """Let go of everything as the operating system does for a process that has ended; no message is sent."""
        self._owned.close()

    def sharing(self, device: Device) -> Collection[str]:
        """Instruments that are this device, or parts of it."""
        return self._names[device.name]

    def readings(self, holder: str, test: str) -> dict[float, Row]:
        """All readings of a test that this program had in its memory, by their instants."""
        found = list(self.recorder.given.get(test, ()))
        with suppress(InputError):  # the test was never started here
            cycler = self.connected.cycler_at(holder, self.clock.now)
            found += cycler.rows(RunHandle(holder, test, sample_in(holder)))
        return {row.unix_time_s: row for row in found}


def sample_in(holder: str) -> str:
    """Name of the cell that is tested there."""
    return f"drilled-{holder}"


class MortalStore(HotStore):
    """Keeps readings as long as its host lives.

    Attributes:
        acknowledged: instants of the readings that were said to be on disk, by test.
    """

    def __init__(self, life: Life, engine: Engine) -> None:
        super().__init__(engine)
        self._life = life
        self.acknowledged: dict[str, set[float]] = {}

    def begin(self, test: str, facts: Mapping[str, Any]) -> None:
        """Begin a test, if anybody is left to do so."""
        self._life.require()
        super().begin(test, facts)

    def append_many(self, batch: Mapping[str, Sequence[Row]]) -> None:
        """Keep rows, if anybody is left to do so."""
        self._life.require()
        super().append_many(batch)
        for test, rows in batch.items():
            self.acknowledged.setdefault(test, set()).update(row.unix_time_s for row in rows)

    def chunks(self, test: str, since: int = 0) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Read rows, e.g. to seal them, if anybody is left to do so."""
        self._life.require()
        return super().chunks(test, since)

    def forget(self, test: str) -> None:
        """Delete rows, if anybody is left to do so."""
        self._life.require()
        super().forget(test)


class MortalRecorder(LabRecorder):
    """The recorder of a host that may die.

    Attributes:
        given: the readings that it was handed, by test, whether on disk or not.
        acknowledged: see `MortalStore`.
    """

    def __init__(self, folder: Path, store: MortalStore) -> None:
        super().__init__(folder, store)
        self.given: dict[str, list[Row]] = {}
        self.acknowledged = store.acknowledged

    def put(self, test: str, rows: Sequence[Row]) -> None:
        """See `LabRecorder.put`."""
        self.given.setdefault(test, []).extend(rows)
        super().put(test, rows)

    def append(self, test: str, rows: Sequence[Row]) -> None:
        """See `LabRecorder.append`."""
        self.given.setdefault(test, []).extend(rows)
        super().append(test, rows)


class _MortalLibrary(SimulatedVisaLibrary):
    """The simulated VISA library as a host uses it that may die."""

    host: Host

    @classmethod
    def of(cls, host: Host) -> _MortalLibrary:
        """The library of a host's world."""
        library = cls(host.world)
        assert isinstance(library, cls)
        library.host = host
        return library

    def write(self, session: VISASession, data: bytes) -> tuple[int, StatusCode]:
        """Send bytes, if anybody is left to do so."""
        names = self.host.sharing(self._at(session).port.device)
        self.host.life.will_send(names)
        self.host.at_message(names)
        found = super().write(session, data)
        self.host.life.was_sent(names)
        return found

    def read(self, session: VISASession, count: int) -> tuple[bytes, StatusCode]:
        """Receive bytes, if anybody is left to do so."""
        self.host.life.require()
        began = self.host.clock.now()
        try:
            return super().read(session, count)
        except VisaIOError:
            device = self._at(session).port.device
            self.host.waits.append(Wait(device.name, DOING.get(), began, self.host.clock.now()))
            raise


class _MortalLog(EventLog):
    """A log that a dead host writes nothing to."""

    life: Life

    @classmethod
    def of(cls, life: Life, engine: Engine, name: str) -> _MortalLog:
        """The log of a host."""
        log = cls(engine, name)
        log.life = life
        return log

    def append(self, at: float, topic: str, kind: str, data: Mapping[str, Any]) -> Event:
        """Write one event, if anybody is left to do so."""
        self.life.require()
        return super().append(at, topic, kind, data)
