"""What the lab page costs with many channels: in the browser's only thread, in the page's process, on the wire.

Readings of that many channels are written once a second as a station writes them, all of them new each time, and a
headless Chromium looks at the bench view. What counts is how long the browser's main thread is held up in one piece
(tasks of 50 ms or more are noted by the browser itself), since nobody can scroll or click meanwhile, and what CPU time
the page's process takes, since it shares the computer with a station. Needs Chromium on the path.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import Page, browser
from pagelab import Channels

PORT = 4399
COMMAND = (sys.executable, "-c", "from galvanaut.flows.cli import main\nmain()")
COUNT_BYTES = """
window.received = 0;
const source = new EventSource('/api/stream');
const count = (message) => { window.received += message.data.length; };
for (const kind of ['hello', 'bench']) source.addEventListener(kind, count);
"""


def main() -> None:
    """Print a line for each number of channels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, nargs="+", default=[1, 256])
    parser.add_argument("--seconds", type=int, default=30)
    asked = parser.parse_args()
    for count in asked.channels:
        with tempfile.TemporaryDirectory() as folder:
            print(looked_at(Path(folder) / "lab", count, asked.seconds))


def looked_at(lab: Path, count: int, seconds: int) -> str:
    """A lab with so many channels, looked at for so long."""
    many = Channels(lab, count)
    before_s = children_s()
    with many.store() as store:
        many.add(store)
        command = [*COMMAND, "page", "--lab", str(lab), "--port", str(PORT)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with browser() as tab:
                first = begin(tab, count)
                busy_s, updates = -task_s(tab), 0
                deadline = time.monotonic() + seconds
                while time.monotonic() < deadline:
                    many.add(store)
                    updates += 1
                    time.sleep(1.0)
                busy_s += task_s(tab)
                tasks, received = tab.run("longTasks"), tab.run("received")
        finally:
            process.terminate()
            process.communicate()
    return (
        f"{count} channels, {updates} updates in {seconds} s: first view's longest task {first:.0f} ms; afterwards "
        f"{len(tasks)} tasks above 50 ms, the longest {max(tasks, default=0):.0f} ms, {1e3 * busy_s / updates:.1f} ms "
        f"of the main thread an update; {received / 1024 / updates:.1f} KiB an update; "
        f"page and browser together {children_s() - before_s:.1f} s of CPU time"
    )


def begin(tab: Page, count: int) -> float:
    """Show the bench; the longest task that took, ms."""
    tab.call("Performance.enable")
    tab.size(1280, 900)
    tab.open(f"http://127.0.0.1:{PORT}")
    tab.wait(
        f"document.querySelectorAll('tbody tr').length == {count} && Boolean(document.querySelector('.chart').data)", 60
    )
    time.sleep(2.0)
    first = float(max(tab.run("longTasks"), default=0))
    tab.run(f"{COUNT_BYTES}; longTasks.length = 0")
    return first


def task_s(tab: Page) -> float:
    """Time that the main thread has been busy, s."""
    found = {each["name"]: each["value"] for each in tab.call("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


def children_s() -> float:
    """CPU time of all processes that were started and have ended, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
