"""`galvanaut export protocol`: a new file or none, one clear message, and what the file does not say on stderr."""

import json
import re
import stat
from xml.etree import ElementTree

import pytest

from galvanaut.core.errors import InputError
from galvanaut.flows.folder import write_new
from galvanaut.instruments.cycling.foreign import SUFFIXES
from smalllab import ROOT, command_line

PLANS = ROOT / "instruments" / "plans"


def export(plan, target, output, *more):
    return command_line("export", "protocol", plan, "--to", target, "-o", output, *more)


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("name", ["formation", "ageing", "rate", "pulses"])
def test_every_plan_that_is_shipped_leaves_for_every_target(tmp_path, name, target):
    output = tmp_path / f"out{SUFFIXES[target]}"
    done = export(PLANS / f"{name}.yaml", target, output, "--capacity", "4 mAh")
    assert (done.returncode, done.stdout) == (0, f"{output}\n")
    assert "warning: temperature: 25 degC is not in the file" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    if target != "pybamm":
        assert output.stat().st_size > 400
        return
    plan = (PLANS / f"{name}.yaml").read_text("utf-8")
    steps = len(re.findall(r"\{step: (?!loop|tag)", plan))
    assert len(json.loads(output.read_text("utf-8"))) >= steps > 8


def test_formation_reaches_pybamm_step_by_step(tmp_path):
    export(PLANS / "formation.yaml", "pybamm", tmp_path / "a.json")
    rest = "Rest for 600.0 seconds"
    first = ["Charge at 0.05C until 4.2 V", rest, "Discharge at 0.05C until 2.8 V", rest]
    hold = "Hold at 4.2 V for 4 hours or until 0.05C"
    second = ["Charge at 0.1C until 4.2 V", hold, rest, "Discharge at 0.1C until 2.8 V", rest]
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == ["Rest for 3600.0 seconds", *first, *second]


def test_impedance_leaves_for_biologic_and_nobody_else_who_runs_it(tmp_path):
    done = export(PLANS / "eis.yaml", "biologic", tmp_path / "eis.mps")
    assert done.returncode == 0
    assert b"PEIS" in (tmp_path / "eis.mps").read_bytes()
    done = export(PLANS / "eis.yaml", "neware", tmp_path / "eis.xml")
    assert done.returncode == 2
    assert f"error: {PLANS / 'eis.yaml'}: protocol.method.5.step: impedance spectroscopy" in done.stderr
    assert not (tmp_path / "eis.xml").exists()


def test_the_300_cycles_of_ageing_reach_pybamm_and_neware(tmp_path):
    export(PLANS / "ageing.yaml", "pybamm", tmp_path / "a.json", "--capacity", "4 mAh")
    strings = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert strings.count("Discharge at 1.0C until 2.8 V") == 300
    assert strings.count("Discharge at 0.1C until 2.8 V") == 7
    done = export(PLANS / "ageing.yaml", "neware", tmp_path / "a.xml")
    assert done.returncode == 2
    assert "capacity" in done.stderr
    export(PLANS / "ageing.yaml", "neware", tmp_path / "a.xml", "--capacity", "4 mAh")
    steps = list(ElementTree.parse(tmp_path / "a.xml").find("config/Step_Info"))
    loops = [[int(e.get("Value")) for e in step.iterfind("Limit/Other/*")] for step in steps]
    assert [loop for loop in loops if loop] == [[1, 1], [7, 50], [1, 6], [14, 1]]
    assert steps[6].find("Limit/Main/Curr").get("Value") == "4.000000"


def test_a_capacity_can_be_given(tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "protocol:\n  record: {time_s: 60}\n  method:\n"
        "    - {step: constant_current, rate_C: C/2, until_voltage_V: 4.2}\n",
        "utf-8",
    )
    done = export(plan, "neware", tmp_path / "a.xml")
    assert (done.returncode, "protocol.method.0.rate_C" in done.stderr, "--capacity" in done.stderr) == (2, True, True)
    done = export(plan, "neware", tmp_path / "a.xml", "--capacity", "3 mAh")
    assert (done.returncode, done.stderr) == (0, "")
    assert ElementTree.parse(tmp_path / "a.xml").find(".//Curr[@Value='1.500000']") is not None


@pytest.mark.parametrize(
    ("target", "output", "more", "message"),
    [
        ("arbin", "a.xml", (), "--to: is one of neware, biologic, tomato, pybamm, unicycler, found 'arbin'"),
        ("neware", "a.json", (), "a file for neware ends in .xml; call it a.xml"),
        ("biologic", "a", (), "call it a.mps"),
        ("neware", "a.xml", ("--capacity", "4"), "--capacity: '4' has no unit"),
        ("neware", "a.xml", ("--capacity", "4 V"), "--capacity: '4 V' has dimension"),
        ("neware", "a.xml", ("--capacity", "0 mAh"), "--capacity: is a charge above zero"),
        ("neware", "none/a.xml", (), "a.xml: cannot be written"),
    ],
)
def test_bad_options_end_with_exit_2_one_message_and_no_file(tmp_path, target, output, more, message):
    done = export(PLANS / "formation.yaml", target, tmp_path / output, *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_is_none_is_named(tmp_path):
    done = export(tmp_path / "none.yaml", "neware", tmp_path / "a.xml")
    assert (done.returncode, "none.yaml: cannot be read" in done.stderr) == (2, True)


def test_nothing_is_written_over(tmp_path):
    output = tmp_path / "a.xml"
    output.write_text("in use at the cycler", "utf-8")
    done = export(PLANS / "formation.yaml", "neware", output)
    assert (done.returncode, "is there already and is not written over" in done.stderr) == (2, True)
    assert output.read_text("utf-8") == "in use at the cycler"


def test_a_file_that_cannot_be_finished_is_not_begun(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("galvanaut.core.wholefile.os.fsync", full)
    with pytest.raises(InputError, match=r"a\.xml: cannot be written \(No space left on device\)"):
        write_new(tmp_path / "a.xml", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_may_be_read_by_those_who_may_read_others(tmp_path):
    write_new(tmp_path / "new", b"content")
    (tmp_path / "other").write_bytes(b"content")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "other")}
    assert len(modes) == 1
