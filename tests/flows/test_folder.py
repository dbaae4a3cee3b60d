"""A lab folder that was made for nothing goes again; one that belongs to somebody stays."""

import shutil
import subprocess
import sys

import pytest

from galvanaut.core.errors import InputError
from galvanaut.core.lock import exclusive
from galvanaut.flows import folder as folder_module
from galvanaut.flows.folder import LabFolder


def fail(path, lock=False):
    """Begin a lab and fail, before or after its lock was taken."""
    with pytest.raises(RuntimeError, match="no bench"), LabFolder.begun(path) as folder:  # noqa: PT012  # may lock first
        if lock:
            stack = exclusive(folder.lock, "lab")
            stack.__enter__()
        raise RuntimeError("no bench")


@pytest.mark.parametrize("lock", [False, True])
def test_a_folder_of_our_own_making_goes_again(tmp_path, lock):
    fail(tmp_path / "lab", lock)
    assert not (tmp_path / "lab").exists()


def begin_interrupted(path, line):
    """Begin a lab with Ctrl-C at the ``line``-th line of code that is run in the folder's module; whether it came."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if frame.f_code.co_filename != folder_module.__file__:
            return None
        lines += event == "line"
        if lines == line:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with LabFolder.begun(path):
            return False
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)


def test_an_interruption_at_any_line_leaves_nothing(tmp_path):
    line = 1
    while begin_interrupted(tmp_path / str(line), line):
        assert not (tmp_path / str(line)).exists(), f"line {line}"
        line += 1
    assert line > 10


def test_a_folder_that_was_there_stays(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "ledger.db").touch()
    fail(tmp_path / "lab")
    assert (tmp_path / "lab" / "ledger.db").exists()


def test_the_loser_of_a_race_leaves_the_winners_lab_alone_though_it_made_the_folder(tmp_path):
    path = tmp_path / "lab"
    code = (
        "import sys, pathlib; from galvanaut.core.lock import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1]), 'lab'): print('mine', flush=True); sys.stdin.read()"
    )
    with pytest.raises(InputError, match="is in use by process"), LabFolder.begun(path) as folder:  # noqa: PT012  # a story
        winner = subprocess.Popen(
            [sys.executable, "-c", code, str(folder.lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert winner.stdout.readline() == b"mine\n"
        folder.ledger.touch()
        with exclusive(folder.lock, "lab"):
            pytest.fail("the lock is the winner's")
    assert folder.ledger.exists()
    winner.communicate(timeout=20)
    assert winner.returncode == 0


def test_of_two_that_begin_at_once_only_the_maker_may_remove(tmp_path):
    with LabFolder.begun(tmp_path / "lab"):
        fail(tmp_path / "lab")
        assert (tmp_path / "lab" / "worlds").exists()


def test_a_folder_that_is_gone_already_hides_no_error(tmp_path):
    with pytest.raises(RuntimeError, match="no bench"), LabFolder.begun(tmp_path / "lab"):  # noqa: PT012  # a story
        shutil.rmtree(tmp_path / "lab")
        raise RuntimeError("no bench")
