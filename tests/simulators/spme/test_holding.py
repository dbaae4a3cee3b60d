"""Balances, limits and closed forms of many cells under current and voltage."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import partial

import numpy as np
import pytest

from fastcells import lithium_C
from galvanaut.simulators.cells.spme.ageing import NO_AGEING, Ageing, film_m, sei_feed_A_m
from galvanaut.simulators.cells.spme.cells import Cells, Sample, States
from galvanaut.simulators.cells.spme.hold import hold_current, hold_voltage, imposed_A
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.cells.spme.stretch import Stretch, grid
from galvanaut.simulators.cells.spme.transport import of_family
from galvanaut.simulators.cells.spme.voltage import Snapshot

SAMPLES = [
    Sample(),
    Sample(partial(of_family, "EMC:FEC", 1.5), Ageing(sei_mol_m_s=2e-17, plating_m_s=1e-9), 1.03, 11.0),
    Sample(partial(of_family, "EC:DMC", 0.6), NO_AGEING, 0.85, 4.0, leak_A=50e-6),
]
CELLS = Cells.of(SAMPLES, 298.15)
ONE_A = np.array([4.1e-3, 4.1e-3, 3.5e-3])


def volts(states: States, current_A: Array) -> Array:
    path = Snapshot(CELLS, states).paths(current_A, np.zeros(3), np.zeros((3, 1)))
    return Snapshot(CELLS, states).voltage_V(path)[:, 0]


def cycle(states: States) -> States:
    charged = hold_current(CELLS, states, ONE_A / 2, 1e5, high_V=4.2)
    assert charged.is_ended.all()
    assert volts(charged.states, ONE_A / 2) == pytest.approx(4.2, abs=2e-5)
    full = hold_voltage(CELLS, charged.states, 4.2, 3e4, ONE_A / 20, ONE_A / 2)
    rested = hold_current(CELLS, full.states, np.zeros(3), 3600.0)
    empty = hold_current(CELLS, rested.states, -ONE_A, 1e5, low_V=2.8)
    assert volts(empty.states, -ONE_A) == pytest.approx(2.8, abs=2e-5)
    return empty.states


def test_lithium_and_charge_balance_to_1e_9() -> None:
    states = CELLS.fresh()
    begun_C = lithium_C(states, CELLS)
    for _ in range(3):
        before, states = states, cycle(states)
        assert lithium_C(states, CELLS) == pytest.approx(begun_C, rel=1e-12)
    assert (states.plated_C[:2] > 0).all()
    assert (before.formation_C < 1e-9).all()


def test_the_charge_is_in_the_electrodes_to_1e_9() -> None:
    cells = Cells.of([Sample(sample.liquid, NO_AGEING, leak_A=sample.leak_A) for sample in SAMPLES])
    start = cells.full()
    end = hold_current(cells, start, -ONE_A, 1800.0).states
    full_n, full_p = start.room_C(cells)
    inner_C = end.charge_C - cells.leak_A * 1800
    assert (end.negative - start.negative) * full_n == pytest.approx(inner_C, rel=1e-9)
    assert (start.positive - end.positive) * full_p == pytest.approx(inner_C, rel=1e-9)


def test_a_constant_current_in_two_parts_is_the_same_to_rounding() -> None:
    cells = Cells.of([Sample(sample.liquid, NO_AGEING) for sample in SAMPLES])
    start = cells.full()
    whole = hold_current(cells, start, -ONE_A, 1700.0).states
    parted = hold_current(cells, hold_current(cells, start, -ONE_A, 301.7).states, -ONE_A, 1398.3).states
    for field in fields(States):
        if field.name != "energy_J":  # integrated over a grid
            assert getattr(parted, field.name) == pytest.approx(getattr(whole, field.name), abs=1e-12)
    assert parted.energy_J == pytest.approx(whole.energy_J, rel=2e-4)


def test_a_held_voltage_is_held_and_steps_hardly_matter() -> None:
    start = hold_current(CELLS, CELLS.full(), -ONE_A / 2, 3600.0).states
    start = hold_current(CELLS, start, ONE_A, 1e5, high_V=4.1).states
    coarse = hold_voltage(CELLS, start, 4.1, 1e5, ONE_A / 20, ONE_A)
    assert coarse.is_ended.all()
    now_A = imposed_A(CELLS, coarse.states, 4.1, ONE_A / 20, np.zeros(3))
    assert now_A == pytest.approx(ONE_A / 20, rel=5e-3)
    fine, now_A, step_s = start, imposed_A(CELLS, start, 4.1, ONE_A, np.zeros(3)), np.full(3, 5.0)
    while np.max(now_A - ONE_A / 20) > 0:
        next_A = imposed_A(CELLS, fine, 4.1, now_A, step_s, now_A)
        going = now_A > ONE_A / 20
        lasts_s = np.where(going, step_s, 0.0)
        slope_A_s = (next_A - now_A) / step_s
        fine = Stretch(Snapshot(CELLS, fine), now_A, slope_A_s, lasts_s[:, None] * np.array([0.0, 1.0])).at(lasts_s)
        now_A = np.where(going, next_A, now_A)
    assert coarse.states.charge_C == pytest.approx(fine.charge_C, abs=4e-4 * 14.8)


def test_a_finer_grid_ages_a_cell_equally() -> None:
    start = CELLS.full()
    start = hold_current(CELLS, start, -ONE_A, 3000.0).states
    ends = [
        Stretch(Snapshot(CELLS, start), ONE_A, np.zeros(3), 2500.0 * np.repeat(grid(points)[None, :], 3, axis=0)).at(
            np.full(3, 2500.0)
        )
        for points in (40, 400)
    ]
    for name in ("sei_C", "plated_C", "film_m"):
        coarse, fine = (getattr(end, name) - getattr(start, name) for end in ends)
        assert coarse == pytest.approx(fine, rel=5e-3, abs=1e-18), name


def test_a_film_grows_with_the_root_of_time_in_one_step_or_in_many() -> None:
    one = np.ones((1, 1))
    kinetic, feed = np.full((1, 1), 1e-3), sei_feed_A_m(5e-18 * one, 298.15 * one)
    whole = film_m(5e-9 * one, np.full((1, 1), 1e8), kinetic, feed)[0, 0]
    thick = 5e-9 * one
    for _ in range(10):
        thick = film_m(thick, np.full((1, 1), 1e7), kinetic, feed)
    assert thick[0, 0] == pytest.approx(whole, rel=1e-12)
    longer = film_m(5e-9 * one, np.full((1, 1), 4e8), kinetic, feed)[0, 0]
    assert longer / whole == pytest.approx(2.0, rel=0.02)


def test_ageing_goes_the_known_ways() -> None:
    def lost_C(ageing: Ageing, degC: float = 25.0) -> float:
        cells = Cells.of([Sample(ageing=ageing)], 273.15 + degC)
        states = hold_current(cells, cells.full(), np.array([-4.1e-3]), 3000.0).states
        states = hold_current(cells, states, np.array([4.1e-3]), 2400.0).states
        return float(states.sei_C[0] - cells.full().sei_C[0] + states.plated_C[0])

    sei, plating = Ageing(plating_m_s=0.0), Ageing(sei_mol_m_s=0.0, sei_m_s=0.0)
    assert lost_C(sei, 45.0) > 1.5 * lost_C(sei, 25.0)
    assert lost_C(plating, 5.0) > 1.5 * lost_C(plating, 25.0)
    assert lost_C(NO_AGEING) == 0.0


def test_a_cell_that_runs_dry_loses_area_and_traps_lithium() -> None:
    cells = Cells.of([Sample(ageing=Ageing(liquid_share=0.97))])
    start = cells.full()
    end = hold_current(cells, start, np.array([-4.1e-3]), 600.0).states
    assert end.wet[0] == pytest.approx(0.97, abs=1e-3)
    assert end.trapped_C[0] > 0
    assert lithium_C(end, cells) == pytest.approx(lithium_C(start, cells), rel=1e-12)


def test_depleted_salt_is_said_rather_than_hidden() -> None:
    cells = Cells.of([Sample(partial(of_family, "EMC:FEC", 0.2), NO_AGEING)])
    assert hold_current(cells, cells.full(), np.array([-41e-3]), 60.0).is_depleted.all()
    assert not hold_current(cells, cells.full(), np.array([-1e-3]), 60.0).is_depleted.any()


def test_a_soft_short_empties_a_resting_cell() -> None:
    rested = hold_current(CELLS, CELLS.full(), np.zeros(3), 1e5).states
    assert rested.negative[2] < CELLS.full().negative[2] - 5 / CELLS.full().room_C(CELLS)[0][2] * 0.9
    assert rested.charge_C.tolist() == [0.0, 0.0, 0.0]


def test_a_rest_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="give finite seconds"):
        hold_current(CELLS, CELLS.full(), np.zeros(3), np.inf)


def test_states_come_back_from_json_bit_by_bit() -> None:
    states = cycle(CELLS.fresh())
    again = States.from_rows(json.loads(json.dumps(states.rows())))
    for field in fields(States):
        assert getattr(again, field.name).tobytes() == getattr(states, field.name).tobytes()
    assert cycle(again).rows() == cycle(states).rows()
