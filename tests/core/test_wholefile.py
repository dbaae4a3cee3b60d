"""Files that are there whole or not at all."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from galvanaut.core.wholefile import make_folder, sync_folder, whole_file, write_whole


def failing(number):
    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return fail


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_the_place_of_another_in_one_step(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"before")
    with whole_file(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_bytes() == b"before"
    assert (path.read_bytes(), names(tmp_path)) == (b"after", ["a"])


@pytest.mark.parametrize("place", [(os, "fsync"), (Path, "replace")], ids=lambda place: place[1])
def test_what_cannot_be_finished_leaves_nothing_and_the_old_file_as_it_was(tmp_path, monkeypatch, place):
    (tmp_path / "old").write_bytes(b"before")
    with monkeypatch.context() as patch:
        patch.setattr(*place, failing(errno.ENOSPC))
        for name in ("old", "new"):
            with pytest.raises(OSError, match="No space left"):
                write_whole(tmp_path / name, b"after")
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"before"


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt])
def test_a_writer_that_gives_up_or_is_interrupted_leaves_nothing(tmp_path, ending):
    with pytest.raises(ending), whole_file(tmp_path / "a") as file:  # noqa: PT012  # half of it
        file.write(b"half of")
        raise ending
    assert names(tmp_path) == []


def test_a_file_may_be_read_by_those_who_may_read_others(tmp_path):
    write_whole(tmp_path / "a", b"")
    (tmp_path / "other").write_bytes(b"")
    assert len({stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "other")}) == 1


def test_folders_are_made_with_those_above(tmp_path):
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file")


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be flushed there")
def test_a_file_system_that_cannot_flush_folders_is_good_enough_and_one_that_fails_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL))
    sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path)
