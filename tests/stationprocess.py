"""`galvanaut station` and campaigns as processes of their own, for tests."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from galvanaut.flows.folder import LabFolder
from smalllab import BENCH, command_line, journal_of

UP_S = 60.0
START = """
from galvanaut.flows import resident
from galvanaut.flows.cli import main
from galvanaut.instruments.mailbox import client
client.LEASE_S = resident.LEASE_S = 4.0  # not 15 s, for which tests would wait after each death
main()
"""

PACED = """
import asyncio
from galvanaut.flows.lab import Lab
run = Lab.run
async def paced(lab, key, action):
    await asyncio.sleep(0.1)  # by the wall clock; the bench's stands still meanwhile
    return await run(lab, key, action)
Lab.run = paced
"""
"""So that a campaign of a second is not over before somebody has said something to it."""


class StationProcess:
    """A resident station.

    Attributes:
        process: it.
        log: file of all that it said.
    """

    def __init__(self, lab, bench, *options):
        self.log = lab.with_name(f"{lab.name}-station.log")
        begin = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-c", START, "station", str(bench), "--lab", str(lab), *options]
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


def record(lab):
    """A campaign's record without its instants: while nobody is there, time passes as on a wall clock."""
    found = json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)
    return without_instants(found)


def without_instants(found):
    if isinstance(found, dict):
        return {name: without_instants(each) for name, each in found.items() if not name.endswith("_at")}
    return [without_instants(each) for each in found] if isinstance(found, list) else found


def jobs(lab):
    """All jobs in the journal, read while others write it."""
    return journal_of(lab).records() if LabFolder(lab).has("station") else []


def run(campaign, lab, *more):
    return command_line("run", campaign, "--lab", lab, "--no-prefect", *more)


@contextmanager
def begun(campaign, lab, count):
    """A campaign in a process of its own that has begun so many jobs in all."""
    command = [sys.executable, "-c", PACED + START, "run", str(campaign), "--lab", str(lab), "--no-prefect"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as flow:
        try:
            until(lambda: len(jobs(lab)) >= count or flow.poll() is not None)
            yield flow
        finally:
            flow.kill()


def until(holds, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
