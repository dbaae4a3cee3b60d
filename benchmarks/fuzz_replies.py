"""Damaged replies for every driver, in numbers that a test run has no time for.

    uv run python benchmarks/fuzz_replies.py --cases 1000000 --runs 20 --seed 1

Runs are numbered by their seeds; each appends a line to `tests/instruments/fuzz_seeds.txt`, whose seeds the tests use
as well. The exit code is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
LOG = TESTS / "instruments" / "fuzz_seeds.txt"
HANG_S = 120


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000, help="in all runs together")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--log", type=Path, default=LOG)
    arguments = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    from replyfuzz import record_scenes, run

    found = 0
    with tempfile.TemporaryDirectory() as folder:
        scenes = record_scenes(Path(folder))
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        began = time.perf_counter()
        # A call that loops without a message ends here, with a traceback.
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        findings = run(scenes, seed, arguments.cases // arguments.runs)
        faulthandler.cancel_dump_traceback_later()
        each_us = 1e6 * (time.perf_counter() - began) / findings.cases
        found += findings.count
        line = f"{seed} {findings.cases} {version('galvanaut')} {len(scenes)} {findings.errors} {findings.count}"
        with arguments.log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")
        print(f"{line}  ({each_us:.1f} us per case, longest wait {findings.waited_s:g} s)")
        print(*findings.texts, sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
