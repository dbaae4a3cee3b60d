"""Single cells by kernels that numba has compiled.

Runs where numba is installed: ``uv run --group interop pytest tests/interop``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastcells import SAMPLES, both

pytest.importorskip("numba", reason="numba is in the dependency group interop")
pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]  # the first run compiles everything

LOOK = """
from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.spme import Sample, SpmeCell, compiled, {module}
cell = SpmeCell(Sample(), state_of_charge=0.5)
print(compiled.is_compiling(), cell.hold_current(cell.fresh(), 1e-3, 0.0, Limits()).at(60.0)[0])
{after}
"""


def looked(module: str, after: str, **environment: str) -> list[str]:
    """What a process of its own prints that looks at a cell."""
    code = LOOK.format(module=module, after=after)
    set_here = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=set_here, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("name", SAMPLES)
def test_compiled_kernels_come_to_what_arrays_come_to(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, plain = both(name, monkeypatch)
    np.testing.assert_allclose(fast.volts, plain.volts, rtol=1e-12)
    np.testing.assert_allclose(fast.currents_A, plain.currents_A, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.states, plain.states, rtol=1e-8, atol=1e-15)


def test_numba_is_used_unless_its_own_switch_says_no() -> None:
    is_on, fast_V = looked("kernels", "")
    is_off, plain_V = looked("voltage", "import sys; assert 'numba' not in sys.modules", NUMBA_DISABLE_JIT="1")
    assert (is_on, is_off) == ("True", "False")
    assert float(fast_V) == pytest.approx(float(plain_V), rel=1e-12)


def test_kernels_are_kept_for_the_next_process(tmp_path: Path) -> None:
    count = "print(sum(kernels.look_V.stats.cache_hits.values()), kernels.look_V.stats.cache_path)"
    first, second = (looked("kernels", count, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert (first[2], second[2]) == ("0", "1")
    assert first[3].startswith(str(tmp_path))


def test_nothing_needs_a_folder_that_can_be_written_to(tmp_path: Path) -> None:
    """As for a package that an administrator installed, and a user without a home."""
    no_folder = "from numba.core import caching; caching.CacheImpl._locator_classes = []"
    code = LOOK.format(module="kernels", after="print(type(kernels.look_V._cache).__name__)")
    done = subprocess.run([sys.executable, "-c", no_folder + code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[2] == "NullCache"
