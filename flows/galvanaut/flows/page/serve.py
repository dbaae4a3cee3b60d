"""Serve the lab page: in this process until interrupted, or beside the Prefect server in a child that ends with us."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows.listening import refuse_taken
from galvanaut.flows.prefect_access import is_loopback, origin
from galvanaut.flows.signals import interruptible
from galvanaut.flows.tethered import cut, tethered

if TYPE_CHECKING:
    import socket

PATIENCE_S = 60.0
KINDNESS = 5
"""Added to the niceness of the page's process: stations and planners go first."""
TOKEN_VARIABLE = "GALVANAUT_PAGE_TOKEN"  # noqa: S105  # a name; the environment of our own child only


@dataclass(frozen=True)
class PageAt:
    """Where the page is to be.

    Attributes:
        host, port: to listen at.
        ready: told the address to open, with its token, once the page answers.
    """

    host: str
    port: int
    ready: Callable[[str], None]


def serve_page(lab: Path, port: int, host: str, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        lab: lab folder, which exists; nothing is written there.
        port: to listen at.
        host: address to listen at; beyond loopback a token is wanted.
        ready: told the address to open, with the token, once the page answers.

    Raises:
        InputError: there is no such folder, or the address cannot be used.
    """
    if not lab.is_dir():
        raise InputError(f"--lab {lab}", "is not there; give the folder of a lab")
    refuse_taken(host, port)
    token = token_for(host)
    with interruptible(), suppress(KeyboardInterrupt):
        _run(lab, port, host, token, lambda: ready(address(host, port, token)))


def token_for(host: str) -> str:
    """A new token where others than this computer are reached; else none is wanted."""
    from galvanaut.flows.page.access import new_token

    return "" if is_loopback(host) else new_token()


def address(host: str, port: int, token: str) -> str:
    """What to open in a browser."""
    return f"{origin(host, port)}/?token={token}" if token else origin(host, port)


@contextmanager
def page_beside(lab: Path, at: PageAt | None) -> Iterator[None]:
    """The page as a child process, from its first answer on; ended at the end. Nothing where none is wanted."""
    if at is None:
        yield
        return
    token, arguments = token_for(at.host), [str(lab), str(at.port), at.host]
    process = tethered("galvanaut.flows.page.serve", arguments, {TOKEN_VARIABLE: token}, own_session=True)
    try:
        _wait_until_up(process, origin(at.host, at.port))
        at.ready(address(at.host, at.port, token))
        yield
    finally:
        cut(process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def _run(lab: Path, port: int, host: str, token: str, ready: Callable[[], None]) -> None:
    import uvicorn

    from galvanaut.flows.page.app import lab_page

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    with contextlib.suppress(OSError, AttributeError):  # where there is no niceness, or it may not be changed
        os.nice(KINDNESS)
    config = uvicorn.Config(
        lab_page(lab, token, port),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # it would hold the token
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    Announcing(config).run()


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        is_up = _answers(url)
        if process.poll() is not None or time.monotonic() > deadline:  # then it is somebody else who answers, if any
            raise GalvanautError(f"the lab page did not start at {url}; see what it has printed above")
        if is_up:
            return
        time.sleep(0.1)


def _answers(url: str) -> bool:
    """Whether a lab page is there, not any other server; without the token a refusal is an answer, too."""
    from galvanaut.flows.page.access import is_ours

    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310  # our own address
            return is_ours(reply.headers)
    except urllib.error.HTTPError as refusal:
        return is_ours(refusal.headers)
    except (OSError, ValueError, http.client.HTTPException):  # nobody, or somebody who does not speak HTTP
        return False


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], os.environ.pop(TOKEN_VARIABLE, ""), lambda: None)
