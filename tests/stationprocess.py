"""`galvanaut station` as a process of its own, for tests."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from smalllab import BENCH

UP_S = 60.0


class StationProcess:
    """A resident station.

    Attributes:
        process: it.
        log: file of all that it said.
    """

    def __init__(self, lab, bench, *options):
        self.log = lab.with_name(f"{lab.name}-station.log")
        begin = self.log.stat().st_size if self.log.exists() else 0
        start = "from galvanaut.flows.cli import main; main()"
        command = [sys.executable, "-c", start, "station", str(bench), "--lab", str(lab), *options]
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                command, stdout=sink, stderr=sink, env=os.environ | {"PYTHONUNBUFFERED": "1"}
            )
        deadline = time.monotonic() + UP_S
        while "is up" not in self.log.read_text()[begin:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.log.read_text())
            time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def station(lab, bench=BENCH, *options):
    """A station while inside."""
    found = StationProcess(lab, bench, "--seed", "1", *options)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.end()
