"""One planner on one problem with one seed, in a process of its own: prints one line of JSON.

    python benchmarks/planners/job.py PROBLEM PLANNER SEED [--budget N] [--parallel K]

`run.py` starts it in the planner's environment.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import sys
import time
import warnings

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before anything is imported that counts cores

from peers import ENVIRONMENTS, maker_of
from problems import NAMES, problem

from galvanaut.campaigns.benchmark.run import run
from galvanaut.campaigns.planners.threads import single_thread

INITIAL = 8


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", choices=NAMES)
    parser.add_argument("planner", choices=ENVIRONMENTS)
    parser.add_argument("seed", type=int)
    parser.add_argument("--budget", type=int, default=40)
    parser.add_argument("--parallel", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    started = time.process_time()
    with contextlib.redirect_stdout(sys.stderr), single_thread():  # some libraries print
        make = maker_of(options.planner)
        imported_s = time.process_time() - started
        trace = run(
            problem(options.problem), options.planner, options.seed, options.budget, INITIAL, options.parallel, make
        )
    memory_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    found = {
        "problem": options.problem,
        "parallel": options.parallel,
        **trace.to_json(),
        "memory_MB": round(memory_MB, 1),
        "import_cpu_s": round(imported_s, 2),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
