"""A VISA library that plays a transcript back: whoever sends what was sent then, receives what was received then.

For tests of drivers without an instrument: ``pyvisa.ResourceManager(Replay.playing(transcript))``. Each resource has
a line of its own, so it does not matter in which order different instruments are asked. Time does not pass: where the
transcript has no reply, a read is out of time at once.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

from pyvisa import rname
from pyvisa.constants import AccessModes, EventMechanism, EventType, ResourceAttribute, StatusCode
from pyvisa.highlevel import VisaLibraryBase
from pyvisa.typing import VISARMSession, VISASession
from pyvisa.util import LibraryPath

from galvanaut.instruments.transcript import Message, Transcript, TranscriptError, escaped

_numbers = itertools.count(1)  # pyvisa keeps one library per path: a path of its own for each


class Replay(VisaLibraryBase):
    """Made by `playing`. Programs that send anything else than the transcript says are stopped at that message."""

    transcript: Transcript
    _lines: dict[str, deque[Message]]
    _sessions: dict[int, str]
    _attributes: dict[tuple[int, Any], Any]
    _session_numbers: itertools.count[int]

    @classmethod
    def playing(cls, transcript: Transcript) -> Replay:
        """A library at the beginning of a transcript."""
        library = cls(LibraryPath(f"replay-{next(_numbers)}", "replay"))
        library.transcript = transcript
        library._lines = {canonical(heard.resource): deque() for heard in transcript.instruments.values()}
        for message in transcript.messages:
            library._lines[canonical(transcript.instruments[message.instrument].resource)].append(message)
        library._sessions, library._attributes = {}, {}
        library._session_numbers = itertools.count(1)
        return library

    def finish(self) -> None:
        """Make sure that everything was played.

        Raises:
            TranscriptError: names the first line that was not.
        """
        left = [line[0] for line in self._lines.values() if line]
        if left:
            first = min(left, key=lambda message: message.line)
            raise self._error(first, "was never played: the program ended before it")

    # -- what a VISA library does -------------------------------------------------------------------------------

    def open_default_resource_manager(self) -> tuple[VISARMSession, StatusCode]:
        """The session of the resource manager."""
        return VISARMSession(next(self._session_numbers)), StatusCode.success

    def list_resources(self, session: VISARMSession, query: str = "?*::INSTR") -> tuple[str, ...]:
        """All resources of the transcript, whatever is asked for."""
        return tuple(heard.resource for heard in self.transcript.instruments.values())

    def open(
        self,
        session: VISARMSession,
        resource_name: str,
        access_mode: AccessModes = AccessModes.no_lock,
        open_timeout: int = 0,
    ) -> tuple[VISASession, StatusCode]:
        """Take up the line of this resource."""
        number = VISASession(next(self._session_numbers))
        resource = canonical(resource_name)
        if resource not in self._lines:
            self.handle_return_value(session, StatusCode.error_resource_not_found)
        self._sessions[number] = resource
        self._attributes[number, ResourceAttribute.resource_name] = resource_name
        return number, StatusCode.success

    def close(self, session: Any) -> StatusCode:
        """Let go of a line; who opens it again goes on where it stopped."""
        self._sessions.pop(session, None)
        return StatusCode.success

    def write(self, session: VISASession, data: bytes) -> tuple[int, StatusCode]:
        """Compare what is sent with what was sent then.

        Raises:
            TranscriptError: it is something else, or the transcript waits for a reply to be read, or has ended.
        """
        resource = self._sessions[session]
        line = self._lines[resource]
        if not line:
            problem = f"after its last line for {resource}, {escaped(data)!r} was sent there"
            raise TranscriptError(f"{self.transcript.source}: {problem}")
        expected = line[0]
        if expected.direction == "<":
            raise self._error(expected, f"is a reply that nobody has read, but {escaped(data)!r} was sent")
        if expected.data != data:
            raise self._error(expected, f"has {escaped(expected.data)!r}, but {escaped(data)!r} was sent")
        line.popleft()
        return len(data), StatusCode.success

    def read(self, session: VISASession, count: int) -> tuple[bytes, StatusCode]:
        """The next reply; without one the read is out of time."""
        line = self._lines[self._sessions[session]]
        if not line or line[0].direction != "<":
            return b"", self.handle_return_value(session, StatusCode.error_timeout)
        return line.popleft().data, StatusCode.success_termination_character_read

    def clear(self, session: VISASession) -> StatusCode:
        """A device clear sends no bytes, so a transcript does not know of it."""
        return StatusCode.success

    def get_attribute(self, session: Any, attribute: Any) -> tuple[Any, StatusCode]:
        """What was set."""
        return self._attributes.get((session, attribute), 0), StatusCode.success

    def set_attribute(self, session: VISASession, attribute: Any, attribute_state: Any) -> StatusCode:
        """Settings of the line; a transcript does not know of them."""
        self._attributes[session, attribute] = attribute_state
        return StatusCode.success

    def disable_event(self, session: VISASession, event_type: EventType, mechanism: EventMechanism) -> StatusCode:
        """There are no events."""
        return StatusCode.success

    def discard_events(self, session: VISASession, event_type: EventType, mechanism: EventMechanism) -> StatusCode:
        """There are no events."""
        return StatusCode.success

    def _error(self, message: Message, problem: str) -> TranscriptError:
        return TranscriptError(f"{self.transcript.source}: line {message.line} ({message.instrument}): {problem}")


def canonical(resource: str) -> str:
    """The one spelling of a resource, e.g. ``TCPIP0::192.0.2.10::5025::SOCKET``; unchanged if it is none."""
    try:
        return str(rname.ResourceName.from_string(resource.upper()))
    except rname.InvalidResourceName:
        return resource
