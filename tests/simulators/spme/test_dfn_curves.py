"""The cell against stored curves of a full Doyle-Fuller-Newman model; see scripts/build_cell_references.py."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from galvanaut.simulators.cells.spme.ageing import NO_AGEING
from galvanaut.simulators.cells.spme.cells import Cells, Sample
from galvanaut.simulators.cells.spme.hold import hold_current
from galvanaut.simulators.cells.spme.landesfeind import Family
from galvanaut.simulators.cells.spme.transport import of_family
from galvanaut.simulators.cells.spme.voltage import Snapshot

Key = tuple[Family, float, float]
GOALS_mV = {0.48: 0.3, 2.4: 1.5, 4.8: 4.0, 9.6: 10.0}
"""Root mean square over the first 98 % of a discharge, by current in mA: C/10, C/2, 1C and 2C of 4.8 mA."""


def curves() -> dict[Key, np.ndarray]:
    rows = defaultdict(list)
    with Path(__file__).with_name("dfn_curves.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = (cast(Family, row["electrolyte"]), float(row["salt_M"]), float(row["current_mA"]))
            rows[key].append((float(row["time_s"]), float(row["voltage_V"])))
    return {key: np.array(points) for key, points in rows.items()}


CURVES = curves()


def cell(key: Key) -> Cells:
    return Cells.of([Sample(partial(of_family, key[0], key[1]), NO_AGEING, contact_ohm=0.0)])


def test_every_family_concentration_and_rate_is_there() -> None:
    assert len(CURVES) == 3 * 3 * 4
    assert {key[1] for key in CURVES} == {0.6, 1.0, 1.5}


@pytest.mark.parametrize("key", CURVES, ids=str)
def test_the_voltage_is_as_close_as_promised(key: Key) -> None:
    cells, points = cell(key), CURVES[key]
    snapshot = Snapshot(cells, cells.full())
    paths = snapshot.paths(np.array([-key[2] / 1000]), np.zeros(1), points[None, :, 0])
    early = points[:, 0] <= 0.98 * points[-1, 0]
    miss_mV = 1000 * (snapshot.voltage_V(paths)[0] - points[:, 1])[early]
    assert np.sqrt(np.mean(miss_mV**2)) < GOALS_mV[key[2]]
    assert not paths.is_depleted.any()


@pytest.mark.parametrize("key", [key for key in CURVES if key[1] == 1.0], ids=str)
def test_the_discharge_ends_when_it_should(key: Key) -> None:
    cells, end_s = cell(key), CURVES[key][-1, 0]
    held = hold_current(cells, cells.full(), np.array([-key[2] / 1000]), 1e6, low_V=2.5)
    assert held.is_ended.all()
    assert held.seconds[0] == pytest.approx(end_s, rel=5e-4)
