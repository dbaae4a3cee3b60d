"""CPU time of one cell of the single-particle model in a holder: for a whole cycle, a look, and a trace.

Usage: ``uv run benchmarks/holdercell.py [--cycles 20]``

One cycle is a charge to 4.2 V, at C/3 in the first line and at 1C in the second, held until C/20; a rest of ten
minutes; a discharge at 1C to 2.8 V; a rest of ten minutes. Charge and discharge are looked at each minute when their
end is near, as a host does that ends them; every part is looked at ten times on its way, and traced once with a reading
each minute. Times are CPU times of this process, with one thread for linear algebra. The least of all cycles is what
the program needs; the median shows what other programs on the machine take away.

With numba (``uv run --extra fast``) it measures compiled kernels, unless ``NUMBA_DISABLE_JIT=1``; its first line says
which.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from galvanaut.simulators.cells import OPEN, Drive, Holders
from galvanaut.simulators.cells.spme import Sample, SpmeCell
from galvanaut.simulators.cells.spme.compiled import is_compiling

NOMINAL_A = 4.1e-3
EVERY_S = 60.0
LOOKS = 10
REST_S = 600.0
NEAR_S = 300.0


class Bench:
    """One holder, and the time there."""

    def __init__(self) -> None:
        self.holders = Holders({"A": SpmeCell(Sample())}, 0.0)
        self.now = 0.0
        self._lasted_s = [0.0, 0.0]

    def part(self, drive: Drive, seconds: float, end_A: float = -1.0) -> float:
        """Impose, wait for an end if there is one, look and trace; how long it took."""
        begin = self.now
        self.holders.impose("A", drive, begin)
        self.now += seconds
        while end_A >= 0 and not self._is_over(end_A):
            self.now += EVERY_S
        for instant in np.linspace(begin, self.now, LOOKS):
            self.holders.at("A", float(instant))
        self.holders.trace("A", np.arange(begin, self.now, EVERY_S))
        return self.now - begin

    def _is_over(self, end_A: float) -> bool:
        sight = self.holders.at("A", self.now)
        return sight.mode == "voltage" and abs(sight.current_A) < end_A

    def cycle(self, rate: float) -> float:
        """One cycle; CPU milliseconds."""
        began = time.process_time()
        charge, discharge = Drive("source", 4.2, 0.0, rate * NOMINAL_A), Drive("source", 2.8, -NOMINAL_A, 0.0)
        near_s = [max(0.0, seconds - NEAR_S) for seconds in self._lasted_s]
        self._lasted_s[0] = self.part(charge, near_s[0], NOMINAL_A / 20)
        self.part(OPEN, REST_S)
        self._lasted_s[1] = self.part(discharge, near_s[1], NOMINAL_A)
        self.part(OPEN, REST_S)
        return 1000 * (time.process_time() - began)

    def looks_us(self, count: int) -> float:
        """CPU time of a look at a cell on charge whose path is known."""
        self.holders.impose("A", Drive("source", 4.2, 0.0, NOMINAL_A / 3), self.now)
        instants = [self.now + 100 + 60 * number for number in range(count)]
        self.holders.trace("A", np.array(instants))
        began = time.process_time()
        for instant in instants:
            self.holders.at("A", instant)
        return 1e6 * (time.process_time() - began) / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=20)
    asked = parser.parse_args()
    print("kernels compiled by numba" if is_compiling() else "arrays, without numba (extra `fast`)")
    for rate, name in ((1 / 3, "C/3"), (1.0, "1C")):
        bench = Bench()
        bench.cycle(rate)
        times_ms = sorted(bench.cycle(rate) for _ in range(asked.cycles))
        print(f"cycle, charged at {name:4} least {times_ms[0]:6.2f} ms, median {times_ms[len(times_ms) // 2]:6.2f} ms")
    bench = Bench()
    looks_us = sorted(bench.looks_us(100) for _ in range(asked.cycles))
    print(f"look                    least {looks_us[0]:6.1f} us, median {looks_us[len(looks_us) // 2]:6.1f} us")


if __name__ == "__main__":
    main()
