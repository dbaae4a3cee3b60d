"""How well the law predicts what it has not seen: whole groups of measurements are left out and predicted.

Leaving out random rows would flatter: rows of one run share their error, and temperature alone explains most of the
variance. Scores are relative errors of the conductivity in percent. The shape of the law was chosen among about
twenty similar ones by a look at the first and the last two scores, so these flatter a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.simulators.electrolyte.composition import Array
from galvanaut.simulators.electrolyte.datasets import ROBOT, Measurements
from galvanaut.simulators.electrolyte.regression import Fit, fit

Groups = NDArray[np.str_]
Mask = NDArray[np.bool_]

PRACTICAL_K = (263.0, 333.0)
PRACTICAL_MOLALITY = (0.2, 2.2)
"""Where the papers are scored; the fit uses somewhat more."""

BANDS = 5
"""Into how many bands of equal numbers of electrolytes the robot's ratio or molality is cut."""


@dataclass(frozen=True)
class Score:
    """The result of one split.

    Attributes:
        split: what was left out.
        groups: number of fits.
        rows: number of predictions.
        median_percent: median absolute relative error.
        ninth_decile_percent: 90 % of the absolute relative errors are below.
        rms_log: root mean square error of ln k.
        by_group: median absolute relative error in percent and mean error of ln k (predicted - observed).
    """

    split: str
    groups: int
    rows: int
    median_percent: float
    ninth_decile_percent: float
    rms_log: float
    by_group: dict[str, tuple[float, float]]


def practical(data: Measurements) -> Mask:
    """Rows of papers with a linear carbonate, 263 to 333 K and 0.2 to 2.2 mol/kg: what a cell might use."""
    return np.asarray(
        (data.laboratory != ROBOT)
        & (data.shares[:, 2:].sum(axis=1) > 0)
        & (data.temperature_K >= PRACTICAL_K[0])
        & (data.temperature_K <= PRACTICAL_K[1])
        & (data.molality >= PRACTICAL_MOLALITY[0])
        & (data.molality <= PRACTICAL_MOLALITY[1])
    )


def cross_validate(data: Measurements, full: Fit | None = None) -> list[Score]:
    """All splits.

    A left-out electrolyte of the robot is predicted as the robot would find it (the offset comes from the robot's
    other electrolytes). A left-out paper, with all papers of its group, is predicted with offset zero.

    Args:
        data: from `datasets.fitting_data`.
        full: the fit of all of it, if at hand.
    """
    full = full if full is not None else fit(data)
    robot, papers = data.laboratory == ROBOT, practical(data)
    return [
        leave_out("robot: composition", data, data.series, robot, full),
        leave_out("robot: band of PC/(PC+EC)", data, _bands(data, data.shares[:, 1]), robot, full),
        leave_out("robot: band of molality", data, _bands(data, data.molality), robot, full),
        leave_out("papers: research group", data, data.laboratory, papers, full),
        leave_out("papers: solvent system", data, data.systems(), papers, full),
    ]


def leave_out(split: str, data: Measurements, groups: Groups, scored: Mask, full: Fit) -> Score:
    """Predict each group that has scored rows from a fit without any row of the group.

    Args:
        split: a name for it.
        data: n rows.
        groups: shape (n,).
        scored: shape (n,); which rows count.
        full: a fit to start from; it does not influence the result.
    """
    errors = np.zeros(len(data))
    names = sorted({str(name) for name in groups[scored]})
    for name in names:
        inside = groups == name
        held_out = data.where(inside & scored)
        left = fit(data.where(~inside), start=full)
        errors[inside & scored] = left.log_conductivity(held_out, with_offsets=True) - np.log(
            held_out.conductivity_mS_cm
        )
    relative = 100 * np.abs(np.expm1(errors))
    return Score(
        split=split,
        groups=len(names),
        rows=int(scored.sum()),
        median_percent=float(np.median(relative[scored])),
        ninth_decile_percent=float(np.quantile(relative[scored], 0.9)),
        rms_log=float(np.sqrt(np.mean(errors[scored] ** 2))),
        by_group={
            name: (float(np.median(relative[own])), float(np.mean(errors[own])))
            for name in names
            for own in [scored & (groups == name)]
        },
    )


def _bands(data: Measurements, values: Array) -> Groups:
    """Robot rows labelled by band of a value; papers are never left out with them."""
    robot = data.laboratory == ROBOT
    edges = np.quantile(values[robot], np.linspace(0, 1, BANDS + 1)[1:-1])
    return np.where(robot, np.char.add("band ", np.searchsorted(edges, values).astype(str)), "paper")
