"""`galvanaut up`: the Prefect server and its UI, set up for a lab, in one command."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows.folder import writing
from galvanaut.flows.prefect_settings import HOST, answers, remember_server, server_settings
from galvanaut.flows.signals import interruptible

START_LIMIT_S = 120.0


def serve(lab: Path, port: int, ready: Callable[[str], None]) -> None:
    """Run the server until interrupted.

    Args:
        lab: lab folder.
        port: of the API and the UI.
        ready: told the UI's address once the server answers.

    Raises:
        InputError: the port is taken, or the lab cannot be written.
        GalvanautError: the server did not come up within 120 s.
    """
    _refuse_taken(port)
    with interruptible(), writing(lab), suppress(KeyboardInterrupt):
        note = remember_server(lab, f"http://{HOST}:{port}/api")
        try:
            with running(lab, port) as process:
                ready(f"http://{HOST}:{port}")
                process.wait()
        finally:
            note.unlink(missing_ok=True)


@contextmanager
def running(lab: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The Prefect server as a child process in a session of its own, from its first answer on; ended at the end."""
    lab = lab.resolve()
    settings = server_settings(lab, port)
    log = lab / "prefect-server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)],
            env={**os.environ, **settings},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_up(process, settings["PREFECT_API_URL"], log)
            yield process
        finally:
            _end(process)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise InputError(
                f"--port {port}", "is in use on this computer; is `galvanaut up` running already? Choose another one."
            ) from None


def _wait_until_up(process: subprocess.Popen[bytes], api_url: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not answers(api_url):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(encoding="utf-8", errors="replace")[-800:]
            raise GalvanautError(f"the Prefect server did not start; {log} ends with:\n{tail}")
        time.sleep(0.3)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
