"""A module run in a child process that ends with its parent, however that ends: nobody else would ever end it.

``python -m galvanaut.flows.tethered MODULE ARGUMENT...`` is what the child runs. Its standard input is a pipe to which
nothing is written; its end means that the parent is gone.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO

PATIENCE_S = 10.0
"""So long it may take to end by itself, s."""


def tethered(
    module: str,
    arguments: list[str],
    environment: Mapping[str, str],
    output: IO[bytes] | None = None,
    *,
    own_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start it.

    Args:
        module: as after ``python -m``.
        arguments: of it.
        environment: beside what this process has.
        output: takes what it prints; by default it is printed here.
        own_session: out of reach of the terminal's Ctrl-C.
    """
    return subprocess.Popen(  # noqa: S603  # our own interpreter
        [sys.executable, "-m", __name__, module, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=own_session,
    )


def cut(process: subprocess.Popen[bytes]) -> None:
    """Let it end."""
    if process.stdin is not None:
        process.stdin.close()


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
