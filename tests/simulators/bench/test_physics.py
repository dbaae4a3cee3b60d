"""Vessels, temperatures and the world that joins them: mass is kept, time is exact, looking changes nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from math import exp

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from galvanaut.core.clock import VirtualClock
from galvanaut.simulators.electrodes import cell_constant_per_cm
from galvanaut.simulators.spec import read_spec
from galvanaut.simulators.thermal import Thermal
from galvanaut.simulators.vessels import Vessel, draw, flush, pour
from galvanaut.simulators.world import World


def density(composition) -> float:
    return 1.25


class SameDensity:
    """A chemistry that knows densities only."""

    def density_g_mL(self, composition) -> float:
        return 1.25


SMALL = {
    "stocks": {
        "salty": {"composition": {"DMC": 0.8, "LiPF6": 0.2}, "available": "60 mL"},
        "strange": {"composition": {"X": 1}, "available": "9 mL"},
    },
    "vessels": {"mixer": {"capacity": "40 mL"}, "cell": {"capacity": "0.3 mL"}},
    "instruments": {
        "chamber": {"driver": "watlow-f4t", "resource": "a", "wiring": {"houses": "cell"}},
        "lcr": {"driver": "keysight-e4980a", "resource": "b", "wiring": {"connects": "cell"}},
    },
}

amounts = st.floats(0.01, 50)


@given(amounts, amounts, st.floats(0, 5))
def test_drawing_leaves_the_film_and_says_how_much_was_liquid(content_mL: float, wanted_mL: float, film_mL: float):
    assume(abs(wanted_mL - (content_mL - film_mL)) > 1e-9)  # exactly at the film, rounding decides what "emptied" is
    vessel = Vessel("mixer", 100, grams={"A": content_mL * 1.25}, is_emptied=False)
    grams, drawn_mL = draw(vessel, wanted_mL, film_mL, density)
    assert drawn_mL == pytest.approx(min(wanted_mL, max(0, content_mL - film_mL)))
    assert sum(grams.values()) + vessel.mass_g == pytest.approx(content_mL * 1.25)
    assert vessel.is_emptied is (wanted_mL >= max(0, content_mL - film_mL))


def test_what_is_too_much_runs_over_well_mixed() -> None:
    vessel, waste = Vessel("mixer", 10, grams={"A": 10.0}), Vessel("waste")
    pour(vessel, {"B": 10.0}, waste, density)
    assert vessel.volume_mL(density) == pytest.approx(10)
    assert waste.grams == pytest.approx({"A": 3.75, "B": 3.75})


def test_a_full_cell_is_flushed_exponentially() -> None:
    cell, waste = Vessel("cell", 0.3, is_cell=True, grams={"A": 0.375}), Vessel("waste")
    replaced = flush(cell, {"B": 0.6 * 1.25}, 0.6, 0.0, waste, density)
    assert replaced == pytest.approx(1 - exp(-2))
    assert cell.grams == pytest.approx({"A": 0.375 * exp(-2), "B": 0.375 * (1 - exp(-2))})
    assert waste.mass_g == pytest.approx(0.75)


@given(st.floats(0, 0.3), st.floats(0, 3), st.floats(0, 1))
def test_a_cell_keeps_mass_and_never_holds_more_than_it_can(before_mL: float, liquid_mL: float, air_mL: float) -> None:
    cell, waste = Vessel("cell", 0.3, is_cell=True, grams={"A": before_mL * 1.25}), Vessel("waste")
    replaced = flush(cell, {"B": liquid_mL * 1.25}, liquid_mL, air_mL, waste, density)
    assert 0 <= replaced <= 1
    assert cell.mass_g + waste.mass_g == pytest.approx((before_mL + liquid_mL) * 1.25)
    assert cell.volume_mL(density) <= 0.3 + 1e-9
    assert min([*cell.grams.values(), *waste.grams.values(), 0.0]) >= -1e-12


@given(st.floats(0.05, 3), st.floats(0.05, 3))
def test_flushing_in_two_goes_is_flushing_in_one(first_mL: float, second_mL: float) -> None:
    def flushed(*volumes_mL: float) -> Vessel:
        cell, waste = Vessel("cell", 0.3, is_cell=True, grams={"A": 0.1}), Vessel("waste")
        for volume_mL in volumes_mL:
            flush(cell, {"B": volume_mL * 1.25}, volume_mL, 0.0, waste, density)
        return cell

    assert flushed(first_mL, second_mL).grams == pytest.approx(flushed(first_mL + second_mL).grams)


WARM = Thermal(0, 25, 23, 25, 0, 3 / 60, 150, 60)


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_temperatures_do_not_depend_on_how_often_one_looks(first_s: float, second_s: float) -> None:
    once, twice = WARM.at(first_s + second_s), WARM.at(first_s).at(first_s + second_s)
    assert twice.air_degC == pytest.approx(once.air_degC, abs=1e-6)
    assert twice.liquid_degC == pytest.approx(once.liquid_degC, abs=1e-6)


@pytest.mark.parametrize("instant", [30.0, 500.0, 520.0, 900.0])
def test_temperatures_solve_their_differential_equations(instant: float) -> None:
    before, at, after = (WARM.at(instant + shift) for shift in (-0.01, 0, 0.01))
    assert (after.air_degC - before.air_degC) / 0.02 == pytest.approx((at.ramp_degC - at.air_degC) / 150, rel=1e-3)
    slope = (after.liquid_degC - before.liquid_degC) / 0.02
    assert slope == pytest.approx((at.air_degC - at.liquid_degC) / 60, rel=1e-3)


def total_g(bench) -> float:
    return sum(vessel.mass_g for vessel in bench.world.at(bench.clock.now()).vessels.values())


def vessel(bench, name: str):
    return bench.world.at(bench.clock.now()).vessels[name]


def test_whatever_leaves_a_bottle_is_somewhere(open_bench, connect) -> None:
    bench = open_bench(seed=5)
    lines = connect(bench)
    before_g = total_g(bench)
    for _ in range(3):
        lines.dose("salt", 7)
        lines.dose("standard", 5)
        lines.dose("transfer", 3)
        lines.dose("transfer", 45)
    lines.dose("odd", 50)
    assert total_g(bench) == pytest.approx(before_g, rel=1e-12)
    assert vessel(bench, "KCl").mass_g == 0
    assert vessel(bench, "mixer").volume_mL(density) == pytest.approx(40)
    assert vessel(bench, "waste").mass_g > 40


def test_each_pump_keeps_its_own_error_and_scatters_from_dose_to_dose(open_bench, connect) -> None:
    def doses(name: str, pump: str) -> list[float]:
        lines = connect(open_bench(name, 3, simulation={"balance_noise": "0 mg", "balance_drift": "0 mg"}))
        masses = [0.0]
        for _ in range(8):
            lines.dose(pump, 1)
            masses.append(float(lines.ask("balance", "S").split()[2]))
        return [b - a for a, b in pairwise(masses)]

    first, again, other = doses("a", "salt"), doses("b", "salt"), doses("c", "odd")
    assert first == again
    assert 0.001 < max(first) / min(first) - 1 < 0.02
    assert abs(sum(first) / sum(other) - 1) > 0.001


def test_what_happens_elsewhere_does_not_change_a_dose(open_bench, connect) -> None:
    def mass_g(name: str, *others: str) -> float:
        lines = connect(open_bench(name, 3))
        for other in others:
            lines.dose(other, 1)
        before = vessel(lines.bench, "salty").mass_g
        lines.dose("salt", 1)
        return before - vessel(lines.bench, "salty").mass_g

    assert mass_g("a") == pytest.approx(mass_g("b", "odd", "standard", "odd"), rel=1e-12)


def test_a_film_stays_behind_and_the_next_liquid_is_a_new_filling(open_bench, connect) -> None:
    lines = connect(open_bench(simulation={"film": "0.05 mL", "pump_gain_sd": "0 %"}))
    lines.dose("salt", 5)
    lines.dose("salt", 1)
    assert vessel(lines.bench, "mixer").fillings == 1
    lines.dose("transfer", 30)
    mixer = vessel(lines.bench, "mixer")
    assert 0.02 < mixer.volume_mL(density) < 0.08
    assert mixer.is_emptied
    lines.dose("odd", 5)
    mixer = vessel(lines.bench, "mixer")
    assert mixer.fillings == 2
    assert 0 < mixer.composition()["LiPF6"] < 0.01


def test_looking_changes_nothing(open_bench, connect) -> None:
    def last_mass(name: str, looks: int) -> float:
        bench = open_bench(name, 3)
        lines = connect(bench)
        lines.ask("salt", "0DIA26.59", "0VOLML", "0VOL5.000", "0RAT10.00MM", "0RUN")
        for _ in range(looks):
            bench.clock.spend(30 / looks)
            lines.ask("salt", "0DIS")
            bench.world.at(bench.clock.now())
        bench.clock.spend(10)
        lines.dose("transfer", 2)
        return vessel(bench, "mixer").mass_g

    assert last_mass("a", 1) == last_mass("b", 37)


def test_two_pumps_at_once(lines) -> None:
    for name in ("salt", "odd"):
        lines.ask(name, "0DIA26.59", "0VOLML", "0VOL2.000", "0RAT10.00MM")
    lines.ask("salt", "0RUN")
    lines.bench.clock.spend(3)
    lines.ask("odd", "0RUN")
    lines.bench.clock.spend(6)
    mixer = vessel(lines.bench, "mixer")
    assert mixer.grams["X"] == pytest.approx(1.25)
    assert mixer.mass_g == pytest.approx(2.5 * 1.25)
    lines.bench.clock.spend(60)
    assert vessel(lines.bench, "mixer").mass_g == pytest.approx(4 * 1.25)
    assert vessel(lines.bench, "mixer").fillings == 1


def conductivity(lines) -> float:
    reply = lines.ask("lcr", "*RST;:TRIG:SOUR BUS;:INIT:CONT ON;:FREQ 50000;:FUNC:IMP RX;*TRG")
    return 1e3 / (float(reply.split(",")[0]) - 0.05)


def test_the_liquid_comes_at_room_temperature_and_follows_the_chamber(lines) -> None:
    lines["chamber"].write(":UNIT:TEMPERATURE C")
    lines["chamber"].write(":OUTPUT1:STATE ON")
    lines["chamber"].write(":SOURCE:CLOOP1:SPOINT 0")
    lines.bench.clock.spend(7200)
    lines.dose("salt", 6)
    lines.dose("transfer", 3)
    assert lines.bench.world.liquid_degC("cell", lines.bench.clock.now()) == pytest.approx(23, abs=0.1)
    lines.bench.clock.spend(60)
    assert lines.bench.world.liquid_degC("cell", lines.bench.clock.now()) == pytest.approx(23 * exp(-1), abs=0.1)
    lines.bench.clock.spend(1200)
    assert conductivity(lines) == pytest.approx(10 * 0.5, rel=1e-4)


def test_scatter_belongs_to_batch_filling_and_reading(open_bench, connect) -> None:
    def readings(name: str, *before: str) -> tuple[list[float], list[float]]:
        lines = connect(open_bench(name, 4))
        for other in before:
            lines.dose(other, 0.1)
        lines.dose("salt", 10)
        lines.dose("transfer", 3)
        first = [conductivity(lines) for _ in range(3)]
        lines.dose("transfer", 3)
        return first, [conductivity(lines) for _ in range(3)]

    (first, second), again = readings("a"), readings("b")
    assert ([*first], [*second]) == again
    assert len({*first, *second}) == 6
    assert max(first) / min(first) < 1.06
    assert readings("c", "standard")[0] != first


def test_a_standard_has_no_scatter_from_batch_to_batch(open_bench, connect, monkeypatch) -> None:
    lines = connect(open_bench(simulation={"cell_constant_sd": "0 %"}))
    monkeypatch.setattr(lines.bench.world.chemistry, "batch_factor", lambda random: 2.0, raising=False)
    lines.dose("standard", 6)
    lines.dose("transfer", 3)
    assert conductivity(lines) == pytest.approx(9.6, rel=0.15)


def test_the_true_cell_constant_belongs_to_the_seed(open_bench) -> None:
    values = [cell_constant_per_cm(open_bench(f"{seed}", seed).world, "cell") for seed in range(8)]
    assert len(set(values)) == 8
    assert all(0.9 <= value <= 1.1 for value in values)


actions = st.lists(
    st.tuples(
        st.sampled_from(["start", "pause", "resume", "wait"]),
        st.sampled_from([("salt", "salty", "mixer"), ("odd", "strange", "mixer"), ("transfer", "mixer", "cell")]),
        st.floats(0.1, 60),
    ),
    max_size=25,
)


def act(world: World, clock: VirtualClock, action: str, route: tuple[str, str, str], amount: float) -> None:
    pump, source, into = route
    if action == "wait":
        clock.spend(amount)
    elif action == "start":
        world.start(pump, source, into, 0.2, amount if amount < 40 else None, 1.0)
    elif world.run(pump) is not None and action == "pause":
        world.pause(pump)
    elif world.run(pump) is not None:
        world.resume(pump, amount / 60)


@given(actions, st.integers(0, 25))
def test_no_sequence_of_runs_loses_mass_and_a_rebuilt_world_goes_on_alike(steps, rebuild_at: int) -> None:
    spec = read_spec(SMALL)
    clocks = VirtualClock(0.0), VirtualClock(0.0)
    worlds = [World(spec, 3, SameDensity(), clock) for clock in clocks]
    before_g = sum(vessel.mass_g for vessel in worlds[0].at(0.0).vessels.values())
    for number, step in enumerate(steps):
        if number == rebuild_at:
            rows = json.loads(json.dumps(worlds[1].rows()))
            worlds[1] = World(spec, 3, SameDensity(), clocks[1], rows)
        for world, clock in zip(worlds, clocks, strict=True):
            act(world, clock, *step)
        worlds[1].at(clocks[1].now())
    snapshot, rebuilt = (world.at(clock.now()) for world, clock in zip(worlds, clocks, strict=True))
    assert snapshot == rebuilt
    vessels = snapshot.vessels.values()
    assert sum(vessel.mass_g for vessel in vessels) == pytest.approx(before_g, rel=1e-12)
    assert min([amount for vessel in vessels for amount in vessel.grams.values()]) >= -1e-12
    assert snapshot.vessels["mixer"].volume_mL(density) <= 40 + 1e-9
