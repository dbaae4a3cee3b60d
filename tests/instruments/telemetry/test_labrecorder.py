"""The recorder of a lab folder: what is on disk when, and what becomes of what is not."""

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.telemetry import LabRecorder
from galvanaut.instruments.telemetry.store import HotStore
from madereadings import TEST, readings, recorder

OTHER = "demo/0002/cycle/1"


def on_disk(folder, test):
    """As another process sees it."""
    with recorder(folder) as later:
        return [row.number for row in later.rows(test)]


def put_and_fail(folder, error):
    with LabRecorder.opened(folder) as one:
        one.put(TEST, readings(1))
        raise error


def test_what_is_put_waits_and_what_is_appended_is_there(tmp_path):
    with recorder(tmp_path) as one:
        one.put(TEST, readings(1))
        one.put(OTHER, readings(1))
        assert on_disk(tmp_path, TEST) == []
        one.append(OTHER, readings(1, first=1))
        assert (on_disk(tmp_path, TEST), on_disk(tmp_path, OTHER)) == ([0], [0, 1])


def test_what_waits_is_written_when_the_program_ends(tmp_path):
    with LabRecorder.opened(tmp_path) as one:
        one.put(TEST, readings(1))
    assert on_disk(tmp_path, TEST) == [0]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_and_also_when_it_ends_badly(tmp_path, error):
    with pytest.raises(error):
        put_and_fail(tmp_path, error)
    assert on_disk(tmp_path, TEST) == [0]


def test_what_went_wrong_first_is_told(tmp_path, monkeypatch):
    def full(store, batch):
        raise GalvanautError("full")

    monkeypatch.setattr(HotStore, "append_many", full)
    with pytest.raises(ZeroDivisionError):
        put_and_fail(tmp_path, ZeroDivisionError)


def test_rows_of_a_full_disk_are_written_when_there_is_room_again(tmp_path, monkeypatch):
    def full(batch):
        raise GalvanautError("full")

    with recorder(tmp_path) as one:
        with monkeypatch.context() as patch:
            patch.setattr(one._batch, "_write", full)
            with pytest.raises(GalvanautError, match="full"):
                one.append(TEST, readings(2))
        one.append(OTHER, readings(1))
    assert (on_disk(tmp_path, TEST), on_disk(tmp_path, OTHER)) == ([0, 1], [0])
