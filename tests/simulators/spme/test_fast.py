"""One cell by the kernels that numba compiles is the same cell as by arrays.

Without numba the kernels run as plain Python; `tests/interop/test_numba.py` runs them compiled.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fastcells import both
from galvanaut.simulators.cells.spme import Cells, Sample, hold_current
from galvanaut.simulators.cells.spme import cells as cells_module


@pytest.mark.parametrize("name", ["forming", "quick and leaking"])
def test_kernels_come_to_what_arrays_come_to(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, plain = both(name, monkeypatch)
    assert not np.array_equal(fast.volts, plain.volts)  # by other operations: kernels were at work
    np.testing.assert_allclose(fast.volts, plain.volts, rtol=1e-12)
    np.testing.assert_allclose(fast.currents_A, plain.currents_A, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.states, plain.states, rtol=1e-8, atol=1e-15)


def test_a_cell_without_time_to_pass_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_module, "is_compiling", lambda: True)
    cells = Cells.of([Sample()])
    held = hold_current(cells, cells.full(), np.array([-1e-3]), 0.0, low_V=2.8)
    assert held.states.charge_C[0] == cells.full().charge_C[0]
    assert not held.is_ended[0]


def test_salt_that_runs_out_is_reported_by_kernels_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for is_fast in (True, False):
        monkeypatch.setattr(cells_module, "is_compiling", lambda is_fast=is_fast: is_fast)
        cells = Cells.of([Sample()])
        held = hold_current(cells, cells.full(), np.array([-0.04]), 1e4, low_V=-5.0)
        found.append((bool(held.is_depleted[0]), held.seconds[0]))
    assert found[0][0] is found[1][0] is True
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-9)


def test_many_cells_are_left_to_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_module, "is_compiling", lambda: True)
    assert Cells.of([Sample(), Sample()]).fast is None


def test_importing_the_cells_does_not_import_numba() -> None:
    code = "import sys, galvanaut.simulators.cells.spme, galvanaut.simulators.bench; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
