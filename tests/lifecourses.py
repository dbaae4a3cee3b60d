"""Courses of cells for tests of the life model: made up, or stored ones of the simulated physics."""

import csv
from pathlib import Path

import numpy as np

from galvanaut.campaigns.life import Course

CURVES = Path(__file__).parent / "campaigns/life/spme_curves.csv"
NOISE = 5e-4


def made(cell, life, power=1.0, cycles=400, group="", feature=None, seed=1):
    """A cell whose loss is a power of the share of its life, with some noise; ended if it comes to its end."""
    cycle = np.arange(1.0, cycles + 1)
    share = 1 - 0.2 * ((cycle - 1) / (life - 1)) ** power
    share = share + NOISE * np.random.default_rng([seed, int(life * 10)]).standard_normal(len(cycle))
    seen = cycle <= life + 2
    ended = life if life < cycles else None
    return Course(cell, cycle[seen], share[seen], NOISE, 0.8, ended, feature, group)


def stored():
    """Retention of simulated cells with recipes from all over the campaign's space; their lives have ended."""
    with CURVES.open(encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    columns = {name: column for column, name in enumerate(header)}
    found = []
    for name in header[1:]:
        kept = [(float(row[0]), float(row[columns[name]])) for row in rows if row[columns[name]]]
        cycle, share = np.array(kept).T
        noise = np.random.default_rng(len(found)).standard_normal(len(share))
        low = np.flatnonzero(share < 0.8)
        if not len(low):
            continue
        at = int(low[0])
        life = cycle[at - 1] + (share[at - 1] - 0.8) / (share[at - 1] - share[at]) * (cycle[at] - cycle[at - 1])
        found.append(Course(name, cycle, share * (1 + NOISE * noise), NOISE, 0.8, float(life)))
    return found
