"""What a trial costs in CPU time apart from what is simulated: CPU seconds of orchestration per trial.

What is counted: the CPU time (user and system, all threads) of the process that runs the campaign, less the CPU time
spent inside the simulators. That is what is inside the simulated VISA library (instruments, cells, chemistry, the file
of the simulated world), and what the simulated instruments do when the bench's clock moves on. Nothing else is taken
off: drivers, link and PyVISA itself count, and so do the planner, journal, ledger, readings and their sealing,
analysis, and the clock. With Prefect, its client in this process counts; its server is another process, started
beforehand by `galvanaut up`, and has a column of its own.

Start-up does not count (imports, opening the lab, calibration): the CPU time is taken at the end of each trial, and the
figure is the difference between two trials, divided by the number of trials between: from the first one to the last,
and once more for the last half, as the planner has more to think about the more trials there are. Where trials overlap
it begins with the first that ends with all places taken, and the run goes on beyond the last, so that as many trials
begin as end.

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
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from cpushares import BORDERS, INSTRUMENTS, Shares

from galvanaut.campaigns.campaignfile import load_campaign

ROOT = Path(__file__).parents[1]
PARALLEL = 10
"""Trials at a time of the cycle-life campaign."""
Mark = dict[str, float]
"""What `cpushares` notes at the end of a trial."""


def main() -> None:
    """Print a table for each campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", nargs="*", default=["conductivity", "cycle-life"])
    parser.add_argument("--trials", type=int, default=40, help="to be counted up to the end of the last one")
    parser.add_argument("--cycles", type=int, default=2, help="of the ageing test, between two check-ups")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-prefect-only", action="store_true")
    given = parser.parse_args()
    for name in given.campaigns:
        for prefect in (False,) if given.without_prefect_only else (False, True):
            with tempfile.TemporaryDirectory() as folder:
                file, parallel = _campaign(name, Path(folder), given.cycles, given.trials)
                runs = [
                    _run(file, Path(folder) / f"lab-{number}", given.trials + parallel - 1, prefect=prefect)
                    for number in range(given.rounds)
                ]
            _tell(f"{name}, {'with' if prefect else 'without'} Prefect", runs, parallel, given.trials)


@dataclass(frozen=True)
class Round:
    """CPU milliseconds per trial.

    Attributes:
        process: of the whole process; server: of the other process, None without one.
        parts: by name, see `cpushares`.
        calls: of wrapped functions per trial; messages: over the wires.
    """

    process: float
    parts: dict[str, float]
    server: float | None
    calls: float
    messages: float

    @property
    def orchestration(self) -> float:
        """All but what is simulated."""
        return self.process - self.parts[INSTRUMENTS]


def _tell(title: str, runs: list[list[Mark]], first: int, last: int) -> None:
    rounds = sorted((_between(marks, first, last) for marks in runs), key=lambda each: each.orchestration)
    best, every = rounds[0], ", ".join(f"{each.orchestration:.0f}" for each in rounds)
    late = min((_between(marks, last // 2, last) for marks in runs), key=lambda each: each.orchestration)
    print(f"{title}: orchestration {best.orchestration:.0f} ms CPU a trial (rounds: {every})")
    late_ms, planner_ms = late.orchestration, late.parts["planner"]
    print(f"  trials {last // 2} to {last}: {late_ms:.0f} ms, of which planner {planner_ms:.0f} ms")
    print(f"  messages over the wires: {best.messages:.0f}")
    print(f"  {INSTRUMENTS}, not counted: {best.parts[INSTRUMENTS]:.0f} ms")
    for part, ms in best.parts.items():
        if part != INSTRUMENTS:
            print(f"  {part}: {ms:.1f} ms")
    print(f"  rest (steps, jobs, clock, progress, Prefect's client): {best.process - sum(best.parts.values()):.1f} ms")
    print(f"  in all of these, measuring itself: about {best.calls * _wrapping_ms():.1f} ms")
    if best.server is not None:
        print(f"  Prefect's server, a process of its own, not counted: {best.server:.0f} ms")
    sys.stdout.flush()


def _run(file: Path, lab: Path, trials: int, *, prefect: bool) -> list[Mark]:
    """The marks of one campaign, in a process of its own."""
    marks = lab.with_suffix(".marks")
    with _server(lab) if prefect else nullcontext() as server:
        command = [sys.executable, str(ROOT / "benchmarks" / "cpushares.py"), str(file), str(lab), str(marks)]
        more = ["--prefect", "--server", str(server)] if prefect else []
        subprocess.run([*command, "--trials", str(trials), *more], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in marks.read_text(encoding="utf-8").splitlines()]


def _between(marks: list[Mark], first: int, last: int) -> Round:
    """From the end of one trial to that of another, counted in the order in which they ended."""
    if len(marks) < last:
        raise SystemExit(f"only {len(marks)} trials ended")
    early, late = marks[first - 1], marks[last - 1]
    count = last - first
    parts = {part: 1000 * (late[part] - early[part]) / count for part in BORDERS}
    server = 1000 * (late["server_s"] - early["server_s"]) / count if "server_s" in late else None
    process = 1000 * (late["process_s"] - early["process_s"]) / count
    calls, messages = ((late[what] - early[what]) / count for what in ("calls", "messages"))
    return Round(process, parts, server, calls, messages)


def _campaign(name: str, folder: Path, cycles: int, trials: int) -> tuple[Path, int]:
    """The campaign's file, and how many trials it has at a time."""
    if name == "conductivity":
        return ROOT / "campaigns" / "conductivity.yaml", 1
    if name != "cycle-life":
        return Path(name).resolve(), load_campaign(Path(name)).budget.parallel
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
        ("trials: 30", f"trials: {trials + PARALLEL}"),
    ):
        text = text.replace(old, new)
    (folder / "campaign.yaml").write_text(text, encoding="utf-8")
    return folder / "campaign.yaml", PARALLEL


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
