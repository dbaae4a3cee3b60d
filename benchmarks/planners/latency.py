"""Processor time of one proposal of ours, and memory, by the number of observations.

    uv run benchmarks/planners/latency.py [--problem NAME] [--physics] [--counts 10,100,500,1000] [--asks N]

For each number a process of its own: random recipes of the space are told with the problem's noise, and a planner with
everything imported is asked for the next one ``--asks`` times, each time with another seed. Prints the least and the
median of the CPU seconds and the most memory that the process ever had.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before anything is imported that counts cores

import numpy as np
from problems import NAMES, problem

from galvanaut.campaigns.benchmark.problem import task
from galvanaut.campaigns.planners import Observation, planner
from galvanaut.campaigns.planners.threads import single_thread
from galvanaut.core.identifiers import generator

_SEED = 1000


def main() -> None:
    """Print a row for each number of observations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", choices=NAMES, default="conductivity")
    parser.add_argument("--physics", action="store_true", help="with the prior as a belief")
    parser.add_argument("--counts", default="10,100,500,1000", help="comma-separated")
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--one", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with single_thread():
            print(_row(options.problem, options.physics, options.one, options.asks))
        return
    print("| observations | CPU s: least, median | MB |\n|---|---|---|", flush=True)
    for count in options.counts.split(","):
        more = ["--physics"] if options.physics else []
        words = ["--problem", options.problem, "--asks", str(options.asks), "--one", count, *more]
        subprocess.run([sys.executable, __file__, *words], check=True)


def _row(name: str, physics: bool, count: int, asks: int) -> str:
    known = problem(name)
    points = known.space.volume(count, generator(_SEED, "latency", count))
    seen = [known.measure(point, _SEED, n).observation(n + 1, point) for n, point in enumerate(points)]
    _ask(name, physics, seen[:10], _SEED)  # imports everything
    spent = [_ask(name, physics, seen, _SEED + n) for n in range(asks)]
    memory_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return f"| {count} | {min(spent):.3f}, {float(np.median(spent)):.3f} | {memory_MB:.0f} |"


def _ask(name: str, physics: bool, seen: list[Observation], seed: int) -> float:
    """CPU seconds of one proposal."""
    wanted = task(problem(name), seed, 8)
    asked = planner("bayes", wanted if physics else replace(wanted, beliefs=()))
    started = time.process_time()
    asked.propose(len(seen), seen, [])
    return time.process_time() - started


if __name__ == "__main__":
    main()
