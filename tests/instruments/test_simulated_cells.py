"""The shipped bench for cells: it loads, connects, and every cell on it is charged, watched and let go."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from contractlab import contract_lab
from galvanaut.instruments.bench import load_bench

FILE = Path(__file__).parents[2] / "instruments" / "benches" / "simulated-cells.yaml"
METERS = {"cell_1": "smu_1", "cell_2": "smu_2", "cell_3": "output_1", "cell_4": "output_2"}


@pytest.fixture
def lab(tmp_path):
    description = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    with contract_lab(description, tmp_path / "world.db", "in-process") as one:
        yield one


def test_each_cell_has_its_meter_its_limits_and_the_chamber():
    bench = load_bench(FILE)
    assert {holder: bench.source_meter_at(holder) for holder in bench.holders} == METERS
    assert {bench.chamber_housing(holder) for holder in bench.holders} == {"chamber"}
    for holder in bench.holders:
        envelope = bench.envelope_at(holder)
        entry = bench.instruments[METERS[holder]]
        limits = entry.driver_class.capabilities(bench.settings_of(METERS[holder]))
        assert limits.voltage_min_V <= envelope.voltage_min_V < envelope.voltage_max_V < limits.voltage_max_V
        assert envelope.charge_max_A <= limits.current_max_A


def test_every_cell_is_charged_watched_and_let_go(lab):
    bench, supervisor = lab.bench, lab.connected.thermometer("supervisor")
    for holder, name in METERS.items():
        meter = lab.connected.source_meter(name)
        meter.set_limits(bench.envelope_at(holder))
        meter.configure(4.2, 0.002)
        meter.output(True)
    lab.pass_time(30)
    readings = {holder: lab.connected.source_meter(name).measure() for holder, name in METERS.items()}
    scan = supervisor.scan()
    for holder, reading in readings.items():
        assert reading.current_A == pytest.approx(0.002, rel=1e-2)
        assert scan.voltages_V[holder] == pytest.approx(reading.voltage_V, abs=0.02)
        assert scan.temperatures_degC[holder] == pytest.approx(23, abs=2)
    assert len({round(reading.voltage_V, 3) for reading in readings.values()}) == 4
    lab.connected.make_safe()
    assert not any(lab.connected.source_meter(name).is_on() for name in METERS.values())
    now = lab.world.clock.now()
    assert [lab.world.world.holders.at(holder, now).current_A for holder in METERS] == [0, 0, 0, 0]


def test_the_chamber_warms_every_cell(lab):
    chamber = lab.connected.chamber("chamber")
    chamber.set_temperature(35)
    chamber.run()
    for _ in range(12):
        lab.pass_time(600)
        lab.connected.thermometer("supervisor").scan()
    found = lab.connected.thermometer("supervisor").scan().temperatures_degC
    assert set(found) == {*METERS, "chamber"}
    assert list(found.values()) == pytest.approx([35] * 5, abs=2)
