"""Prefect's settings for a lab: one port and API URL, nothing sent outside, locks that survive a restart.

Prefect's own database lies in ``<lab>/prefect``: it is a view of the ledger and may be deleted. Runs made without a
server are in the same database, so they appear when the UI is started later.
"""

from __future__ import annotations

import contextlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from galvanaut.core.wholefile import write_whole
from galvanaut.flows.prefect_access import CLIENT_AUTH, SERVER_AUTH, UI_API_URL, is_here, is_loopback, origin

DEFAULT_PORT = 4200
HOST = "127.0.0.1"


def server_settings(lab: Path, port: int, host: str = HOST) -> dict[str, str]:
    """Environment of the Prefect server that `galvanaut up` starts, and of its UI."""
    here = origin(host, port)
    ui_api = os.environ.get(UI_API_URL, f"{here}/api")
    origins = [here, _origin_of(ui_api), *([f"http://localhost:{port}"] if is_loopback(host) else [])]
    return {
        **client_settings(lab),
        "PREFECT_API_URL": f"{here}/api",
        UI_API_URL: ui_api,
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(dict.fromkeys(origins)),
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    }


def client_settings(lab: Path) -> dict[str, str]:
    """Environment of a process that runs flows."""
    return {
        "PREFECT_HOME": str(lab / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_CLIENT_MAX_RETRIES": "3",  # a request to a server that has gone took 21 s; with Prefect's 5, 68 s
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        **({CLIENT_AUTH: os.environ[SERVER_AUTH]} if SERVER_AUTH in os.environ else {}),
    }


def apply(settings: Mapping[str, str]) -> None:
    """Put settings into this process's environment; what the user has set there already wins."""
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def remember_server(lab: Path, api_url: str, page_url: str = "") -> Path:
    """Leave the address of the running server in the lab, for runs in other terminals; and that of the lab page."""
    lab.mkdir(parents=True, exist_ok=True)
    path = lab / "prefect-server.json"
    write_whole(path, json.dumps({"api_url": api_url, **({"page_url": page_url} if page_url else {})}).encode())
    return path


def noted_page(lab: Path) -> str:
    """Where the lab page is, if one was started with the server; empty otherwise. Only this computer's own counts."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        noted = str(json.loads((lab / "prefect-server.json").read_text(encoding="utf-8"))["page_url"])
        return noted if is_here(noted) else ""
    return ""


def find_server(lab: Path) -> str | None:
    """API URL of a Prefect server that answers: from the environment, of this lab, or at the usual port.

    Only the environment may name another computer: a lab folder may come from anywhere, and who answers is told our
    password. So with a password nobody is asked who merely sits at the usual port.
    """
    if given := os.environ.get("PREFECT_API_URL"):  # nobody else is meant then
        return given if answers(given) else None
    candidates = list[str]()
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        noted = str(json.loads((lab / "prefect-server.json").read_text(encoding="utf-8"))["api_url"])
        candidates.append(noted if is_here(noted) else "")
    if CLIENT_AUTH not in os.environ and SERVER_AUTH not in os.environ:
        candidates.append(f"http://{HOST}:{DEFAULT_PORT}/api")
    return next((url for url in candidates if url and answers(url)), None)


def answers(api_url: str) -> bool:
    """Whether a Prefect server is healthy at this address."""
    if not api_url.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{api_url}/health", timeout=2) as reply:  # noqa: S310  # scheme checked above
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
