"""Commands around Prefect's server of two-benches.md, tutorial.md and watch-a-lab.md, on one server with a password.

It is begun as on two-benches.md, at an address of this computer. But for the options that name a lab and an address
that is what the other two pages type. Campaigns have one or two trials.
"""

import base64
import shlex
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from docpages import ROOT
from docrun import PREFECT, Page, exported, output, running, shapes, words_of
from galvanaut.flows import prefect_settings
from galvanaut.flows.prefect_access import CLIENT_AUTH, SERVER_AUTH, UI_API_URL, lets_us_in
from smalllab import BENCH, command_line, command_line_process, small_campaign
from stationprocess import until

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(400)]

BENCHES, TUTORIAL, WATCH = (
    Page(f"docs/{name}.md") for name in ("how-to/two-benches", "tutorial", "how-to/watch-a-lab")
)
BEGIN, FIND = BENCHES.block("export PREFECT_SERVER_API_AUTH_STRING"), BENCHES.block("export PREFECT_API_URL")
SECRET = exported(BEGIN)[SERVER_AUTH]
BASIC = base64.b64encode(SECRET.encode()).decode()


@dataclass(frozen=True)
class Served:
    """A clone beside a running server.

    Attributes:
        folder: of the clone, in which the lab of the server is the folder `served`.
        ui: address of Prefect's UI.
        said: what `galvanaut up` has printed.
    """

    folder: Path
    ui: str
    said: str


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """After it has ended, the password stands in no file of the server, of the worker and of the campaigns."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("flows", "campaigns", "instruments/benches"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "flows" / "prefect.yaml", folder / "flows")
    shutil.copy(BENCH, folder / "instruments" / "benches")
    there = {str(BENCH): "../instruments/benches/simulated.yaml"}
    small_campaign(folder, 2, there).rename(folder / "campaigns" / "conductivity.yaml")
    mine = {
        "name: conductivity\n": "name: room-temperature\n",
        "at 0 degC in EC, DMC, EMC and PC with LiPF6": "at 25 degC",
    }
    small_campaign(folder, 1, there | mine).rename(folder / "campaigns" / "room-temperature.yaml")
    port, page_port = (str(_a_free_port()) for _ in range(2))
    (words,) = words_of(BEGIN, {"/srv/galvanaut": folder / "served", "192.0.2.10": "127.0.0.1"})
    with pytest.MonkeyPatch.context() as patch:
        _forget(patch)
        patch.setenv(SERVER_AUTH, SECRET)
        with running([*words, "--port", port, "--page-port", page_port], "Ctrl-C") as said:
            yield Served(folder, f"http://127.0.0.1:{port}", said)
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert SECRET.split(":")[1].encode() not in content, path
            assert BASIC.encode() not in content, path


@pytest.fixture
def client(served, monkeypatch):
    """What the page exports on each bench computer."""
    monkeypatch.chdir(served.folder)
    monkeypatch.setenv("PWD", str(served.folder))  # a shell's `cd` sets it, and the deployment works there
    _forget(monkeypatch)
    for name, value in (exported(FIND) | {"PREFECT_API_URL": f"{served.ui}/api"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_HOME", str(served.folder / "worker"))


def _forget(patch):
    for name in (SERVER_AUTH, CLIENT_AUTH, UI_API_URL, "PREFECT_API_URL"):
        patch.delenv(name, raising=False)


def _a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _status(url, data=None, **headers):
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_the_server_takes_the_password_and_nothing_else(served, monkeypatch):
    _forget(monkeypatch)
    api = f"{served.ui}/api"
    wrong = base64.b64encode(b"lab:another-long-word").decode()
    assert _status(f"{api}/admin/version")[0] == 401
    assert _status(f"{api}/admin/version", Authorization=f"Basic {wrong}")[0] == 401
    status, headers = _status(f"{api}/admin/version", Authorization=f"Basic {BASIC}", Origin="http://evil.example")
    assert (status, headers.get("access-control-allow-origin")) == (200, None)
    _, headers = _status(f"{api}/admin/version", Authorization=f"Basic {BASIC}", Origin=served.ui)
    assert headers.get("access-control-allow-origin") == served.ui
    assert _status(f"{api}/flow_runs/filter", b"{}", Authorization=f"Basic {BASIC}")[0] == 403  # no CSRF token
    assert not lets_us_in(api)
    monkeypatch.setenv(CLIENT_AUTH, SECRET)
    assert lets_us_in(api)


def test_a_bench_computer_finds_the_server_by_what_it_exports(served, client, tmp_path):
    assert prefect_settings.find_server(tmp_path) == f"{served.ui}/api"
    assert lets_us_in(f"{served.ui}/api")


@pytest.mark.parametrize("block", [TUTORIAL.block("galvanaut up"), WATCH.block("galvanaut up  ")], ids=str)
def test_the_same_command_starts_the_server_of_the_other_pages(served, block):
    (words,) = words_of(block)
    assert words == words_of(BEGIN)[0][: len(words)]
    assert f"Prefect UI: {served.ui}" in served.said
    assert "lab page: " in served.said


def test_a_campaign_says_where_it_is_shown(client):
    block = TUTORIAL.block("live in the Prefect UI")
    (words,) = words_of(block)
    done = command_line_process(*words)
    assert done.returncode == 0, done.stderr
    shown = shapes(output(block))
    assert shapes(done.stdout)[: len(shown)] == shown


def _prefect(line):
    subprocess.run([*PREFECT, *shlex.split(line)[1:]], check=True, capture_output=True, text=True, timeout=120)


def test_a_campaign_is_started_from_the_browser_s_side(client):
    pool, deploy, worker = BENCHES.block("prefect work-pool").text.splitlines()
    (started,) = BENCHES.block("prefect deployment run").text.splitlines()
    _prefect(pool)
    _prefect(deploy)
    with running(shlex.split(worker)[1:], "started!", PREFECT):
        _prefect(started)
        until(_ended, 90.0)


def _ended():
    """Whether both trials have; asked now and then, since every question costs what the campaign needs."""
    time.sleep(0.5)
    return "2 of 2 trials ended" in command_line("status", "conductivity", "--lab", "lab").stdout
