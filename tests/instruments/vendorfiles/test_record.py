"""Records on disk: complete or not there, never written over."""

import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from galvanaut.core import bdf
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.instruments.vendorfiles import read_file, read_metadata, write_record

DATA = Path(__file__).parents[2] / "data" / "cycling"
FRAME = pd.DataFrame({bdf.TEST_TIME: [0.0, 1.0], bdf.VOLTAGE: [3.7, 3.6], bdf.CURRENT: [0.1, 0.1]})
FACTS = {"sha256": "ab", "imported_from": "x.csv"}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "records" / "demo" / "cell_1.bdf.parquet"
    write_record(path, FRAME, FACTS)
    assert pd.read_parquet(path).equals(FRAME)
    assert read_metadata(path) == FACTS
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_record_is_imported_again_as_it_is(tmp_path):
    found = read_file(DATA / "rovi_arbin_example.csv")
    path = tmp_path / "cell.bdf.parquet"
    write_record(path, found.frame, found.metadata(test="cell"))
    again = read_file(path)
    assert again.format == "BDF parquet"
    assert again.frame.equals(found.frame)
    assert read_metadata(path)["sha256"] == found.sha256
    assert "not measured or supervised by Galvanaut" in read_metadata(path)["origin"]


def test_another_record_is_not_written_over(tmp_path):
    path = tmp_path / "cell.bdf.parquet"
    write_record(path, FRAME, FACTS)
    before = path.read_bytes()
    write_record(path, FRAME, FACTS)  # a run that was killed after it had written comes here again
    with pytest.raises(InputError, match="is another record already"):
        write_record(path, FRAME, FACTS | {"sha256": "cd"})
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", [(os, "fsync"), (Path, "replace")], ids=lambda place: place[1])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, place):
    def full(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "cell.bdf.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(*place, full)
        with pytest.raises(GalvanautError, match="cannot be written"):
            write_record(path, FRAME, FACTS)
    assert list(tmp_path.iterdir()) == []
    write_record(path, FRAME, FACTS)
    assert read_metadata(path) == FACTS


def test_a_file_that_is_no_record(tmp_path):
    path = tmp_path / "cell.bdf.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="cannot be read as a record"):
        write_record(path, FRAME, FACTS)
    assert path.read_bytes() == b"PAR1 and no more"
