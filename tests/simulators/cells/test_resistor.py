"""Shorts and missing contacts are resistors, in a holder too."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.simulators.cells import Drive, Holders
from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.resistor import NO_CONTACT_OHM, ResistorCell

drives = st.builds(
    lambda volts, low, high, lead: Drive("x", volts, -low, high, lead),
    st.floats(0, 4.3),
    st.floats(0, 0.1),
    st.floats(0, 0.1),
    st.sampled_from([0.0, 0.5]),
)


@given(st.floats(50, 500), drives, st.floats(0, 1e6))
def test_ohms_law_within_the_limits_at_every_instant(ohm: float, drive: Drive, seconds: float) -> None:
    holders = Holders({"A": ResistorCell(ohm)}, 0.0)
    holders.impose("A", drive, 0.0)
    sight = holders.at("A", seconds)
    free_A = (drive.voltage_V or 0) / (ohm + drive.lead_ohm)
    assert sight.current_A == pytest.approx(min(drive.high_A, free_A))
    assert sight.voltage_V == pytest.approx(sight.current_A * ohm)
    assert sight.state.charge_C == pytest.approx(sight.current_A * seconds)
    assert sight.state.energy_J == pytest.approx(sight.current_A**2 * ohm * seconds)


def test_limits_are_passed_at_once_or_never() -> None:
    cell = ResistorCell(100.0)
    assert cell.hold_current(cell.fresh(), 0.01, 0.0, Limits(high=1.0)).ends_s(60) == 0
    assert cell.hold_current(cell.fresh(), 0.01, 0.0, Limits(high=1.1)).ends_s(60) == inf
    assert cell.hold_current(cell.fresh(), -0.01, 0.0, Limits(low=-1.0)).ends_s(60) == 0
    assert cell.hold_voltage(cell.fresh(), 1.0, 0.0, Limits(high=0.009)).ends_s(60) == 0
    assert cell.hold_voltage(cell.fresh(), 1.0, 0.0, Limits(high=0.01)).ends_s(60) == inf


def test_a_cell_without_contact_shows_its_source_and_takes_nothing() -> None:
    holders = Holders({"A": ResistorCell(NO_CONTACT_OHM)}, 0.0)
    holders.impose("A", Drive("x", 4.2, -0.01, 0.01), 0.0)
    sight = holders.at("A", 3600.0)
    assert sight.voltage_V == pytest.approx(4.2)
    assert abs(sight.current_A) < 1e-11


def test_it_shows_nothing_at_rest_and_its_ohms_to_a_tester() -> None:
    cell = ResistorCell(120.0)
    assert Holders({"A": cell}, 0.0).at("A", 1e5).voltage_V == 0
    assert cell.impedance_ohm(1000.0) == 120
    assert cell.restore({"charge_C": 1.0, "energy_J": 2.0}).energy_J == 2
