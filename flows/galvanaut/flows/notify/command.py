"""An alarm to a program: JSON on its standard input, no shell, an end by force when it takes too long."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from galvanaut.flows.notify.message import Message

TOLD = 300
"""So many characters of what a failed program has written are told."""


class CommandFailedError(Exception):
    """The program did not take the message."""


def run(command: Sequence[str], message: Message, folder: Path, timeout_s: float, secrets: Collection[str]) -> None:
    """Run a program and wait for its end.

    Args:
        command: the program and its arguments.
        message: for its standard input.
        folder: that it starts in.
        timeout_s: after which it is killed, with all that it has started, s.
        secrets: environment variables that are not handed on.

    Raises:
        CommandFailedError: it cannot be started, took too long, or ended with another code than 0.
    """
    environment = {name: value for name, value in os.environ.items() if name not in secrets}
    try:
        process = subprocess.Popen(  # noqa: S603  # the lab's own file names the program, and no shell reads the text
            list(command),
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the campaign is not meant for it
        )
    except OSError as error:
        raise CommandFailedError(f"{command[0]} cannot be started ({error.strerror or error})") from error
    with process:
        try:
            _, written = process.communicate(message.json().encode(), timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise CommandFailedError(f"{command[0]} took more than {timeout_s:g} s and was ended") from None
    if process.returncode:
        text = written.decode(errors="replace").strip()[-TOLD:]
        raise CommandFailedError(f"{command[0]} ended with code {process.returncode}{f': {text}' if text else ''}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With its children, which may hold its output open."""
    with suppress(OSError):
        if os.name == "posix":
            import signal

            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
