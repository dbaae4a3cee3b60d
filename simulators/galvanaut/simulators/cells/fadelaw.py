"""How the simulated cells fade, as a table: the single-particle model's ageing without solving it.

For benchmarks of hundreds of campaigns. The logarithm of the number of cycles after which a cell has so much of its
capacity left is a polynomial of second degree in what the model is told of the cell: its liquid, its ageing, its sizes.
``scripts/build_fade_law.py`` fits it to cells that went through `ageingtest`, and prints how well it does. It is as
illustrative as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, Self

import numpy as np

from galvanaut.simulators.cells.ageingtest import BLOCK, CYCLES, Aged
from galvanaut.simulators.cells.spme.cells import Sample
from galvanaut.simulators.cells.spme.parameters import REFERENCE_K, Array
from galvanaut.simulators.cells.spme.transport import root_scale

FILE = Path(__file__).with_name("fadelaw.json")
LEVELS = np.arange(99, 79, -1) / 100
"""Shares of the first capacity."""
_DEGREE = 2
_RIDGE = 0.01
_BEYOND = np.array([0.79, 0.78])
"""Shares to which the last slope goes on, so that a noisy cell comes to its end."""


@dataclass(frozen=True)
class FadeLaw:
    """The fitted polynomials.

    Attributes:
        centre, width: of the features, (features,).
        weights: of the polynomial's terms for each of `LEVELS`, (terms, levels).
        cycle_h: polynomial of the share left that gives how long a cycle takes.
        check_up_h: the same of a check-up.
        formation_h: how long formation takes.
    """

    centre: Array
    width: Array
    weights: Array
    cycle_h: Array
    check_up_h: Array
    formation_h: float

    @classmethod
    def fitted(cls, samples: Sequence[Sample], aged: Aged) -> Self:
        """To cells that were aged; those that did not come to 80 % are left out."""
        reached = crossings(aged)
        known = np.isfinite(reached).all(axis=1)
        features = features_of(samples)[known]
        centre, width = features.mean(axis=0), features.std(axis=0)
        terms = _terms((features - centre) / np.where(width > 0, width, 1.0))
        left = terms.T @ terms + _RIDGE * np.eye(terms.shape[1])
        weights = np.linalg.solve(left, terms.T @ np.log(reached[known]))
        share = aged.capacity_Ah / aged.capacity_Ah[:, :1]
        before = share[:, ::BLOCK]
        check_ups = aged.check_up_h[:, : before.shape[1]]
        return cls(
            centre,
            np.where(width > 0, width, 1.0),
            np.asarray(weights, dtype=np.float64),
            _polynomial(share, aged.cycle_h),
            _polynomial(before, check_ups),
            float(aged.formation_h.mean()),
        )

    @classmethod
    def read(cls, path: Path = FILE) -> Self:
        """From what `to_json` gave."""
        data = json.loads(path.read_text(encoding="utf-8"))
        arrays = {name: np.array(data[name]) for name in ("centre", "width", "weights", "cycle_h", "check_up_h")}
        return cls(**arrays, formation_h=data["formation_h"])

    def to_json(self) -> dict[str, Any]:
        """To seven digits."""
        columns = {name: getattr(self, name) for name in ("centre", "width", "weights", "cycle_h", "check_up_h")}
        rounded = {name: [_digits(row) for row in value.tolist()] for name, value in columns.items()}
        return {**rounded, "formation_h": _digits(self.formation_h)}

    def cycles(self, samples: Sequence[Sample]) -> Array:
        """Ageing cycles, check-ups not counted, until each of `LEVELS` is left, (n, levels)."""
        terms = _terms((features_of(samples) - self.centre) / self.width)
        return np.asarray(np.maximum.accumulate(np.exp(terms @ self.weights), axis=1))

    def aged(self, samples: Sequence[Sample], cycles: int = CYCLES) -> Aged:
        """What the ageing test would give, with capacities as shares of the first one; cells go on to 78 %."""
        found = self.cycles(samples)
        slope = found[:, -1:] - found[:, -2:-1]
        places = np.hstack([np.zeros((len(found), 1)), found, found[:, -1:] + slope * np.array([1.0, 2.0])])
        shares = np.concatenate([[1.0], LEVELS, _BEYOND])
        numbers = np.arange(cycles, dtype=np.float64)
        share = np.array([np.interp(numbers, row, shares, right=np.nan) for row in places])
        share[numbers[None, :] > places[:, -1:]] = np.nan
        cycle_h = np.polyval(self.cycle_h, share)
        check_up_h = np.polyval(self.check_up_h, share[:, ::BLOCK])
        ended = np.isfinite(share).sum(axis=1)
        return Aged(share, cycle_h, np.full(len(share), self.formation_h), check_up_h, ended)


@cache
def shipped() -> FadeLaw:
    """The one in the package."""
    return FadeLaw.read()


def features_of(samples: Sequence[Sample]) -> Array:
    """What the model is told of each cell, (n, 12)."""
    rows = []
    for sample in samples:
        liquid, aged = sample.liquid(REFERENCE_K), sample.ageing
        scaled = float(root_scale(np.array(liquid.salt_M)))
        conductivity_S_m = liquid.salt_M * float(np.polynomial.polynomial.polyval(scaled, liquid.molar))
        positive = (
            liquid.salt_M,
            conductivity_S_m,
            liquid.diffusivity_m2_s,
            liquid.thermodynamic_factor,
            aged.sei_mol_m_s,
            aged.plating_m_s,
            aged.loss_per_turnover,
            aged.liquid_share,
            sample.loading,
        )
        lead_ohm = aged.first_film_ohm + sample.contact_ohm
        rows.append([*np.log(positive), liquid.transference, lead_ohm, aged.formation])
    return np.array(rows)


def crossings(aged: Aged) -> Array:
    """Cycles since the first one until each of `LEVELS` is left, (n, levels); NaN where it is not reached."""
    share = np.fmin.accumulate(aged.capacity_Ah / aged.capacity_Ah[:, :1], axis=1)
    found = np.full((len(share), len(LEVELS)), np.nan)
    for row, course in enumerate(share):
        for column, level in enumerate(LEVELS):
            below = np.flatnonzero(course < level)
            if len(below):
                at = int(below[0])
                found[row, column] = at - 1 + (course[at - 1] - level) / (course[at - 1] - course[at])
    return found


def _terms(scaled: Array) -> Array:
    """All products of up to two features, (n, terms)."""
    columns = [np.ones(len(scaled))]
    for degree in range(1, _DEGREE + 1):
        for chosen in combinations_with_replacement(range(scaled.shape[1]), degree):
            columns.append(scaled[:, chosen].prod(axis=1))
    return np.column_stack(columns)


def _polynomial(share: Array, hours: Array) -> Array:
    known = np.isfinite(share) & np.isfinite(hours)
    return np.asarray(np.polyfit(share[known], hours[known], 3))


def _digits(value: Any) -> Any:
    return [_digits(each) for each in value] if isinstance(value, list) else float(f"{value:.7g}")
