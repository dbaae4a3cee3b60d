"""A VISA library whose instruments are simulated: hand an instance to ``pyvisa.ResourceManager``.

Drivers cannot tell: pyvisa's own resource classes run unchanged on top of it, with terminators, time-outs and errors.
Serial (``ASRL1::INSTR``) and raw socket (``TCPIP::host::port::SOCKET``) resources, as pyvisa-py has them. Time-outs
pass on the bench's virtual clock.
"""

from __future__ import annotations

import itertools
from typing import Any

from pyvisa import attributes, constants, errors, rname
from pyvisa.constants import AccessModes, EventMechanism, EventType, ResourceAttribute, StatusCode
from pyvisa.highlevel import VisaLibraryBase
from pyvisa.typing import VISAEventContext, VISARMSession, VISASession
from pyvisa.util import LibraryPath

from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.port import Port

_numbers = itertools.count(1)  # pyvisa keeps one library per path: a path of its own for each


class SimulatedVisaLibrary(VisaLibraryBase):
    """The instruments of one bench. Two libraries in one process know nothing of each other."""

    bench: SimulatedBench
    _devices: dict[str, Device]
    _sessions: dict[int, _Session]
    _session_numbers: itertools.count[int]

    def __new__(cls, bench: SimulatedBench) -> SimulatedVisaLibrary:
        """A library with a path of its own."""
        library = super().__new__(cls, LibraryPath(f"simulated-{next(_numbers)}", "simulated"))
        assert isinstance(library, SimulatedVisaLibrary)
        library.bench = bench
        library._devices = {canonical(device.spec.resource): device for device in bench.devices.values()}
        library._sessions = {}
        library._session_numbers = itertools.count(1)
        return library

    # -- the resource manager's part ----------------------------------------------------------------------------

    def open_default_resource_manager(self) -> tuple[VISARMSession, StatusCode]:
        """The session of the resource manager."""
        session = VISARMSession(next(self._session_numbers))
        return session, self.handle_return_value(session, StatusCode.success)

    def list_resources(self, session: VISARMSession, query: str = "?*::INSTR") -> tuple[str, ...]:
        """Resources of all simulated instruments that match a VISA expression."""
        return rname.filter(tuple(self._devices), query)

    def open(
        self,
        session: VISARMSession,
        resource_name: str,
        access_mode: AccessModes = AccessModes.no_lock,
        open_timeout: int = constants.VI_TMO_IMMEDIATE,
    ) -> tuple[VISASession, StatusCode]:
        """Open a line to an instrument; a serial line has room for one session, like the real one."""
        number = VISASession(next(self._session_numbers))
        if access_mode != AccessModes.no_lock:
            self.handle_return_value(session, StatusCode.error_nonsupported_operation)
        name = canonical(resource_name)
        if name not in self._devices:
            self.handle_return_value(session, StatusCode.error_resource_not_found)
        parsed = rname.parse_resource_name(name)
        is_taken = any(other.name == name for other in self._sessions.values())
        if parsed.interface_type_const == constants.InterfaceType.asrl and is_taken:
            self.handle_return_value(session, StatusCode.error_resource_busy)
        self._sessions[number] = _Session(name, parsed, Port(self.bench, self._devices[name]))
        return number, self.handle_return_value(number, StatusCode.success)

    def close(self, session: VISASession | VISAEventContext | VISARMSession) -> StatusCode:
        """Close a line. Replies on their way are lost."""
        self._sessions.pop(int(session), None)
        return self.handle_return_value(None, StatusCode.success)

    # -- messages -----------------------------------------------------------------------------------------------

    def write(self, session: VISASession, data: bytes) -> tuple[int, StatusCode]:
        """Send bytes."""
        with self.bench.lock:
            self._at(session).write(data)
        return len(data), self.handle_return_value(session, StatusCode.success)

    def read(self, session: VISASession, count: int) -> tuple[bytes, StatusCode]:
        """Receive up to ``count`` bytes, up to the termination character if one is enabled."""
        with self.bench.lock:
            data, status = self._at(session).read(count)
        return data, self.handle_return_value(session, status)

    def read_stb(self, session: VISASession) -> tuple[int, StatusCode]:
        """The status byte of an IEEE 488.2 instrument."""
        status_byte = self._at(session).port.device.status_byte()
        if status_byte is None:
            self.handle_return_value(session, StatusCode.error_nonsupported_operation)
        return status_byte or 0, self.handle_return_value(session, StatusCode.success)

    def clear(self, session: VISASession) -> StatusCode:
        """Empty the buffers of both directions: a message too, which an instrument that is not there does not take."""
        with self.bench.lock:
            status = self._at(session).device_clear()
        return self.handle_return_value(session, status)

    def flush(self, session: VISASession, mask: constants.BufferOperation) -> StatusCode:
        """Empty the buffers; nothing else is ever buffered here."""
        if mask & (constants.BufferOperation.discard_read_buffer | constants.BufferOperation.discard_receive_buffer):
            self._at(session).clear()
        return self.handle_return_value(session, StatusCode.success)

    # -- attributes and events ----------------------------------------------------------------------------------

    def get_attribute(
        self, session: Any, attribute: ResourceAttribute | constants.EventAttribute
    ) -> tuple[Any, StatusCode]:
        """A VISA attribute of a line."""
        line = self._at(session)
        if attribute == ResourceAttribute.asrl_avalaible_number:
            return line.available(), self.handle_return_value(session, StatusCode.success)
        if attribute not in line.attributes:
            self.handle_return_value(session, StatusCode.error_nonsupported_attribute)
        return line.attributes[attribute], self.handle_return_value(session, StatusCode.success)

    def set_attribute(self, session: VISASession, attribute: ResourceAttribute, attribute_state: Any) -> StatusCode:
        """Set a VISA attribute of a line."""
        line = self._at(session)
        if attribute not in line.attributes:
            return self.handle_return_value(session, StatusCode.error_nonsupported_attribute)
        if not attributes.AttributesByID[attribute].write:
            return self.handle_return_value(session, StatusCode.error_attribute_read_only)
        line.attributes[attribute] = attribute_state
        return self.handle_return_value(session, StatusCode.success)

    def disable_event(self, session: VISASession, event_type: EventType, mechanism: EventMechanism) -> StatusCode:
        """There are no events."""
        return StatusCode.success

    def discard_events(self, session: VISASession, event_type: EventType, mechanism: EventMechanism) -> StatusCode:
        """There are no events."""
        return StatusCode.success

    def _at(self, session: Any) -> _Session:
        line = self._sessions.get(session)
        if line is None:
            raise errors.InvalidSession()
        return line


class _Session:
    """One open line: its attributes and what has arrived but was not read yet."""

    def __init__(self, name: str, parsed: rname.ResourceName, port: Port) -> None:
        self.name = name
        self.port = port
        self.is_serial = parsed.interface_type_const == constants.InterfaceType.asrl
        self.attributes = _initial_attributes(name, parsed)
        self._arrived = b""

    def write(self, data: bytes) -> None:
        """Bytes at the wrong speed or parity are noise to the instrument."""
        if self.is_serial and self._is_noise():
            return
        self.port.write(data)

    def _is_noise(self) -> bool:
        device, attributes_now = self.port.device, self.attributes
        parity = constants.Parity(attributes_now[ResourceAttribute.asrl_parity]).name
        return attributes_now[ResourceAttribute.asrl_baud_rate] != device.baud_rate or parity != device.parity

    def read(self, count: int) -> tuple[bytes, StatusCode]:
        clock = self.port.bench.clock
        deadline = clock.now() + self._timeout_s()
        while True:
            self._arrived += self.port.arrived()
            end = self._arrived.find(self._end()) + 1 if self._end() else 0
            if 0 < end <= count:
                return self._take(end), StatusCode.success_termination_character_read
            if len(self._arrived) >= count:
                return self._take(count), StatusCode.success_max_count_read
            arrival = self.port.next_arrival()
            if arrival is None or arrival > deadline:
                break
            clock.spend(arrival - clock.now())
        # A line without termination character ends a read at a pause, unless told to wait on for more (VISA's
        # VI_ATTR_SUPPRESS_END_EN).
        if self._arrived and not self.is_serial and not self.attributes[ResourceAttribute.suppress_end_enabled]:
            return self._take(count), StatusCode.success
        clock.spend(max(0.0, deadline - clock.now()))
        self._arrived = b""  # pyvisa hands the bytes of an unfinished read to nobody
        return b"", StatusCode.error_timeout

    def available(self) -> int:
        self._arrived += self.port.arrived()
        return len(self._arrived)

    def device_clear(self) -> StatusCode:
        if not self.port.bench.reaches(self.port.device):
            self.port.bench.clock.spend(self._timeout_s())
            return StatusCode.error_timeout
        self.clear()
        return StatusCode.success

    def clear(self) -> None:
        self._arrived = b""
        self.port.clear()

    def _take(self, count: int) -> bytes:
        data, self._arrived = self._arrived[:count], self._arrived[count:]
        return data

    def _end(self) -> bytes:
        """The termination character in force, or nothing."""
        if self.is_serial:
            is_on = self.attributes[ResourceAttribute.asrl_end_in] == constants.SerialTermination.termination_char
        else:
            is_on = bool(self.attributes[ResourceAttribute.termchar_enabled])
        return bytes([self.attributes[ResourceAttribute.termchar]]) if is_on else b""

    def _timeout_s(self) -> float:
        """A read that would wait for ever ends at once: on a virtual clock nothing else could end it."""
        timeout_ms = self.attributes[ResourceAttribute.timeout_value]
        return 0.0 if timeout_ms == constants.VI_TMO_INFINITE else timeout_ms / 1000


def canonical(resource: str) -> str:
    """A resource as pyvisa spells it, e.g. ``TCPIP0::192.0.2.10::5025::SOCKET``; unchanged if it is none."""
    try:
        return str(rname.ResourceName.from_string(resource))
    except rname.InvalidResourceName:
        return resource


def _initial_attributes(name: str, parsed: rname.ResourceName) -> dict[int, Any]:
    kind = (parsed.interface_type_const, parsed.resource_class)
    known = attributes.AttributesPerResource[kind] | attributes.AttributesPerResource[attributes.AllSessionTypes]
    values: dict[int, Any] = {
        each.attribute_id: each.default for each in known if each.default is not attributes.NotAvailable
    }
    values[ResourceAttribute.interface_type] = parsed.interface_type_const
    values[ResourceAttribute.resource_name] = name
    values[ResourceAttribute.resource_class] = parsed.resource_class
    values[ResourceAttribute.suppress_end_enabled] = True  # as NI-VISA and pyvisa-py have it for sockets
    return values
