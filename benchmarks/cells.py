"""Cell-cycles per CPU-second of the simulated cells, with ageing; beside PyBaMM's SPMe with SEI where it is installed.

Usage: ``uv run benchmarks/cells.py [--cycles 10] [--long]``

One cycle is a charge at C/3 to 4.2 V, the voltage held until C/20, and a discharge at 1C to 2.8 V. Every cell is
different. Times are CPU times of this process, with one thread for linear algebra. ``--long`` also takes 64 cells
through 500 cycles each.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from galvanaut.simulators.cells.pybamm_parameters import parameter_values
from galvanaut.simulators.cells.spme.cells import Cells, Sample
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.cells.spme.cycling import Cycle, cycle
from galvanaut.simulators.cells.spme.variability import made

SEED = 1
COUNTS = (1, 64, 256)
PYBAMM_CYCLES = 20


def ours(count: int, cycles: int) -> float:
    """Cell-cycles per CPU-second, after one cycle that does not count."""
    cells = Cells.of([made(Sample(), SEED, f"cell_{number}")[0] for number in range(count)])
    states = cycle(cells, cells.fresh(), Cycle()).states
    began = time.process_time()
    for _ in range(cycles):
        states = cycle(cells, states, Cycle()).states
    return count * cycles / (time.process_time() - began)


def long_run(count: int, cycles: int) -> None:
    """How long a whole ageing test takes, and what it comes to."""
    cells = Cells.of([made(Sample(), SEED, f"cell_{number}")[0] for number in range(count)])
    states, began = cells.fresh(), time.process_time()
    capacities = []
    for _ in range(cycles):
        done = cycle(cells, states, Cycle())
        states = done.states
        capacities.append(done.discharged_C)
    seconds = time.process_time() - began
    kept = capacities[-1] / capacities[0]
    print(
        f"{count} cells x {cycles} cycles: {seconds:.1f} CPU-s; capacity kept {kept.min():.1%} to {kept.max():.1%}, "
        f"{states.time_s.mean() / 86400:.0f} days of cell time"
    )


def pybamm_spme(pybamm: Any, cycles: int) -> float:
    """Cycles per CPU-second of PyBaMM's SPMe with SEI growth, when everything is built."""
    values = parameter_values(pybamm, "EC:EMC", 1.0)
    values.update({"Nominal cell capacity [A.h]": 4.1e-3})
    model = pybamm.lithium_ion.SPMe({"SEI": "solvent-diffusion limited"})
    steps = ("Discharge at 1C until 2.8 V", "Charge at C/3 until 4.2 V", "Hold at 4.2 V until C/20")
    experiment = pybamm.Experiment([steps] * cycles)
    simulation = pybamm.Simulation(model, parameter_values=values, experiment=experiment, solver=pybamm.IDAKLUSolver())
    simulation.solve()
    began = time.process_time()
    simulation.solve()
    return cycles / (time.process_time() - began)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--long", action="store_true")
    asked = parser.parse_args()
    print("engine                                  cell-cycles per CPU-second")
    print("one cell: kernels compiled by numba" if is_compiling() else "one cell: arrays, without numba (extra `fast`)")
    best = 0.0
    for count in COUNTS:
        best = ours(count, asked.cycles)
        print(f"SPMe with ageing, {count:4d} cells at once    {best:10.0f}", flush=True)
    try:
        import pybamm
    except ImportError:
        print("PyBaMM is not installed (extra `pybamm`): nothing to compare with")
    else:
        theirs = pybamm_spme(pybamm, PYBAMM_CYCLES)
        print(f"PyBaMM {pybamm.__version__} SPMe with SEI             {theirs:10.1f}")
        print(f"ratio at {COUNTS[-1]} cells: {best / theirs:.0f}")
    if asked.long:
        long_run(64, 500)


if __name__ == "__main__":
    main()
