"""A cell that PyBaMM solves, in our holders and beside our own single-particle cell.

Runs where PyBaMM is installed: ``uv run --group interop pytest tests/interop``.
"""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pytest

from galvanaut.core.errors import InputError, UnsupportedError
from galvanaut.simulators.cells import OPEN, Cell, Drive, Holders
from galvanaut.simulators.cells.cell import CellState, Limits
from galvanaut.simulators.cells.spec import CellSpec, build_cell

with warnings.catch_warnings():  # what it imports is not ours to judge
    warnings.simplefilter("ignore")
    pytest.importorskip("pybamm", reason="PyBaMM is in the dependency group interop")
pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

HALF = {"state_of_charge": "50 %", "salt": "1.2 mol/L", "electrolyte": "EC:DMC"}
ONE_C_A = 4.1e-3
CHARGE = Drive("x", 4.1, 0.0, ONE_C_A)
"""4.1 mA until 4.1 V, then 4.1 V."""


def made(physics: str) -> Cell:
    return build_cell({"physics": physics, **HALF})


@pytest.fixture(scope="module")
def cell() -> Cell:
    return made("pybamm")


@pytest.fixture
def holders(cell: Cell) -> Holders:
    """Charging from instant 1000 on."""
    holders = Holders({"A": cell}, 0.0)
    holders.impose("A", CHARGE, 1000.0)
    return holders


@pytest.mark.parametrize("kelvin", [283.15, 298.15])
@pytest.mark.parametrize(("share", "most_mV"), [(0.1, 0.2), (-0.1, 0.2), (1.0, 2.0), (-1.0, 2.0)])
def test_our_cell_shows_the_same_voltage(cell: Cell, kelvin: float, share: float, most_mV: float) -> None:
    """Most of the bound is PyBaMM's first film on graphite, 0.36 ohm, which our constants leave out."""
    seconds = np.array([0.0, 1.0, 10.0, 60.0, 300.0, 1200.0])
    voltages_V = []
    for other in (cell.tempered(kelvin), made("single particle").tempered(kelvin)):
        path = other.hold_current(other.fresh(), share * ONE_C_A, 0.0, Limits())
        voltages_V.append(path.trace(seconds)[0])
    assert voltages_V[0] == pytest.approx(voltages_V[1], abs=most_mV / 1000)
    assert np.ptp(voltages_V[0]) > 10 * most_mV / 1000  # something happened


def test_at_rest_both_are_at_the_same_charge_and_voltage(cell: Cell) -> None:
    ours = made("single particle")
    state, other = cell.fresh(), ours.fresh()
    assert state.charge_C == pytest.approx(other.charge_C)
    assert state.polarisation_V == pytest.approx(0, abs=1e-9)
    assert cell.voltage_V(state, 0.0) == pytest.approx(ours.voltage_V(other, 0.0), abs=1e-6)


def test_a_holder_charges_it_by_current_then_voltage_and_lets_it_rest(holders: Holders) -> None:
    modes = [holders.at("A", 1000.0 + hours * 3600).mode for hours in (0.0, 0.1, 1.0, 3.0)]
    assert modes == ["charge limit", "charge limit", "voltage", "voltage"]
    assert holders.at("A", 1100.0).current_A == pytest.approx(ONE_C_A, rel=1e-9)
    late = holders.at("A", 1000.0 + 3 * 3600)
    assert late.voltage_V == pytest.approx(4.1, abs=1e-6)
    assert 0 < late.current_A < ONE_C_A / 20
    holders.impose("A", OPEN, 1000.0 + 3 * 3600)
    rested = holders.at("A", 1000.0 + 100 * 3600)
    assert (rested.mode, rested.current_A) == ("open", pytest.approx(0.0, abs=1e-15))
    assert 4.0 < rested.voltage_V < 4.1
    assert abs(rested.state.polarisation_V) < 1e-4


def test_charge_and_energy_are_the_integrals_of_what_is_seen(holders: Holders) -> None:
    before = holders.at("A", 1000.0).state
    instants = 1000.0 + np.linspace(0.0, 3 * 3600, 200_001)
    trace = holders.trace("A", instants)
    after = holders.at("A", float(instants[-1])).state
    charge_C = np.trapezoid(trace.current_A, instants)
    energy_J = np.trapezoid(trace.current_A * trace.voltage_V, instants)
    assert after.charge_C - before.charge_C == pytest.approx(charge_C, rel=1e-6)
    assert after.energy_J - before.energy_J == pytest.approx(energy_J, rel=1e-6)


def test_charge_under_a_current_is_current_times_time(cell: Cell) -> None:
    start = cell.fresh()
    path = cell.hold_current(start, -ONE_C_A, 0.0, Limits(low=3.0))
    end_s = path.ends_s(7200.0)
    assert path.at(end_s)[0] == pytest.approx(3.0, abs=1e-9)
    assert path.state(end_s).charge_C - start.charge_C == pytest.approx(-ONE_C_A * end_s, rel=1e-6)
    assert path.ends_s(end_s - 1.0) == np.inf


def test_a_trace_is_what_looks_show(holders: Holders) -> None:
    instants = 1000.0 + np.array([0.0, 1.0, 599.9, 600.0, 600.1, 1799.0, 1801.0, 3600.0, 9000.0])
    trace, looks = holders.trace("A", instants), [holders.at("A", at) for at in instants.tolist()]
    assert trace.voltage_V == pytest.approx([look.voltage_V for look in looks], abs=1e-9)
    assert trace.current_A == pytest.approx([look.current_A for look in looks], abs=1e-12)


def test_looks_change_nothing(cell: Cell) -> None:
    looked_at, left_alone = (Holders({"A": cell}, 0.0) for _ in range(2))
    for holders in (looked_at, left_alone):
        holders.impose("A", CHARGE, 1000.0)
    for at in (8000.0, 1000.0, 1234.5, 5000.0):
        looked_at.at("A", at)
    for holders in (looked_at, left_alone):
        holders.impose("A", OPEN, 9000.0)
    assert looked_at.rows() == left_alone.rows()
    assert looked_at.at("A", 9500.0).voltage_V == left_alone.at("A", 9500.0).voltage_V


def test_a_state_goes_through_json_bit_by_bit(holders: Holders) -> None:
    holders.impose("A", Drive("x", 3.0, -ONE_C_A, 0.0), 4000.0)
    rows = json.loads(json.dumps(holders.rows()))
    again = Holders({"A": None}, 0.0, rows, build=build_cell)
    assert again.rows() == holders.rows()
    for at in (4000.0, 4321.0, 6000.0):
        assert again.at("A", at).voltage_V == holders.at("A", at).voltage_V


def test_a_state_is_where_the_path_was(cell: Cell) -> None:
    path = cell.hold_current(cell.fresh(), -ONE_C_A, 0.0, Limits())
    for seconds in (0.0, 1e-9, 3.0, 600.0, 1234.0):
        assert cell.voltage_V(path.state(seconds), -ONE_C_A) == pytest.approx(path.at(seconds)[0], abs=1e-6)


@pytest.mark.parametrize("volts", [-5.0, 3.0, 4.2, 21.0])
def test_the_first_current_of_any_voltage_belongs_to_it(cell: Cell, volts: float) -> None:
    state = cell.hold_current(cell.fresh(), -ONE_C_A, 0.0, Limits()).state(700.0)
    current_A = cell.current_A(state, volts, 0.5)
    assert cell.voltage_V(state, current_A) + 0.5 * current_A == pytest.approx(volts, abs=1e-9)


def test_the_leads_are_part_of_the_voltage_held_and_of_what_ends_a_current(cell: Cell) -> None:
    voltage_V, current_A = cell.hold_voltage(cell.fresh(), 4.0, 2.0, Limits()).at(50.0)
    assert voltage_V + 2.0 * current_A == pytest.approx(4.0, abs=1e-6)
    charged = cell.hold_current(cell.fresh(), ONE_C_A, 2.0, Limits(high=4.0))
    assert charged.at(charged.ends_s(7200.0))[0] == pytest.approx(4.0 - 2.0 * ONE_C_A, abs=1e-9)


def test_a_limit_is_found_though_the_electrode_runs_empty_soon_after(cell: Cell) -> None:
    path = cell.hold_current(cell.fresh(), -20 * ONE_C_A, 0.0, Limits(low=1.5))
    assert 1.499 < path.at(path.ends_s(7200.0))[0] <= 1.5  # it falls by volts in a second there


def test_what_has_no_solution_says_so(cell: Cell) -> None:
    with pytest.raises(UnsupportedError, match=r"PyBaMM finds no solution under Control\(.*voltage_V=0"):
        cell.hold_voltage(cell.fresh(), 0.0, 0.0, Limits()).at(60.0)


def test_it_has_no_impedance_and_takes_no_other_state(cell: Cell) -> None:
    with pytest.raises(UnsupportedError, match="has no impedance"):
        cell.impedance_ohm(1000.0)
    with pytest.raises(TypeError, match="no state of this cell"):
        cell.voltage_V(CellState(1.0), 0.0)


def test_it_is_tempered_to_half_degrees_and_no_further_than_its_relations_hold(cell: Cell) -> None:
    assert cell.tempered(290.10) is cell.tempered(290.20)
    assert cell.tempered(290.15).tempered(298.15) is cell
    assert cell.tempered(200.0) is cell.tempered(262.0)
    cold, state = cell.tempered(273.15), cell.fresh()
    assert cold.voltage_V(state, -ONE_C_A) < cell.voltage_V(state, -ONE_C_A) - 0.01


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybamm", None)
    text = r"physics: pybamm: PyBaMM is not installed: pip install 'galvanaut\[pybamm\]'"
    with pytest.raises(InputError, match=text):
        build_cell({"physics": "pybamm", "state_of_charge": "12.34 %"})


def test_the_bench_file_describes_it() -> None:
    spec = CellSpec.model_validate({"physics": "pybamm", **HALF})
    assert CellSpec.model_validate(spec.description()) == spec
    assert build_cell(spec.description()).description == spec.description()
