"""Databases that are only looked at."""

import shutil

import pytest
import sqlalchemy as sa

from galvanaut.core import readonly
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.readonly import has_table, open_read_only, reading


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_at_rest_is_read_without_any_file_beside_it(tmp_path):
    file = tmp_path / "a b%.db"
    with opened(file) as engine:
        EventLog(engine, "log").append(1.0, "t", "k", {"x": 1})
    before = file.stat().st_mtime_ns
    with reading(file) as engine:
        assert [event.data for event in EventLog(engine, "log").read()] == [{"x": 1}]
        assert names(tmp_path) == [file.name]
    assert (names(tmp_path), file.stat().st_mtime_ns) == ([file.name], before)


def test_what_a_writer_writes_meanwhile_is_seen_and_its_files_go_with_it(tmp_path):
    file = tmp_path / "x.db"
    with opened(file) as engine, reading(file) as looking:
        log = EventLog(engine, "log")
        seen = EventLog(looking, "log")
        for number in range(3):
            log.append(float(number), "t", "k", {})
            assert len(seen.read()) == number + 1
        assert "x.db-wal" in names(tmp_path)
        engine.dispose()
        assert names(tmp_path) == ["x.db"]
        assert len(seen.read()) == 3


def test_a_writer_that_is_just_going_is_waited_for(tmp_path, monkeypatch):
    """SQLite removes the shared memory first and the log after it; in between a reader can use neither way."""
    file, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    with opened(file) as engine:
        EventLog(engine, "log").append(1.0, "t", "k", {})
    log.write_bytes(b"")
    waited = []

    def rest(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            log.unlink()

    monkeypatch.setattr(readonly.time, "sleep", rest)
    with reading(file) as engine:
        assert len(EventLog(engine, "log").read()) == 1
    assert len(waited) == 3


def test_what_a_killed_writer_has_left_is_read(tmp_path):
    with opened(tmp_path / "x.db") as engine:
        EventLog(engine, "log").append(1.0, "t", "k", {})
        left = tmp_path / "left"
        left.mkdir()
        for file in list(tmp_path.glob("x.db*")):
            shutil.copy(file, left)
    before = {file.name: file.read_bytes() for file in left.iterdir()}
    assert set(before) == {"x.db", "x.db-wal", "x.db-shm"}
    with reading(left / "x.db") as engine:
        assert len(EventLog(engine, "log").read()) == 1
    assert {file.name: file.read_bytes() for file in left.iterdir()} == before


def test_nothing_can_be_written(tmp_path):
    file = tmp_path / "x.db"
    for is_used in (False, True):
        with opened(file) as engine:
            EventLog(engine, "log")
            if not is_used:
                engine.dispose()
            with reading(file) as looking:
                with pytest.raises(sa.exc.OperationalError), looking.begin() as connection:
                    connection.execute(sa.text("INSERT INTO log (at, topic, kind, data) VALUES (0, 't', 'k', '{}')"))
                assert has_table(looking, "log")
                assert not has_table(looking, "other")
                EventLog(looking, "other")
                assert not has_table(looking, "other")


def test_what_is_no_database_is_named(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        open_read_only(tmp_path / "none.db")
    assert names(tmp_path) == []
    (tmp_path / "x.db").write_text("no database " * 100)
    with reading(tmp_path / "x.db") as engine, pytest.raises(InputError, match=r"x\.db: cannot be used"):
        has_table(engine, "log")
