"""A bench with its instruments connected: opened, identified, set up; and made safe whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from galvanaut.core.errors import InputError
from galvanaut.instruments.bench import Bench, InstrumentEntry
from galvanaut.instruments.drivers import Driver
from galvanaut.instruments.errors import BenchError, InstrumentError
from galvanaut.instruments.link import Link, Trace
from galvanaut.instruments.roles import Identity, Role

if TYPE_CHECKING:
    from pyvisa import ResourceManager

    from galvanaut.instruments.roles import Balance, BatteryTester, Chamber, ImpedanceMeter, Pump, SourceMeter
    from galvanaut.instruments.thermometry import Thermometer


class ConnectedBench:
    """The instruments of a bench by name. Made by `ConnectedBench.open`.

    As a context manager it makes all instruments safe and closes them at the end; `close` alone leaves them as
    they are.

    Attributes:
        bench: the bench file.
        identities: who answered, by instrument.
    """

    def __init__(self, bench: Bench, drivers: Mapping[str, Driver], identities: Mapping[str, Identity]) -> None:
        self.bench = bench
        self.identities = dict(identities)
        self._drivers = dict(drivers)

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
        for name, entry in bench.instruments.items():
            try:
                drivers[name] = _open(name, entry, manager, trace)
                identities[name] = drivers[name].identify()
                drivers[name].set_up()
            except InstrumentError as error:
                errors.append(error)
        connected = cls(bench, drivers, identities)
        if errors:
            errors += connected._each(_close)
            raise BenchError(bench.name, "connect", errors)
        return connected

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

    def make_safe(self) -> None:
        """Make every instrument safe; may be repeated.

        Raises:
            BenchError: after all were tried, those that could not be made safe.
        """
        self._raise("be made safe", self._each(lambda driver: driver.make_safe()))

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
            self.make_safe()
        finally:
            self.close()

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
        driver = self._drivers.get(name)
        if driver is None:
            raise InputError(f"bench {self.bench.name}", f"has no instrument {name}, only {', '.join(self._drivers)}")
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
        wiring = ", ".join(f"{word} {target}" for word, target in entry.wiring.model_dump(exclude_none=True).items())
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


def _close(driver: Driver) -> None:
    driver.link.close()


def _open(name: str, entry: InstrumentEntry, manager: ResourceManager, trace: Trace | None) -> Driver:
    driver, settings = entry.driver_class, entry.parsed_settings()
    link = Link.open(manager, entry.resource, driver.framing(settings), name, driver.model, trace)
    return driver(link, settings)
