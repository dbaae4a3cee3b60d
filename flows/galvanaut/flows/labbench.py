"""Connect a plan's bench: real instruments through their VISA library, or simulated ones behind the same drivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from galvanaut.core.clock import Clock, SystemClock
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.plan import Plan
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
        manager, clock = _simulated(plan, folder, stack) if plan.bench.is_simulated else _real(plan)
        yield stack.enter_context(ConnectedBench.open(plan.bench, manager, arm=arm)), clock


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
