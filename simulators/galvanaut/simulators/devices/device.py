"""What every simulated instrument has in common: a name, a place on the bench, a memory that outlives the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, ClassVar

from galvanaut.simulators.devices.condition import HEALTHY, Condition
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
        records_unseen: whether what it records by itself shows nowhere but in its own replies, so that it need not
            catch up before the bench lets others act.
        baud_rate: of its serial line; the bench setting ``baud_rate`` changes it.
        parity: of its serial line, none, odd or even; the bench setting ``parity`` changes it.
        busy_until: instant when the instrument is through with what it was told; its replies leave then.
        has_power: whether it is supplied; without, messages do not reach it.
        lost_at: instant when replies on their way were lost last; minus infinity for never.
        ailments: what is wrong with it, by the instrument that it is in the bench file; empty if nothing is.
    """

    terminator: ClassVar[bytes]
    records_unseen: ClassVar[bool] = False
    baud_rate: int = 9600
    parity: str = "none"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        self.name = name
        self.spec = spec
        self.world = world
        self.busy_until = 0.0
        self.has_power = True
        self.lost_at = -inf
        self.ailments: dict[str, Condition] = {}
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

    def whole_pages(self) -> Iterator[dict[str, Any]]:
        """All pages, some at a time."""
        yield from ()

    def recall_pages(self, pages: Mapping[str, Any]) -> None:
        """Take up all that `pages` ever gave, or `whole_pages`; comes after `recall`."""
        if pages:
            raise ValueError(f"{self.name} keeps no pages")

    def catch_up(self) -> bool:
        """Record what the instrument was to measure by itself up to now; whether there was anything.

        The bench calls it before anything in the world changes; if it `records_unseen`, only before something changes
        that it measures, or the instrument itself.
        """
        return False

    @property
    def acts_at(self) -> float:
        """When it next does by itself what others may notice; infinite for never. The bench's clock stops there."""
        return inf

    def act(self) -> None:
        """Do what is due at `acts_at`, and move that on."""
        raise NotImplementedError(f"{self.name} does nothing by itself")

    def status_byte(self) -> int | None:
        """The IEEE 488.2 status byte; None when the instrument has none."""
        return None

    # -- faults -------------------------------------------------------------------------------------------------

    @property
    def condition(self) -> Condition:
        """What is wrong with it; with a mainframe, what is wrong with its first part."""
        return self.ailments.get(self.name, HEALTHY)

    def condition_of(self, instrument: str) -> Condition:
        """What is wrong with one instrument of the bench file that this device is."""
        return self.ailments.get(instrument, HEALTHY)

    def ail(self, instrument: str, condition: Condition) -> None:
        """Change what is wrong with one instrument."""
        if condition == HEALTHY:
            self.ailments.pop(instrument, None)
        else:
            self.ailments[instrument] = condition

    def drifted(self, unit: str, instant: float | None = None) -> float:
        """What its sensor reads too much, now or at another instant, if it drifts in this unit (V/h, K/h, g/h)."""
        if not self.ailments:
            return 0.0
        return self.condition.drifted(self.now if instant is None else instant, unit)

    def lose_power(self) -> None:
        """The supply fails: nothing more is done, and what needs power is forgotten."""
        self.busy_until = self.lost_at = self.world.clock.now()
        self.forget()
        self.feel()

    @abstractmethod
    def forget(self) -> None:
        """Take on the state in which it wakes up after a power cut."""

    def feel(self) -> None:  # noqa: B027  # many instruments act on nothing
        """Let its condition or its supply, which have just changed, act on the world."""

    def trip(self, instrument: str) -> None:
        """Let the over-voltage protection open the output of one instrument; only sources have one."""
        raise NotImplementedError(f"{instrument} has no over-voltage protection")

    @property
    def now(self) -> float:
        """The instrument's own instant: the present, or the end of what it is busy with."""
        return max(self.world.clock.now(), self.busy_until)

    def spend(self, seconds: float) -> None:
        """Be busy for a while."""
        self.busy_until = self.now + seconds
