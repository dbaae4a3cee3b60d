"""How long making and measuring a batch takes: the first trials of a campaign on the simulated copy of its bench.

The real procedure through the real drivers, in a folder that is thrown away; no cell is built. So pumps, balance,
chamber, rinses and dead volumes count as they do in a run, and nothing of that is written down twice.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.cells import INCUBATOR_HOLD_S
from galvanaut.flows.drill.benchcopy import copy_of
from galvanaut.flows.lab import open_lab

if TYPE_CHECKING:
    from galvanaut.flows.plan import Plan
    from galvanaut.instruments.journal import JobRecord

TRIALS = 7
_HOUR_S = 3600.0
_DOSE, _EMPTY = "dose-", "empty"
"""Steps whose duration goes with the volume of the batch."""


@dataclass(frozen=True)
class Strokes:
    """How long a pump's jobs take, weighing included: ``job_s``, and ``s_per_mL`` times the volume."""

    job_s: float
    s_per_mL: float

    def taken_s(self, volumes_mL: Sequence[float]) -> float:
        """By so many of them."""
        return len(volumes_mL) * self.job_s + sum(volumes_mL) * self.s_per_mL

    @classmethod
    def of(cls, jobs: Sequence[JobRecord]) -> Self:
        """Of jobs that took different volumes."""
        volumes_mL = [float(each.request["volume_mL"]) for each in jobs]
        slope, offset = np.polyfit(volumes_mL, [_took_s(each) for each in jobs], 1).tolist()
        return cls(offset, slope)


@dataclass(frozen=True)
class Durations:
    """Of one bench.

    Attributes:
        before_h: calibrating, and warming the incubator where there is one.
        first_s: making and measuring of the first batch without what goes with its volume; the chamber comes from
            elsewhere.
        later_s: the same of each later batch that was tried.
        dosing: of a stock. emptying: of the mixer, by the volume that is pumped for it.
        cell_s: to build one cell.
    """

    before_h: float
    first_s: float
    later_s: tuple[float, ...]
    dosing: Strokes
    emptying: Strokes
    cell_s: float

    def making_h(
        self, doses_mL: Sequence[float], emptied_mL: float, cells: int, *, is_first: bool, other_s: float
    ) -> float:
        """Hours at the mixer of one trial.

        Args:
            doses_mL: of the batch.
            emptied_mL: pumped to empty the mixer of it.
            cells: that are built with it.
            is_first: of the campaign.
            other_s: all but these, one of ``later_s``.
        """
        moved_s = self.dosing.taken_s(doses_mL) + self.emptying.taken_s([emptied_mL])
        return (moved_s + cells * self.cell_s + (self.first_s if is_first else other_s)) / _HOUR_S


def rehearsed(plan: Plan, build_cell_h: float) -> Durations:
    """Try the first batches on the bench's copy.

    Args:
        plan: campaign and bench.
        build_cell_h: where people build the cells.

    Raises:
        InputError: the simulated chemistry does not know what the campaign searches.
        GalvanautError: the procedure fails on the copy, which it should not.
    """
    with tempfile.TemporaryDirectory(prefix="galvanaut-quote-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        (folder / "bench.yaml").write_text(json.dumps(_bench(plan)), encoding="utf-8")
        (folder / "campaign.yaml").write_text(json.dumps(_campaign(plan)), encoding="utf-8")
        with open_lab(folder / "campaign.yaml", folder / "lab", seed=plan.seed) as lab:
            asyncio.run(run_campaign(lab))
            jobs = list(lab.station.journal.records())
    warm_h = INCUBATOR_HOLD_S / _HOUR_S if plan.cells is not None and plan.cells.path.incubator else 0.0
    return _durations(jobs, warm_h, _cell_s(plan, build_cell_h))


def _bench(plan: Plan) -> dict[str, Any]:
    """The copy without holders and what belongs to them."""
    whole = copy_of(plan.bench).model_dump(mode="json", by_alias=True, exclude_none=True)
    liquid = {"pump", "balance", "impedance meter"}
    kept = {
        name: entry
        for name, entry in whole["instruments"].items()
        if plan.bench.instruments[name].role in liquid or name == plan.path.chamber
    }
    ample = {name: {**entry, "available": "100 L"} for name, entry in whole["stocks"].items()}
    return {**whole, "holders": {}, "file_cyclers": {}, "instruments": kept, "stocks": ample}


def _campaign(plan: Plan) -> dict[str, Any]:
    """Some recipes that the stocks can make, spread over the search space; only their liquids."""
    whole = plan.campaign.to_json()
    return {
        **{name: whole[name] for name in ("name", "components", "constraints")},
        "procedure": {key: value for key, value in whole["procedure"].items() if key != "cells"},
        "objectives": [{"name": "conductivity", "goal": "maximise"}],
        "budget": {"trials": TRIALS},
        "planner": {"name": "sobol", "initial": 1},
        "bench": "bench.yaml",
    }


def _cell_s(plan: Plan, build_cell_h: float) -> float:
    if plan.cells is None:
        return 0.0
    name = plan.cells.path.assembler
    if name is None:
        return build_cell_h * _HOUR_S
    return float(getattr(plan.bench.instruments[name].parsed_settings(), "duration_s", 0.0))


def _durations(jobs: Sequence[JobRecord], warm_h: float, cell_s: float) -> Durations:
    began, ended, by_volume = dict[int, float](), dict[int, float](), defaultdict[int, float](float)
    for job in jobs:
        number = job.key.trial
        began[number] = min(job.began, began.get(number, job.began))
        ended[number] = max(job.began + _took_s(job), ended.get(number, 0.0))
        if number > 0 and (job.key.step.startswith(_DOSE) or job.key.step == _EMPTY):
            by_volume[number] += _took_s(job)
    whole = {number: ended[number] - began[number] - by_volume[number] for number in sorted(began)}
    return Durations(
        whole.pop(0) / _HOUR_S + warm_h,
        whole.pop(1),
        tuple(whole.values()),
        Strokes.of([each for each in jobs if each.key.step.startswith(_DOSE)]),
        Strokes.of([each for each in jobs if each.request["kind"] == "empty"]),
        cell_s,
    )


def _took_s(job: JobRecord) -> float:
    return 0.0 if job.ended is None else job.ended - job.began
