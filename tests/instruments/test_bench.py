"""Bench files: what a good one offers, and one message for each way to write a bad one."""

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from galvanaut.core.errors import InputError
from galvanaut.instruments.bench import Bench, load_bench
from galvanaut.instruments.connect import bench_table

SIMULATED = Path(__file__).parents[2] / "instruments" / "benches" / "simulated.yaml"


@pytest.fixture(scope="session")
def text() -> str:
    return SIMULATED.read_text(encoding="utf-8")


@pytest.fixture
def tree(text):
    return copy.deepcopy(YAML(typ="safe", pure=True).load(text))


@pytest.fixture
def load(tmp_path):
    def write_and_load(tree) -> Bench:
        path = tmp_path / "bench.yaml"
        with path.open("w", encoding="utf-8") as stream:
            YAML().dump(tree, stream)
        return load_bench(path)

    return write_and_load


@pytest.fixture
def bench() -> Bench:
    return load_bench(SIMULATED)


def test_the_bench_that_comes_along(bench):
    assert bench.is_simulated
    assert not bench.armed
    assert bench.pump_drawing("DMC", "mixer") == "pump_dmc"
    assert bench.pump_drawing("mixer", "cell") == "pump_transfer"
    assert bench.balance_weighing("mixer") == "balance"
    assert bench.chamber_housing("cell") == "chamber"
    assert bench.impedance_meter_at("cell") == "lcr"
    assert bench.standard_stock() == "KCl"


def test_ingredients_exclude_rinse_and_standard(bench):
    assert [stock.name for stock in bench.stocks_for_dosing()] == [
        "EC_DMC",
        "EC_EMC",
        "DMC",
        "EMC",
        "PC",
        "LiPF6_DMC",
        "LiPF6_EMC",
    ]
    assert bench.stocks_for_dosing("cell") == []


def test_a_stock_has_the_limits_of_its_pump_and_vessel(tree, load):
    del tree["instruments"]["pump_dmc"]["settings"]["maximum_dose"]
    stock = load(tree).stock("DMC", "mixer")
    assert (stock.density_g_mL, stock.available_mL, stock.lot) == (1.063, 2000, "SIM-DMC-1")
    assert (stock.dose_min_mL, stock.dose_step_mL, stock.dose_max_mL) == (0.02, 0.01, 40)


def test_limits_come_from_the_settings(tree, load):
    tree["instruments"]["pump_dmc"]["settings"] |= {"minimum_dose": "50 uL", "maximum_dose": "9.999 mL"}
    stock = load(tree).stock("DMC", "mixer")
    assert (stock.dose_min_mL, stock.dose_step_mL, stock.dose_max_mL) == (0.05, 0.001, 9.999)


def test_compositions_are_normalised(tree, load):
    tree["stocks"]["EC_DMC"]["composition"] = {"EC": 0.6666, "DMC": 0.333}
    composition = load(tree).stocks["EC_DMC"].composition
    assert sum(composition.values()) == pytest.approx(1, abs=1e-12)
    assert composition["EC"] == pytest.approx(0.6666 / 0.9996)


@pytest.mark.parametrize(
    ("ask", "missing"),
    [
        (lambda bench: bench.impedance_meter_at("mixer"), "bench simulated: has no impedance meter connected to mixer"),
        (lambda bench: bench.balance_weighing("cell"), "has no balance that weighs cell"),
        (lambda bench: bench.chamber_housing("mixer"), "has no chamber that houses mixer"),
        (lambda bench: bench.pump_drawing("DMC", "cell"), "has no pump from DMC into cell"),
        (lambda bench: bench.stock("GBL", "mixer"), "has no stock GBL, only EC_DMC, EC_EMC"),
    ],
)
def test_a_missing_role_is_named(bench, ask, missing):
    with pytest.raises(InputError, match=missing):
        ask(bench)


def test_two_instruments_in_one_role_are_named(tree, load):
    tree["instruments"]["balance_2"] = tree["instruments"]["balance"] | {"resource": "ASRL99::INSTR"}
    with pytest.raises(InputError, match=r"more than one balance that weighs mixer: balance, balance_2"):
        load(tree).balance_weighing("mixer")


def test_no_standard(tree, load):
    del tree["stocks"]["KCl"]["standard"]
    with pytest.raises(InputError, match="has no conductivity standard"):
        load(tree).standard_stock()


BAD = [
    ("stocks.DMC.composition", {"DMC": 0.9}, "mass fractions sum to 0.9, expected 1"),
    ("stocks.DMC.composition", {"EC": 0.95, "DMC": 0.05}, "95% EC is solid below 36 to 38 degC"),
    ("stocks.DMC.composition", {"DMC": 1.0, "EC": 0}, "stocks.DMC.composition.EC: input should be greater than 0"),
    ("stocks.DMC.composition", {"1,2-DME": 1}, "pattern"),
    ("stocks.DMC.density", "1.063 g", "stocks.DMC.density: '1.063 g' has dimension"),
    ("stocks.DMC.density", 1.063, "has no unit"),
    ("stocks.DMC.density", "-1 g/mL", "greater than 0"),
    ("stocks.DMC.avaliable", "1 L", "stocks.DMC.avaliable: is not a known field here"),
    ("stocks.KCl.standard", "KCl 0.2 mol/kg", "not a known standard; known are KCl 0.01 mol/kg"),
    ("stocks.KCl.standard", "KCl 1 mol/kg", "mass fraction of KCl of 0.06938, the composition says 0.00740"),
    ("vessels.mixer.capacity", "40 g", "vessels.mixer.capacity: '40 g' has dimension"),
    ("vessels.DMC", {"capacity": "1 mL"}, "vessels.DMC: DMC is also the name of a stock"),
    ("instruments.lcr.driver", "keysight", "unknown driver 'keysight'; known are "),
    ("instruments.lcr.settings.level", "10 mA", "instruments.lcr.settings.level: '10 mA' has dimension"),
    ("instruments.lcr.settings.volume", "1 mL", "instruments.lcr.settings.volume: is not a known field here"),
    (
        "instruments.pump_pc.settings",
        {"rate": "10 mL/min"},
        "instruments.pump_pc.settings.syringe_diameter: is missing",
    ),
    ("instruments.chamber.settings.minimum", "90 degC", "instruments.chamber.settings: minimum, safe_temperature"),
    ("instruments.lcr.resource", "COM3", "instruments.lcr.resource: string should match"),
    ("instruments.lcr.resource", "asrl1::instr", "string should match"),
    ("instruments.pump_pc.resource", "ASRL1::INSTR", "ASRL1::INSTR is already the resource of pump_ec_dmc"),
    ("instruments.pump_pc.wiring.draws", "GBL", "'GBL' is not a stock or vessel of this bench; known are EC_DMC"),
    ("instruments.pump_pc.wiring.into", "EMC", "'EMC' is not a vessel of this bench; known are mixer, cell"),
    ("instruments.pump_pc.wiring", {"draws": "PC"}, "a pump needs draws and into; into is missing"),
    ("instruments.pump_transfer.wiring", {"draws": "cell", "into": "cell"}, "draws from cell into itself"),
    ("instruments.balance.wiring.houses", "mixer", "a balance has no houses, only weighs"),
    ("instruments.balance.wiring.holds", "mixer", "is not a known field here"),
    ("instruments.balance.wiring.channel", "mixer", "a balance has no channel, only weighs"),
    (
        "instruments.chamber.wiring.houses",
        "pot",
        "'pot' is not a vessel or holder of this bench; known are mixer, cell",
    ),
    ("holders", {"mixer": {}}, "holders.mixer: mixer is also the name of a vessel"),
    ("holders", {"DMC": {}}, "holders.DMC: DMC is also the name of a stock"),
    ("holders", {"lcr": {}}, "holders.lcr: lcr is also the name of an instrument; give one of them another name"),
    ("vessels.chamber", {"capacity": "1 mL"}, "vessels.chamber: chamber is also the name of an instrument"),
    ("holders", {"clip": {"capacity": "1 mL"}}, "holders.clip.capacity: is not a known field here"),
    ("instruments.bad name", {"driver": "watlow-f4t"}, "pattern"),
    ("visa", "ni", "visa: input should be 'simulated', '@py' or '@ivi', found 'ni'"),
    ("name", "my bench", "name: string should match pattern"),
]


@pytest.mark.parametrize(("place", "value", "message"), BAD)
def test_a_bad_file_gets_one_clear_message(tree, load, place, value, message):
    *parents, last = place.split(".")
    node = tree
    for parent in parents:
        node = node[parent]
    node[last] = value
    with pytest.raises(InputError) as caught:
        load(tree)
    assert message in str(caught.value)
    if place != "instruments.bad name":
        assert len(caught.value.problems) == 1
    assert all(problem.line for problem in caught.value.problems)


@pytest.fixture
def cell_tree(tree):
    """A bench for cells only, without liquids."""
    wiring = {"channel": "clip"}
    return {
        "name": "cells",
        "visa": "simulated",
        "holders": {"clip": {}, "spare": {"cell": {"capacity": "3 mAh"}}},
        "instruments": {
            "smu": {"driver": "keithley-2450", "resource": "TCPIP::192.0.2.20::5025::SOCKET", "wiring": wiring},
            "tester": {"driver": "hioki-bt3562a", "resource": "ASRL1::INSTR", "wiring": wiring},
            "oven": tree["instruments"]["chamber"] | {"wiring": {"houses": "clip"}},
        },
    }


def test_a_bench_for_cells(cell_tree, load):
    bench = load(cell_tree)
    assert bench.source_meter_at("clip") == "smu"
    assert bench.chamber_housing("clip") == "oven"
    assert [row.wiring for row in bench_table(bench)] == ["channel clip", "channel clip", "houses clip"]
    with pytest.raises(InputError, match="has no source meter wired to spare"):
        bench.source_meter_at("spare")


def test_one_cell_has_one_source(cell_tree, load):
    cell_tree["instruments"]["smu_2"] = cell_tree["instruments"]["smu"] | {"resource": "ASRL2::INSTR"}
    with pytest.raises(InputError, match=r"instruments.smu_2.wiring.channel: smu already drives the cell in clip"):
        load(cell_tree)


@pytest.mark.parametrize(
    ("wiring", "message"),
    [
        ({}, "instruments.smu.wiring: a source meter needs channel; channel is missing"),
        ({"channel": "clop"}, "instruments.smu.wiring.channel: 'clop' is not a holder of this bench; known are clip"),
        ({"channel": "clip", "connects": "clip"}, "a source meter has no connects, only channel"),
    ],
)
def test_a_source_meter_is_wired_to_a_holder(cell_tree, load, wiring, message):
    cell_tree["instruments"]["smu"]["wiring"] = wiring
    with pytest.raises(InputError) as caught:
        load(cell_tree)
    assert message in str(caught.value)


def test_several_problems_are_told_at_once(tree, load):
    tree["instruments"]["pump_pc"]["wiring"]["draws"] = "GBL"
    tree["instruments"]["lcr"]["wiring"]["connects"] = "pot"
    with pytest.raises(InputError) as caught:
        load(tree)
    assert [problem.where for problem in caught.value.problems] == [
        "instruments.pump_pc.wiring.draws",
        "instruments.lcr.wiring.connects",
    ]


def test_the_line_of_a_problem_is_right(text, tmp_path):
    path = tmp_path / "bench.yaml"
    path.write_text(text.replace("draws: PC,", "draws: GBL,"), encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "pump_pc:" in row)
    with pytest.raises(InputError, match=rf"line {line}: instruments.pump_pc.wiring.draws"):
        load_bench(path)


def test_the_json_schema_accepts_the_bench_and_rejects_a_typo(tree):
    schema = json.loads(json.dumps(Bench.model_json_schema()))
    validator = Draft202012Validator(schema)
    validator.validate(tree)
    tree["instruments"]["lcr"]["resourse"] = "x"
    assert [list(error.absolute_path) for error in validator.iter_errors(tree)] == [["instruments", "lcr"]]


def test_the_json_schema_beside_the_bench_is_up_to_date():
    kept = json.loads(SIMULATED.with_name("bench.schema.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(Bench.model_json_schema()))
    assert {name: kept[name] for name in ("properties", "$defs")} == {
        name: made[name] for name in ("properties", "$defs")
    }


def test_table_of_an_unconnected_bench(bench):
    rows = {row.instrument: row for row in bench_table(bench)}
    assert list(rows) == list(bench.instruments)
    assert rows["pump_transfer"].wiring == "draws mixer, into cell"
    assert (rows["lcr"].role, rows["lcr"].driver, rows["lcr"].identity) == ("impedance meter", "keysight-e4980a", "")
