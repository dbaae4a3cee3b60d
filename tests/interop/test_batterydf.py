"""batterydf's own reader and validator, unchanged, on what we write; ours objects to more.

Runs where batterydf is installed: ``uv run --group formats pytest tests/interop``.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from galvanaut.core.bdf import COLUMNS, CURRENT, TEST_TIME, VOLTAGE
from galvanaut.instruments.telemetry import export_record, read_record
from galvanaut.instruments.telemetry.validate import problems_of
from madereadings import FACTS, TEST, readings, recorder

with warnings.catch_warnings():  # what it imports is not ours to judge
    warnings.simplefilter("ignore")
    bdf: Any = pytest.importorskip("bdf", reason="batterydf is in the dependency group formats")
pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]
FILES = ("records/demo/0001-cycle-1.bdf.parquet", "out.bdf.csv", "out.bdf.parquet")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    with recorder(tmp_path) as one:
        one.begin(TEST, FACTS)
        one.append(TEST, readings(60))
        one.seal(TEST, "ended")
    for name in FILES[1:]:
        export_record(tmp_path, TEST, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_it_reads_our_files_and_finds_them_valid(lab: Path, name: str) -> None:
    frame = bdf.read(str(lab / name))
    pd.testing.assert_frame_equal(frame[list(COLUMNS)], read_record(lab, TEST), check_like=True, rtol=1e-14)
    found = bdf.validate(frame)
    assert (found["ok"], found["missing"], found["n_rows"]) == (True, [], 60)
    assert sorted(found["extras"]) == ["Step ID", "Step Time / s"]  # which 0.1.0 does not know yet; the ontology does
    assert found["time_stats"]["monotonic"] is True


def test_ours_objects_to_whatever_it_objects_to(lab: Path) -> None:
    frame = read_record(lab, TEST).rename(columns={VOLTAGE: "Voltage / mV"})
    assert bdf.validate(frame, raise_on_error=False)["ok"] is False
    assert problems_of(frame) == [f"column {VOLTAGE!r} is missing"]


def test_ours_objects_to_more(lab: Path) -> None:
    backwards, wrong_sign = read_record(lab, TEST), read_record(lab, TEST)
    backwards.loc[30, TEST_TIME] = 0.0
    wrong_sign[CURRENT] *= -1
    for frame in (backwards, wrong_sign):
        assert bdf.validate(frame)["ok"] is True
        assert problems_of(frame) != []
