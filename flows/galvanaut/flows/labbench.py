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
from galvanaut.flows.plan import Plan
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench, open_manager, require_armed

if TYPE_CHECKING:
    from pyvisa import ResourceManager


@contextmanager
def connected_bench(plan: Plan, folder: LabFolder, *, arm: bool) -> Iterator[tuple[ConnectedBench, Clock]]:
    """Connect all instruments; in the end make them safe and let go of them.

    Raises:
        InputError: a real bench is not armed, or a simulated world is in use.
        BenchError: an instrument cannot be connected.
    """
    require_armed(plan.bench, arm)
    with ExitStack() as stack:
        if plan.bench.is_simulated:
            manager, clock = _simulated(plan, folder, stack)
        else:
            stack.enter_context(sole_owner(plan.bench))
            manager, clock = _real(plan)
        bench = ConnectedBench.open(plan.bench, manager, arm=arm)
        try:
            yield bench, clock
        finally:
            with _undisturbed():
                try:
                    bench.make_safe()
                finally:
                    bench.close()


@contextmanager
def sole_owner(bench: Bench) -> Iterator[None]:
    """Hold the instruments of a real bench: one lock of the operating system per VISA resource on this computer.

    Raises:
        InputError: another process has one of them; names the instrument and the process.
    """
    with ExitStack() as stack:
        for name, entry in bench.instruments.items():
            digest = hashlib.sha256(f"{bench.visa} {entry.resource.upper()}".encode()).hexdigest()[:16]
            lock = Path(tempfile.gettempdir()) / f"galvanaut-{digest}.lock"
            stack.enter_context(exclusive(lock, f"instrument {name} at {entry.resource}"))
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


def _simulated(plan: Plan, folder: LabFolder, stack: ExitStack) -> tuple[ResourceManager, Clock]:
    import pyvisa

    from galvanaut.simulators.bench import SimulatedBench

    description = plan.bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    world = SimulatedBench.open(description, folder.world(plan.bench.name), plan.seed)
    stack.callback(world.close)
    manager = pyvisa.ResourceManager(world.visa_library())
    stack.callback(manager.close)
    return manager, world.clock


def _real(plan: Plan) -> tuple[ResourceManager, Clock]:
    return open_manager(plan.bench), SystemClock()
