"""Cells that come into holders and leave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from galvanaut.simulators.cells import Cell, Drive, Holders
from galvanaut.simulators.cells.circuit import CircuitCell
from galvanaut.simulators.cells.spme import Sample, SpmeCell

DRIVE = Drive("smu", 4.2, -1e-3, 1e-3)


def build(description: Mapping[str, Any]) -> Cell:
    charge = description["soc"]
    if description["kind"] == "circuit":
        return CircuitCell(14.4, charge, 8.0, 12.0, 40.0, description=description)
    return SpmeCell(Sample(), state_of_charge=charge, description=description)


def holders(rows: Mapping[str, Any] | None = None) -> Holders:
    return Holders({"A": None, "B": CircuitCell(14.4, 0.5, 8.0, 12.0, 40.0)}, 0.0, rows, build)


@pytest.mark.parametrize("kind", ["circuit", "spme"])
def test_a_cell_is_driven_from_the_instant_it_comes(kind: str) -> None:
    made = holders()
    made.impose("A", DRIVE, 0.0)
    assert made.at("A", 100.0).voltage_V == 4.2
    made.put("A", build({"kind": kind, "soc": 0.3}), 100.0)
    came, later = made.at("A", 100.0), made.at("A", 700.0)
    assert came.voltage_V < 4.2
    assert later.state.charge_C - came.state.charge_C == pytest.approx(0.6)
    made.take("A", 700.0)
    assert made.at("A", 700.0).voltage_V == 4.2
    assert made.cell("A") is None


@pytest.mark.parametrize("kind", ["circuit", "spme"])
def test_they_come_back_from_json(kind: str) -> None:
    made = holders()
    made.impose("A", DRIVE, 0.0)
    made.put("A", build({"kind": kind, "soc": 0.3}), 50.0)
    made.take("B", 60.0)
    made.impose("A", DRIVE, 600.0)
    assert set(made.changes()) == {"A", "B"}
    again = holders(json.loads(json.dumps(made.rows())))
    assert again.at("A", 4000.0) == made.at("A", 4000.0)
    assert json.dumps(again.rows()) == json.dumps(made.rows())
    assert again.cell("B") is None
    assert again.cell("A") is not None


def test_a_trace_is_what_looks_one_by_one_see() -> None:
    made = holders()
    made.impose("B", DRIVE, 0.0)
    instants = np.linspace(0, 9000, 50)
    volts, amperes = made.trace("B", instants).sensed_V, made.trace("B", instants).current_A
    sights = [made.at("B", instant) for instant in instants.tolist()]
    assert volts.tolist() == pytest.approx([sight.sensed_V for sight in sights])
    assert amperes.tolist() == pytest.approx([sight.current_A for sight in sights])
