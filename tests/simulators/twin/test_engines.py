"""Kernels and arrays come to the same, one channel or many."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.twin import Tuning, Twin, TwinPrior, Twins, arrays, engine, kernels, layout
from twinstreams import Stream

TUNING = Tuning()


def damaged(stream: Stream) -> np.ndarray:
    """All branches: holes, a frozen reading, a step, warmth, doubles, unknown steps, an interruption, late cycles."""
    table = stream.table()[:700].copy()
    table[100, 2] = np.nan
    table[40:46, 2] = table[40, 2]
    table[300:320, 2] += 0.02
    table[400, 3] = 30.0
    table[230, 5:] = np.nan
    table[500] = table[499]
    table[180:, 0] += 7200.0
    assert table[180, 5] == table[179, 5]
    table[[210, 510]] = table[[20, 320]]
    table[520, [0, 4]] = table[519, 0], table[519, 4] + 1
    table[530, [1, 4]] = np.nan, table[529, 4] + 1
    table[560:600, 2] -= 0.03
    return table


def followed(work: Any, table: np.ndarray, prior: TwinPrior) -> tuple[Any, np.ndarray]:
    fixed = layout.fixed(prior.nominal, TUNING, prior.lowest_V, prior.highest_V)
    liquid, row = layout.readable(layout.liquid(prior)), layout.readable(layout.fresh(prior, TUNING))
    seen, place = np.full((len(table), len(layout.SEEN)), np.nan), 0
    while place < len(table):
        place += work(fixed, liquid, row, table[place:], seen[place:])
        if place < len(table):
            for name in layout.CYCLE:
                row[name] = 0.0
            row["cycle"], row["phase"] = table[place, 4], 0.0
    return row, seen


def test_kernels_come_to_what_arrays_come_to(stream: Stream, prior: TwinPrior) -> None:
    """Without numba the kernels run as plain Python, on fewer readings."""
    table = damaged(stream)[: None if is_compiling() else 250]
    row, seen = followed(kernels.follow, table, prior)
    other, looks = followed(arrays.follow, table, prior)
    np.testing.assert_allclose(seen, looks, rtol=1e-9, atol=1e-10)
    for name in layout.ROW.names or ():
        np.testing.assert_allclose(row[name], other[name], rtol=1e-7, atol=1e-12, err_msg=name)
    assert set(np.unique(seen[:, 4])) >= {0.0, 2.0}


@pytest.mark.parametrize("compiles", [True, False])
def test_many_channels_are_as_single_ones(
    compiles: bool, stream: Stream, prior: TwinPrior, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiles and not is_compiling():
        pytest.skip("needs numba")
    monkeypatch.setattr(engine, "is_compiling", lambda: compiles)
    table = damaged(stream)[: None if compiles else 330]
    priors = {"A": prior, "B": TwinPrior(salt_M=1.3, conductivity_S_m=0.8), "C": prior}
    bank, alone = Twins(priors), {name: Twin.begin(mine) for name, mine in priors.items()}
    told: dict[str, list[Any]] = {name: [] for name in priors}
    for row in table:
        readings = np.stack([row, row, row])
        readings[2, 2] += 1e-3
        for name, found in bank.tick_table(readings).items():
            told[name] += found
    for name, twin in alone.items():
        mine = table.copy()
        if name == "C":
            mine[:, 2] += 1e-3
        twin.feed_table(mine)
        assert [(one.cause, one.time_s) for one in told[name]] == [(one.cause, one.time_s) for one in twin.findings]
        assert bank[name].state.soc == pytest.approx(twin.state.soc, rel=1e-9)
        assert bank[name].state.resistance_ohm == pytest.approx(twin.state.resistance_ohm, rel=1e-7)
        assert len(bank[name].cycles) == len(twin.cycles)
    assert list(bank) == ["A", "B", "C"]
    assert len(bank) == 3


def test_channels_without_news_stay(prior: TwinPrior, stream: Stream) -> None:
    bank = Twins({"A": prior, "B": prior})
    readings = np.stack([stream.table()[0], np.full(7, np.nan)])
    assert bank.tick_table(readings) == {}
    assert bank["A"].state.readings == 1
    assert bank["B"].state.readings == 0


def test_a_bank_has_one_design_and_window(prior: TwinPrior) -> None:
    with pytest.raises(UnsupportedError, match="one design and one window"):
        Twins({"A": prior, "B": TwinPrior(lowest_V=2.7)})
    with pytest.raises(UnsupportedError, match="one design and one window"):
        Twins({})


def test_importing_the_twin_does_not_import_numba() -> None:
    code = "import sys, galvanaut.simulators.twin; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
