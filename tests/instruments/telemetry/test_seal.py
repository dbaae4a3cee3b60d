"""Sealing: whole or not there, the same when repeated, never over anything else, and never outside its folder."""

import errno
import json
import os
import resource
from math import nan
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.instruments.telemetry import SealError, list_records, read_record
from galvanaut.instruments.telemetry.seal import seal, sha256_of
from galvanaut.instruments.telemetry.sealed import record_path
from galvanaut.instruments.telemetry.validate import problems_of
from madereadings import FACTS, TEST, readings, recorder

FILE = "records/demo/0001-cycle-1.bdf.parquet"


@pytest.fixture
def lab(tmp_path):
    with recorder(tmp_path) as one:
        one.begin(TEST, FACTS)
        one.append(TEST, readings(60))
        yield one


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("records/**/*") if path.is_file())


def test_the_file_is_a_record_and_says_what_it_is(lab, tmp_path):
    sealed = lab.seal(TEST, "ended")
    assert (sealed.path, sealed.rows, sealed.time_s, sealed.problems) == (FILE, 60, 600.0, ())
    assert sealed.sha256 == sha256_of(tmp_path / FILE)
    assert files(tmp_path) == [FILE]
    found = pq.read_table(tmp_path / FILE)
    assert found.column_names == list(bdf.COLUMNS)
    assert {found.schema.field(name).type for name in bdf.COLUMNS} == {"double", "int64"}
    assert pq.read_metadata(tmp_path / FILE).row_group(0).column(0).compression == "ZSTD"
    facts = json.loads(found.schema.metadata[b"galvanaut"])
    assert facts == FACTS | {"test": TEST, "outcome": "ended", "reason": "", "problems": [], "time_s": 600.0}
    assert problems_of(found.to_pandas()) == []
    assert found[bdf.CURRENT].to_pylist()[10:12] == [2e-3, 2e-3]
    assert np.isnan(found[bdf.AMBIENT_TEMPERATURE].to_numpy()).sum() == 9


def test_what_is_sealed_again_is_the_same(lab, tmp_path):
    first = lab.seal(TEST, "ended")
    was = (tmp_path / FILE).stat()
    assert lab.seal(TEST, "ended") == first
    lab.release(TEST)
    assert lab.rows(TEST) == []
    assert lab.seal(TEST, "ended") == first
    assert (tmp_path / FILE).stat() == was


def test_the_same_readings_make_the_same_bytes(lab, tmp_path):
    first = lab.seal(TEST, "ended")
    (tmp_path / FILE).unlink()
    assert lab.seal(TEST, "ended") == first


def test_readings_are_sealed_in_the_order_in_which_they_were_taken(tmp_path):
    with recorder(tmp_path) as one:
        for first in (40, 0, 20):
            one.append(TEST, readings(20, first=first))
        assert one.seal(TEST, "ended").problems == ()
    assert read_record(tmp_path, TEST)[bdf.TEST_TIME].is_monotonic_increasing


def test_a_test_without_a_reading_has_no_record(tmp_path):
    with recorder(tmp_path) as one:
        one.begin(TEST, FACTS)
        assert one.seal(TEST, "failed", "no cell") is None
        assert files(tmp_path) == []
        with pytest.raises(SealError, match="is not the record that was sealed there"):
            one.release(TEST)


@pytest.mark.parametrize("change", ["a reading", "a test", "no record"])
def test_nothing_is_ever_written_over(lab, tmp_path, change):
    path = tmp_path / FILE
    if change == "no record":
        path.parent.mkdir(parents=True)
        path.write_bytes(b"notes of somebody")
    else:
        lab.seal(TEST, "ended")
    if change == "a reading":
        lab.append(TEST, readings(1, first=60))
    if change == "a test":
        path.unlink()
        lab.append("demo/0002/cycle/1", readings(60))
        lab.seal("demo/0002/cycle/1", "ended")
        (path.parent / "0002-cycle-1.bdf.parquet").rename(path)
    was = path.read_bytes()
    with pytest.raises(SealError, match=r"0001-cycle-1.*the readings are safe in the hot store\. Move that file away"):
        lab.seal(TEST, "ended")
    assert path.read_bytes() == was
    assert len(lab.rows(TEST)) >= 60


@pytest.mark.parametrize("place", [(os, "fsync"), (Path, "replace"), (Path, "mkdir")], ids=lambda place: place[1])
def test_a_full_disk_leaves_nothing_half_written(lab, tmp_path, monkeypatch, place):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(*place, full)
        with pytest.raises(SealError, match=r"No space left on device\); the readings are safe in the hot store"):
            lab.seal(TEST, "ended")
    assert files(tmp_path) == []
    assert lab.seal(TEST, "ended").rows == 60


def test_a_file_that_stops_growing_half_way_is_not_left(lab, tmp_path):
    """The operating system itself refuses, inside the parquet writer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(SealError, match=r"File too large\); the readings are safe"):
            lab.seal(TEST, "ended")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []
    assert lab.seal(TEST, "ended").rows == 60


def test_what_a_killed_process_left_of_a_draft_is_in_nobodys_way(lab, tmp_path):
    draft = tmp_path / FILE.replace("0001", ".0001")
    draft = draft.with_name(f"{draft.name}.1.draft")
    draft.parent.mkdir(parents=True)
    draft.write_bytes(b"PAR1 half of it")
    assert lab.seal(TEST, "ended").rows == 60
    assert [record.test for record in list_records(tmp_path)] == [TEST]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda rows: rows[:5] + rows[9:], "readings 5 to 8 are missing"),
        (lambda rows: [*rows[:50], rows[50]._replace(time_s=1.0), *rows[51:]], "'Test Time / s' falls from 500 to 1"),
        (lambda rows: [*rows[:50], rows[50]._replace(current_A=nan), *rows[51:]], "'Current / A' is nan in row 50"),
        (lambda rows: [*rows[:50], rows[50]._replace(time_s=nan), *rows[51:]], "'Test Time / s' is nan in row 50"),
    ],
)
def test_a_record_with_problems_is_kept_with_them_and_so_are_its_readings(tmp_path, spoil, problem):
    rows = spoil(readings(60))
    with recorder(tmp_path) as one:
        one.append(TEST, rows)
        sealed = one.seal(TEST, "ended")
        assert any(text.startswith(problem) for text in sealed.problems)
        one.release(TEST)
        assert len(one.rows(TEST)) == len(rows)
        assert one.seal(TEST, "ended") == sealed
    assert tuple(read_record(tmp_path, TEST).attrs["problems"]) == sealed.problems


@pytest.mark.parametrize(
    "test",
    [
        "demo/0001/../1",
        "../0001/cycle/1",
        "a/b",
        "",
        "demo/1/cy cle/1",
        "demo/-1/cycle/1",
        "demo/1/cycle/1",
        "demo/1_0/cycle/1",
        "/etc/0001/x/1",
        "x\0/1/a/1",
    ],
)
def test_no_name_leads_out_of_the_folder(tmp_path, test):
    with recorder(tmp_path) as one:
        with pytest.raises(InputError, match=r"is not a job key|cannot name a file|is to be written demo/00"):
            one.begin(test, FACTS)
        with pytest.raises(InputError):
            read_record(tmp_path, test)
    assert files(tmp_path) == []


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_\-]{0,10}", fullmatch=True)
KEYS = st.builds("{}/{:04d}/{}/{}".format, NAMES, st.integers(0, 20000), NAMES, st.integers(0, 99))


@given(KEYS, KEYS)
def test_two_tests_never_share_a_file(one, other):
    assert (record_path(one) == record_path(other)) == (one == other)
    assert Path(record_path(one)).parent.parent == Path("records")


def test_a_seal_of_nothing_but_columns_needs_no_lab(tmp_path):
    columns = {bdf.TEST_TIME: np.arange(3.0), bdf.VOLTAGE: np.full(3, 3.7), bdf.CURRENT: np.zeros(3)}
    seal(tmp_path / "new" / "folder" / "x.bdf.parquet", columns, {"test": "x"})
    assert pq.read_table(tmp_path / "new" / "folder" / "x.bdf.parquet").num_rows == 3
