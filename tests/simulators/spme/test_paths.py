"""What a cell remembers of a stretch: closed forms, states and traces that agree, and the currents under a voltage."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcells import lithium_C
from galvanaut.simulators.cells.cell import CellState, Limits
from galvanaut.simulators.cells.spme.ageing import NO_AGEING, QUICK, Ageing
from galvanaut.simulators.cells.spme.cells import Cells, Sample, States
from galvanaut.simulators.cells.spme.hold import imposed_A
from galvanaut.simulators.cells.spme.holdercell import SpmeCell
from galvanaut.simulators.cells.spme.instant import One
from galvanaut.simulators.cells.spme.stretch import Stretch
from galvanaut.simulators.cells.spme.voltage import Snapshot
from galvanaut.simulators.cells.spme.voltagepath import VoltagePath
from galvanaut.simulators.cells.spme.voltageramps import VoltageRamps
from galvanaut.simulators.cells.spme.voltagerow import VoltageRow

CELL = SpmeCell(Sample(), state_of_charge=0.3)
WORN = SpmeCell(Sample(ageing=QUICK, leak_A=2e-5), state_of_charge=0.6)
GROWING = SpmeCell(Sample())
"""Forming its first film."""
LEAKING = SpmeCell(Sample(ageing=NO_AGEING, leak_A=2e-5), state_of_charge=0.6)
CELLS = st.sampled_from([CELL, WORN, GROWING])


@settings(deadline=None, max_examples=40)
@given(CELLS, st.floats(-4e-3, 4e-3), st.floats(0, 1))
def test_a_look_at_a_current_is_the_state_there(cell: SpmeCell, current_A: float, share: float) -> None:
    path = cell.hold_current(cell.fresh(), current_A, 0.0, Limits())
    seconds = share * 5000.0
    voltage_V, seen_A = path.at(seconds)
    assert seen_A == current_A
    assert voltage_V == pytest.approx(cell.voltage_V(path.state(seconds), current_A), abs=1e-8)


@settings(deadline=None, max_examples=30)
@given(CELLS, st.floats(-0.05, 0.05), st.sampled_from([0.0, 0.7]), st.floats(0, 1))
def test_a_look_at_a_voltage_is_the_state_there(cell: SpmeCell, step_V: float, lead_ohm: float, share: float) -> None:
    fresh = cell.fresh()
    path = cell.hold_voltage(fresh, cell.voltage_V(fresh, 0.0) + step_V, lead_ohm, Limits())
    seconds = 7200.0 * share**3
    voltage_V, current_A = path.at(seconds)
    state = path.state(seconds)
    assert voltage_V == pytest.approx(cell.voltage_V(state, current_A), abs=1e-5)
    assert current_A == pytest.approx(cell.current_A(state, voltage_V + lead_ohm * current_A, lead_ohm), abs=1e-6)


@pytest.mark.parametrize("cell", [CELL, WORN, GROWING])
@pytest.mark.parametrize("count", [3, 200])
def test_a_trace_is_made_of_looks(cell: SpmeCell, count: int) -> None:
    fresh = cell.fresh()
    paths = [
        cell.hold_current(fresh, 2e-3, 0.0, Limits()),
        cell.hold_current(fresh, 0.0, 0.0, Limits()),
        cell.hold_voltage(fresh, cell.voltage_V(fresh, 0.0) + 0.05, 0.5, Limits()),
    ]
    instants = np.linspace(0, 6000.0, count)
    for path in paths:
        looks = np.array([path.at(at) for at in instants.tolist()])
        voltage_V, current_A = path.trace(instants)
        assert voltage_V == pytest.approx(looks[:, 0], abs=1e-9)
        assert current_A == pytest.approx(looks[:, 1], abs=1e-12)


def chain(cell: SpmeCell, state: CellState, voltage_V: float, until_s: float, finer: int) -> tuple[float, States]:
    """The same physics as straight lines of current, one after the other."""
    cells, states = cell._cells, cell.states(state)
    now_s, step_s = 0.0, 0.5 / finer
    now_A = imposed_A(cells, states, voltage_V, np.array([1e-3]), np.zeros(1))
    while now_s < until_s:
        lasts_s = np.array([min(step_s, until_s - now_s)])
        next_A = imposed_A(cells, states, voltage_V, now_A, lasts_s, now_A)
        ramp = Stretch(Snapshot(cells, states), now_A, (next_A - now_A) / lasts_s, lasts_s[:, None] * [[0.0, 1.0]])
        states, now_A = ramp.at(lasts_s), next_A
        now_s, step_s = now_s + float(lasts_s[0]), step_s * 1.3 ** (1 / finer)
    return float(now_A[0]), states


@pytest.mark.parametrize("seconds", [80.0, 900.0])
def test_the_current_under_a_voltage_is_where_ever_finer_lines_lead(seconds: float) -> None:
    cell = SpmeCell(Sample(ageing=NO_AGEING), state_of_charge=0.3)
    charge = cell.hold_current(cell.fresh(), 4.1e-3 / 3, 0.0, Limits(high=4.2))
    full = charge.state(charge.ends_s(inf))
    path = cell.hold_voltage(full, 4.2, 0.0, Limits())
    (coarse_A, coarse), (fine_A, fine) = (chain(cell, full, 4.2, seconds, finer) for finer in (4, 8))
    # Errors of straight lines fall with the square of their length.
    assert path.at(seconds)[1] == pytest.approx(fine_A + (fine_A - coarse_A) / 3, abs=1e-8)
    charge_C = fine.charge_C + (fine.charge_C - coarse.charge_C) / 3
    assert path.state(seconds).charge_C == pytest.approx(float(charge_C[0]), abs=1e-6)


def test_ageing_under_a_voltage_is_that_of_fine_lines() -> None:
    cell = SpmeCell(Sample(ageing=Ageing(sei_mol_m_s=1e-17, plating_m_s=1e-9)), state_of_charge=0.8)
    fresh = cell.fresh()
    path = cell.hold_voltage(fresh, 4.1, 0.0, Limits())
    found = cell.states(path.state(1000.0))
    _, fine = chain(cell, fresh, 4.1, 1000.0, 8)
    start = cell.states(fresh)
    for name in ("sei_C", "plated_C", "film_m"):
        gained = getattr(found, name) - getattr(start, name)
        assert gained == pytest.approx(getattr(fine, name) - getattr(start, name), rel=5e-3), name


@settings(deadline=None, max_examples=15)
@given(CELLS, st.floats(3.0, 4.25), st.floats(0, 1))
def test_lithium_balances_to_1e_12(cell: SpmeCell, volts: float, share: float) -> None:
    fresh, cells = cell.fresh(), cell._cells
    after = cell.states(cell.hold_voltage(fresh, volts, 0.0, Limits()).state(2e4 * share))
    assert lithium_C(after, cells) == pytest.approx(lithium_C(cell.states(fresh), cells), rel=1e-12)


@settings(deadline=None, max_examples=15)
@given(st.floats(3.0, 4.25), st.floats(0, 1))
def test_charge_is_in_the_electrodes_to_1e_9(volts: float, share: float) -> None:
    fresh, seconds, cells = LEAKING.fresh(), 2e4 * share, LEAKING._cells
    before = LEAKING.states(fresh)
    after = LEAKING.states(LEAKING.hold_voltage(fresh, volts, 0.0, Limits()).state(seconds))
    inner_C = after.charge_C - before.charge_C - cells.leak_A * seconds
    full_n, full_p = before.room_C(cells)
    assert (after.negative - before.negative) * full_n == pytest.approx(inner_C, rel=1e-9, abs=1e-9)
    assert (before.positive - after.positive) * full_p == pytest.approx(inner_C, rel=1e-9, abs=1e-9)


def test_the_charge_is_the_integral_of_the_current() -> None:
    path = CELL.hold_voltage(CELL.fresh(), 3.9, 0.0, Limits())
    instants = np.concatenate([[0.0], np.geomspace(1e-4, 5000.0, 20000)])
    _, current_A = path.trace(instants)
    moved_C = float(np.trapezoid(current_A, instants))
    assert path.state(5000.0).charge_C - path.state(0.0).charge_C == pytest.approx(moved_C, abs=1e-6)


@pytest.mark.parametrize("looks", [[10.0, 5000.0, 3.0], [1e5, 5000.0]])
def test_how_far_somebody_looked_changes_nothing(looks: list[float]) -> None:
    plain, looked = (CELL.hold_voltage(CELL.fresh(), 4.0, 0.0, Limits(-1.0, 1.0)) for _ in range(2))
    for seconds in looks:
        looked.at(seconds)
        assert looked.ends_s(seconds) == inf
    assert looked.state(7777.0) == plain.state(7777.0)
    assert looked.at(95.0) == plain.at(95.0)


def test_a_current_ends_at_its_limit_to_a_nanovolt() -> None:
    path = CELL.hold_current(CELL.fresh(), 2e-3, 0.5, Limits(high=4.1))
    end_s = path.ends_s(1e6)
    assert path.at(end_s)[0] + 0.5 * 2e-3 == pytest.approx(4.1, abs=1e-9)
    assert path.ends_s(end_s - 1.0) == inf
    assert CELL.hold_current(CELL.fresh(), 2e-3, 0.5, Limits(high=3.0)).ends_s(1e6) == 0.0


def test_a_voltage_ends_where_its_current_leaves_the_limits() -> None:
    relaxing = CELL.hold_current(CELL.fresh(), -4e-3, 0.0, Limits()).state(1800.0)
    held = CELL.hold_voltage(relaxing, CELL.voltage_V(relaxing, 0.0) + 0.01, 0.0, Limits(-5e-5, 1.0))
    end_s = held.ends_s(1e5)
    assert 0 < end_s < 1e5
    assert held.at(end_s)[1] == pytest.approx(-5e-5, abs=1e-9)
    assert held.at(end_s / 2)[1] > -5e-5


def test_an_overfull_cell_that_is_shorted_goes_on_in_lines() -> None:
    cell = SpmeCell(Sample(ageing=NO_AGEING), state_of_charge=0.5)
    overfull = cell.hold_current(cell.fresh(), 8e-3, 0.0, Limits()).state(2000.0)
    path = VoltagePath(One(cell._cells), Snapshot(cell._cells, cell.states(overfull)), 1.0, 0.0, Limits())
    assert path.at(0.0)[1] < -1.0
    assert isinstance(path._rows[0], VoltageRamps)
    instants = np.geomspace(0.1, 80.0, 30)
    _, current_A = path.trace(instants)
    assert current_A == pytest.approx([path.at(at)[1] for at in instants.tolist()], abs=1e-15)
    knots_s = np.array([at for at in path._rows[0].times_s if at <= 80.0] + [80.0])
    moved_C = float(np.trapezoid(path.trace(knots_s)[1], knots_s))
    assert path.state(80.0).charge_C[0] - cell.states(overfull).charge_C[0] == pytest.approx(moved_C, rel=1e-9)


def test_lines_and_panels_lead_to_the_same() -> None:
    cells = Cells.of([Sample(ageing=NO_AGEING)])
    one, snapshot = One(cells), Snapshot(cells, cells.full())
    row = VoltageRow(one, snapshot, 4.0, 0.5, (0.0, 0.5, 2.0, 8.0, 30.0, 90.0))
    ramps = VoltageRamps(one, snapshot, 4.0, 0.5, 90.0)
    assert row.is_solved
    assert ramps.times_s[-1] == ramps.end_s == row.end_s
    for seconds in (20.0, 60.0, 90.0):
        assert ramps.current_A(seconds) == pytest.approx(row.current_A(seconds), rel=1e-3)
        assert ramps.states(seconds).charge_C == pytest.approx(row.states(seconds).charge_C, rel=2e-3)
