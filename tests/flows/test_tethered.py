"""A child that ends with its parent, even one that is killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from galvanaut.flows.tethered import tethered

PARENT = """
import time
from galvanaut.flows.tethered import tethered
print(tethered("http.server", ["0", "--bind", "127.0.0.1"], {}, own_session=True).pid, flush=True)
time.sleep(60)
"""


@pytest.mark.system
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the child in /proc")
def test_a_child_ends_when_its_parent_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        child = Path("/proc") / parent.stdout.readline().strip()
        assert child.exists()
        time.sleep(0.5)  # it has begun to serve
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while child.exists() and "(zombie)" not in (child / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_does_what_the_module_does_with_its_arguments_and_environment(tmp_path):
    (tmp_path / "said.py").write_text("import os, sys; print(sys.argv[1:], os.environ['WHAT'])")
    with (tmp_path / "out").open("wb") as sink:
        child = tethered("said", ["a", "b"], {"PYTHONPATH": str(tmp_path), "WHAT": "is told"}, sink)
        assert child.wait(20) == 0
        child.stdin.close()
    assert (tmp_path / "out").read_text() == "['a', 'b'] is told\n"
