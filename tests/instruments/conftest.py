"""A VISA library that plays one written dialogue, byte for byte, below PyVISA's own resources."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pyvisa
from pyvisa.constants import EventMechanism, EventType, ResourceAttribute, StatusCode
from pyvisa.highlevel import VisaLibraryBase

from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.link import Link

_numbers = itertools.count()


@dataclass(frozen=True)
class Late:
    """A reply that arrives only after ``timeouts`` reads have found nothing."""

    data: bytes
    timeouts: int = 1


@dataclass(frozen=True)
class Twice:
    """A reply that arrives again, all of its own accord."""

    data: bytes


Reply = bytes | Late | Twice | Exception | None
Dialogue = list[tuple[bytes, Reply]]


class ScriptedVisaLibrary(VisaLibraryBase):
    """Expects exactly the messages of a dialogue, in its order, and gives the replies that stand beside them."""

    dialogue: deque[tuple[bytes, Reply]]

    def _init(self) -> None:
        self.dialogue = deque()
        self.attributes: dict[Any, Any] = {}
        self.cleared = 0
        self.clear_fails: Exception | StatusCode | None = None
        self.closed: list[Any] = []
        self._incoming: deque[bytes] = deque()
        self._late: list[list[Any]] = []

    @classmethod
    def playing(cls, dialogue: Dialogue) -> "ScriptedVisaLibrary":
        library: ScriptedVisaLibrary = cls(f"scripted-{next(_numbers)}")
        library.dialogue = deque(dialogue)
        return library

    def open_default_resource_manager(self) -> Any:
        return 1, StatusCode.success

    def open(self, session: Any, resource_name: str, *_: Any) -> Any:
        if "::missing" in resource_name:
            self.handle_return_value(None, StatusCode.error_resource_not_found)
        self.attributes[ResourceAttribute.resource_name] = resource_name
        return 2, StatusCode.success

    def close(self, session: Any) -> Any:
        self.closed.append(session)
        return StatusCode.success

    def write(self, session: Any, data: bytes) -> Any:
        assert self.dialogue, f"nothing more was expected, but {data!r} was sent"
        expected, reply = self.dialogue.popleft()
        assert data == expected
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Late):
            self._late.append([reply.timeouts, reply.data])
        elif isinstance(reply, Twice):
            self._incoming.extend([reply.data, reply.data])
        elif reply is not None:
            self._incoming.append(reply)
        return len(data), StatusCode.success

    def read(self, session: Any, count: int) -> Any:
        if self._incoming:
            return self._incoming.popleft(), StatusCode.success_termination_character_read
        for entry in self._late:
            entry[0] -= 1
        self._incoming.extend(data for left, data in self._late if left <= 0)
        self._late = [entry for entry in self._late if entry[0] > 0]
        return b"", self.handle_return_value(session, StatusCode.error_timeout)

    def clear(self, session: Any) -> Any:
        self.cleared += 1
        if isinstance(self.clear_fails, Exception):
            raise self.clear_fails
        return self.handle_return_value(session, self.clear_fails or StatusCode.success)

    def get_attribute(self, session: Any, attribute: Any) -> Any:
        if attribute == ResourceAttribute.asrl_avalaible_number:
            return sum(map(len, self._incoming)), StatusCode.success
        return self.attributes.get(attribute, 0), StatusCode.success

    def set_attribute(self, session: Any, attribute: Any, attribute_state: Any) -> Any:
        self.attributes[attribute] = attribute_state
        return StatusCode.success

    def disable_event(self, session: Any, event_type: EventType, mechanism: EventMechanism) -> Any:
        return StatusCode.success

    def discard_events(self, session: Any, event_type: EventType, mechanism: EventMechanism) -> Any:
        return StatusCode.success


class Wire:
    """One dialogue and the driver that takes part in it."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.library = ScriptedVisaLibrary.playing(dialogue)
        self.manager = pyvisa.ResourceManager(self.library)
        self.traffic: list[tuple[str, str, bytes]] = []

    def link(self, driver: str, resource: str = "ASRL1::INSTR", **settings: Any) -> Link:
        kind = driver_class(driver)
        framing = kind.framing(kind.Settings.model_validate(settings))
        trace = lambda *entry: self.traffic.append(entry)  # noqa: E731  # reads better on one line
        return Link.open(self.manager, resource, framing, "subject", kind.model, trace)

    def driver(self, driver: str, resource: str = "ASRL1::INSTR", **settings: Any) -> Any:
        kind = driver_class(driver)
        return kind(self.link(driver, resource, **settings), kind.Settings.model_validate(settings))


@pytest.fixture
def wire() -> Iterator[Callable[[Dialogue], Wire]]:
    """Makes wires; at the end each dialogue must have been played completely."""
    wires: list[Wire] = []

    def make(dialogue: Dialogue) -> Wire:
        wires.append(Wire(dialogue))
        return wires[-1]

    yield make
    for one in wires:
        assert not one.library.dialogue, f"was never sent: {one.library.dialogue[0][0]!r}"
        one.manager.close()


@pytest.fixture
def twice() -> type[Twice]:
    """For replies that come once more than asked for."""
    return Twice


@pytest.fixture
def late() -> type[Late]:
    """For replies that come after their time-out."""
    return Late
