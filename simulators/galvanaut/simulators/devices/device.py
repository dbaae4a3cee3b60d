"""What every simulated instrument has in common: a name, a place on the bench, a memory that outlives the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World


class Device(ABC):
    """A simulated instrument.

    Args:
        name: as in the bench file.
        spec: its place on the bench.
        world: the bench's physics.

    Attributes:
        terminator: ends a message to the instrument.
        baud_rate: of its serial line; the bench setting ``baud_rate`` changes it.
        parity: of its serial line, none, odd or even; the bench setting ``parity`` changes it.
        busy_until: instant when the instrument is through with what it was told; its replies leave then.
    """

    terminator: ClassVar[bytes]
    baud_rate: int = 9600
    parity: str = "none"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        self.name = name
        self.spec = spec
        self.world = world
        self.busy_until = 0.0
        self.baud_rate = int(spec.settings.get("baud_rate", self.baud_rate))
        self.parity = str(spec.settings.get("parity", self.parity))

    def cut(self, incoming: bytes) -> tuple[bytes, bytes] | None:
        """The first message of the bytes that came in (without terminator) and the rest; None when none is whole."""
        message, end, rest = incoming.partition(self.terminator)
        return (message, rest) if end else None

    @abstractmethod
    def handle(self, message: bytes) -> bytes:
        """Carry out one message (without terminator); the reply as it goes over the wire, or nothing."""

    @abstractmethod
    def memory(self) -> dict[str, Any]:
        """Everything the instrument remembers, in JSON types."""

    @abstractmethod
    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up what `memory` gave."""

    def pages(self) -> dict[str, Any]:
        """What changed since the last call of a memory too long to be kept whole after each message; by page."""
        return {}

    def recall_pages(self, pages: Mapping[str, Any]) -> None:
        """Take up all that `pages` ever gave; comes after `recall`."""
        if pages:
            raise ValueError(f"{self.name} keeps no pages")

    def catch_up(self) -> bool:
        """Record what the instrument was to measure by itself up to now; whether there was anything.

        The bench calls it before anything in the world changes.
        """
        return False

    def status_byte(self) -> int | None:
        """The IEEE 488.2 status byte; None when the instrument has none."""
        return None

    @property
    def now(self) -> float:
        """The instrument's own instant: the present, or the end of what it is busy with."""
        return max(self.world.clock.now(), self.busy_until)

    def spend(self, seconds: float) -> None:
        """Be busy for a while."""
        self.busy_until = self.now + seconds
