"""One VISA resource, one lock, and replies that always belong to the question asked.

What it guards against, each seen with PyVISA 1.16 and pyvisa-py 0.8:

- a reply that arrives after its time-out would answer the *next* question, and so for ever: after any silence the
  link throws away what is left, asks the instrument to identify itself, and only then goes on;
- so would a reply that comes twice: whatever lies in the input before a question is a reason to do the same;
- a resource is not thread-safe: one lock per link;
- a socket waits for the peer's acknowledgement between two short messages (Nagle): switched off;
- opening a closed port succeeds: nothing counts as connected before the instrument has identified itself;
- a peer that hangs up looks like a time-out; `Resource.clear` on such a socket never returns: it is not used there;
- closing the resource manager closes everybody's sessions: a link closes its own resource only.

The link never repeats a command by itself: a pump told twice to run doses twice.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from galvanaut.instruments.errors import AlarmError, BadReadingError, InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.lastword import has_last_word
from galvanaut.instruments.packets import Packets
from galvanaut.instruments.resource import (
    arrived_bytes,
    counts_arrived,
    failures_of,
    has_no_device_clear,
    is_timeout,
    open_resource,
    set_serial,
    socket_session,
)

if TYPE_CHECKING:
    from pyvisa import ResourceManager

Trace = Callable[[str, str, bytes], None]
"""Told the instrument's name, ``">"`` (sent) or ``"<"`` (received) and the bytes, terminators included."""

QUIET_S = 0.2
"""How long a line has to be silent to count as empty (illustrative; well above the delay of a local network)."""
STALE_REPLIES = 20
"""More stale messages than this in a row: the peer talks by itself."""


@dataclass(frozen=True)
class Framing:
    """How messages of one kind of instrument look on the wire, and how it proves to be itself.

    Attributes:
        write_end: ends each message sent.
        read_end: ends each reply; its last byte must not occur inside a reply.
        probe: a question that changes nothing, not even a tare: it may come between any two messages.
        is_identity: whether a reply can only be the answer to ``probe``.
        alarm_in: the alarm that a reply reports, in words; None if none. So that none is thrown away with old replies.
        read_start: begins each reply.
        timeout_s: for one reply, unless a query says otherwise.
        baud_rate: for serial lines (8 data bits, 1 stop bit).
        parity: for serial lines.
        packets: makes and reads messages instead of ``read_start`` and the two ends; a read still stops at the last
            byte of ``read_end``, and goes on until the packet is whole.
    """

    write_end: bytes
    read_end: bytes
    probe: str
    is_identity: Callable[[str], bool]
    alarm_in: Callable[[str], str | None] = lambda reply: None
    read_start: bytes = b""
    timeout_s: float = 5.0
    baud_rate: int = 9600
    parity: Literal["none", "odd", "even"] = "none"
    packets: Packets | None = None


class Link:
    """Conversation with one instrument.

    Args:
        resource: an open message-based PyVISA resource; the link closes it.
        address: its name as in the bench file.
        framing: of the instrument.
        instrument: name in the bench file, for messages.
        model: for messages.
        trace: is shown every byte sent and received.
    """

    def __init__(
        self,
        resource: Any,
        address: str,
        framing: Framing,
        instrument: str,
        model: str = "",
        trace: Trace | None = None,
    ) -> None:
        self.instrument = instrument
        self.model = model
        self.address = address
        self._resource = resource
        self._framing = framing
        self._trace = trace
        self._lock = RLock()
        self._in_doubt = False
        self._is_left = False
        self._counts_arrived: bool | None = None
        self._failures = failures_of(resource)
        self._adjust(resource)

    @classmethod
    def open(
        cls,
        manager: ResourceManager,
        address: str,
        framing: Framing,
        instrument: str,
        model: str = "",
        trace: Trace | None = None,
    ) -> Link:
        """Open ``address`` and talk to what is there. Nothing is sent yet.

        Raises:
            NoReplyError: the resource cannot be opened.
        """
        try:
            link = cls(open_resource(manager, address), address, framing, instrument, model, trace)
        except Exception as error:  # pyvisa-py reports an unreachable host as a plain Exception
            raise NoReplyError(
                f"cannot be opened ({error})",
                instrument=instrument,
                model=model,
                resource=address,
                advice="check the resource string, the cable and that no other program holds it",
            ) from error
        return link

    def reopen(self, manager: ResourceManager) -> None:
        """Leave this connection for a fresh one, after a loss; whoever holds this link goes on with it.

        What still came on the way is thrown away. Nothing is sent: the caller makes sure who answers there now.

        Raises:
            NoReplyError: the resource cannot be opened, or is never silent.
            AlarmError: what came was an alarm; the connection is good.
        """
        with self._lock:
            self._require_staying(None)
            with suppress(Exception):  # it is given up because it fails
                self._resource.close()
            try:
                resource = open_resource(manager, self.address)
                self._adjust(resource)
            except Exception as error:  # pyvisa-py reports an unreachable host as a plain Exception
                advice = "check power, cable and that no other program holds it"
                raise self.error(NoReplyError, f"cannot be opened again ({error})", advice=advice) from error
            self._resource = resource
            self._in_doubt = False
            self._discard()

    def query(self, command: str, timeout_s: float | None = None) -> str:
        """Send ``command`` once and return its reply without terminators.

        Args:
            command: the message without terminator.
            timeout_s: for this reply only, s.

        Raises:
            NoReplyError: no reply in time; the next query first makes sure of the instrument again.
            BadReadingError: a reply that does not have the instrument's form.
        """
        with self._lock:
            self._in_doubt = self._in_doubt or self._has_arrived()
            self._settle()
            self._in_doubt = True
            self._send(command)
            reply = self._receive(command, self._framing.timeout_s if timeout_s is None else timeout_s)
            self._in_doubt = False
            return reply

    def write(self, command: str) -> None:
        """Send a ``command`` that has no reply.

        Raises:
            NoReplyError: it could not be sent.
        """
        with self._lock:
            self._settle()
            try:
                self._send(command)
            except NoReplyError:
                self._in_doubt = True
                raise

    def pause(self, seconds: float) -> None:
        """Let time pass by listening to the line: on a simulated bench, too, the instrument's time passes.

        Raises:
            BadReadingError: something came without being asked for.
        """
        with self._lock:
            self._settle()
            try:
                data = self._read(seconds)
            except self._failures as error:
                if is_timeout(error):
                    return
                raise self._lost(None, error) from error
            self._in_doubt = True
            raise self.error(BadReadingError, "talks without being asked", None, self._stripped(data))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, no other thread's message comes in between."""
        with self._lock:
            yield

    def leave(self) -> None:
        """From now on only who has the `last_word` may send: a call that hung must not go on after the end."""
        self._is_left = True

    def reframe(self, packets: Packets | None) -> None:
        """Talk in other packets from now on, after the instrument was told to."""
        with self._lock:
            self._framing = replace(self._framing, packets=packets)

    def close(self) -> None:
        """Close this resource and no other; may be called again."""
        with self._lock:
            try:
                self._resource.close()
            except self._failures as error:
                raise self.error(NoReplyError, f"cannot be closed ({error})") from error

    def error(
        self,
        kind: type[InstrumentError],
        problem: str,
        command: str | None = None,
        reply: str | None = None,
        advice: str = "",
    ) -> InstrumentError:
        """An error of ``kind`` that names this instrument and its resource; the caller raises it."""
        return kind(
            problem,
            instrument=self.instrument,
            model=self.model,
            resource=self.address,
            command=command,
            reply=reply,
            advice=advice,
        )

    def _adjust(self, resource: Any) -> None:
        """Time-out, end of replies and the speed of a serial line."""
        framing = self._framing
        self._timeout_s = framing.timeout_s
        resource.timeout = 1000 * framing.timeout_s
        resource.read_termination = framing.read_end.decode("latin-1")
        if self.address.upper().startswith("ASRL"):
            set_serial(resource, framing.baud_rate, framing.parity)

    def _settle(self) -> None:
        """After a silence: empty the line, and hear from the instrument before anything else is asked."""
        if not self._in_doubt:
            return
        self._discard()
        probe = self._framing.probe
        self._send(probe)
        for _ in range(STALE_REPLIES):
            reply = self._receive(probe, self._framing.timeout_s)
            self._raise_alarm(reply)
            if self._framing.is_identity(reply):
                break
        else:
            raise self.error(NoReplyError, "talks, but does not identify itself", probe, advice="check the resource")
        # If the probe itself was what had timed out, two equal replies may be under way.
        self._discard()
        self._in_doubt = False

    def _has_arrived(self) -> bool:
        """Whether something came that nobody asked for, e.g. a reply twice: it would answer the next question.

        Asked of lines without messages of their own only; reading too much is an error for all other instruments.
        """
        if not self._is_stream():
            return False
        try:
            if (session := socket_session(self._resource)) is not None:
                return bool(session._pending_buffer or select.select([session.interface], [], [], 0)[0])
            if self._counts_arrived is None:
                self._counts_arrived = counts_arrived(self._resource)
            if self._counts_arrived:
                return arrived_bytes(self._resource) > 0
            self._raise_alarm(self._stripped(self._read(0.0)))
        except self._failures as error:
            if is_timeout(error):
                return False
            raise self._lost(None, error) from error
        return True

    def _discard(self) -> None:
        """Read until the line is silent."""
        if not self._is_stream():
            self._clear()
        for _ in range(STALE_REPLIES):
            try:
                data = self._read(QUIET_S)
            except self._failures as error:
                if is_timeout(error):
                    return
                raise self._lost(None, error) from error
            self._raise_alarm(self._stripped(data))
        raise self.error(NoReplyError, "talks without being asked", advice="check which instrument is at the resource")

    def _clear(self) -> None:
        """A device clear. It is a message like any other: an instrument that is gone does not take it."""
        try:
            self._resource.clear()
        except self._failures as error:
            if not has_no_device_clear(error):  # without one, only reading empties the line
                raise self._lost(None, error) from error

    def _raise_alarm(self, reply: str) -> None:
        alarm = self._framing.alarm_in(reply)
        if alarm is not None:
            raise self.error(AlarmError, alarm, None, reply, "look at the instrument before going on")

    def _is_stream(self) -> bool:
        """Serial lines and raw sockets have no device clear."""
        name = self.address.upper()
        return name.startswith("ASRL") or name.endswith("::SOCKET")

    def _require_staying(self, command: str | None) -> None:
        if self._is_left and not has_last_word():
            raise self.error(RefusedError, "is being left, so nothing is sent to it any more", command)

    def _send(self, command: str) -> None:
        self._require_staying(command)
        packets = self._framing.packets
        data = command.encode("ascii") + self._framing.write_end if packets is None else packets.pack(command)
        if self._trace is not None:
            self._trace(self.instrument, ">", data)
        try:
            self._resource.write_raw(data)
        except self._failures as error:
            raise self._lost(command, error) from error

    def _receive(self, command: str, timeout_s: float) -> str:
        try:
            data = self._read(timeout_s)
        except self._failures as error:
            if is_timeout(error):
                advice = "check power, cable and resource; if it goes on, treat the instrument as lost"
                raise self.error(NoReplyError, f"no reply within {timeout_s:g} s", command, advice=advice) from error
            raise self._lost(command, error) from error
        return self._unframed(command, data)

    def _read(self, timeout_s: float) -> bytes:
        if timeout_s != self._timeout_s:
            self._resource.timeout = 1000 * timeout_s
            self._timeout_s = timeout_s
        packets = self._framing.packets
        data = bytes(self._resource.read_raw())
        while packets is not None and not packets.is_whole(data):
            data += bytes(self._resource.read_raw())
        if self._trace is not None:
            self._trace(self.instrument, "<", data)
        return data

    def _unframed(self, command: str, data: bytes) -> str:
        if self._framing.packets is not None:
            try:
                return self._framing.packets.unpack(data)
            except ValueError as error:
                problem = f"garbled reply ({error})"
                raise self.error(BadReadingError, problem, command, data.decode("latin-1")) from None
        start, end = self._framing.read_start, self._framing.read_end
        if not (data.startswith(start) and data.endswith(end)) or not data.isascii():
            advice = "check cable, baud rate and terminators"
            raise self.error(BadReadingError, "garbled reply", command, data.decode("latin-1"), advice)
        return self._stripped(data)

    def _stripped(self, data: bytes) -> str:
        """The text of a stale reply, as far as it can be made out."""
        if self._framing.packets is not None:
            try:
                return self._framing.packets.unpack(data)
            except ValueError:
                return data.decode("latin-1")
        return data.removeprefix(self._framing.read_start).removesuffix(self._framing.read_end).decode("latin-1")

    def _lost(self, command: str | None, error: BaseException) -> InstrumentError:
        advice = "check power, cable and resource, then connect again"
        return self.error(NoReplyError, f"connection failed ({error})", command, advice=advice)
