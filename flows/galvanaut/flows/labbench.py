"""Connect a plan's bench: real instruments through their VISA library, or simulated ones behind the same drivers."""

from __future__ import annotations

import hashlib
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.clock import Clock, SystemClock
from galvanaut.core.lock import exclusive
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.transcripts import recorded
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench, open_manager, require_armed

if TYPE_CHECKING:
    from pyvisa import ResourceManager

    from galvanaut.simulators.bench import SimulatedBench


@contextmanager
def connected_bench(
    description: Bench, folder: LabFolder, seed: int, *, arm: bool, record: Path | None = None
) -> Iterator[tuple[ConnectedBench, Clock]]:
    """Connect all instruments; in the end, however it comes, make them safe and let go of them.

    Args:
        description: the bench file.
        folder: where a simulated bench keeps its world.
        seed: of a simulated world that is begun.
        arm: lets a real bench move.
        record: new file for a transcript of every byte.

    Raises:
        InputError: a real bench is not armed, a simulated world is in use, or ``record`` is there already.
        BenchError: an instrument cannot be connected.
    """
    require_armed(description, arm)
    with ExitStack() as stack:
        world: SimulatedBench | None = None
        manager: ResourceManager
        clock: Clock
        if description.is_simulated:
            world = _simulated(description, folder, seed, stack)
            manager, clock = _manager_of(world, stack), world.clock
        else:
            stack.enter_context(sole_owner(description))
            manager, clock = open_manager(description), SystemClock()
        trace = None if record is None else stack.enter_context(recorded(description, clock, record))
        bench = ConnectedBench.open(description, manager, arm=arm, trace=trace)
        if world is not None:
            bench.on_bottles = world.put_up
        try:
            yield bench, clock
        finally:
            with _undisturbed():
                try:
                    bench.make_safe(is_last=True)
                finally:
                    bench.close()


@contextmanager
def sole_owner(bench: Bench) -> Iterator[None]:
    """Hold the instruments of a real bench: one lock of the operating system per VISA resource on this computer.

    Raises:
        InputError: another process has one of them; names the instrument and the process.
    """
    with ExitStack() as stack:
        names: dict[str, str] = {}  # parts of one mainframe are held together
        for name, entry in bench.instruments.items():
            names.setdefault(entry.resource.upper(), name)
        for name in names.values():
            resource = bench.instruments[name].resource
            stack.enter_context(sole_user(bench.visa, resource, f"instrument {name} at {resource}"))
        yield


@contextmanager
def sole_user(visa: str, resource: str, what: str) -> Iterator[None]:
    """Hold one VISA resource; errors as in `sole_owner`."""
    digest = hashlib.sha256(f"{visa} {resource.upper()}".encode()).hexdigest()[:16]
    with exclusive(Path(tempfile.gettempdir()) / f"galvanaut-{digest}.lock", what):
        yield


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore further Ctrl-C and the like: making instruments safe must not be broken off half-way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    kept = {number: signal.signal(number, signal.SIG_IGN) for name in names if (number := getattr(signal, name, None))}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _simulated(bench: Bench, folder: LabFolder, seed: int, stack: ExitStack) -> SimulatedBench:
    from galvanaut.simulators.bench import SimulatedBench

    description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    world = SimulatedBench.open(description, folder.world(bench.name), seed)
    stack.callback(world.close)
    return world


def _manager_of(world: SimulatedBench, stack: ExitStack) -> ResourceManager:
    import pyvisa

    manager = pyvisa.ResourceManager(world.visa_library())
    stack.callback(manager.close)
    return manager
