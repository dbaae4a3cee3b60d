"""One simulated world and the drivers connected to it, in-process or over TCP, for contract tests."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyvisa

from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.server import serve
from plainchemistry import PlainChemistry

TRANSPORTS = ("in-process", "tcp")


class ContractLab:
    """A bench whose instruments are simulated and whose drivers are the real ones.

    Attributes:
        world: the simulated bench, for the passing of time.
        connected: the drivers.
    """

    def __init__(self, description: dict[str, Any], state: Path, transport: str, stack: ExitStack) -> None:
        self.world = SimulatedBench.open(description, state, seed=1, chemistry=PlainChemistry())
        stack.callback(self.world.close)
        if transport == "tcp":
            resources = stack.enter_context(serve(self.world))
            moved = {name: entry | {"resource": resources[name]} for name, entry in description["instruments"].items()}
            self.bench = Bench.model_validate(description | {"instruments": moved})
            self.manager = pyvisa.ResourceManager("@py")
        else:
            self.bench = Bench.model_validate(description)
            self.manager = pyvisa.ResourceManager(self.world.visa_library())
        self.connected = self.connect()
        stack.callback(lambda: self.connected.close())

    def connect(self) -> ConnectedBench:
        """Connect once more, as a program started later would."""
        return ConnectedBench.open(self.bench, self.manager)

    def pass_time(self, seconds: float) -> None:
        """Let bench time pass."""
        with self.world.lock:
            self.world.clock.spend(seconds)


@contextmanager
def contract_lab(description: dict[str, Any], state: Path, transport: str) -> Iterator[ContractLab]:
    """A lab that is closed at the end."""
    with ExitStack() as stack:
        yield ContractLab(description, state, transport, stack)
