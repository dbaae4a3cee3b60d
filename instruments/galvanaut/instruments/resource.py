"""PyVISA resources as they are opened here, and what PyVISA and pyvisa-py do not tell of themselves."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pyvisa import ResourceManager

OPEN_TIMEOUT_S = 5.0


def open_resource(manager: ResourceManager, address: str) -> Any:
    """Open a message-based resource; a socket sends without delay from then on."""
    resource = manager.open_resource(address, open_timeout=int(1000 * OPEN_TIMEOUT_S))
    _send_without_delay(resource)
    return resource


def set_serial(resource: Any, baud_rate: int, parity: Literal["none", "odd", "even"]) -> None:
    """Speed and parity of a serial line; 8 data bits and 1 stop bit are PyVISA's own."""
    resource.baud_rate = baud_rate
    if parity != "none":
        from pyvisa.constants import Parity

        resource.parity = Parity[parity]


def is_timeout(error: BaseException) -> bool:
    """Whether a read ended because nothing came."""
    from pyvisa.constants import StatusCode
    from pyvisa.errors import VisaIOError

    return isinstance(error, VisaIOError) and error.error_code == StatusCode.error_timeout


def has_no_device_clear(error: BaseException) -> bool:
    """Whether its library cannot send a device clear to a resource of this kind: pyvisa-py to none over USB (0.8)."""
    from pyvisa.constants import StatusCode
    from pyvisa.errors import VisaIOError

    return isinstance(error, VisaIOError) and error.error_code == StatusCode.error_nonsupported_operation


def failures_of(resource: Any) -> tuple[type[Exception], ...]:
    """What its library raises when an instrument, or the way to it, fails.

    A refused connection is a bare `OSError`. pyvisa-py lets through whatever its protocols raise: `RPCError` and
    `EOFError` (VXI-11), `RuntimeError` (HiSLIP).
    """
    from pyvisa.errors import Error

    return (Exception,) if _is_pyvisa_py(resource) else (Error, OSError)


def arrived_bytes(resource: Any) -> int:
    """How many bytes wait to be read."""
    from pyvisa.constants import ResourceAttribute

    return int(resource.get_visa_attribute(ResourceAttribute.asrl_avalaible_number))


def counts_arrived(resource: Any) -> bool:
    """Whether its library knows `arrived_bytes`: all do of serial lines, few of sockets."""
    from pyvisa.errors import Error

    try:
        arrived_bytes(resource)
    except Error:
        return False
    return True


def _send_without_delay(resource: Any) -> None:
    """Switch Nagle's algorithm off on pyvisa-py sockets, whose own VISA attribute for it cannot be set (0.8)."""
    session = socket_session(resource)
    if session is not None:
        session.interface.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def socket_session(resource: Any) -> Any:
    """What pyvisa-py keeps of a socket; None for anything else."""
    if not _is_pyvisa_py(resource):
        return None
    session = resource.visalib.sessions[resource.session]
    return session if isinstance(getattr(session, "interface", None), socket.socket) else None


def _is_pyvisa_py(resource: Any) -> bool:
    return type(resource.visalib).__module__.startswith("pyvisa_py")
