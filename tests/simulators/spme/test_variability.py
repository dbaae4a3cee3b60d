"""Cells that differ, and faulty ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from galvanaut.simulators.cells.spme.cells import Cells, Sample
from galvanaut.simulators.cells.spme.cycling import Cycle, cycle
from galvanaut.simulators.cells.spme.variability import EQUAL, Variability, made

CELL = Sample()


def test_a_cell_depends_on_seed_and_name_alone() -> None:
    assert made(CELL, 1, "a") == made(CELL, 1, "a")
    assert made(CELL, 1, "a") != made(CELL, 1, "b")
    assert made(CELL, 1, "a") != made(CELL, 2, "a")
    assert made(CELL, 1, "a", EQUAL) == (CELL, "")


def test_spreads_are_what_they_say() -> None:
    sound = [sample for sample, fault in (made(CELL, 1, str(i)) for i in range(2000)) if not fault]
    contact = np.log([sample.contact_ohm / CELL.contact_ohm for sample in sound])
    loading = np.log([sample.loading for sample in sound])
    assert contact.std() == pytest.approx(0.20, rel=0.1)
    assert loading.std() == pytest.approx(0.015, rel=0.1)
    assert abs(np.corrcoef(contact, loading)[0, 1]) < 0.1


def test_ageing_spreads_are_what_they_say() -> None:
    sound = [sample for sample, fault in (made(CELL, 1, str(i)) for i in range(2000)) if not fault]
    for name, spread in (
        ("sei_mol_m_s", 0.15),
        ("plating_m_s", 0.20),
        ("loss_per_turnover", 0.15),
        ("liquid_share", 0.04),
    ):
        factors = np.log([getattr(sample.ageing, name) / getattr(CELL.ageing, name) for sample in sound])
        assert factors.std() == pytest.approx(spread, rel=0.1), name


def test_a_few_are_faulty_in_every_way() -> None:
    kinds = Counter(made(CELL, 1, str(i))[1] for i in range(3000))
    assert kinds["misaligned"] + kinds["bad contact"] + kinds["soft short"] == pytest.approx(90, abs=30)
    assert min(kinds.values()) > 10


def test_a_changed_spread_changes_nothing_else() -> None:
    wide = made(CELL, 1, "a", Variability(contact=0.5))[0]
    assert wide.loading == made(CELL, 1, "a")[0].loading


def test_a_group_scatters_and_faults_show() -> None:
    everyone = Variability(faulty=1.0)
    faulty = {kind: sample for sample, kind in (made(CELL, 1, str(i), everyone) for i in range(30))}
    samples = [CELL, faulty["misaligned"], faulty["bad contact"], faulty["soft short"]]
    cells = Cells.of(samples)
    first = cycle(cells, cells.fresh(), Cycle())
    second = cycle(cells, first.states, Cycle())
    assert second.is_ended.all()
    assert second.discharged_C[1] < 0.92 * second.discharged_C[0]
    efficiency = second.discharged_C / second.charged_C
    assert efficiency[3] < efficiency[0] - 2e-3
    assert first.charged_C[0] > first.discharged_C[0] * 1.05  # formation
