"""One cell of the model in a holder: limits, looking, wear, and coming back from JSON."""

from __future__ import annotations

import json
from math import inf, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.simulators.cells import Cell, CellState, Drive, Holders
from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.spme.ageing import NO_AGEING
from galvanaut.simulators.cells.spme.cells import Cells, Sample
from galvanaut.simulators.cells.spme.hold import hold_current, hold_voltage
from galvanaut.simulators.cells.spme.holdercell import SpmeCell

CELL = SpmeCell(Sample(), state_of_charge=0.3)
YOUNG = SpmeCell(Sample(ageing=NO_AGEING), state_of_charge=0.3)

drives = st.builds(
    lambda volts, low, high, lead: Drive("x", volts, -low, high, lead),
    st.floats(2.6, 4.3),
    st.floats(1e-4, 0.01),
    st.floats(1e-4, 0.01),
    st.sampled_from([0.0, 0.5]),
)
times_s = st.floats(0, 1e5)


def holders(cell: Cell, drive: Drive) -> Holders:
    made = Holders({"A": cell}, 0.0)
    made.impose("A", drive, 0.0)
    return made


@settings(deadline=None, max_examples=40)
@given(drives, times_s)
def test_limits_hold_at_every_instant(drive: Drive, instant: float) -> None:
    sight = holders(CELL, drive).at("A", instant)
    assert drive.low_A <= sight.current_A <= drive.high_A
    if sight.mode == "voltage":
        assert sight.sensed_V == pytest.approx(drive.voltage_V, abs=1e-9)
    elif sight.mode == "charge limit":
        assert sight.sensed_V <= (drive.voltage_V or 0) + 1e-7
    else:
        assert sight.sensed_V >= (drive.voltage_V or 0) - 1e-7


@settings(deadline=None, max_examples=25)
@given(drives, times_s, st.floats(0, 1))
def test_looking_changes_nothing(drive: Drive, instant: float, share: float) -> None:
    looked = holders(CELL, drive)
    looked.at("A", share * instant)
    whole = holders(CELL, drive).at("A", instant)
    seen = looked.at("A", instant)
    assert (seen, seen.state) == (whole, whole.state)


@settings(deadline=None, max_examples=25)
@given(drives, times_s, st.floats(0, 1))
def test_committing_in_between_changes_next_to_nothing(drive: Drive, instant: float, share: float) -> None:
    whole = holders(YOUNG, drive).at("A", instant).state
    parted = holders(YOUNG, drive)
    parted.impose("A", drive, share * instant)
    halfway = parted.at("A", instant).state
    assert halfway.charge_C == pytest.approx(whole.charge_C, abs=5e-3)  # of 15 C; currents are straight lines


def test_the_instant_agrees_with_the_arrays() -> None:
    cells = Cells.of([Sample()])
    one = SpmeCell(Sample(), state_of_charge=1.0)
    path = one.hold_current(one.fresh(), -4.1e-3, 0.0, Limits(low=2.8))
    state = path.state(path.ends_s(1e6))
    held = hold_current(cells, cells.full(), np.array([-4.1e-3]), 1e6, low_V=2.8)
    assert state.charge_C - one.fresh().charge_C == pytest.approx(held.states.charge_C[0], rel=1e-5)
    assert one.voltage_V(state, -4.1e-3) == pytest.approx(2.8, abs=1e-9)
    assert one.current_A(state, 2.8, 0.0) == pytest.approx(-4.1e-3, abs=1e-9)
    assert one.current_A(state, 2.8 - 4.1e-3 * 0.7, 0.7) == pytest.approx(-4.1e-3, abs=1e-9)


def test_a_charge_at_a_holder_is_the_charge_of_many() -> None:
    cells, one_A = Cells.of([Sample()]), np.array([2e-3])
    charged = hold_current(cells, cells.fresh(), one_A, 1e6, high_V=4.2)
    full = hold_voltage(cells, charged.states, 4.2, 1e6, one_A / 10, one_A)
    fresh = holders(SpmeCell(Sample()), Drive("x", 4.2, -0.01, 2e-3))
    sight = fresh.at("A", float(full.states.time_s[0]))
    assert sight.mode == "voltage"
    assert sight.current_A == pytest.approx(2e-4, rel=0.05)
    assert sight.state.charge_C == pytest.approx(full.states.charge_C[0], rel=3e-4)
    assert sight.state.energy_J == pytest.approx(full.states.energy_J[0], rel=2e-3)


def test_a_state_comes_back_from_json_bit_by_bit() -> None:
    state = CELL.hold_current(CELL.fresh(), 2e-3, 0.0, Limits()).state(1234.5)
    again = CELL.restore(json.loads(json.dumps(vars(state))))
    assert again == state
    first, second = (CELL.hold_voltage(each, 4.0, 0.5, Limits()) for each in (state, again))
    assert first.state(500.0) == second.state(500.0)


def test_a_state_of_another_cell_is_refused() -> None:
    with pytest.raises(TypeError, match=r"restore it with SpmeCell\.restore"):
        CELL.voltage_V(CellState(0.0), 0.0)


def test_a_cell_at_rest_relaxes_and_keeps_its_charge() -> None:
    state = CELL.hold_current(CELL.fresh(), 4e-3, 0.0, Limits()).state(1800.0)
    assert state.polarisation_V > 0.01
    resting = CELL.hold_current(state, 0.0, 0.0, Limits())
    assert resting.ends_s(36000.0) == inf
    rested = resting.state(36000.0)
    assert rested.charge_C == state.charge_C
    assert abs(rested.polarisation_V) < 1e-4
    assert rested.energy_J == state.energy_J


@pytest.mark.parametrize("drive", [Drive("x", 0.0, -0.01, 0.01), Drive("x", 6.0, -0.01, 0.01)])
def test_an_abused_cell_still_answers(drive: Drive) -> None:
    sight = holders(CELL, drive).at("A", 1e6)
    assert sight.sensed_V == pytest.approx(drive.voltage_V, abs=1e-6)
    assert abs(sight.current_A) < 1e-3


def test_impedance_goes_from_the_resistances_to_diffusion() -> None:
    fast, middle, slow = (CELL.impedance_ohm(frequency) for frequency in (1e5, 1.0, 1e-3))
    assert 8.0 < fast.real < middle.real < slow.real
    assert slow.imag < 0
    at_rest = CELL.fresh()
    # A small current for one second moves the voltage about as the impedance near 1/(2 pi s) says.
    state = CELL.hold_current(at_rest, 1e-5, 0.0, Limits()).state(1.0)
    measured_ohm = (CELL.voltage_V(state, 1e-5) - CELL.voltage_V(at_rest, 0.0)) / 1e-5
    assert measured_ohm == pytest.approx(abs(CELL.impedance_ohm(1 / (2 * pi))), rel=0.15)
