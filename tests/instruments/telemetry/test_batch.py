"""Readings wait for those of others, but not long, and not when somebody needs his on disk."""

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.telemetry import batch as batches
from galvanaut.instruments.telemetry.batch import SharedBatch
from madereadings import readings


class Disk:
    def __init__(self):
        self.commits = []
        self.is_full = False

    def write(self, batch):
        if self.is_full:
            raise GalvanautError("full")
        self.commits.append({test: [row.number for row in rows] for test, rows in batch.items()})


@pytest.fixture
def disk():
    return Disk()


def test_256_tests_at_once_a_second_are_one_commit_in_five(disk):
    batch = SharedBatch(disk.write, flush_s=5.0)
    for second in range(61):
        for test in range(256):
            batch.put(str(test), readings(1, first=second, period_s=1.0))
    assert len(disk.commits) == 12  # at 6, 11, ... 61 s: with the first reading that comes when the oldest is 5 s old
    assert set(disk.commits[0]) == {str(test) for test in range(256)}


def test_nothing_is_written_twice_or_out_of_order(disk):
    batch = SharedBatch(disk.write, flush_s=5.0)
    for number in range(100):
        batch.put("a", readings(1, first=number, period_s=1.0))
    batch.flush()
    batch.flush()
    assert [number for commit in disk.commits for number in commit["a"]] == list(range(100))


def test_one_who_needs_his_on_disk_takes_the_others_with_him(disk):
    batch = SharedBatch(disk.write)
    batch.put("a", readings(1))
    batch.put("b", readings(1))
    assert disk.commits == []
    batch.flush()
    assert disk.commits == [{"a": [0], "b": [0]}]


def test_slow_tests_wait_for_one_reading_more_at_the_most(disk):
    batch = SharedBatch(disk.write)
    batch.put("a", readings(1))
    batch.put("a", readings(1, first=1))
    assert disk.commits == [{"a": [0, 1]}]


def test_too_many_do_not_wait_for_the_time(disk, monkeypatch):
    monkeypatch.setattr(batches, "_ROWS_MAX", 10)
    batch = SharedBatch(disk.write, flush_s=1e9)
    batch.put("a", readings(9))
    batch.put("b", [])
    assert disk.commits == []
    batch.put("b", readings(1))
    assert len(disk.commits) == 1


def test_what_the_disk_does_not_take_waits_on_and_everybody_hears_of_it(disk):
    batch = SharedBatch(disk.write)
    batch.put("a", readings(1))
    disk.is_full = True
    with pytest.raises(GalvanautError, match="full"):
        batch.put("a", readings(1, first=1))
    with pytest.raises(GalvanautError, match="full"):
        batch.put("b", readings(1, first=2))
    disk.is_full = False
    batch.flush()
    assert disk.commits == [{"a": [0, 1], "b": [2]}]
