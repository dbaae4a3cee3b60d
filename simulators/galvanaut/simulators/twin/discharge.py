"""What cells like a twin's would deliver, by the twin's own equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.twin import arrays, layout
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.tuning import Tuning

_STEPS, _HALVINGS = 90, 40
CUTOFF = 1 / 20
"""Of the nominal current: where a held voltage is taken to end."""


def delivered_Ah(
    prior: TwinPrior, tuning: Tuning, scale: Array, lost: Array, ohm: Array, discharge_A: float, kelvin: float
) -> Array:
    """Charge between the end of a held voltage and the lowest voltage at a constant current, shape (n,).

    Args:
        prior: of the twin.
        tuning: of the twin.
        scale: capacity scale, shape (n,).
        lost: lithium lost, shape (n,).
        ohm: effective resistance, shape (n,).
        discharge_A: current, positive.
        kelvin: temperature.
    """
    fixed = layout.fixed(prior.nominal, tuning, prior.lowest_V, prior.highest_V)[0]
    rows = np.repeat(layout.fresh(prior, tuning), len(scale))
    liquid = np.repeat(layout.liquid(prior), len(scale))
    rows["scale"], rows["lost"], rows["ohm"], rows["kelvin"] = scale, lost, ohm, kelvin
    _fill(fixed, liquid, rows, prior)
    longest_s = 1.3 * 3600 * prior.nominal.nominal_A * scale.max() / discharge_A
    seconds, flows_A = np.full(len(scale), longest_s / _STEPS), np.full(len(scale), -discharge_A)
    delivered, over = np.zeros(len(scale)), np.zeros(len(scale), bool)
    before_V = _volts(fixed, liquid, rows, flows_A)
    over |= before_V <= prior.lowest_V
    for _ in range(_STEPS):
        arrays._move(fixed, liquid, rows, flows_A, np.zeros(len(scale)), seconds)
        now_V = _volts(fixed, liquid, rows, flows_A)
        drop_V = np.maximum(before_V - now_V, 1e-9)
        share = np.where(now_V <= prior.lowest_V, np.clip((before_V - prior.lowest_V) / drop_V, 0.0, 1.0), 1.0)
        delivered += np.where(over, 0.0, share * seconds * discharge_A / 3600)
        over |= now_V <= prior.lowest_V
        before_V = now_V
        if over.all():
            break
    return delivered


def _volts(fixed: Any, liquid: Any, rows: Any, current_A: Array) -> Array:
    nothing = np.zeros((len(rows), 4))
    sensed = arrays._sensed(fixed, liquid, rows, current_A, arrays._liquid(fixed, liquid, rows), nothing)
    return np.asarray(sensed[:, 0])


def _fill(fixed: Any, liquid: Any, rows: Any, prior: TwinPrior) -> None:
    """Charge all cells until a small current flows at the highest voltage."""
    ends_A = np.full(len(rows), CUTOFF * prior.nominal.nominal_A)
    low, high = np.full(len(rows), 1e-4), np.full(len(rows), 1 - 1e-4)
    for _ in range(_HALVINGS):
        rows["x"] = (low + high) / 2
        rows["y"] = fixed["full_p"] + (fixed["full_n"] - rows["x"] - rows["lost"]) * fixed["ratio"]
        above = _volts(fixed, liquid, rows, ends_A) > prior.highest_V
        high, low = np.where(above, rows["x"], high), np.where(above, low, rows["x"])
