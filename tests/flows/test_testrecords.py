"""`galvanaut records` and `galvanaut export record`."""

import json
from pathlib import Path

import pandas as pd
import pytest

from galvanaut.core import bdf
from madereadings import FACTS, TEST, readings, recorder
from smalllab import command_line

DATA = Path(__file__).parents[1] / "data" / "cycling"
OTHER = "other/0001/cycle/1"


@pytest.fixture
def lab(tmp_path):
    with recorder(tmp_path) as one:
        for test, cell in ((TEST, "cell-1"), (OTHER, "cell-2")):
            one.begin(test, FACTS | {"cell": cell})
            one.append(test, readings(60))
        one.seal(TEST, "ended")
        one.release(TEST)
    return tmp_path


def test_records_are_listed(lab):
    done = command_line("records", "--lab", lab)
    assert done.returncode == 0, done.stderr
    sealed, live = (line for line in done.stdout.splitlines() if "cell-" in line)
    for word in (TEST, "cell-1", "60", "0.17", "sealed", "ended", "simulated", "records/demo/"):
        assert word in sealed
    assert "live" in live
    assert "records/" not in live


def test_records_of_one_campaign_as_json(lab):
    (found,) = json.loads(command_line("records", "demo", "--lab", lab, "--json").stdout)
    assert (found["test"], found["state"], found["rows"], found["simulated"]) == (TEST, "sealed", 60, True)


def test_a_campaign_that_is_not_there_is_no_empty_one(lab):
    for more in ((), ("--json",)):
        done = command_line("records", "nobody", "--lab", lab, *more)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"campaign nobody: is in no record of {lab}, nor in its ledger; there: demo, other" in done.stderr


def test_a_campaign_may_be_named_by_its_file(lab, campaign):
    assert command_line("records", campaign, "--lab", lab).returncode == 2
    with recorder(lab) as one:
        one.begin("conductivity/0001/cycle/1", FACTS)
        one.append("conductivity/0001/cycle/1", readings(3))
    done = command_line("records", campaign, "--lab", lab)
    assert done.stdout.startswith(f"{lab}, campaign conductivity: 1 records"), done.stderr


def test_a_campaign_before_its_first_reading_has_none_yet(tmp_path, campaign):
    lab = tmp_path / "lab"
    assert command_line("run", campaign, "--lab", lab, "--no-prefect").returncode == 0
    done = command_line("records", campaign, "--lab", lab)
    assert (done.returncode, done.stdout.strip()) == (0, f"{lab}, campaign conductivity: no test has a reading yet")
    assert json.loads(command_line("records", "conductivity", "--lab", lab, "--json").stdout) == []


@pytest.mark.parametrize("test", [TEST, OTHER])
def test_a_record_is_exported(lab, test):
    done = command_line("export", "record", test, "-o", lab / "out.bdf.csv", "--lab", lab)
    assert done.stdout.split() == [str(lab / "out.bdf.csv"), str(lab / "out.bdf.metadata.json")]
    assert list(pd.read_csv(lab / "out.bdf.csv").columns) == list(bdf.COLUMNS)
    again = command_line("export", "record", test, "-o", lab / "out.bdf.csv", "--lab", lab)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_a_record_of_another_program_is_listed_and_exported_like_any(tmp_path):
    lab, file = tmp_path / "lab", DATA / "cellpy_bad_custom_good_small.csv"
    assert command_line("import", file, "--campaign", "demo", "--lab", lab).returncode == 0
    (found,) = json.loads(command_line("records", "--lab", lab, "--json").stdout)
    assert json.loads(command_line("records", "demo", "--lab", lab, "--json").stdout) == [found]
    assert (found["test"], found["cell"], found["state"], found["problems"]) == ("demo/ee002", "ee002", "imported", [])
    frame = pd.read_parquet(lab / found["file"])
    assert (found["rows"], found["time_s"]) == (
        len(frame),
        frame[bdf.TEST_TIME].iloc[-1] - frame[bdf.TEST_TIME].iloc[0],
    )
    assert command_line("export", "record", "demo/ee002", "-o", lab / "out.bdf.csv", "--lab", lab).returncode == 0
    assert len(pd.read_csv(lab / "out.bdf.csv")) == len(frame)
    refused = command_line("twin", "demo/ee002", "--lab", lab)
    assert (refused.returncode, "imported" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("records",), "is not a lab folder"),
        (("export", "record", TEST, "-o", "x.csv"), "is not a lab folder"),
    ],
)
def test_a_folder_that_is_no_lab_is_refused(tmp_path, arguments, message):
    done = command_line(*arguments, "--lab", tmp_path)
    assert (done.returncode, message in done.stderr) == (2, True)


def test_an_unknown_test_is_answered_with_those_that_are_there(lab):
    done = command_line("export", "record", "demo/0002/cycle/1", "-o", lab / "x.csv", "--lab", lab)
    assert done.returncode == 2
    assert f"there: {TEST}, {OTHER}" in done.stderr
