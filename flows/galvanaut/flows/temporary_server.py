"""The server that Prefect keeps for a process without one."""

from __future__ import annotations

import signal
import subprocess

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import get_current_settings

from galvanaut.flows.tethered import cut, tethered


def start_temporary_server() -> str:
    """Start the server that Prefect keeps for a process without one, out of reach of the terminal's Ctrl-C.

    It stands in the terminal's process group. If Ctrl-C ended it together with the run, the flow would stumble over
    its dead server instead of stopping. But it ends when this process is gone, also by SIGKILL.

    Returns:
        The URL of its API.
    """
    if hasattr(signal, "pthread_sigmask"):  # a child inherits what is blocked
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        server = _Server()
        server.start(timeout=120)
    finally:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return str(server.api_url)


class _Server(SubprocessASGIServer):
    def _run_uvicorn_command(self) -> subprocess.Popen[bytes]:
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "error", "--lifespan", "on"]
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        kind = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
        return tethered("uvicorn", ["--factory", "prefect.server.api.server:create_app", *where], kind | settings)

    def stop(self) -> None:
        """As Prefect does, and leave no pipe open."""
        process = self.server_process
        super().stop()
        if process is not None:
            cut(process)
