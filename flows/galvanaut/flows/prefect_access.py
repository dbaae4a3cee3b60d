"""Who may reach Prefect's API, and whom we tell our password: nothing beyond loopback without one.

The password is in the environment and nowhere else. Prefect's own variables hold it, so that its commands and workers
know it as well.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from galvanaut.core.errors import InputError

SERVER_AUTH = "PREFECT_SERVER_API_AUTH_STRING"
"""What a server asks for, as ``user:password``; set where `galvanaut up` runs."""
CLIENT_AUTH = "PREFECT_API_AUTH_STRING"
"""What a client sends; set where campaigns and workers run."""
UI_API_URL = "PREFECT_UI_API_URL"
"""Where browsers find the API, if not at the address that the server listens at, e.g. behind a TLS proxy."""
LEAST_PASSWORD = 12
"""Characters. Prefect does not slow down a guesser."""


def is_loopback(host: str) -> bool:
    """Whether nobody but this computer reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_wildcard(host: str) -> bool:
    """Whether it stands for all addresses of this computer."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def origin(host: str, port: int) -> str:
    """Of the UI and the API, as this computer reaches them."""
    reached = "127.0.0.1" if is_wildcard(host) else host
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def require_password(host: str) -> None:
    """Refuse to serve other computers without a password, and everybody with one that is none.

    Raises:
        InputError: says what to set; never what is set.
    """
    text = os.environ.get(SERVER_AUTH, "")
    if not text and is_loopback(host):
        return
    user, colon, password = text.partition(":")
    if not text:
        raise InputError(
            f"--host {host}",
            f"lets other computers start, change and cancel runs; set {SERVER_AUTH}=user:password in the environment "
            "first, and put a TLS proxy in front, see docs/how-to/two-benches.md",
        )
    if not (user and colon and len(password) >= LEAST_PASSWORD) or text != text.strip():
        raise InputError(SERVER_AUTH, f"is not user:password with at least {LEAST_PASSWORD} characters after the colon")
    if is_wildcard(host) and UI_API_URL not in os.environ:
        raise InputError(
            f"--host {host}",
            f"does not tell browsers where the API is; set {UI_API_URL}, e.g. to https://lab.example.org/api, or give "
            "the one address at which this computer is reached",
        )


def is_here(api_url: str) -> bool:
    """Whether an address is one of this computer's. What a lab folder says may come from anywhere."""
    try:
        host = urlsplit(api_url).hostname or ""
        if is_loopback(host):
            return True
        family, _, _, _, place = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(place)
    except (OSError, ValueError):
        return False
    return True


def lets_us_in(api_url: str) -> bool:
    """Whether a server takes the password that we have, or asks for none."""
    request = urllib.request.Request(f"{api_url}/admin/version")  # noqa: S310  # the caller has checked the scheme
    if text := os.environ.get(CLIENT_AUTH):
        request.add_header("Authorization", f"Basic {base64.b64encode(text.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310  # as above
            return True
    except urllib.error.HTTPError as error:
        return error.code not in (401, 403)
    except (OSError, ValueError):
        return True  # not a matter of passwords
