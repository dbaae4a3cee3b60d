"""The bench file that ships with the project, on the fitted electrolyte model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.electrodes import cell_constant_per_cm

BENCH_FILE = Path(__file__).parents[3] / "instruments" / "benches" / "simulated.yaml"
QUIET = {"pump_gain_sd": "0 %", "pump_scatter_sd": "0 %", "film": "0 mL", "conductivity_noise": False}


@pytest.fixture
def description() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(BENCH_FILE.read_text()))


@pytest.fixture
def open_shipped(description, tmp_path):
    benches = []

    def open_it(**changes: Any) -> SimulatedBench:
        benches.append(SimulatedBench.open({**description, **changes}, tmp_path / "world.db", 1))
        return benches[-1]

    yield open_it
    for bench in benches:
        bench.close()


def resistance_ohm(lines) -> float:
    reply = lines.ask("lcr", "*RST;:TRIG:SOUR BUS;:INIT:CONT ON;:FREQ 5E4;:FUNC:IMP RX;*TRG").split(",")
    assert reply[2] == "+0", reply
    return float(reply[0]) - 0.05


def settle(lines, temperature_degC: float) -> None:
    lines["chamber"].write(":UNIT:TEMPERATURE C")
    lines["chamber"].write(":OUTPUT1:STATE ON")
    lines["chamber"].write(f":SOURCE:CLOOP1:SPOINT {temperature_degC}")
    lines.bench.clock.spend(2 * 3600)


def test_the_standard_gives_the_cell_constant_away(open_shipped, connect) -> None:
    bench = open_shipped(simulation={**QUIET, "air_offset_sd": "0 K"})
    lines = connect(bench)
    lines.dose("pump_kcl", 6)
    lines.dose("pump_transfer", 3)
    settle(lines, 25)
    # 12.8246 mS/cm: potassium chloride 0.1 mol/kg at 25 degC, CRC Handbook page 5-73; 0.74 % is 0.1000 mol/kg.
    found_per_cm = resistance_ohm(lines) * 12.8246e-3
    true_per_cm = cell_constant_per_cm(bench.world, "cell")
    assert abs(true_per_cm - 1) > 1e-3
    assert found_per_cm == pytest.approx(true_per_cm, rel=2e-3)


def test_an_electrolyte_conducts_as_the_model_says_and_worse_in_the_cold(open_shipped, connect) -> None:
    bench = open_shipped(simulation={**QUIET, "air_offset_sd": "0 K", "cell_constant_sd": "0 %"})
    lines = connect(bench)
    for name, volume_mL in (("pump_ec_dmc", 3), ("pump_dmc", 1), ("pump_salt_dmc", 2)):
        lines.dose(name, volume_mL)
    composition = bench.world.at(bench.clock.now()).vessels["mixer"].composition()
    lines.dose("pump_transfer", 3)
    for temperature_degC in (25, 0):
        settle(lines, temperature_degC)
        expected = bench.world.chemistry.conductivity_mS_cm(composition, temperature_degC)
        assert 1e3 / resistance_ohm(lines) == pytest.approx(expected, rel=1e-4)
        assert 3 < expected < 15


def test_what_no_data_support_is_no_data(open_shipped, connect) -> None:
    lines = connect(open_shipped(simulation=QUIET))
    lines.dose("pump_salt_dmc", 4)
    lines.dose("pump_transfer", 3)
    assert lines.ask("lcr", ":TRIG:SOUR BUS;:INIT:CONT ON;*TRG") == "+9.90000E+37,+9.90000E+37,-1"


def test_neat_rinse_hardly_conducts(open_shipped, connect) -> None:
    lines = connect(open_shipped(simulation={**QUIET, "cell_constant_sd": "0 %"}))
    lines.dose("pump_rinse", 6)
    lines.dose("pump_transfer", 3)
    assert resistance_ohm(lines) == pytest.approx(1e6, rel=1e-3)


def test_the_bottles_are_as_heavy_as_the_model_says_not_as_the_file_says(open_shipped) -> None:
    bench = open_shipped()
    bottle = bench.world.at(bench.clock.now()).vessels["LiPF6_DMC"]
    assert bottle.volume_mL(bench.world.chemistry.density_g_mL) == pytest.approx(2000)
    assert bottle.mass_g != pytest.approx(2000 * 1.230, rel=1e-3)


def test_every_resource_of_the_file_is_there(open_shipped, connect, description) -> None:
    lines = connect(open_shipped())
    assert len(lines.manager.list_resources("?*")) == len(description["instruments"])
    for name in description["instruments"]:
        assert lines[name] is not None
