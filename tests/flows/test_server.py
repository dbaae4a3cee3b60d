"""`galvanaut up`: what it announces is there, and a server that dies is not passed over in silence."""

import subprocess
import sys

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.flows import server
from smalllab import command_line

DYING = "import sys; print('no space left', flush=True); sys.stdin.read(); sys.exit(3)"
DEAD = "import sys; print('address in use', flush=True); sys.exit(1)"


@pytest.fixture
def stand_in(monkeypatch):
    """Another child instead of the Prefect server, beside something that answers as if it were one."""
    children = []

    def begin(code):
        def tethered(_module, _arguments, _environment, output, **_more):
            child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=output)
            children.append(child)
            if code is DEAD:
                child.wait()
            return child

        monkeypatch.setattr(server, "tethered", tethered)
        return children

    monkeypatch.setattr(server, "answers", lambda _url: True)
    monkeypatch.setattr(server, "_watch_for_zombies", lambda *_: None)
    return begin


def test_a_server_that_dies_ends_the_command_with_the_tail_of_its_log(tmp_path, stand_in):
    children, lab = stand_in(DYING), tmp_path / "lab"
    with pytest.raises(GalvanautError, match=r"ended by itself \(exit code 3\).*again; .*ends with:\nno space left"):
        server.serve(lab, 0, lambda _address: children[0].stdin.close())
    assert not list(lab.glob("*.json"))  # nobody is sent to a server that is gone


def test_a_server_of_somebody_else_is_not_announced_as_ours(tmp_path, stand_in):
    stand_in(DEAD)
    with pytest.raises(GalvanautError, match=r"did not start; .*ends with:\naddress in use"):
        server.serve(tmp_path / "lab", 0, lambda _address: pytest.fail("announced"))


def test_ui_and_page_cannot_share_a_port(tmp_path):
    done = command_line("up", "--lab", tmp_path / "lab", "--port", 4711, "--page-port", 4711)
    assert done.returncode == 2
    assert "--page-port 4711: is the port of the Prefect UI as well" in done.stderr
    assert not (tmp_path / "lab").exists()
