"""A bench with its instruments connected: opened, identified, set up; and made safe whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from galvanaut.core.errors import InputError
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.drivers import Driver
from galvanaut.instruments.drivers.registry import sharing
from galvanaut.instruments.errors import AlarmError, BadReadingError, BenchError, InstrumentError, NoReplyError
from galvanaut.instruments.guard.shutdown import make_all_safe
from galvanaut.instruments.link import Link, Trace
from galvanaut.instruments.roles import Identity, Role
from galvanaut.instruments.sharedlink import SharedLink
from galvanaut.instruments.traffic import Traffic

if TYPE_CHECKING:
    from pyvisa import ResourceManager

    from galvanaut.instruments.cycling.wired import Cyclers
    from galvanaut.instruments.roles import (
        Assembler,
        Balance,
        BatteryTester,
        Chamber,
        Cycler,
        ImpedanceMeter,
        Pump,
        SourceMeter,
        Thermometer,
    )

IDENTITY_TRIES = 3
"""On a fresh connection; an alarm, a lost or a garbled reply each take the place of one answer."""


class ConnectedBench:
    """The instruments of a bench by name. Made by `ConnectedBench.open`.

    As a context manager it makes all instruments safe and closes them at the end; `close` alone leaves them as
    they are.

    Attributes:
        bench: the bench file.
        identities: who answered, by instrument.
        traffic: how much went over the wires since it was connected.
    """

    def __init__(
        self,
        bench: Bench,
        drivers: Mapping[str, Driver],
        identities: Mapping[str, Identity],
        manager: ResourceManager,
        traffic: Traffic,
    ) -> None:
        self.bench = bench
        self.traffic = traffic
        self._manager = manager
        self.identities = dict(identities)
        self._drivers = dict(drivers)
        self._cyclers: Cyclers | None = None
        self.on_bottles: Callable[[Mapping[str, Mapping[str, Any]]], None] = lambda bottles: None

    @classmethod
    def open(
        cls, bench: Bench, manager: ResourceManager, *, arm: bool = False, trace: Trace | None = None
    ) -> ConnectedBench:
        """Connect every instrument: open, identify, set up. Nothing that runs is disturbed.

        Args:
            bench: from `load_bench`.
            manager: of the VISA library that serves the bench's resources.
            arm: real instruments need this and ``armed: true`` in the bench file.
            trace: is shown every byte sent and received.

        Raises:
            InputError: the bench is real and not armed; nothing was opened.
            BenchError: every instrument that could not be connected; all are closed again.
        """
        require_armed(bench, arm)
        drivers: dict[str, Driver] = {}
        identities: dict[str, Identity] = {}
        errors: list[InstrumentError] = []
        lines: dict[str, Link] = {}
        traffic = Traffic(trace)
        for name in bench.instruments:
            try:
                drivers[name] = _open(bench, name, manager, traffic, lines)
                identities[name] = drivers[name].identify()
                drivers[name].set_up()
            except InstrumentError as error:
                errors.append(error)
        connected = cls(bench, drivers, identities, manager, traffic)
        if errors:
            errors += connected._each(_close)
            raise BenchError(bench.name, "connect", errors)
        return connected

    def put_up(self, bottles: Mapping[str, Mapping[str, Any]]) -> None:
        """Note new bottles of the bench's stocks, see `Bench.put_up`; a simulated bench puts them up."""
        self.bench.put_up(bottles)
        self.on_bottles(bottles)

    @property
    def is_simulated(self) -> bool:
        """Whether nothing on this bench is real."""
        return self.bench.is_simulated

    def pump(self, name: str) -> Pump:
        """The pump of this name."""
        return cast("Pump", self._named(name, "pump"))

    def balance(self, name: str) -> Balance:
        """The balance of this name."""
        return cast("Balance", self._named(name, "balance"))

    def chamber(self, name: str) -> Chamber:
        """The chamber of this name."""
        return cast("Chamber", self._named(name, "chamber"))

    def impedance_meter(self, name: str) -> ImpedanceMeter:
        """The impedance meter of this name."""
        return cast("ImpedanceMeter", self._named(name, "impedance meter"))

    def source_meter(self, name: str) -> SourceMeter:
        """The source meter of this name."""
        return cast("SourceMeter", self._named(name, "source meter"))

    def battery_tester(self, name: str) -> BatteryTester:
        """The battery tester of this name."""
        return cast("BatteryTester", self._named(name, "battery tester"))

    def thermometer(self, name: str) -> Thermometer:
        """The thermometer of this name."""
        return cast("Thermometer", self._named(name, "thermometer"))

    def assembler(self, name: str) -> Assembler:
        """The assembler of this name."""
        return cast("Assembler", self._named(name, "assembler"))

    def names(self, role: Role) -> list[str]:
        """Names of the instruments that play a role, in the order of the bench file."""
        return [name for name, driver in self._drivers.items() if driver.role == role]

    def cycler_at(self, holder: str, now: Callable[[], float]) -> Cycler:
        """What runs tests on the cell in a holder: a cycler wired to it, or its source meter run from here.

        Args:
            holder: its name.
            now: the present instant on the bench's clock, s since the epoch.

        Raises:
            InputError: nothing drives that holder, or it has no envelope.
        """
        from galvanaut.instruments.cycling.wired import Cyclers

        if self._cyclers is None:
            self._cyclers = Cyclers(self)
        return self._cyclers.at(holder, now)

    def forget_tests(self, instruments: Collection[str]) -> None:
        """Let no cycler go on as if its test ran, after `make_safe` of these while nobody looks after it."""
        if self._cyclers is not None:
            self._cyclers.forget(instruments)

    def driver(self, name: str) -> Driver:
        """The driver of this name, whatever its role."""
        driver = self._drivers.get(name)
        if driver is None:
            raise InputError(f"bench {self.bench.name}", f"has no instrument {name}, only {', '.join(self._drivers)}")
        return driver

    def reopen(self, name: str) -> Driver:
        """Give an instrument a fresh connection after a loss: identified and set up; nothing that runs is disturbed.

        The driver stays the same object, so whoever holds it goes on with it.

        Raises:
            AlarmError: it is connected again, and reports an alarm.
            InstrumentError: it does not answer, or another instrument does. Its connection is closed then: nothing is
                sent to it until `reopen` succeeds.
        """
        driver = self.driver(name)
        alarm = self._reconnect(name)
        driver.set_up()
        if alarm is not None:
            raise alarm
        return driver

    def make_safe(self, names: Collection[str] | None = None, *, is_last: bool = False) -> None:
        """Make every instrument safe, or those of these names; may be repeated.

        What drives cells comes first, then pumps, then the rest; real instruments side by side. One that fails is
        tried once more on a fresh connection.

        Args:
            names: of the instruments; all by default.
            is_last: nothing else is sent to them from now on, not even by a call that hung and goes on later.

        Raises:
            BenchError: after all were tried, those that could not be made safe, and what is known of them.
        """
        drivers = {name: driver for name, driver in self._drivers.items() if names is None or name in names}
        if is_last:
            for driver in drivers.values():
                driver.link.leave()
        side_by_side = not self.is_simulated
        self._raise(
            "be made safe", make_all_safe(drivers, self.bench, self._reconnect_quietly, side_by_side=side_by_side)
        )

    def close(self) -> None:
        """Close every connection and leave the instruments as they are; may be repeated.

        Raises:
            BenchError: after all were tried, those that could not be closed.
        """
        self._raise("close", self._each(_close))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.make_safe(is_last=True)
        finally:
            self.close()

    def _reconnect_quietly(self, name: str) -> None:
        self._reconnect(name)

    def _reconnect(self, name: str) -> AlarmError | None:
        """A fresh connection to the instrument that was there before; the alarm that it reported, if any."""
        driver, alarm = self.driver(name), None
        try:
            try:
                driver.link.reopen(self._manager)
            except AlarmError as error:
                alarm = error
            found, again = _identified_after_loss(driver)
        except InstrumentError:
            _let_go(driver)
            raise
        expected = self.identities[name]
        if (found.model, found.serial) != (expected.model, expected.serial):
            _let_go(driver)
            advice = "its connection is closed and nothing was set on it; check resource and cables"
            problem = f"another instrument answers in its place: {found} instead of {expected}"
            raise driver.link.error(InstrumentError, problem, advice=advice)
        return alarm or again

    def _each(self, act: Callable[[Driver], None]) -> list[InstrumentError]:
        errors: list[InstrumentError] = []
        for driver in self._drivers.values():
            try:
                act(driver)
            except InstrumentError as error:
                errors.append(error)
            except Exception as error:  # a fault in one driver must not keep the others from being made safe
                errors.append(InstrumentError(f"its driver failed: {error!r}", instrument=driver.link.instrument))
        return errors

    def _raise(self, doing: str, errors: list[InstrumentError]) -> None:
        if errors:
            raise BenchError(self.bench.name, doing, errors)

    def _named(self, name: str, role: Role) -> Driver:
        driver = self.driver(name)
        if driver.role != role:
            raise InputError(f"bench {self.bench.name}", f"{name} is a {driver.role}, not a {role}")
        return driver


@dataclass(frozen=True)
class BenchRow:
    """One line of `bench_table`.

    Attributes:
        instrument, role, driver, resource: as in the bench file.
        wiring: e.g. ``draws DMC, into mixer``.
        identity: who answered; empty if the bench is not connected.
    """

    instrument: str
    role: str
    driver: str
    resource: str
    wiring: str
    identity: str


def bench_table(bench: Bench, connected: ConnectedBench | None = None) -> list[BenchRow]:
    """What stands on the bench, one row per instrument in the order of the file."""
    rows = []
    for name, entry in bench.instruments.items():
        wiring = ", ".join(f"{word} {target}" for word, target in entry.wiring.words().items())
        identity = "" if connected is None else str(connected.identities[name])
        rows.append(BenchRow(name, entry.role, entry.driver, entry.resource, wiring, identity))
    return rows


def require_armed(bench: Bench, arm: bool) -> None:
    """Refuse a real bench unless both the file and the caller say so.

    Raises:
        InputError: says which of the two is missing.
    """
    if bench.is_simulated:
        return
    missing = [word for word, there in (("`armed: true` in the bench file", bench.armed), ("--arm", arm)) if not there]
    if missing:
        problem = f"has real instruments ({bench.visa}) and is not armed; missing: {' and '.join(missing)}"
        raise InputError(f"bench {bench.name}", problem)


def open_manager(bench: Bench) -> ResourceManager:
    """The VISA library of a real bench.

    Raises:
        InputError: the library is not installed, or the bench is simulated.
    """
    import pyvisa

    if bench.is_simulated:
        raise InputError(f"bench {bench.name}", "is simulated; its VISA library comes from the simulators")
    try:
        return pyvisa.ResourceManager(bench.visa)
    except (OSError, ValueError) as error:
        hint = "install galvanaut[lab]" if bench.visa == "@py" else "install the maker's VISA"
        raise InputError(
            f"bench {bench.name}", f"VISA library {bench.visa} cannot be loaded ({error}); {hint}"
        ) from None


def _identified_after_loss(driver: Driver) -> tuple[Identity, AlarmError | None]:
    """Who answers, and the alarm that came first, if any. To ask is harmless, so it is done more than once."""
    alarm: AlarmError | None = None
    silences = 0
    for _ in range(IDENTITY_TRIES - 1):
        try:
            return driver.identify(), alarm
        except AlarmError as error:
            alarm = error
        except BadReadingError:
            continue
        except NoReplyError:
            silences += 1
            if silences == 2:
                raise
    return driver.identify(), alarm


def _let_go(driver: Driver) -> None:
    with suppress(InstrumentError):
        driver.link.close()


def _close(driver: Driver) -> None:
    driver.link.close()


def _open(bench: Bench, name: str, manager: ResourceManager, trace: Trace | None, lines: dict[str, Link]) -> Driver:
    """One instrument; parts of a mainframe share the link that ``lines`` keeps by resource."""
    entry, settings = bench.instruments[name], bench.settings_of(name)
    driver = entry.driver_class
    line = lines.get(entry.resource.upper())
    if line is None:
        line = Link.open(manager, entry.resource, driver.framing(settings), name, driver.model, trace)
    if sharing(driver) is None:
        return driver(line, settings)
    lines[entry.resource.upper()] = line
    return driver(SharedLink(line, name), settings)
