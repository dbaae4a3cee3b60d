"""Addresses that a command is to listen at, refused before anything is begun."""

from __future__ import annotations

import errno
import socket

from galvanaut.core.errors import InputError


def refuse_taken(host: str, port: int, prefix: str = "") -> None:
    """Refuse an address that cannot be listened at; ``prefix`` of the options that have named it.

    Raises:
        InputError: says why.
    """
    host_option, port_option = f"--{prefix}host {host}", f"--{prefix}port {port}"
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, ValueError):
        raise InputError(host_option, "is no address of this computer") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                advice = "is in use on this computer; is `galvanaut up` running already? Choose another one."
                raise InputError(port_option, advice) from None
            raise InputError(f"{host_option} {port_option}", f"cannot be listened at ({error.strerror})") from None
