"""`galvanaut up`: the Prefect server and its UI, set up for a lab, in one command."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows.folder import writing
from galvanaut.flows.listening import refuse_taken
from galvanaut.flows.page.serve import PageAt, page_beside
from galvanaut.flows.prefect_access import origin, require_password
from galvanaut.flows.prefect_settings import HOST, answers, remember_server, server_settings
from galvanaut.flows.signals import interruptible
from galvanaut.flows.tethered import cut, tethered

START_LIMIT_S = 300.0

_log = logging.getLogger(__name__)


def serve(lab: Path, port: int, ready: Callable[[str], None], host: str = HOST, page: PageAt | None = None) -> None:
    """Run the server, and the lab page beside it, until interrupted.

    Args:
        lab: lab folder.
        port: of the API and the UI.
        ready: told the UI's address once the server answers.
        host: address to listen at; beyond loopback a password is required.
        page: where the lab page is to be; None for none.

    Raises:
        InputError: there is no password, the address cannot be used, or the lab cannot be written.
        GalvanautError: the server did not come up within 5 min, or the page within one, or the server ended by itself.
    """
    require_password(host)
    if page is not None and page.port == port:
        raise InputError(f"--page-port {port}", "is the port of the Prefect UI as well (--port); choose another one")
    refuse_taken(host, port)
    if page is not None:
        refuse_taken(page.host, page.port, "page-")
    with interruptible(), writing(lab), suppress(KeyboardInterrupt):
        page_url = "" if page is None else origin(page.host, page.port)
        note = remember_server(lab, f"{origin(host, port)}/api", page_url)
        try:
            with running(lab, port, host) as process, page_beside(lab.resolve(), page):
                ready(origin(host, port))
                _watch_for_zombies(lab.resolve(), port, host)
                raise GalvanautError(_end_text(process.wait(), lab))  # Ctrl-C does not come here
        finally:
            note.unlink(missing_ok=True)


@contextmanager
def running(lab: Path, port: int, host: str = HOST) -> Iterator[subprocess.Popen[bytes]]:
    """The Prefect server as a child process in a session of its own, from its first answer on; ended at the end."""
    lab = lab.resolve()
    settings = server_settings(lab, port, host)
    log = _log_file(lab)
    with log.open("wb") as sink:
        arguments = ["server", "start", "--host", host, "--port", str(port)]
        process = tethered("prefect", arguments, settings, sink, own_session=True)
        try:
            _wait_until_up(process, settings["PREFECT_API_URL"], log)
            yield process
        finally:
            _end(process)


def _watch_for_zombies(lab: Path, port: int, host: str) -> None:
    """Install the automation that finds dead runs; the server is as good without it, but for those."""
    os.environ.update(server_settings(lab, port, host))  # this server, whichever the environment names
    try:
        from galvanaut.flows.prefect_automation import install, zombie_automation

        asyncio.run(install(zombie_automation()))
    except Exception as error:  # whatever Prefect's client runs into
        _log.warning("the automation that marks dead runs as crashed could not be installed: %s", error)


def _wait_until_up(process: subprocess.Popen[bytes], api_url: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        is_up = answers(api_url)
        if process.poll() is not None or time.monotonic() > deadline:  # then it is another one that answers, if any
            raise GalvanautError(f"the Prefect server did not start; {_tail(log)}")
        if is_up:
            return
        time.sleep(0.3)


def _log_file(lab: Path) -> Path:
    return lab / "prefect-server.log"


def _tail(log: Path) -> str:
    return f"{log} ends with:\n{log.read_text(encoding='utf-8', errors='replace')[-800:]}"


def _end_text(code: int, lab: Path) -> str:
    return (
        f"the Prefect server ended by itself (exit code {code}); campaigns go on without it. "
        f"Run `galvanaut up` again; {_tail(_log_file(lab.resolve()))}"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    cut(process)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
