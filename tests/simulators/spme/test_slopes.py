"""Partial derivatives of the voltage, against small differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from galvanaut.simulators.cells.spme.cells import Cells, Sample
from galvanaut.simulators.cells.spme.losses import Instants, Losses
from galvanaut.simulators.cells.spme.modes import SPHERE_DECAYS
from galvanaut.simulators.cells.spme.voltage import Snapshot

CELLS = Cells.of([Sample(), Sample(leak_A=5e-5)])
TIMES_S = np.array([[0.0, 10.0, 300.0, 1500.0]] * 2)
NUDGE = 1e-6


@pytest.fixture(params=[2e-3, -4e-3])
def losses(request: pytest.FixtureRequest) -> Losses:
    snapshot = Snapshot(CELLS, CELLS.full() if request.param < 0 else CELLS.fresh())
    paths = snapshot.paths(np.full(2, request.param), np.zeros(2), TIMES_S)
    return Losses(snapshot, paths, Instants(TIMES_S))


@pytest.mark.parametrize(("field", "slope"), [("negative", "by_negative"), ("positive", "by_positive")])
def test_with_the_surfaces(losses: Losses, field: str, slope: str) -> None:
    lost = losses.lost_C / losses.snapshot.room_C[0]
    volts = [
        losses.snapshot.voltage_V(
            replace(losses.paths, **{field: getattr(losses.paths, field) + nudge}), lost, losses.sizes
        )
        for nudge in (-NUDGE, NUDGE)
    ]
    expected = (volts[1] - volts[0]) / (2 * NUDGE)
    assert getattr(losses.slopes(), slope) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_with_the_current(losses: Losses) -> None:
    paths, lost = losses.paths, losses.lost_C / losses.snapshot.room_C[0]
    nudge_A = 1e-8
    more = replace(paths, current_A=paths.current_A + nudge_A, inner_A=paths.inner_A + nudge_A)
    expected = (losses.snapshot.voltage_V(more, lost, losses.sizes) - losses.voltage_V) / nudge_A
    assert losses.slopes().by_current == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("mode", [0, 3, 9])
def test_with_the_salt(losses: Losses, mode: int) -> None:
    snapshot, paths = losses.snapshot, losses.paths
    current_A, spheres = paths.current_A[:, 0], 2 * len(SPHERE_DECAYS)
    modes = snapshot.modes(current_A, np.zeros(2), TIMES_S)
    nudge = 1e-4 * np.abs(snapshot.salt_gains[0, mode] * 1e-3)
    modes[:, :, spheres + mode] += nudge
    moved = snapshot.with_modes(TIMES_S, paths.current_A, paths.charge_C, modes)
    lost = losses.lost_C / snapshot.room_C[0]
    expected = (snapshot.voltage_V(moved, lost, losses.sizes) - losses.voltage_V) / nudge
    found = losses.slopes().by_salt @ snapshot.liquid.shapes_M[:, mode]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6 * np.abs(expected).max())
