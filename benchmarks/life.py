"""CPU time of the life model, and how well its intervals hold on simulated cells.

Usage: ``uv run benchmarks/life.py``

Cells are those stored for the tests: the simulated physics, recipes from all over ``campaigns/cycle_life.yaml``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.life import Course, LifeModel

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from lifecourses import stored

PROGRESS = (0.1, 0.2, 0.4, 0.6)
FINISHED = (4, 8, 20)
TESTED, SCHOOLS = 60, 10


def timed(cells: list[Course]) -> None:
    """Print CPU times: the best of some rounds."""
    best = 9e9
    for _ in range(5):
        began = time.process_time()
        model = LifeModel.learned(cells[:50])
        best = min(best, time.process_time() - began)
    print(f"learning from 50 finished cells, calibration included: {best:.2f} CPU-s")
    seen, times = cells[50].until(60), []
    for _ in range(50):
        began = time.process_time()
        model.posterior(seen)
        times.append(1e3 * (time.process_time() - began))
    print(f"life of one cell after a cycle: {np.median(times):.1f} ms (slowest {max(times):.1f} ms)")


def judged(model: LifeModel, cells: list[Course], progress: float) -> Array:
    """Rows of: whether the 90 % interval holds, relative error of the median, width over the life."""
    lives = [each.cycles for each in cells]
    beliefs = model.posteriors([each.until(progress * life) for each, life in zip(cells, lives, strict=True)])
    rows = []
    for life, belief in zip(lives, beliefs, strict=True):
        low, middle, high = belief.quantiles
        rows.append((low <= life <= high, abs(middle / life - 1), (high - low) / life))
    return np.array(rows, dtype=np.float64)


def main() -> None:
    """Print both tables."""
    cells, draw = stored(), np.random.default_rng(3)
    timed(cells)
    print(f"{len(cells)} cells; {SCHOOLS} times some finished ones and {TESTED} others")
    print("finished  life seen  90 % interval holds  mean error  median width / life")
    for count in FINISHED:
        found: dict[float, list[Array]] = {progress: [] for progress in PROGRESS}
        for _ in range(SCHOOLS):
            order = draw.permutation(len(cells))
            model = LifeModel.learned([cells[row] for row in order[:count]])
            tested = [cells[row] for row in order[count : count + TESTED]]
            for progress in PROGRESS:
                found[progress].append(judged(model, tested, progress))
        for progress in PROGRESS:
            rows = np.vstack(found[progress])
            share, error, width = rows[:, 0].mean(), rows[:, 1].mean(), np.median(rows[:, 2])
            print(f"{count:8d}  {progress:9.0%}  {share:19.2f}  {error:10.1%}  {width:19.2f}")


if __name__ == "__main__":
    main()
