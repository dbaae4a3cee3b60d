"""What a trial costs in CPU time apart from what is simulated: CPU seconds of orchestration per trial.

What is counted: the CPU time (user and system, all threads) of the process that runs the campaign, less the CPU time
spent inside the simulators. That is what is inside the simulated VISA library (instruments, cells, chemistry, the file
of the simulated world), and what the simulated instruments do when the bench's clock moves on. Nothing else is taken
off: drivers, link and PyVISA itself count, and so do the planner, journal, ledger, readings and their sealing,
analysis, and the clock. With Prefect, its client in this process counts; its server is another process, started
beforehand by `galvanaut up`, and has a column of its own.

Start-up does not count (imports, opening the lab, calibration, first use of the planner's model): the CPU time is taken
at the end of each trial, and the figure is the difference between two trials, divided by the number of trials between.
Where trials overlap the run goes on beyond the later of the two, so that as many trials begin as end.

Each round is a process of its own with a new lab; the round with the least orchestration counts, with all its parts.
The parts come from wrapped functions (`cpushares.py`); what the wrapping costs is estimated and given, not taken off.

Campaigns: `conductivity` as shipped; `cycle-life` as shipped but for its ageing test, of which 2 cycles and 2 check-ups
are left (`--cycles` for more); any other file by its path.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cpushares import BORDERS, INSTRUMENTS, Shares

ROOT = Path(__file__).parents[1]
PARALLEL = 10
"""Trials at a time of the cycle-life campaign."""


def main() -> None:
    """Print a table for each campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", nargs="*", default=["conductivity", "cycle-life"])
    parser.add_argument("--first", type=int, default=20, help="trial from whose end on is counted")
    parser.add_argument("--last", type=int, default=40, help="trial to whose end is counted")
    parser.add_argument("--cycles", type=int, default=2, help="of the ageing test, between two check-ups")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-prefect-only", action="store_true")
    given = parser.parse_args()
    for name in given.campaigns:
        for prefect in (False,) if given.without_prefect_only else (False, True):
            with tempfile.TemporaryDirectory() as folder:
                file, beyond = _campaign(name, Path(folder), given.cycles, given.last)
                rounds = [
                    _round(file, Path(folder) / f"lab-{number}", given.first, given.last, beyond, prefect=prefect)
                    for number in range(given.rounds)
                ]
            _tell(f"{name}, {'with Prefect' if prefect else 'without Prefect'}", rounds)


@dataclass(frozen=True)
class Round:
    """CPU milliseconds per trial.

    Attributes:
        process: of the whole process; server: of the other process, None without one.
        parts: by name, see `cpushares`.
        calls: of wrapped functions per trial.
    """

    process: float
    parts: dict[str, float]
    server: float | None
    calls: float

    @property
    def orchestration(self) -> float:
        """All but what is simulated."""
        return self.process - self.parts[INSTRUMENTS]


def _tell(title: str, rounds: list[Round]) -> None:
    best = min(rounds, key=lambda each: each.orchestration)
    others = ", ".join(f"{each.orchestration:.0f}" for each in rounds)
    print(f"{title}: orchestration {best.orchestration:.0f} ms CPU a trial (rounds: {others})")
    print(f"  {INSTRUMENTS}, not counted: {best.parts[INSTRUMENTS]:.0f} ms")
    for part, ms in best.parts.items():
        if part != INSTRUMENTS:
            print(f"  {part}: {ms:.1f} ms")
    print(f"  rest (steps, jobs, clock, progress, Prefect's client): {best.process - sum(best.parts.values()):.1f} ms")
    print(f"  in it, measuring itself: about {best.calls * _wrapping_ms():.1f} ms")
    if best.server is not None:
        print(f"  Prefect's server, a process of its own, not counted: {best.server:.0f} ms")
    sys.stdout.flush()


def _round(file: Path, lab: Path, first: int, last: int, trials: int, *, prefect: bool) -> Round:
    marks = lab.with_suffix(".marks")
    with _server(lab) if prefect else _none() as server:
        command = [sys.executable, str(ROOT / "benchmarks" / "cpushares.py"), str(file), str(lab), str(marks)]
        more = ["--prefect", "--server", str(server)] if prefect else []
        subprocess.run([*command, "--trials", str(trials), *more], check=True, stdout=subprocess.DEVNULL)
    seen = [json.loads(line) for line in marks.read_text(encoding="utf-8").splitlines()]
    if len(seen) < last:
        raise SystemExit(f"only {len(seen)} trials of {file} ended")
    early, late = seen[first - 1], seen[last - 1]

    def per_trial(what: str) -> float:
        return float(late[what] - early[what]) / (last - first)

    parts = {part: 1000 * per_trial(part) for part in BORDERS}
    return Round(
        1000 * per_trial("process_s"), parts, 1000 * per_trial("server_s") if prefect else None, per_trial("calls")
    )


def _campaign(name: str, folder: Path, cycles: int, last: int) -> tuple[Path, int]:
    """The campaign's file, and how many trials are to be begun so that the last one to be counted is not alone."""
    if name == "conductivity":
        return ROOT / "campaigns" / "conductivity.yaml", last
    trials = last + PARALLEL
    if name != "cycle-life":
        return Path(name).resolve(), trials
    plans, benches = ROOT / "instruments" / "plans", ROOT / "instruments" / "benches"
    ageing = (plans / "ageing.yaml").read_text(encoding="utf-8")
    for long, short in (("cycle_count: 50", f"cycle_count: {cycles}"), ("cycle_count: 6", "cycle_count: 1")):
        if ageing.count(long) != 1:
            raise SystemExit(f"ageing.yaml has no single {long!r} any more; put this script right")
        ageing = ageing.replace(long, short)
    (folder / "short.yaml").write_text(ageing, encoding="utf-8")
    text = (ROOT / "campaigns" / "cycle_life.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("../instruments/plans/ageing.yaml", "short.yaml"),
        ("../instruments/plans", str(plans)),
        ("../instruments/benches", str(benches)),
        ("trials: 30", f"trials: {trials}"),
    ):
        text = text.replace(old, new)
    (folder / "campaign.yaml").write_text(text, encoding="utf-8")
    return folder / "campaign.yaml", trials


@contextmanager
def _none() -> Iterator[None]:
    yield None


@contextmanager
def _server(lab: Path) -> Iterator[int]:
    """`galvanaut up` for a lab, in a process of its own, from its first answer on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab.mkdir()
    program = "from galvanaut.flows.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "up", "--lab", str(lab), "--port", str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        if not any("Ctrl-C ends the UI" in line for line in process.stdout):
            raise SystemExit("`galvanaut up` did not come up")
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _wrapping_ms() -> float:
    """CPU milliseconds that wrapping adds to one call."""
    shares, calls = Shares(["x"]), 20_000

    def nothing() -> None:
        pass

    spent = []
    for function in (shares.wrapped("x", nothing), nothing):
        began_s = time.process_time()
        for _ in range(calls):
            function()
        spent.append(time.process_time() - began_s)
    return 1000 * (spent[0] - spent[1]) / calls


if __name__ == "__main__":
    main()
