"""Compares planners: every planner on every problem with every seed, each run in a process of its own.

    uv run benchmarks/planners/run.py --results FOLDER [--environments FOLDER] [--problems A,B] [--planners A,B]
                                      [--seeds N] [--jobs N] [--final]

Every run that ended is one line of JSON in FOLDER/runs.jsonl; the same command goes on where it was stopped. What other
libraries need is installed by `environments.py`; planners whose environment is not there are left out, and named. The
problems that are held out (README.md beside) run with --final only. `table.py` makes tables and plots of the results.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from environments import DEFAULT_FOLDER, python_of
from machine import describe
from peers import ENVIRONMENTS, SLOW, WRONG
from problems import HELD_OUT, OPEN

HERE = Path(__file__).resolve().parent
ROOMS = ("core", "campaigns", "simulators")
SEEDS = 20
RUNS_FILE, MACHINE_FILE = "runs.jsonl", "machine.json"


class Job(NamedTuple):
    """One run."""

    problem: str
    planner: str
    seed: int
    parallel: int


def main() -> None:
    """Run what is not there yet."""
    options = _options()
    pythons = {environment: _python(environment, options.environments) for environment in set(ENVIRONMENTS.values())}
    python = {name: pythons[environment] for name, environment in ENVIRONMENTS.items()}
    planners = [name for name in options.planners.split(",") if name]
    missing = [name for name in planners if not python[name].exists()]
    if missing:
        print(f"left out, as their environment is not there: {', '.join(missing)} (see environments.py)")
    problems = options.problems.split(",") if options.problems else [*OPEN, *(HELD_OUT if options.final else ())]
    held = [name for name in problems if name in HELD_OUT]
    if held and not options.final:
        sys.exit(f"{', '.join(held)}: held out for one final run; see README.md, and --final")
    options.results.mkdir(parents=True, exist_ok=True)
    told = json.dumps(describe(pythons), indent=1, sort_keys=True)
    (options.results / MACHINE_FILE).write_text(told + "\n", encoding="utf-8")
    runs = options.results / RUNS_FILE
    done = done_jobs(runs)
    present = [name for name in planners if name not in missing]
    jobs = [job for job in _jobs(problems, present, options.seeds, options.parallel) if job not in done]
    print(f"{len(done)} runs are there, {len(jobs)} to go")
    with ThreadPoolExecutor(options.jobs) as pool, runs.open("a", encoding="utf-8") as file:
        for job, line in zip(jobs, pool.map(lambda job: _do(job, python[job.planner]), jobs), strict=True):
            if line is None:
                print(f"failed: {job}")
                continue
            file.write(line + "\n")
            file.flush()


def done_jobs(runs: Path) -> set[Job]:
    """What a file of runs holds."""
    if not runs.exists():
        return set()
    found = [json.loads(line) for line in runs.read_text(encoding="utf-8").splitlines()]
    return {Job(each["problem"], each["planner"], each["seed"], each["parallel"]) for each in found}


def _jobs(problems: list[str], planners: list[str], seeds: int, parallel: int) -> Iterator[Job]:
    for planner in planners:
        for problem in problems:
            if problem not in WRONG.get(planner, problems):
                continue
            for seed in range(1, (seeds // 2 if planner in SLOW else seeds) + 1):
                yield Job(problem, planner, seed, parallel)


def _do(job: Job, python: Path) -> str | None:
    """The line of one run; None if it failed."""
    root = HERE.parent.parent
    paths = os.pathsep.join(str(root / room) for room in ROOMS)
    arguments = [job.problem, job.planner, str(job.seed), "--parallel", str(job.parallel)]
    done = subprocess.run(
        [python, str(HERE / "job.py"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return lines[-1]


def _python(environment: str, folder: Path) -> Path:
    return Path(sys.executable) if environment == "plain" else python_of(folder / environment)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="folder for the results")
    parser.add_argument("--environments", type=Path, default=DEFAULT_FOLDER, help="made by environments.py")
    parser.add_argument("--problems", default="", help="comma-separated; all that are not held out by default")
    parser.add_argument("--planners", default=",".join(ENVIRONMENTS), help="comma-separated; all by default")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"from 1 up; {' and '.join(SLOW)} take half as many")
    parser.add_argument("--parallel", type=int, default=1, help="trials under way at a time")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--final", action="store_true", help="with the problems held out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
