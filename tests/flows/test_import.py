"""`galvanaut import`: what it prints, what it keeps, and its exit codes."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from galvanaut.core import bdf
from galvanaut.flows.folder import LabFolder
from galvanaut.instruments.vendorfiles import read_metadata
from smalllab import command_line

DATA = Path(__file__).parents[1] / "data" / "cycling"
NAMED = DATA / "cellpy_bad_custom_good_small.csv"  # of cell ee002
NAMELESS = DATA / "rovi_arbin_example.csv"
CUT = DATA / "cellpy_bad_custom_truncated.csv"


def kept(lab):
    return sorted(str(path.relative_to(lab)) for path in lab.rglob("*") if path.is_file())


def test_without_a_campaign_files_are_only_looked_at(tmp_path):
    done = command_line("import", NAMED, NAMELESS, "--lab", tmp_path / "lab")
    assert done.returncode == 0
    assert "2 of 2 files can be used" in done.stdout
    assert "1073 mAh" in done.stdout
    assert "1.75 h" in done.stdout
    assert "the current is 0 throughout" in done.stdout
    assert not (tmp_path / "lab").exists()


def test_a_refused_file_is_named_with_its_reason_and_does_not_hold_up_the_others(tmp_path):
    lab = tmp_path / "lab"
    done = command_line("import", CUT, NAMED, "--campaign", "demo", "--lab", lab)
    assert done.returncode == 2
    assert "1 of 2 files can be used" in done.stdout
    assert f"{CUT.name}: line 80: has 5 of 10 columns: the file was cut short" in done.stdout
    assert kept(lab) == ["records/demo/ee002.bdf.parquet"]


def test_a_record_is_kept_with_its_origin(tmp_path):
    before = NAMELESS.read_bytes()
    done = command_line(
        "import", NAMELESS, "--campaign", "demo", "--cell", "c7", "--test", "c7-rate", "--lab", tmp_path
    )
    assert (done.returncode, "imported" in done.stdout) == (0, True)
    path = LabFolder(tmp_path).record("demo", "c7-rate")
    facts = read_metadata(path)
    assert (facts["cell"], facts["test"], facts["campaign"]) == ("c7", "c7-rate", "demo")
    assert (facts["imported_from"], facts["rows"]) == (NAMELESS.name, len(pd.read_parquet(path)))
    assert str(DATA) not in json.dumps(facts)
    assert list(pd.read_parquet(path).columns[:3]) == list(bdf.REQUIRED)
    assert NAMELESS.read_bytes() == before


def test_the_same_file_again_changes_nothing_and_another_name_is_refused(tmp_path):
    assert command_line("import", NAMED, "--campaign", "demo", "--lab", tmp_path).returncode == 0
    path = LabFolder(tmp_path).record("demo", "ee002")
    before = path.read_bytes()
    again = command_line("import", NAMED, "--campaign", "demo", "--lab", tmp_path)
    assert (again.returncode, "imported before" in again.stdout) == (0, True)
    other = command_line("import", NAMED, "--campaign", "demo", "--test", "other", "--lab", tmp_path)
    assert other.returncode == 2
    assert "is the record" in other.stdout
    clash = command_line("import", NAMELESS, "--campaign", "demo", "--cell", "ee002", "--lab", tmp_path)
    assert clash.returncode == 2
    assert "is another record already" in clash.stdout
    assert kept(tmp_path) == ["records/demo/ee002.bdf.parquet"]
    assert path.read_bytes() == before


def test_check_only_says_what_would_happen(tmp_path):
    done = command_line("import", NAMED, NAMELESS, "--campaign", "demo", "--check", "--lab", tmp_path / "lab")
    assert done.returncode == 2
    assert "would be imported" in done.stdout
    assert f"{NAMELESS.name}: does not say which cell it is of; import it alone with --cell NAME" in done.stdout
    assert not (tmp_path / "lab").exists()


def test_two_files_of_one_cell_in_one_command(tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_text(NAMED.read_text(encoding="utf-8").replace("1.54", "1.55"), encoding="utf-8")
    done = command_line("import", NAMED, copy, "--campaign", "demo", "--lab", tmp_path / "lab")
    assert done.returncode == 2
    assert "copy.csv: would be the same record as" in done.stdout
    assert kept(tmp_path / "lab") == ["records/demo/ee002.bdf.parquet"]


def test_another_name_than_the_files_is_taken_and_said(tmp_path):
    done = command_line("import", NAMED, "--campaign", "demo", "--cell", "c8", "--lab", tmp_path)
    assert done.returncode == 0
    assert "the file calls its cell 'ee002'" in done.stdout
    facts = read_metadata(LabFolder(tmp_path).record("demo", "c8"))
    assert (facts["cell"], facts["cell_in_file"]) == ("c8", "ee002")


@pytest.mark.skipif(find_spec("fastnda") is None, reason="fastnda is not installed: dependency group formats")
def test_a_barcode_that_is_no_name(tmp_path):
    done = command_line("import", DATA / "neware_issue94.ndax", "--campaign", "demo", "--lab", tmp_path)
    assert done.returncode == 2
    assert "is of cell '123456789012', which cannot name a record" in done.stdout
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--campaign", "a/b"], "--campaign: 'a/b' is no name"),
        (["--cell", "c1"], "--cell: names one, but there are 2 files"),
        (["--test", "t1", "--campaign", "demo"], "--test: names one, but there are 2 files"),
        (["--check"], "--check: is about records"),
        (["--time-zone", "Berlin"], "--time-zone: 'Berlin' is no time zone"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, reason):
    done = command_line("import", NAMED, NAMELESS, *options, "--lab", tmp_path / "lab")
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert not (tmp_path / "lab").exists()


def test_a_full_disk_is_exit_code_1(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = command_line("import", NAMED, "--campaign", "demo", "--lab", tmp_path)
    assert done.returncode == 1
    assert "failed" in done.stdout
    assert "No space left on device" in done.stdout
    assert kept(tmp_path) == []


def test_json_is_for_machines(tmp_path):
    done = command_line("import", NAMELESS, CUT, "--json")
    first, second = json.loads(done.stdout)
    assert (first["format"], first["rows"], first["cycles"]) == ("Arbin csv", 2142, 2)
    assert first["capacity_Ah"] == pytest.approx(1.0729, abs=1e-4)
    assert (second["verdict"], second["rows"]) == ("refused", None)
    assert "line 80" in second["remarks"][0]
