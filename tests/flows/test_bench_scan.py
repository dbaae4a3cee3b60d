"""`galvanaut bench scan`: a table, and a draft that becomes a bench file once its gaps are filled."""

import json
import re

import pytest
import pyvisa
from ruamel.yaml import YAML

from galvanaut.core.errors import InputError
from galvanaut.flows import bench_scan
from galvanaut.flows.labbench import sole_owner, sole_user
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.scan import Found
from galvanaut.simulators.server import serve
from smalllab import BENCH, command_line


def parse(text):
    return YAML(typ="safe", pure=True).load(text)


def test_a_simulated_bench_is_found_again(tmp_path):
    draft = tmp_path / "draft.yaml"
    done = command_line("bench", "scan", BENCH, "--output", draft)
    assert (done.returncode, done.stderr) == (0, "")
    assert "13 resources, 13 with a driver" in done.stdout
    assert f"draft written to {draft}" in done.stdout
    bench, found = load_bench(BENCH), parse(draft.read_text("utf-8"))
    expected = [(entry.driver, entry.resource.replace("TCPIP::", "TCPIP0::")) for entry in bench.instruments.values()]
    assert [(entry["driver"], entry["resource"]) for entry in found["instruments"].values()] == expected
    assert list(found["instruments"])[:2] == ["new_era_ne_1000", "new_era_ne_1000_2"]


def test_the_draft_says_what_is_missing_and_works_once_it_is_there(tmp_path):
    draft = tmp_path / "draft.yaml"
    command_line("bench", "scan", BENCH, "-o", draft)
    refused = command_line("bench", "check", draft)
    assert refused.returncode == 2
    assert "instruments.new_era_ne_1000.settings" in refused.stderr
    tree, bench = parse(draft.read_text("utf-8")), parse(BENCH.read_text("utf-8"))
    for entry, own in zip(tree["instruments"].values(), bench["instruments"].values(), strict=True):
        assert set(entry["wiring"]) == set(own["wiring"])
        assert set(entry["wiring"].values()) == {"???"}
        assert set(entry.get("settings", {})) <= set(own.get("settings", {}))
        entry |= {"wiring": own["wiring"], "settings": own.get("settings", {})}
    tree |= {"name": "mine", "stocks": bench["stocks"], "vessels": bench["vessels"]}
    filled = tmp_path / "filled.yaml"
    YAML().dump(tree, filled)
    assert command_line("bench", "check", filled).returncode == 0


def test_json_is_for_machines():
    rows = json.loads(command_line("bench", "scan", BENCH, "--json").stdout)
    assert rows[-1]["drivers"] == ["keysight-e4980a"]
    assert set(rows[0]) == {"resource", "identity", "drivers", "note"}


def test_what_was_not_recognised_stays_a_comment():
    found = [Found("USB0::1::2::3::INSTR", "ACME,X,1,2", note="no driver for it"), Found("ASRL1::INSTR", note="silent")]
    text = bench_scan.draft(found, "@py")
    assert parse(text)["instruments"] == {}
    assert "# USB0::1::2::3::INSTR: ACME,X,1,2" in text
    assert "# ASRL1::INSTR: silent" in text


def test_an_instrument_that_two_drivers_know():
    text = bench_scan.draft([Found("GPIB0::1::INSTR", "A,B,1,2", ("watlow-f4t", "other"))], "@ivi")
    assert "# also recognised by other" in text
    assert parse(text)["instruments"]["watlow_f4t"]["settings"] == {"minimum": "???", "maximum": "???"}
    assert parse(text)["visa"] == "@ivi"


class Library:
    """A computer with instruments; asking one of them is noted."""

    def __init__(self, resources):
        self.resources, self.asked = resources, []

    def list_resources(self, query):
        return self.resources

    def close(self):
        pass


@pytest.fixture
def computer(monkeypatch):
    library = Library(["ASRL1::INSTR", "USB0::1::2::3::INSTR"])

    def ask(manager, resource):
        manager.asked.append(resource)
        return Found(resource, "A,B,1,2", note="no driver for it")

    monkeypatch.setattr(pyvisa, "ResourceManager", lambda visa: library)
    monkeypatch.setattr(bench_scan, "ask_who", ask)
    return library


def test_serial_ports_are_asked_only_on_demand(computer):
    found = bench_scan.scan_real("@py", [], serial=False)
    assert computer.asked == ["USB0::1::2::3::INSTR"]
    assert [each.note for each in found if each.resource == "ASRL1::INSTR"] == [bench_scan.NOT_ASKED]
    bench_scan.scan_real("@py", [], serial=True)
    assert computer.asked[1:] == ["ASRL1::INSTR", "USB0::1::2::3::INSTR"]


def test_what_is_named_is_asked_once(computer):
    bench_scan.scan_real("@py", ["ASRL1::INSTR", "ASRL1::INSTR"], serial=False)
    assert computer.asked == ["ASRL1::INSTR", "USB0::1::2::3::INSTR"]


def test_what_a_running_campaign_holds_is_not_asked(computer):
    with sole_user("@py", "ASRL1::INSTR", "pump"):
        found = bench_scan.scan_real("@py", ["ASRL1::INSTR"], serial=False)
    assert "not asked: is in use by process" in found[0].note
    assert computer.asked == ["USB0::1::2::3::INSTR"]


def test_a_named_socket(tmp_path):
    from galvanaut.simulators.bench import SimulatedBench
    from plainchemistry import PlainChemistry

    description = load_bench(BENCH).model_dump(mode="json", by_alias=True, exclude_none=True)
    world = SimulatedBench.open(description, tmp_path / "world.db", 1, PlainChemistry())
    with serve(world) as resources:
        done = command_line("bench", "scan", "--resource", resources["lcr"])
    world.close()
    assert done.returncode == 0
    assert "driver: keysight-e4980a" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--visa", "@sim"], "is @py or @ivi"),
        ([BENCH, "--serial"], "names a simulated bench"),
        (["no/such/file.yaml"], "there is no file|cannot be read"),
    ],
)
def test_bad_input(arguments, message):
    done = command_line("bench", "scan", *arguments)
    assert done.returncode == 2
    assert re.search(message, done.stderr)


def test_a_real_bench_file_is_not_scanned(tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text(BENCH.read_text("utf-8").replace("visa: simulated", 'visa: "@py"'), "utf-8")
    with pytest.raises(InputError, match="is real and names its resources already"):
        bench_scan.scan_simulated(file)


def test_the_outputs_of_one_mainframe_are_held_together(tmp_path):
    """They share a resource, and one lock: a process must not be in its own way."""
    file = tmp_path / "cells.yaml"
    text = BENCH.with_name("simulated-cells.yaml").read_text("utf-8")
    file.write_text(text.replace("visa: simulated", 'visa: "@py"'), "utf-8")
    bench = load_bench(file)
    shared = bench.instruments["output_1"].resource
    with sole_owner(bench):
        refused = pytest.raises(InputError, match="is in use by process")
        with refused, sole_user("@py", shared, "another"):
            pass
    refused = pytest.raises(InputError, match=r"instrument output_1 at .*is in use")
    with sole_user("@py", shared, "another"), refused, sole_owner(bench):
        pass


def test_a_draft_does_not_replace_a_file(tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text("what took a day to write", "utf-8")
    done = command_line("bench", "scan", BENCH, "-o", file)
    assert (done.returncode, "is there already and is not written over" in done.stderr) == (2, True)
    assert file.read_text("utf-8") == "what took a day to write"
