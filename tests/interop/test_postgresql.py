"""The store of readings on a real PostgreSQL server that lives as long as the test, on a socket in a folder.

Runs where pgserver is installed: ``uv run --group postgresql pytest tests/interop``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.telemetry import LabRecorder, list_records, read_record
from galvanaut.instruments.telemetry.store import HotTest
from madereadings import FACTS, TEST, readings
from postgresqlserver import Server, lab_url

pytestmark = pytest.mark.interop
OTHER = "demo/0002/cycle/1"


@pytest.fixture
def url(postgresql: Server) -> str:
    return lab_url(postgresql.url)


@pytest.fixture
def lab(url: str, tmp_path: Path) -> Iterator[LabRecorder]:
    with LabRecorder.opened(tmp_path, url) as one:
        one.begin(TEST, FACTS)
        yield one


def test_rows_are_kept_once_and_come_back_as_they_were(lab: LabRecorder) -> None:
    rows = readings(60)
    for batch in (rows[:20], rows[10:40], rows):
        lab.append(TEST, batch)
    lab.store.append_many({TEST: rows, OTHER: readings(5)})
    assert list(map(repr, lab.rows(TEST))) == list(map(repr, rows))
    assert list(map(repr, lab.rows(TEST, 58))) == list(map(repr, rows[58:]))
    newest = [HotTest(TEST, FACTS, rows[-1]), HotTest(OTHER, {}, readings(5)[-1])]
    assert lab.store.tests() == newest


def test_a_batch_is_kept_whole_or_not_at_all(lab: LabRecorder) -> None:
    spoiled = [row._replace(step=None) for row in readings(1)]  # type: ignore[arg-type]  # refused by the server
    with pytest.raises(GalvanautError, match=f"test {TEST} and 1 others: readings cannot be recorded"):
        lab.store.append_many({TEST: readings(10), OTHER: spoiled})
    assert lab.rows(TEST) == []


def test_a_record_is_sealed_and_its_rows_are_let_go(lab: LabRecorder, url: str, tmp_path: Path) -> None:
    lab.append(TEST, readings(60))
    live = read_record(tmp_path, TEST, url)
    sealed = lab.seal(TEST, "ended")
    assert sealed is not None
    assert sealed.problems == ()
    lab.release(TEST)
    assert (lab.rows(TEST), lab.store.tests()) == ([], [])
    assert read_record(tmp_path, TEST, url).equals(live)
    assert [info.state for info in list_records(tmp_path, url=url)] == ["sealed"]
