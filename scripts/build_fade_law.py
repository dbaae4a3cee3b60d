"""Fits the fade law of the simulated cells again, and prints how well it does on cells that it was not fitted to.

Usage: ``uv run scripts/build_fade_law.py [--cells 2048] [--curves FILE.csv]``; some minutes of one core.

Cells have recipes from all over the search space of ``campaigns/cycle_life.yaml``, its edges included, and differ as
those on the simulated bench do. ``--curves`` also writes the retention of 96 further cells with recipes drawn evenly
over the volume.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from galvanaut.campaigns.campaignfile import load_campaign
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator
from galvanaut.simulators.cells import fadelaw
from galvanaut.simulators.cells.ageingtest import BLOCK, Aged, age
from galvanaut.simulators.cells.fadelaw import FadeLaw
from galvanaut.simulators.cells.made import MadeCell, sample
from galvanaut.simulators.cells.spme.cells import Sample
from galvanaut.simulators.electrolyte.liquids import Liquids

CAMPAIGN = Path(__file__).parents[1] / "campaigns/cycle_life.yaml"
HELD_OUT = 256
CURVES = 96
SEED = 11


def cells(space: SearchSpace, count: int, name: str, even: bool) -> list[Sample]:
    """Cells with different recipes."""
    draw = generator(SEED, "fade law", name)
    points = space.volume(count, draw) if even else space.sample(count, draw)
    made = (
        MadeCell(f"{name}_{row}", dict(space.recipe(point).mass_fractions), 0.05, "", SEED)
        for row, point in enumerate(points)
    )
    liquids = Liquids()
    return [sample(each, liquids) for each in made]


def judge(law: FadeLaw, samples: list[Sample], aged: Aged) -> None:
    """Print the errors of cells that took no part."""
    miss = np.log(law.cycles(samples) / fadelaw.crossings(aged))
    print(f"{len(samples)} cells held out; root mean square and largest error of the number of cycles to a share of")
    for level in (0.98, 0.95, 0.9, 0.85, 0.8):
        column = miss[:, int(np.argmin(np.abs(fadelaw.LEVELS - level)))]
        print(f"  {level:.0%}: {np.sqrt(np.nanmean(column**2)):.1%}, {np.nanmax(np.abs(column)):.1%}")
    lives = fadelaw.crossings(aged)[:, -1]
    print(f"standard deviation of the logarithm of the cycles to 80 %: {np.nanstd(np.log(lives)):.3f}")


def write_curves(samples: list[Sample], target: Path) -> None:
    """Retention of cells, one column each, by the number of the cycle in the record."""
    aged = age(samples)
    share = aged.capacity_Ah / aged.capacity_Ah[:, :1]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["cycle", *(f"cell_{row}" for row in range(len(share)))])
        for column in range(share.shape[1]):
            values = ["" if np.isnan(value) else f"{value:.5f}" for value in share[:, column]]
            writer.writerow([column + 2 + column // BLOCK, *values])


def main() -> None:
    """Fit, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=2048)
    parser.add_argument("--curves", type=Path)
    asked = parser.parse_args()
    space = SearchSpace.of(load_campaign(CAMPAIGN))
    samples = cells(space, asked.cells, "fitted", even=False)
    law = FadeLaw.fitted(samples, age(samples))
    others = cells(space, HELD_OUT, "held out", even=True)
    judge(law, others, age(others))
    fadelaw.FILE.write_text(json.dumps(law.to_json()) + "\n", encoding="utf-8")
    if asked.curves is not None:
        write_curves(cells(space, CURVES, "curves", even=True), asked.curves)


if __name__ == "__main__":
    main()
