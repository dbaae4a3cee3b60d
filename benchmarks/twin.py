"""What following a cell costs: one channel, a tick of 256, a forecast; beside PyBaMM stepped along with a cell.

Usage: ``uv run benchmarks/twin.py [--rounds 5] [--without-pybamm]``; ``NUMBA_DISABLE_JIT=1`` for arrays instead of
numba.

CPU times of this process with one thread for linear algebra. Readings are those of a simulated cell that is cycled at
C/3 and 1C, one a minute. What is compiled or loaded once is not counted, but told.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")

import numpy as np

from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.pybamm_parameters import parameter_values
from galvanaut.simulators.cells.spme import Sample, SpmeCell
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.twin import Twin, TwinPrior, Twins

CHANNELS, EVERY_S, NOMINAL_A = 256, 60.0, 4.1e-3
PYBAMM_STEPS = 60


def readings(cycles: int) -> np.ndarray:
    """Of one cell through cycles, as a table that twins take."""
    cell, chance = SpmeCell(Sample(), state_of_charge=0.1), np.random.default_rng(1)
    state, parts, now_s, step = cell.fresh(), [], 0.0, 0
    for number in range(cycles):
        for current_A in (NOMINAL_A / 3, 0.0, -NOMINAL_A, 0.0):
            limits = Limits(2.8, 4.2) if current_A else Limits()
            path = cell.hold_current(state, current_A, 0.0, limits)
            end_s = min(path.ends_s(3e4), 3e4) if current_A else 600.0
            times_s = np.arange(np.ceil((now_s + 1e-6) / EVERY_S) * EVERY_S, now_s + end_s, EVERY_S)
            volts, amperes = path.trace(times_s - now_s)
            same = np.ones(len(times_s))
            parts.append(np.stack([times_s, amperes, volts, 25 * same, number * same, step * same, times_s - now_s], 1))
            state, now_s, step = path.state(end_s), now_s + end_s, step + 1
    table = np.concatenate(parts)
    table[:, 2] += 2e-4 * chance.standard_normal(len(table))
    return table


def one_channel(table: np.ndarray, rounds: int) -> tuple[float, float]:
    """Least time of a reading in us: fed all at once, and one by one."""
    bulk, single = [], []
    some = table[:200]
    for _ in range(rounds):
        twin, began = Twin.begin(TwinPrior()), time.process_time()
        twin.feed_table(table)
        bulk.append((time.process_time() - began) / len(table))
        twin, began = Twin.begin(TwinPrior()), time.process_time()
        for place in range(len(some)):
            twin.feed_table(some[place : place + 1])
        single.append((time.process_time() - began) / len(some))
    return 1e6 * min(bulk), 1e6 * min(single)


def ticks(table: np.ndarray) -> np.ndarray:
    """Time of each tick of all channels in ms, findings and ends of cycles included; each is elsewhere in its cycle."""
    bank = Twins({str(place): TwinPrior() for place in range(CHANNELS)})
    shifts = np.linspace(0, len(table) // 2, CHANNELS).astype(int)
    taken = []
    for place in range(len(table) // 2):
        rows = table[shifts + place]
        began = time.process_time()
        bank.tick_table(rows)
        taken.append(time.process_time() - began)
    return 1e3 * np.array(taken)


def forecasts(table: np.ndarray) -> float:
    """Least time of a forecast of 50 cycles, in ms."""
    twin, taken = Twin.begin(TwinPrior()), []
    twin.feed_table(table)
    for _ in range(3):
        began = time.process_time()
        twin.forecast(50)
        taken.append(time.process_time() - began)
    return 1e3 * min(taken)


def pybamm_step(pybamm: Any) -> float:
    """Median time in ms of a step of PyBaMM's SPMe along with a cell, its voltage read; nothing is estimated."""
    values = parameter_values(pybamm, "EC:EMC", 1.0)
    values["Current function [A]"] = NOMINAL_A / 3
    simulation = pybamm.Simulation(pybamm.lithium_ion.SPMe(), parameter_values=values, solver=pybamm.IDAKLUSolver())
    taken = []
    for _ in range(PYBAMM_STEPS):
        began = time.process_time()
        simulation.step(EVERY_S, save=False)
        _ = simulation.solution["Voltage [V]"].entries[-1]
        taken.append(time.process_time() - began)
    return 1e3 * float(np.median(taken))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-pybamm", action="store_true")
    asked = parser.parse_args()
    table, began = readings(8), time.process_time()
    Twin.begin(TwinPrior()).feed_table(table[:10])
    warm = Twins({"a": TwinPrior()})
    warm.tick_table(table[:1])
    print("kernels compiled by numba" if is_compiling() else "arrays, without numba (extra `fast`)")
    print(f"first reading of the process                {time.process_time() - began:10.2f} CPU-s")
    bulk, single = one_channel(table, asked.rounds)
    print(f"one channel, {len(table)} readings at once          {bulk:10.1f} us a reading")
    print(f"one channel, one by one                     {single:10.1f} us a reading")
    taken = ticks(table)
    print(f"{CHANNELS} channels, a tick: median, p99, most  {np.median(taken):10.2f} ms", end="")
    print(f", {np.percentile(taken, 99):.2f} ms, {taken.max():.2f} ms")
    print(f"forecast of 50 cycles                       {forecasts(table):10.0f} ms")
    if asked.without_pybamm:
        return
    try:
        import pybamm
    except ImportError:
        print("PyBaMM is not installed (extra `pybamm`): nothing to compare with")
        return
    theirs = pybamm_step(pybamm)
    print(f"PyBaMM {pybamm.__version__} SPMe, a step           {theirs:10.2f} ms")
    print(f"ratio to one channel, one by one            {1e3 * theirs / single:10.0f}")


if __name__ == "__main__":
    main()
