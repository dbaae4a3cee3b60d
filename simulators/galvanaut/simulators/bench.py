"""A simulated bench: its clock, its world, its instruments, and the file that they all outlive the host in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import InputError, Problem, UnsupportedError
from galvanaut.simulators.chemistry import Chemistry
from galvanaut.simulators.devices.assembler import VirtualAssembler
from galvanaut.simulators.devices.bt3562a import BatteryTester
from galvanaut.simulators.devices.daq6510 import ScanningMultimeter
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.devices.e4980a import LcrMeter
from galvanaut.simulators.devices.f4t import ChamberController
from galvanaut.simulators.devices.k2281s import BatteryCharger
from galvanaut.simulators.devices.k2450 import SourceMeter
from galvanaut.simulators.devices.mt_sics import Balance
from galvanaut.simulators.devices.n6705c import PowerAnalyzer
from galvanaut.simulators.devices.ne1000 import SyringePump
from galvanaut.simulators.devices.p300 import EspecChamber
from galvanaut.simulators.devices.sbi import SartoriusBalance
from galvanaut.simulators.faults.applicable import problem_with
from galvanaut.simulators.faults.clock import EventfulClock
from galvanaut.simulators.faults.fault import Fault
from galvanaut.simulators.faults.register import FaultRegister
from galvanaut.simulators.spec import BenchSpec, Instrument, read_spec
from galvanaut.simulators.store import Store
from galvanaut.simulators.world import World

if TYPE_CHECKING:
    from galvanaut.simulators.visa import SimulatedVisaLibrary

DEVICES: dict[str, type[Device]] = {
    "new-era-ne-1000": SyringePump,
    "mettler-mt-sics": Balance,
    "sartorius-sbi": SartoriusBalance,
    "watlow-f4t": ChamberController,
    "espec-p300": EspecChamber,
    "keysight-e4980a": LcrMeter,
    "keithley-daq6510": ScanningMultimeter,
    "keithley-2281s": BatteryCharger,
    "keithley-2450": SourceMeter,
    "keysight-n6705c": PowerAnalyzer,
    "hioki-bt3562a": BatteryTester,
    "virtual-assembler": VirtualAssembler,
}
"""What stands in for the instrument behind each driver."""

WIRING: dict[str, tuple[str, ...]] = {
    "new-era-ne-1000": ("draws", "into"),
    "mettler-mt-sics": ("weighs",),
    "sartorius-sbi": ("weighs",),
    "watlow-f4t": ("houses",),
    "espec-p300": ("houses",),
    "keysight-e4980a": ("connects",),
    "keithley-daq6510": (),
    "keithley-2281s": ("channel",),
    "keithley-2450": ("channel",),
    "keysight-n6705c": ("channel",),
    "hioki-bt3562a": ("channel",),
    "virtual-assembler": ("fills_from", "loads"),
}
"""What an instrument of each driver must be wired to."""

SOURCES = frozenset({"keithley-2281s", "keithley-2450", "keysight-n6705c"})
"""Drivers whose instruments drive the cell that they are wired to; there is room for one at each cell."""

MAINFRAMES = {"keysight-n6705c": "output"}
"""Drivers whose instruments are parts of a mainframe, several at one resource; the setting in which they differ."""

FIRST_INSTANT = 1_767_225_600.0
"""Where the clock of a fresh world stands: 2026-01-01T00:00:00Z."""


class SimulatedBench:
    """Made by `open`.

    Attributes:
        spec: the bench file as far as it matters here.
        seed: of the world.
        clock: the bench's time; outlives the host like everything else.
        world: liquids, temperatures, electrodes.
        devices: the instruments by name; those at one resource are one device.
        lock: held while a message is carried out or a reply awaited.
    """

    def __init__(self, spec: BenchSpec, store: Store, seed: int, chemistry: Chemistry) -> None:
        rows = store.rows
        kept = rows.get("bench")
        if kept is not None:
            _expect_same(store.path, kept["plumbing"], spec.plumbing())
        self.spec = spec
        self.seed: int = seed if kept is None else kept["seed"]
        self.lock = threading.RLock()
        self._store = store
        now = FIRST_INSTANT if kept is None else rows["clock"]["now"]
        self.clock = EventfulClock(now, self._keep_time)
        self.world = World(spec, self.seed, chemistry, self.clock, None if kept is None else rows)
        self.devices = self._assemble()
        everyone = {device.name: device for device in self.devices.values()}
        for name, device in everyone.items():
            if kept is not None:
                device.recall(rows[f"device/{name}"])
                device.busy_until = rows[f"busy/{name}"]["until"]
                device.recall_pages(rows.get(f"page/{name}", {}))
        recorders = [each for each in everyone.values() if type(each).catch_up is not Device.catch_up]
        # Onlookers first: a source that has ended its test meanwhile changes the cell that they look back at.
        self._recorders = sorted(recorders, key=lambda each: each.spec.driver in SOURCES)
        self._recorders_before = {name: self._concerned(device) for name, device in everyone.items()}
        drivers = {name: part.driver for name, part in spec.instruments.items()}
        self._faults = FaultRegister(self.seed, self.clock, self.devices, drivers)
        self._faults.recall(rows.get("faults", {}))
        if self._faults.is_news(spec.simulation.faults):
            for recorder in self._recorders:
                recorder.catch_up()
            self._faults.ask(spec.simulation.faults)
        self.clock.happen = self._let_happen
        self._appoint_all()
        self._rewrite()

    @classmethod
    def open(
        cls, description: Mapping[str, Any], state: Path, seed: int, chemistry: Chemistry | None = None
    ) -> SimulatedBench:
        """Open the world kept in a file, or begin one there.

        Args:
            description: a bench file, parsed.
            state: the file of the world.
            seed: of all its scatter; an existing world keeps its own.
            chemistry: densities and conductivities; the fitted electrolyte model by default.

        Raises:
            InputError: the description is not a bench that can be simulated, or the file is in use, belongs to
                another bench or is something else.
        """
        spec = read_spec(description)
        _check_instruments(spec)
        if chemistry is None:
            from galvanaut.simulators.electrolyte.liquids import Liquids

            chemistry = Liquids()
        _check_stocks(spec, chemistry)
        store = Store(state)
        try:
            return cls(spec, store, seed, chemistry)
        except BaseException:
            store.close()
            raise

    def visa_library(self) -> SimulatedVisaLibrary:
        """A VISA library that finds this bench's instruments at their resources, for ``pyvisa.ResourceManager``."""
        from galvanaut.simulators.visa import SimulatedVisaLibrary

        return SimulatedVisaLibrary(self)

    def exchange(self, device: Device, message: bytes) -> tuple[bytes, float]:
        """Let an instrument carry out one message, and keep what it changed before anybody sees the reply.

        Returns:
            The reply (empty if none) and the instant when it leaves the instrument.
        """
        recorded = [each for each in self._recorders_before[device.name] if each.catch_up() and each is not device]
        if self._faults.is_idle:
            reply, leaves_at = device.handle(message), device.now
        else:
            reply, leaves_at = self._faults.exchange(device, message)
        self.clock.appoint(device, device.acts_at)
        self._save(device, *recorded)
        return reply, leaves_at

    def reaches(self, device: Device) -> bool:
        """Whether anything that is sent reaches an instrument now: it has power, and the line to it is not dead."""
        return self._faults.is_idle or self._faults.reaches(device)

    def put_up(self, bottles: Mapping[str, Mapping[str, Any]]) -> None:
        """A person puts up new bottles.

        Args:
            bottles: by stock: ``lot`` and ``available_mL``; another lot is a new, full bottle.
        """
        with self.lock:
            for recorder in self._recorders:
                recorder.catch_up()
            self.world.put_up(bottles)
            self._rewrite()

    def inject(self, fault: Fault) -> None:
        """Let something go wrong, now or as the fault says, counted from now.

        Raises:
            InputError: there is no such instrument, or it cannot have this fault.
        """
        self._change_faults(lambda: self._faults.inject(fault))

    def clear_faults(self, instrument: str | None = None) -> None:
        """End all faults of an instrument, or of the bench, also those that were to come.

        Raises:
            InputError: there is no such instrument.
        """
        self._change_faults(lambda: self._faults.clear(instrument))

    def present_faults(self) -> tuple[Fault, ...]:
        """The faults that were injected and have not ended, in this order."""
        return self._faults.present()

    def _change_faults(self, change: Callable[[], object]) -> None:
        with self.lock:
            for each in self._recorders:
                each.catch_up()
            change()
            self._appoint_all()
            self._save(*dict.fromkeys(self.devices.values()))

    def _let_happen(self, who: Hashable) -> None:
        if not isinstance(who, Device):
            self._change_faults(self._faults.happen)
            return
        with self.lock:
            recorded = [each for each in self._recorders_before[who.name] if each.catch_up() and each is not who]
            who.act()
            self.clock.appoint(who, who.acts_at)
            self._save(who, *recorded)

    def _appoint_all(self) -> None:
        for device in dict.fromkeys(self.devices.values()):
            self.clock.appoint(device, device.acts_at)

    def _concerned(self, device: Device) -> list[Device]:
        """The recorders that must catch up before a device acts: of the unseen ones, those whose cell it may change."""
        loads = device.spec.loads
        return [each for each in self._recorders if not each.records_unseen or each.spec.wiring["channel"] in loads]

    def close(self) -> None:
        """Let go of the world's file. Everything is in it already."""
        self._store.close()

    def _assemble(self) -> dict[str, Device]:
        """One device for each resource, under the name of its first instrument."""
        at: dict[str, Device] = {}
        for name, part in self.spec.instruments.items():
            if part.resource not in at:
                at[part.resource] = DEVICES[part.driver](name, part, self.world)
        return {name: at[part.resource] for name, part in self.spec.instruments.items()}

    def _save(self, *devices: Device) -> None:
        pages = {f"page/{device.name}": content for device in devices if (content := device.pages())}
        self._store.save({**_rows_of(devices), **self.world.changes(), **self._faults.rows()}, pages)
        if self._store.is_due:
            self._rewrite()

    def _rewrite(self) -> None:
        devices = dict.fromkeys(self.devices.values())
        self.world.changes()  # they are among all rows
        rows: dict[str, dict[str, Any]] = {
            "bench": {"seed": self.seed, "plumbing": self.spec.plumbing()},
            "clock": {"now": self.clock.now()},
            **self.world.rows(),
            **_rows_of(devices),
            **self._faults.rows(),
        }
        pages = ((f"page/{device.name}", part) for device in devices for part in device.whole_pages())
        self._store.rewrite(rows, pages)

    def _keep_time(self, now: float) -> None:
        with self.lock:
            self._store.save({"clock": {"now": now}})


def _rows_of(devices: Iterable[Device]) -> dict[str, dict[str, Any]]:
    """What instruments remember, but for their pages."""
    rows = {}
    for device in devices:
        rows[f"device/{device.name}"] = device.memory()
        rows[f"busy/{device.name}"] = {"until": device.busy_until}
    return rows


def _check_instruments(spec: BenchSpec) -> None:
    problems, resources = [], dict[str, str]()
    for name, part in spec.instruments.items():
        problems += [Problem(f"instruments.{name}.{where}", message) for where, message in _problems(part)]
        first = resources.setdefault(part.resource, name)
        if first != name and not _is_other_part(spec, first, name):
            problems.append(Problem(f"instruments.{name}.resource", f"{part.resource} is already {first}'s"))
    for cell in sorted(set(spec.wired("connects").values())):
        if cell not in spec.vessels:
            problems.append(Problem(f"vessels.{cell}", "a flow cell must be a vessel with a capacity"))
    problems += [*_two_on_one_cell(spec), *_two_at_one_holder(spec), *_impossible_faults(spec)]
    if problems:
        raise InputError(f"bench {spec.name}", problems)


def _is_other_part(spec: BenchSpec, first: str, name: str) -> bool:
    """Whether two instruments are different parts of one mainframe."""
    part, setting = spec.instruments[name], MAINFRAMES.get(spec.instruments[name].driver)
    if setting is None or spec.instruments[first].driver != part.driver:
        return False
    same = [each for each in spec.sharing(part.resource).values() if _part(each, setting) == _part(part, setting)]
    return len(same) == 1


def _part(part: Instrument, setting: str) -> int:
    return int(part.settings.get(setting, 1))


def _two_on_one_cell(spec: BenchSpec) -> list[Problem]:
    """Two sources must not work on one cell; meters may look on."""
    problems, sources = [], dict[str, str]()
    for name, holder in spec.wired("channel").items():
        if spec.instruments[name].driver in SOURCES and sources.setdefault(holder, name) != name:
            problems.append(
                Problem(f"instruments.{name}.wiring.channel", f"{sources[holder]} already drives the cell in {holder}")
            )
    return problems


def _two_at_one_holder(spec: BenchSpec) -> list[Problem]:
    """Only who loads a holder knows what is in it."""
    problems, loaders = [], dict[str, str]()
    for name, part in spec.instruments.items():
        for holder in part.loads:
            if loaders.setdefault(holder, name) != name:
                problems.append(
                    Problem(f"instruments.{name}.wiring.loads", f"{loaders[holder]} already loads {holder}")
                )
    return problems


def _impossible_faults(spec: BenchSpec) -> list[Problem]:
    drivers = {name: part.driver for name, part in spec.instruments.items()}
    found = [(number, problem_with(fault, drivers)) for number, fault in enumerate(spec.simulation.faults)]
    return [Problem(f"simulation.faults.{number}.{each.where}", each.message) for number, each in found if each]


def _problems(part: Instrument) -> list[tuple[str, str]]:
    if part.driver not in DEVICES:
        return [("driver", f"{part.driver!r} cannot be simulated; known are {', '.join(sorted(DEVICES))}")]
    missing = [role for role in WIRING[part.driver] if role not in part.wiring]
    return [(f"wiring.{role}", f"is missing; {part.driver} needs it") for role in missing]


def _check_stocks(spec: BenchSpec, chemistry: Chemistry) -> None:
    for name, bottle in spec.stocks.items():
        total = sum(bottle.composition.values())
        try:
            chemistry.density_g_mL({key: share / total for key, share in bottle.composition.items()})
        except UnsupportedError as error:
            raise InputError(f"bench {spec.name}", Problem(f"stocks.{name}.composition", str(error))) from None


def _expect_same(path: Path, kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """A world cannot be rebuilt under the liquids in it."""
    for part in ("stocks", "vessels", "holders", "instruments"):
        old, new = kept[part], now[part]
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        if changed:
            raise InputError(
                path,
                f"this simulated world was begun with other {part} ({', '.join(changed)} changed in the bench file); "
                "undo that, or begin a new lab folder",
            )
