"""A bench outside of a campaign: its real instruments, or a simulated world that is forgotten afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.clock import Clock, SystemClock
from galvanaut.flows.labbench import sole_owner
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import open_manager

if TYPE_CHECKING:
    from pyvisa import ResourceManager


@contextmanager
def bench_access(bench: Bench) -> Iterator[tuple[ResourceManager, Clock]]:
    """The VISA library that serves a bench, and its clock.

    Raises:
        InputError: the VISA library cannot be loaded, or another process has one of the instruments.
    """
    if not bench.is_simulated:
        with sole_owner(bench):
            yield open_manager(bench), SystemClock()
        return
    import pyvisa

    from galvanaut.simulators.bench import SimulatedBench

    with tempfile.TemporaryDirectory() as folder:
        description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
        world = SimulatedBench.open(description, Path(folder) / "world.db", seed=0)
        manager = pyvisa.ResourceManager(world.visa_library())
        try:
            yield manager, world.clock
        finally:
            manager.close()
            world.close()
