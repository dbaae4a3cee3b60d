"""Where a campaign's runs are in the Prefect UI, as far as a Prefect server of this lab answers."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

from galvanaut.flows.labidentity import FILE
from galvanaut.flows.prefect_access import CLIENT_AUTH, SERVER_AUTH
from galvanaut.flows.prefect_settings import find_server

FRESH_S = 20.0
LIMIT = 200
"""Runs that Prefect gives at a time: its own limit."""


class PrefectLinks:
    """Asks Prefect now and then; without Prefect there are no links, and nothing else changes.

    Args:
        lab: its folder.
    """

    def __init__(self, lab: Path) -> None:
        self._lab = lab
        self._kept: dict[str, tuple[float, dict[str, str]]] = {}
        self._lock = threading.Lock()

    def of(self, campaign: str) -> dict[str, str]:
        """Addresses of the newest run of a campaign and of each of its trials, by the run's name."""
        with self._lock:
            made, found = self._kept.get(campaign, (-FRESH_S, {}))
            if time.monotonic() - made >= FRESH_S:
                try:
                    found = self._asked(campaign)
                except (OSError, ValueError, KeyError, TypeError):  # away, or another version: no links then
                    found = {}
                self._kept[campaign] = time.monotonic(), found
            return found

    def _asked(self, campaign: str) -> dict[str, str]:
        api_url = find_server(self._lab)
        if api_url is None:
            return {}
        tags = ["galvanaut", f"campaign-{campaign}", *_lab_tag(self._lab)]
        query = {"flow_runs": {"tags": {"all_": tags}}, "sort": "START_TIME_DESC", "limit": LIMIT}
        runs = _post(f"{api_url}/flow_runs/filter", api_url, query)
        ui_url = api_url.removesuffix("/api")
        found: dict[str, str] = {}
        for run in runs:
            found.setdefault(str(run["name"]), f"{ui_url}/runs/flow-run/{urllib.parse.quote(str(run['id']), safe='')}")
        return found


def _lab_tag(lab: Path) -> list[str]:
    """What tells this lab's runs from others of that name; nothing where none has begun under Prefect."""
    try:
        return [f"lab-{json.loads((lab / FILE).read_text(encoding='utf-8'))['lab']}"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _post(url: str, api_url: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Prefect takes every question by POST, and for that wants a token against forgery, where it has one."""
    client = str(uuid4())
    headers = {"Content-Type": "application/json", **_password()}
    try:
        asked = f"{api_url}/csrf-token?client={client}"
        token = _open(urllib.request.Request(asked, headers=headers))  # noqa: S310  # from find_server
        headers |= {"Prefect-Csrf-Token": token["token"], "Prefect-Csrf-Client": client}
    except urllib.error.HTTPError:  # protection is off
        pass
    found = _open(urllib.request.Request(url, json.dumps(body).encode(), headers))  # noqa: S310  # from find_server
    return list(found)


def _open(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=3) as reply:  # noqa: S310  # http or https: find_server looks at it
        return json.loads(reply.read())


def _password() -> dict[str, str]:
    text = os.environ.get(CLIENT_AUTH) or os.environ.get(SERVER_AUTH)
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"} if text else {}
