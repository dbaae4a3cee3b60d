"""Holders: traces across everything that can happen, cells that come and go, their temperature, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.simulators.cells import OPEN, Cell, Drive, Holders
from galvanaut.simulators.cells.circuit import CircuitCell
from galvanaut.simulators.cells.spec import CellSpec, build_cell
from galvanaut.simulators.cells.spme import Sample, SpmeCell

CIRCUIT = CircuitCell(capacity_C=14.4, state_of_charge=0.3, series_ohm=8.0, pair_ohm=12.0, pair_s=40.0)
PARTICLE = SpmeCell(Sample(), state_of_charge=0.3)
PARTICLE_SPEC = CellSpec.model_validate({"physics": "single particle", "state_of_charge": "40 %", "salt": "1.1 mol/L"})

DRIVES = {
    "rest": OPEN,
    "charge to the voltage": Drive("x", 4.0, -2e-3, 2e-3),
    "discharge, two wires": Drive("x", 3.4, -4e-3, 0.0, lead_ohm=0.5),
    "watchdog": Drive("x", 4.0, -2e-3, 2e-3, until=1000.0 + 1800.0),
    "over-voltage": Drive("x", 4.2, -2e-3, 2e-3, trip_V=3.9),
    "current trip": Drive("x", 4.2, -2e-3, 2e-3, trips_at_limit=True),
    "both sides": Drive("x", 3.75, -1e-3, 1e-3),
}

drives = st.builds(
    lambda volts, low, high, lead, trip, until: Drive("x", volts, -low, high, lead, trip, False, until),
    st.floats(3.0, 4.3),
    st.floats(0, 5e-3),
    st.floats(0, 5e-3),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([None, 3.9]),
    st.sampled_from([None, 1000.0 + 4321.0]),
)


def holders(cell: Cell | None, drive: Drive) -> Holders:
    made = Holders({"A": cell}, 0.0)
    made.impose("A", drive, 1000.0)
    return made


def assert_trace_is_looks(made: Holders, instants: np.ndarray) -> None:
    trace = made.trace("A", instants)
    sights = [made.at("A", at) for at in instants.tolist()]
    assert trace.voltage_V == pytest.approx([sight.voltage_V for sight in sights], abs=1e-6)
    assert trace.sensed_V == pytest.approx([sight.sensed_V for sight in sights], abs=1e-6)
    assert trace.current_A == pytest.approx([sight.current_A for sight in sights], abs=1e-9)
    assert trace.mode == tuple(sight.mode for sight in sights)


@pytest.mark.parametrize("cell", [CIRCUIT, PARTICLE, None], ids=["circuit", "particle", "empty"])
@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_a_trace_shows_what_looks_show(cell: Cell | None, drive: Drive) -> None:
    assert_trace_is_looks(holders(cell, drive), 1000.0 + np.arange(0.0, 9 * 3600.0, 61.0))


@settings(deadline=None, max_examples=25)
@given(st.sampled_from([CIRCUIT, PARTICLE]), drives, st.lists(st.floats(0, 40000.0), min_size=1, max_size=12))
def test_any_trace_shows_what_looks_show(cell: Cell, drive: Drive, seconds: list[float]) -> None:
    assert_trace_is_looks(holders(cell, drive), 1000.0 + np.sort(np.array([*seconds, 4321.0])))


def test_a_trace_across_a_change_of_mode_and_the_trip_at_its_instant() -> None:
    made = holders(PARTICLE, DRIVES["charge to the voltage"])
    assert list(dict.fromkeys(made.trace("A", 1000.0 + np.arange(0, 4e4, 60)).mode)) == ["charge limit", "voltage"]
    tripped = holders(PARTICLE, DRIVES["over-voltage"])
    at = tripped.at("A", 1e6).tripped_at
    trace = tripped.trace("A", np.array([at - 1e-3, at + 1e-3]))
    assert trace.mode == ("charge limit", "open")
    assert trace.sensed_V[0] == pytest.approx(3.9, abs=1e-6)
    assert trace.current_A.tolist() == [2e-3, 0.0]


@pytest.mark.parametrize("instants", [[1001.0, 1000.5], [999.0, 1001.0]])
def test_a_trace_wants_sorted_instants_after_the_last_change(instants: list[float]) -> None:
    with pytest.raises(ValueError, match="holder A wants sorted instants"):
        holders(CIRCUIT, OPEN).trace("A", np.array(instants))


@pytest.mark.parametrize("cell", [CIRCUIT, PARTICLE])
def test_traces_and_looks_change_nothing(cell: Cell) -> None:
    plain, looked = holders(cell, DRIVES["watchdog"]), holders(cell, DRIVES["watchdog"])
    for at in (1000.0, 90000.0, 1100.0):
        looked.trace("A", np.array([at, at + 7.0]))
        assert looked.at("A", at).state is looked.at("A", at).state
    assert looked.rows() == plain.rows()
    assert looked.at("A", 2500.0).state == plain.at("A", 2500.0).state


def test_a_trace_of_nothing_is_empty() -> None:
    trace = holders(PARTICLE, OPEN).trace("A", np.array([]))
    assert [len(column) for column in trace] == [0, 0, 0, 0]


def test_a_watchdog_that_is_put_off_keeps_what_was_worked_out() -> None:
    made = holders(PARTICLE, DRIVES["watchdog"])
    course = made._leg("A", 0.0)[0]
    made.put_off("x", 1000.0 + 3600.0)
    assert made._leg("A", 0.0)[0] is course
    assert made.at("A", 1000.0 + 3600.0).mode == "voltage"
    silent = made.at("A", 4601.0)
    assert (silent.trip, silent.tripped_at, silent.current_A) == ("silence", 4600.0, 0.0)


# -- cells that come and go ---------------------------------------------------------------------------------------


def test_a_cell_put_under_a_drive_is_driven_and_one_taken_leaves_the_source_alone() -> None:
    made = holders(None, DRIVES["charge to the voltage"])
    assert made.at("A", 2000.0).current_A == 0.0
    made.put("A", PARTICLE, 2000.0)
    assert (made.at("A", 2000.0).current_A, made.at("A", 2000.0).mode) == (2e-3, "charge limit")
    assert made.at("A", 2600.0).state.charge_C == pytest.approx(PARTICLE.fresh().charge_C + 1.2)
    made.take("A", 2600.0)
    alone = made.at("A", 2600.0)
    assert (alone.voltage_V, alone.current_A, alone.mode) == (4.0, 0.0, "voltage")
    assert made.cell("A") is None
    made.put("A", CIRCUIT, 2700.0)
    assert made.at("A", 2700.0).state == CIRCUIT.fresh()


def test_what_has_tripped_stays_tripped_when_cells_change() -> None:
    made = holders(CIRCUIT, DRIVES["over-voltage"])
    tripped_at = made.at("A", 1e5).tripped_at
    made.take("A", 1e5)
    assert (made.at("A", 1e5).trip, made.at("A", 1e5).tripped_at) == ("voltage", tripped_at)
    made.put("A", PARTICLE, 1e5 + 1)
    sight = made.at("A", 1e5 + 100)
    assert (sight.trip, sight.tripped_at, sight.current_A, sight.mode) == ("voltage", tripped_at, 0.0, "open")
    again = restored(made, build=lambda description: PARTICLE)
    assert again.at("A", 1e5 + 100) == sight
    made.impose("A", DRIVES["charge to the voltage"], 1e5 + 200)
    assert (made.at("A", 1e5 + 200).trip, made.at("A", 1e5 + 200).tripped_at) == ("", inf)


def test_one_holder_takes_one_cell() -> None:
    made = holders(CIRCUIT, OPEN)
    with pytest.raises(ValueError, match="a cell in holder A already"):
        made.put("A", PARTICLE, 2000.0)
    made.take("A", 2000.0)
    with pytest.raises(ValueError, match="no cell in holder A"):
        made.take("A", 2001.0)
    assert made.changes().keys() == {"A"}


def restored(made: Holders, **arguments: Any) -> Holders:
    rows = json.loads(json.dumps(made.rows()))
    return Holders({"A": None}, 0.0, rows, **arguments)


@pytest.mark.parametrize("spec", [PARTICLE_SPEC, CellSpec.model_validate({"capacity": "5.1 mAh"})])
def test_a_cell_that_came_later_is_there_again_bit_by_bit(spec: CellSpec) -> None:
    made = holders(None, OPEN)
    made.put("A", spec.build(), 1500.0)
    made.impose("A", DRIVES["charge to the voltage"], 2000.0)
    made.impose("A", DRIVES["discharge, two wires"], 6000.0)
    again = restored(made, build=build_cell)
    for at in (6000.0, 6500.0, 60000.0):
        assert again.at("A", at) == made.at("A", at)
        assert again.at("A", at).state == made.at("A", at).state
    assert again.rows() == made.rows()
    made.take("A", 7000.0)
    assert restored(made, build=build_cell).cell("A") is None


def test_a_cell_that_nobody_can_build_again_is_a_clear_error() -> None:
    made = holders(PARTICLE_SPEC.build(), OPEN)
    with pytest.raises(ValueError, match="holder A kept a cell that came later"):
        restored(made)


# -- temperature --------------------------------------------------------------------------------------------------


class Recording(CircuitCell):
    """Notes the temperatures at which it is asked for."""

    seen: tuple[float, ...] = ()

    def tempered(self, temperature_K: float) -> CircuitCell:
        object.__setattr__(self, "seen", (*self.seen, temperature_K))
        return self


def test_a_cell_has_the_temperature_of_the_last_change() -> None:
    cell = Recording(14.4, 0.3, 8.0, 12.0, 40.0)
    made = Holders({"A": cell}, 0.0, temperature_K=lambda holder, instant: 290.0 + instant / 100)
    made.impose("A", DRIVES["charge to the voltage"], 500.0)
    made.at("A", 9000.0)
    assert cell.seen[-1] == 295.0
    assert made.rows()["A"]["temperature_K"] == 295.0
    again = restored(made, build=lambda description: cell, temperature_K=lambda holder, instant: 400.0)
    again.at("A", 9000.0)
    assert cell.seen[-1] == 295.0


def test_cold_makes_a_cell_resist_and_half_degrees_are_shared() -> None:
    warm, cold = PARTICLE.tempered(298.15), PARTICLE.tempered(278.0)
    assert warm is PARTICLE
    assert PARTICLE.tempered(278.3) is cold.tempered(278.2) is cold
    state = PARTICLE.fresh()
    drops_V = [cell.voltage_V(state, 2e-3) - cell.voltage_V(state, 0.0) for cell in (warm, cold)]
    assert drops_V[1] > 1.3 * drops_V[0]
    assert PARTICLE.tempered(100.0) is PARTICLE.tempered(200.0)  # no colder than the relations hold
    assert PARTICLE.tempered(400.0) is PARTICLE.tempered(323.15)


def test_a_warm_holder_charges_faster() -> None:
    def charge_C(kelvin: float) -> float:
        made = Holders({"A": PARTICLE}, 0.0, temperature_K=lambda holder, instant: kelvin)
        made.impose("A", Drive("x", 4.1, 0.0, 8e-3), 0.0)
        return made.at("A", 3600.0).state.charge_C

    assert charge_C(318.15) > charge_C(298.15) + 0.05 > charge_C(278.15) + 0.1


# -- specs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ({"physics": "single particle", "capacity": "4 mAh"}, "capacity belongs to `physics: circuit`"),
        ({"physics": "pybamm", "pair_time": "4 s"}, "pair_time belongs to `physics: circuit`, not to pybamm"),
        ({"physics": "pybamm", "salt": "4 mol/L"}, "salt must lie between 0.1 mol/L and 3 mol/L"),
        ({"electrolyte": "EC:DMC"}, "electrolyte belongs to `physics: single particle`"),
        ({"physics": "single particle", "salt": "4 mol/L"}, "salt must lie between 0.1 mol/L and 3 mol/L"),
        ({"physics": "single particle", "state_of_charge": "-1 %"}, "state_of_charge must lie between"),
        ({"physics": "single particle", "electrolyte": "water"}, "electrolyte"),
        ({"physics": "magic"}, "physics"),
    ],
)
def test_a_bad_cell_is_refused(text: Mapping[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        CellSpec.model_validate(text)


def test_descriptions_are_complete() -> None:
    spec = CellSpec.model_validate(
        {"physics": "single particle", "electrolyte": "EMC:FEC", "salt": "1.23456789 mol/L", "state_of_charge": "0 %"}
    )
    assert CellSpec.model_validate(spec.description()) == spec
    assert build_cell(spec.description()).description == spec.build().description == spec.description()


def test_the_salt_is_the_one_that_was_asked_for() -> None:
    weak, strong = (
        CellSpec.model_validate({"physics": "single particle", "salt": f"{salt} mol/L"}).build() for salt in (0.3, 1.0)
    )
    assert weak.voltage_V(weak.fresh(), 4e-3) > strong.voltage_V(strong.fresh(), 4e-3) + 1e-3


def test_what_changed_comes_in_one_order_in_every_process() -> None:
    """It is written as it comes, and a set of names has another order for every seed of Python's hashes."""
    names = [f"holder_{n}" for n in range(1, 9)]
    made = Holders(dict.fromkeys(names, CIRCUIT), 0.0)
    for name in reversed(names):
        made.impose(name, DRIVES["watchdog"], 10.0)
    assert list(made.changes()) == names
    made.put_off("x", 9000.0)
    assert list(made.changes()) == names
