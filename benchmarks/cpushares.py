"""Who spends the CPU time of a campaign: `overhead.py` starts this in a process of its own, once for each campaign.

    python benchmarks/cpushares.py CAMPAIGN LAB MARKS --trials N [--prefect] [--server PID]

It runs the campaign by the very function behind `galvanaut run` and leaves one line of JSON in MARKS for each trial
that ended: the CPU seconds of the process up to then, and how they are shared out.

Nothing of what is measured is changed: functions at the borders between parts are wrapped, and the CPU clock of the
thread is read when one is entered and when it is left. A function that is called from another part's counts as its
own, not as the caller's, so every second is counted once; what belongs to no part is "rest".
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from pyvisa.resources import MessageBasedResource

from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.planners.session import PlannerSession
from galvanaut.core.eventlog import EventLog
from galvanaut.flows import cells, procedure
from galvanaut.flows.lab import Lab
from galvanaut.flows.run import run_command
from galvanaut.instruments.link import Link
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.visa import SimulatedVisaLibrary

INSTRUMENTS = "virtual instruments and physics"
BORDERS: dict[str, dict[Any, tuple[str, ...]]] = {
    # All that drivers can reach of the simulators, and what these do when the bench's clock moves on.
    INSTRUMENTS: {
        SimulatedVisaLibrary: (
            *("write", "read", "read_stb", "clear", "flush", "get_attribute", "set_attribute", "open", "close"),
            *("open_default_resource_manager", "list_resources", "disable_event", "discard_events"),
        ),
        SimulatedBench: ("_keep_time", "_let_happen"),
    },
    "PyVISA": {
        MessageBasedResource: ("write_raw", "read_raw", "get_visa_attribute", "set_visa_attribute", "read_stb", "clear")
    },
    "drivers and tests": {Link: ("query", "write", "pause")},  # and all that the station calls, see `_split_calls`
    "planner": {PlannerSession: ("ask", "tell", "restore", "recommend")},
    "journal and ledger": {EventLog: ("append", "read")},
    "readings": {LabRecorder: ("begin", "put", "append", "flush", "rows", "seal", "release", "has_problems")},
    "analysis": {
        Record: ("of",),
        Lab: ("record",),
        procedure: ("judged", "analyse"),
        cells: ("formation_evidence", "why_not_cycled"),
    },
}


class Shares:
    """CPU seconds by part, of the thread that made this.

    Attributes:
        seconds: by part.
        calls: of wrapped functions.
    """

    def __init__(self, parts: Iterable[str]) -> None:
        self.seconds = dict.fromkeys(parts, 0.0)
        self.calls = 0
        self._thread = threading.get_ident()
        self._inside: list[str] = []
        self._since = 0.0

    def wrapped(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, whose time counts as that of a part."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != self._thread:
                return function(*args, **kwargs)
            self._enter(part)
            try:
                return function(*args, **kwargs)
            finally:
                self._leave()

        return call

    def wrap(self, part: str, owner: Any, name: str) -> None:
        """Put the wrapped function in the place of the function."""
        own = vars(owner).get(name)
        if isinstance(own, classmethod):
            setattr(owner, name, classmethod(self.wrapped(part, own.__func__)))
        else:
            setattr(owner, name, self.wrapped(part, getattr(owner, name)))

    def _enter(self, part: str) -> None:
        now = time.thread_time()
        if self._inside:
            self.seconds[self._inside[-1]] += now - self._since
        self._inside.append(part)
        self.calls += 1
        self._since = now

    def _leave(self) -> None:
        now = time.thread_time()
        self.seconds[self._inside.pop()] += now - self._since
        self._since = now


def main() -> None:
    """Run a campaign and leave its marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaign", type=Path)
    parser.add_argument("lab", type=Path)
    parser.add_argument("marks", type=Path)
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--prefect", action="store_true")
    parser.add_argument("--server", type=int, help="process of `galvanaut up`, whose CPU time is noted, too")
    given = parser.parse_args()
    shares = Shares(BORDERS)
    for part, owners in BORDERS.items():
        for owner, names in owners.items():
            for name in names:
                shares.wrap(part, owner, name)
    _split_calls(shares)
    import_module("galvanaut.campaigns.planners.engine")  # belongs to the start, though the ninth trial needs it first
    with given.marks.open("w", encoding="utf-8") as file:
        _mark(shares, given.server, lambda mark: print(json.dumps(mark), file=file))
        run_command(given.campaign, given.lab, None, 1, given.trials, prefect=given.prefect, arm=False)


def _split_calls(shares: Shares) -> None:
    """What the station calls for a job is the work of drivers and of tests that the host runs."""
    original = Station._call

    async def call(self: Station, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await original(self, shares.wrapped("drivers and tests", method), *args, **kwargs)

    Station._call = call  # type: ignore[method-assign]  # in its place while this measures


def _mark(shares: Shares, server: int | None, keep: Callable[[dict[str, float]], None]) -> None:
    original = Lab.close_trial

    def close_trial(self: Lab, number: int, outcome: Outcome) -> None:
        original(self, number, outcome)
        keep(
            {
                "process_s": time.process_time(),
                **({} if server is None else {"server_s": tree_cpu_s(server)}),
                "calls": shares.calls,
                "messages": self.station.traffic.messages,
                **shares.seconds,
            }
        )

    Lab.close_trial = close_trial  # type: ignore[method-assign]  # in its place while this measures


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process and of all that it has started and that still run. Linux only; 0 elsewhere."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    ticks = sum(int(fields[number]) for number in (11, 12, 13, 14))  # its own, and that of children that have ended
    children = [child for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
    return ticks / os.sysconf("SC_CLK_TCK") + sum(tree_cpu_s(child) for child in children)


def _children(task: Path) -> list[int]:
    return [int(word) for word in (task / "children").read_text().split()]


if __name__ == "__main__":
    main()
