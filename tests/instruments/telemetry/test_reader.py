"""Reading records: live and sealed alike, from another process, and with words for what is not there."""

import subprocess
import sys

import pandas as pd
import pytest

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.telemetry import RecordInfo, list_records, read_record
from galvanaut.instruments.telemetry.store import HotStore
from madereadings import FACTS, TEST, readings, recorder

OTHER = "demo_2/0001/cycle/1"
FILE = "records/demo/0001-cycle-1.bdf.parquet"


@pytest.fixture
def lab(tmp_path):
    with recorder(tmp_path) as one:
        one.begin(TEST, FACTS)
        one.append(TEST, readings(60))
        yield one


def test_a_live_record_and_a_sealed_one_are_the_same_to_the_reader(lab, tmp_path):
    live = read_record(tmp_path, TEST)
    lab.seal(TEST, "ended")
    both = read_record(tmp_path, TEST)
    lab.release(TEST)
    sealed = read_record(str(tmp_path), TEST)
    assert list(live.columns) == list(bdf.COLUMNS)
    pd.testing.assert_frame_equal(live, both)
    pd.testing.assert_frame_equal(live, sealed)
    assert live.attrs == FACTS | {"test": TEST, "outcome": ""}
    assert {name: sealed.attrs[name] for name in FACTS} == FACTS
    sealed.loc[0, bdf.VOLTAGE] = 1.0  # a frame of one's own


def test_records_are_listed_with_what_they_are(lab, tmp_path):
    lab.begin(OTHER, FACTS | {"cell": "cell-2", "simulated": False})
    lab.append(OTHER, readings(7))
    lab.begin("demo/0003/cycle/1", FACTS)
    lab.seal(TEST, "stopped", "by hand")
    lab.release(TEST)
    sealed = RecordInfo(TEST, "cell-1", 60, 600.0, "sealed", FILE, True, "stopped", ())
    live = RecordInfo(OTHER, "cell-2", 7, 70.0, "live", "", False, "", ())
    assert list_records(tmp_path) == [sealed, live]
    assert list_records(tmp_path, "demo") == [sealed]
    assert list_records(tmp_path, "dem") == []
    assert pd.DataFrame(list_records(tmp_path))["cell"].tolist() == ["cell-1", "cell-2"]


def test_a_sealed_record_whose_readings_are_still_there_is_listed_once(lab, tmp_path):
    lab.seal(TEST, "ended")
    assert [info.state for info in list_records(tmp_path)] == ["sealed"]


def test_a_file_that_is_no_record_is_named_and_hides_no_other(lab, tmp_path):
    lab.seal(TEST, "ended")
    (tmp_path / FILE).with_name("copy.bdf.parquet").write_bytes(b"PAR1")
    pd.DataFrame({"a": [1]}).to_parquet((tmp_path / FILE).with_name("other.bdf.parquet"))
    found = list_records(tmp_path, "demo")
    assert [info.state for info in found] == ["unreadable", "unreadable", "sealed"]
    assert found[0].file == "records/demo/copy.bdf.parquet"
    assert all(info.problems for info in found[:2])


def test_what_is_sealed_between_two_looks_is_found(lab, tmp_path, monkeypatch):
    """The reader has found no file yet when the test is sealed, and finds no reading any more."""
    expected = read_record(tmp_path, TEST)
    chunks = HotStore.chunks

    def too_late(store, test, since=0):
        monkeypatch.undo()
        lab.seal(TEST, "ended")
        lab.release(TEST)
        return chunks(store, test, since)

    monkeypatch.setattr(HotStore, "chunks", too_late)
    pd.testing.assert_frame_equal(read_record(tmp_path, TEST), expected)


def test_what_is_not_there_is_said_with_what_is(lab, tmp_path):
    with pytest.raises(InputError, match=f"test demo/0009/cycle/1: has no record in .*; there: {TEST}"):
        read_record(tmp_path, "demo/0009/cycle/1")
    with pytest.raises(InputError, match="is not a lab folder"):
        list_records(tmp_path / "nowhere")


def test_a_test_may_be_named_as_people_write_it(lab, tmp_path):
    assert len(read_record(tmp_path, "demo/1/cycle/1")) == 60
    lab.seal(TEST, "ended")
    assert read_record(tmp_path, "demo/1/cycle/1").attrs["test"] == TEST


def test_a_damaged_record_is_named(lab, tmp_path):
    lab.seal(TEST, "ended")
    text = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(text[: len(text) // 2])
    with pytest.raises(InputError, match=r"0001-cycle-1.bdf.parquet: is no record that can be read"):
        read_record(tmp_path, TEST)


def test_reading_makes_no_database(tmp_path):
    assert list_records(tmp_path) == []
    with pytest.raises(InputError, match="there: none"):
        read_record(tmp_path, TEST)
    assert list(tmp_path.iterdir()) == []


def test_jobs_and_the_command_line_import_nothing_heavy():
    code = (
        "import sys; import galvanaut.instruments.telemetry, galvanaut.instruments.jobs, galvanaut.flows.folder\n"
        "print(sorted({'pandas', 'pyarrow', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
