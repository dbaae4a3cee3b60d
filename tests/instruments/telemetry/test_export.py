"""Records for other programs: the same numbers and facts, in new files only."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from galvanaut.core.errors import InputError
from galvanaut.instruments.telemetry import export, export_record, read_record
from madereadings import FACTS, TEST, readings, recorder


@pytest.fixture(params=["live", "sealed"])
def lab(request, tmp_path):
    with recorder(tmp_path) as one:
        one.begin(TEST, FACTS)
        one.append(TEST, readings(60))
        if request.param == "sealed":
            one.seal(TEST, "ended")
            one.release(TEST)
    return tmp_path


def test_csv_and_its_facts(lab):
    files = export_record(lab, TEST, lab / "out.bdf.csv")
    assert [file.name for file in files] == ["out.bdf.csv", "out.bdf.metadata.json"]
    found = read_record(lab, TEST)
    pd.testing.assert_frame_equal(pd.read_csv(files[0]), found, rtol=1e-14)
    assert json.loads(files[1].read_text("utf-8")) == found.attrs
    assert found.attrs["simulated"] is True


def test_parquet_carries_its_facts(lab):
    (file,) = export_record(lab, TEST, lab / "out.bdf.parquet")
    found = read_record(lab, TEST)
    pd.testing.assert_frame_equal(pq.read_table(file).to_pandas(), found)
    assert json.loads(pq.read_schema(file).metadata[b"galvanaut"]) == found.attrs


@pytest.mark.parametrize("there", ["out.bdf.csv", "out.bdf.metadata.json"])
def test_nothing_is_written_over(lab, there):
    (lab / there).write_text("mine")
    with pytest.raises(InputError, match=f"{there}: is there already"):
        export_record(lab, TEST, lab / "out.bdf.csv")
    assert [path.name for path in lab.glob("out*")] == [there]
    assert (lab / there).read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.xlsx", "ends in .xlsx; a record is written to"),
        ("out", "ends in nothing"),
        ("no/out.csv", "cannot be written"),
    ],
)
def test_where_it_cannot_go_is_said(lab, name, message):
    with pytest.raises(InputError, match=message):
        export_record(lab, TEST, lab / name)
    assert list(lab.glob("out*")) == []


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_unknown_test_makes_no_file(lab, name):
    with pytest.raises(InputError, match="has no record"):
        export_record(lab, "demo/0002/cycle/1", lab / name)
    assert list(lab.glob("out*")) == []


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_full_disk_leaves_nothing_half_written(lab, name, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(InputError, match="No space left on device"):
        export_record(lab, TEST, lab / name)
    assert sorted(path.name for path in lab.iterdir() if path.name.startswith((".", "out"))) == []


def test_its_endings_are_those_it_names():
    assert export.SUFFIXES == (".csv", ".parquet")
