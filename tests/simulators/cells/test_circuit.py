"""The equivalent circuit: closed forms against small steps, balances, limits, and that looking changes nothing."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.simulators.cells import OPEN, CellState, Drive, Holders
from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.circuit import OPEN_CIRCUIT_V, CircuitCell
from galvanaut.simulators.cells.curve import Curve

CELL = CircuitCell(capacity_C=14.4, state_of_charge=0.3, series_ohm=8.0, pair_ohm=12.0, pair_s=40.0)

charges = st.one_of(st.floats(-0.1 * 14.4, 1.1 * 14.4), st.sampled_from([share * 14.4 for share, _ in OPEN_CIRCUIT_V]))
polarisations = st.floats(-0.2, 0.2)
states = st.builds(CellState, charges, polarisations)
voltages = st.one_of(st.floats(0, 5), st.sampled_from([volts for _, volts in OPEN_CIRCUIT_V]))
limits = st.floats(0, 0.05)
drives = st.builds(
    lambda volts, low, high, lead: Drive("x", volts, -low, high, lead),
    voltages,
    limits,
    limits,
    st.sampled_from([0.0, 0.5]),
)
times_s = st.floats(0, 1e6)


def holders(state: CellState, drive: Drive) -> Holders:
    made = Holders({"A": CELL}, 0.0, {"A": {"at": 0.0, "state": vars(state), "drive": {}}})
    made.impose("A", drive, 0.0)
    return made


def stored_J(state: CellState) -> float:
    """Energy above that at charge 0: under the open-circuit voltage, and in the RC pair's capacitor."""
    low, high = sorted((0.0, state.charge_C))
    knots = [share * 14.4 for share, _ in OPEN_CIRCUIT_V if low < share * 14.4 < high]
    lines = pairwise([low, *knots, high])
    area_J = sum((CELL.open_circuit_V(begin) + CELL.open_circuit_V(end)) / 2 * (end - begin) for begin, end in lines)
    return (area_J if state.charge_C >= 0 else -area_J) + CELL.pair_s / CELL.pair_ohm * state.polarisation_V**2 / 2


def test_the_curve_of_the_open_circuit_rises_everywhere() -> None:
    volts = [CELL.open_circuit_V(share * 14.4) for share in (-0.5, -0.02, 0, 0.01, 0.5, 0.999, 1.0, 1.2)]
    assert volts == sorted(volts)
    assert CELL.open_circuit_V(14.4) == pytest.approx(4.2)
    assert CELL.open_circuit_V(7.2) == pytest.approx(3.74)


@settings(deadline=None)
@given(states, drives, times_s)
def test_limits_hold_at_every_instant(state: CellState, drive: Drive, instant: float) -> None:
    sight = holders(state, drive).at("A", instant)
    assert drive.low_A <= sight.current_A <= drive.high_A
    if sight.mode == "voltage":
        assert sight.sensed_V == pytest.approx(drive.voltage_V, abs=1e-9)
    elif sight.mode == "charge limit":
        assert sight.sensed_V <= drive.voltage_V + 1e-9
    else:
        assert sight.sensed_V >= drive.voltage_V - 1e-9


@settings(deadline=None)
@given(states, drives, times_s, st.floats(0, 1))
def test_looking_and_committing_in_between_change_nothing(
    state: CellState, drive: Drive, instant: float, share: float
) -> None:
    whole = holders(state, drive).at("A", instant).state
    parted = holders(state, drive)
    parted.impose("A", drive, share * instant)
    halfway = parted.at("A", instant).state
    assert halfway.charge_C == pytest.approx(whole.charge_C, abs=1e-7)
    assert halfway.polarisation_V == pytest.approx(whole.polarisation_V, abs=1e-7)
    assert halfway.energy_J == pytest.approx(whole.energy_J, abs=1e-6)


def stepped(state: CellState, drive: Drive, seconds: float, steps: int) -> tuple[CellState, float]:
    """The same physics in small midpoint steps; also the heat in both resistances."""
    heat_J, step_s, capacitance_F = 0.0, seconds / steps, CELL.pair_s / CELL.pair_ohm

    def current_A(at: CellState) -> float:
        return min(drive.high_A, max(drive.low_A, CELL.current_A(at, drive.voltage_V or 0.0, drive.lead_ohm)))

    for _ in range(steps):
        amperes = current_A(state)
        for part in (0.5, 1.0):
            middle = CellState(
                state.charge_C + amperes * part * step_s,
                state.polarisation_V + (amperes - state.polarisation_V / CELL.pair_ohm) / capacitance_F * part * step_s,
            )
            if part == 0.5:
                amperes, half = current_A(middle), middle
        volts = CELL.voltage_V(half, amperes)
        heat_J += (amperes**2 * CELL.series_ohm + half.polarisation_V**2 / CELL.pair_ohm) * step_s
        slope = (amperes - half.polarisation_V / CELL.pair_ohm) / capacitance_F
        state = CellState(
            state.charge_C + amperes * step_s,
            state.polarisation_V + slope * step_s,
            state.energy_J + volts * amperes * step_s,
        )
    return state, heat_J


@pytest.mark.parametrize(
    "drive",
    [Drive("x", 4.2, -2e-3, 2e-3), Drive("x", 3.0, -2e-3, 2e-3), Drive("x", 3.7, -1e-2, 1e-2, lead_ohm=2.0)],
)
def test_closed_forms_agree_with_small_steps_and_energy_balances(drive: Drive) -> None:
    begin = CellState(0.3 * 14.4, 0.03)
    found = holders(begin, drive).at("A", 6000.0).state
    expected, heat_J = stepped(begin, drive, 6000.0, 60_000)
    assert found.charge_C == pytest.approx(expected.charge_C, abs=1e-4)
    assert found.polarisation_V == pytest.approx(expected.polarisation_V, abs=1e-5)
    assert found.energy_J == pytest.approx(expected.energy_J, abs=3e-4)
    assert found.energy_J - heat_J == pytest.approx(stored_J(found) - stored_J(begin), abs=3e-4)


@settings(deadline=None)
@given(states, st.lists(st.tuples(drives, st.floats(0, 1e5)), min_size=1, max_size=4))
def test_no_sequence_of_drives_gets_energy_for_nothing(state: CellState, sequence: list[tuple[Drive, float]]) -> None:
    made, instant = holders(state, OPEN), 0.0
    for drive, seconds in sequence:
        made.impose("A", drive, instant)
        instant += seconds
    found = made.at("A", instant).state
    heat_J = found.energy_J - (stored_J(found) - stored_J(state))
    # A relaxing RC pair heats from what it had stored, so heat is all that goes in and is not stored; never negative.
    assert heat_J >= -1e-9 * max(1.0, abs(found.energy_J))


@pytest.mark.parametrize("amperes", [2e-3, -2e-3])
def test_the_heat_of_a_steady_current_is_that_of_both_resistances(amperes: float) -> None:
    volts = 10.0 if amperes > 0 else -10.0
    begin = CellState(0.5 * 14.4, amperes * CELL.pair_ohm)
    found = holders(begin, Drive("x", volts, -2e-3, 2e-3)).at("A", 1000.0).state
    heat_J = found.energy_J - (stored_J(found) - stored_J(begin))
    assert heat_J == pytest.approx(amperes**2 * 20.0 * 1000.0, rel=1e-9)


def test_a_charge_that_turns_back_to_the_knot_it_came_from_goes_on_from_there() -> None:
    cell = CircuitCell(capacity_C=9000.0, state_of_charge=0.3, series_ohm=8.0, pair_ohm=300.0, pair_s=0.1)
    state = cell.hold_voltage(CellState(2700.0, 0.123), 3.74, 0.0, Limits()).state(1.0)
    assert state.charge_C == pytest.approx(2700.0, abs=0.01)


def test_a_charge_a_rounding_error_past_a_knot_finds_its_way() -> None:
    cell = CircuitCell(capacity_C=0.5, state_of_charge=0.4, series_ohm=0.02, pair_ohm=12.0, pair_s=40.0)
    state = cell.hold_voltage(CellState(0.20000000000000018), 3.2, 0.5, Limits()).state(1e6)
    assert state.charge_C == pytest.approx(0.01)


def test_a_source_without_any_current_lets_the_cell_relax_past_its_voltage() -> None:
    found = holders(CellState(0.6 * 14.4, 0.05), Drive("x", 3.84)).at("A", 1e5)
    assert (found.current_A, found.state.charge_C) == (0.0, pytest.approx(0.6 * 14.4, abs=1e-12))
    assert found.voltage_V == pytest.approx(3.84)


def test_charge_by_a_clamp_is_current_times_time() -> None:
    found = holders(CELL.fresh(), Drive("x", 4.2, -2e-3, 2e-3)).at("A", 1000.0)
    assert found.state.charge_C - CELL.fresh().charge_C == pytest.approx(2.0, abs=1e-12)
    assert (found.mode, found.current_A) == ("charge limit", 2e-3)


def test_a_charge_clamps_first_then_tapers_and_ends_at_the_voltage() -> None:
    made = holders(CELL.fresh(), Drive("x", 4.2, -2e-3, 2e-3))
    modes = [made.at("A", hour * 1800.0).mode for hour in range(8)]
    assert modes == sorted(modes)
    assert modes[0] == "charge limit"
    assert modes[-1] == "voltage"
    tapers = [made.at("A", 5000.0 + 500 * number).current_A for number in range(10)]
    assert tapers == sorted(tapers, reverse=True)
    assert made.at("A", 1e6).state.charge_C == pytest.approx(14.4)


def test_a_discharge_never_goes_below_the_voltage_set() -> None:
    made = holders(CELL.fresh(), Drive("x", 3.0, -2e-3, 2e-3))
    assert made.at("A", 10.0).current_A == -2e-3
    assert min(made.at("A", 100.0 * number).voltage_V for number in range(400)) >= 3.0 - 1e-12


def test_an_open_cell_relaxes_to_its_open_circuit_voltage() -> None:
    found = holders(CellState(7.2, 0.05), OPEN).at("A", 40.0)
    assert found.voltage_V == pytest.approx(3.74 + 0.05 / 2.718281828, abs=1e-9)
    assert found.state.charge_C == 7.2
    assert found.state.energy_J == 0.0


def test_a_voltage_trip_opens_the_circuit_when_the_voltage_is_reached() -> None:
    made = holders(CELL.fresh(), Drive("x", 4.2, -2e-3, 2e-3, trip_V=4.0))
    found = made.at("A", 1e5)
    assert found.trip == "voltage"
    assert found.current_A == 0.0
    assert made.at("A", found.tripped_at - 1).voltage_V == pytest.approx(4.0, abs=1e-3)
    assert made.at("A", found.tripped_at - 1).trip == ""
    assert found.state.charge_C == pytest.approx(4.32 + 2e-3 * found.tripped_at)


def test_a_voltage_trip_below_the_cell_opens_at_once() -> None:
    found = holders(CELL.fresh(), Drive("x", 3.0, -2e-3, 2e-3, trip_V=3.5)).at("A", 10.0)
    assert (found.trip, found.tripped_at) == ("voltage", 0.0)


def test_a_current_trip_opens_as_soon_as_the_limit_is_reached() -> None:
    found = holders(CELL.fresh(), Drive("x", 4.2, -2e-3, 2e-3, trips_at_limit=True)).at("A", 10.0)
    assert (found.trip, found.tripped_at, found.current_A) == ("current", 0.0, 0.0)


def test_a_watchdog_opens_at_its_instant_and_may_be_put_off_before() -> None:
    made = holders(CELL.fresh(), Drive("x", 4.2, -2e-3, 2e-3, until=30.0))
    assert made.at("A", 29.0).trip == ""
    made.put_off("x", 50.0)
    assert made.at("A", 49.0).current_A == 2e-3
    found = made.at("A", 1000.0)
    assert (found.trip, found.tripped_at) == ("silence", 50.0)
    assert found.state.charge_C == pytest.approx(CELL.fresh().charge_C + 0.1)


def test_an_empty_holder_shows_the_source_alone() -> None:
    made = Holders({"none": None}, 0.0)
    assert made.at("none", 5.0).voltage_V == 0.0
    made.impose("none", Drive("x", 3.0, -1.0, 1.0), 5.0)
    assert (made.at("none", 6.0).voltage_V, made.at("none", 6.0).current_A) == (3.0, 0.0)


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0.01, 1)), min_size=2, max_size=2, unique_by=lambda mode: mode[1]),
    st.floats(-1, 1),
    st.floats(0.1, 100),
)
def test_a_crossing_is_found_where_the_curve_first_meets_the_bound(modes, level: float, within_s: float) -> None:
    curve = Curve(0.0, 0.0, tuple(modes))
    begins_below = curve.at(0.0) < level
    low, high = (-inf, level) if begins_below else (level, inf)
    found = curve.leaves(low, high, within_s, at_once=False)
    grid = [within_s * step / 200 for step in range(201)]
    outside = [at for at in grid if (curve.at(at) >= level) == begins_below and curve.at(at) != level]
    if found == inf:
        assert all(abs(curve.at(at) - level) < 1e-9 for at in outside[1:])
    else:
        assert curve.at(found) == pytest.approx(level, abs=1e-9)
        assert not [at for at in outside if 0 < at < found - 1e-6 and abs(curve.at(at) - level) > 1e-9]


def test_the_integral_of_a_square_wants_pure_exponentials() -> None:
    assert Curve(0.0, 0.0, ((2.0, 1.0),)).squared_integral(100.0) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="fading exponentials only"):
        Curve(1.0, 0.0, ()).squared_integral(1.0)


def test_a_stretch_without_an_end_in_sight_takes_its_whole_time() -> None:
    path = CELL.hold_current(CELL.fresh(), 1e-3, 0.0, Limits(high=10.0))
    assert path.ends_s(100.0) == inf
    assert path.state(100.0).charge_C == pytest.approx(4.42)
