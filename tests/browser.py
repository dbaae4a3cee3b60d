"""A headless Chromium, spoken to through the DevTools protocol: enough to look at a page as a person does."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
)
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => { for (const each of list.getEntries()) window.longTasks.push(each.duration); })
  .observe({ type: "longtask", buffered: true });
"""


class Page:
    """One tab. What went wrong on it, and what it asked for, is kept.

    Attributes:
        errors: of its scripts and of what it could not load.
        requests: addresses of all that it asked for.
    """

    def __init__(self, link: ClientConnection) -> None:
        self._link = link
        self._number = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=LONG_TASKS)

    def call(self, method: str, **parameters: Any) -> Any:
        """One command, and its answer."""
        self._number += 1
        self._link.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._link.recv(timeout=60))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        method, found = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = found["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and found["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(each.get("value", each.get("description"))) for each in found["args"]))
        elif method == "Log.entryAdded" and found["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{found['entry']['text']} {found['entry'].get('url', '')}")

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Size of the window in CSS pixels, and whether its user likes it dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        wish = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[wish])

    def open(self, url: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, limit_s: float = 30.0) -> Any:
        """The value of an expression once it is true."""
        deadline = time.monotonic() + limit_s
        while True:
            with suppress(AssertionError):
                if found := self.run(script):
                    return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true: {script}\n{self.errors}\n{self.run('document.body.innerText')}")
            time.sleep(0.05)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """The page as it looks, as PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))


@contextmanager
def browser() -> Iterator[Page]:
    """A tab of a browser of its own, gone at the end."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={home}", "about:blank"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            with connect(_tab(process), max_size=None, compression=None, ping_interval=None) as link:
                yield Page(link)
                with suppress(AssertionError, ConnectionClosed, TimeoutError):
                    Page.call(_Closing(link), "Browser.close")
        finally:
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()


class _Closing(Page):
    """Says good-bye without asking for anything else."""

    def __init__(self, link: ClientConnection) -> None:
        self._link, self._number, self.errors, self.requests = link, 10**6, [], []


def _tab(process: subprocess.Popen[str]) -> str:
    """Where the first tab of a browser that starts is spoken to."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"ws://(127\.0\.0\.1:\d+)/", line):
            with urllib.request.urlopen(f"http://{found[1]}/json/list", timeout=10) as reply:
                tabs = json.loads(reply.read())
            return str(next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"])
    raise RuntimeError("the browser has ended before it could be spoken to")
