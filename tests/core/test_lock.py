"""One process at a time, also after the holder was killed."""

import os
import subprocess
import sys

import pytest

from galvanaut.core.errors import InputError
from galvanaut.core.lock import InUseError, exclusive

HOLD = """
import sys, time
from pathlib import Path
from galvanaut.core.lock import exclusive
with exclusive(Path(sys.argv[1]), "lab"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_turned_away_and_told_who_has_it(tmp_path):
    path = tmp_path / "lock"
    taken = pytest.raises(InputError, match=rf"lab x: is in use by process {os.getpid()}")
    with exclusive(path, "lab x"), taken, exclusive(path, "lab x"):
        raise AssertionError("two holders")
    with exclusive(path, "lab x"):
        pass


def test_who_is_turned_away_learns_what_the_lock_is_held_for(tmp_path):
    path = tmp_path / "lock"
    path.write_text("1 (an earlier one)\nits task")
    for task in ("", "campaign a"):
        with exclusive(path, "lab", task), pytest.raises(InUseError) as refused, exclusive(path, "lab"):
            raise AssertionError("two holders")
        assert refused.value.task == task
        assert refused.value.holder.startswith(f"process {os.getpid()} (")
        assert "\n" not in str(refused.value)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {process.pid}"), exclusive(path, "lab"):
            raise AssertionError("two holders")
        process.kill()
    with exclusive(path, "lab"):
        pass
