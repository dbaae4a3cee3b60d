"""A nursery of processes, and how many of them are killed."""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import postgresqlserver
from galvanaut.core import labdatabase
from galvanaut.flows.server import running
from killedcampaign import Campaign

TESTS = Path(__file__).parents[1]
PER_TEST, PER_STATION = 5, 3


@dataclass(frozen=True)
class Kills:
    """What one test of `test_kill` does."""

    seed: int
    count: int
    options: tuple[str, ...]


@pytest.fixture(autouse=True, scope="session")
def database(pytestconfig):
    """Without the server that was asked for nothing is tested."""
    if reason := postgresqlserver.reason_to_skip(pytestconfig):
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def kept_where_asked(tmp_path):
    """A lab that went back to files would pass all tests for nothing."""
    yield
    files = [path for name in labdatabase.FILES for path in tmp_path.rglob(name)]
    assert postgresqlserver.LABS not in os.environ or files == []


def pytest_generate_tests(metafunc):
    wanted = metafunc.config.getoption("kills")
    if "kills" in metafunc.fixturenames:
        with_prefect = [wanted > 10 and number % 2 == 1 for number in range(-(-wanted // PER_TEST))]
        found = [
            Kills(seed, PER_TEST, () if prefect else ("--no-prefect",)) for seed, prefect in enumerate(with_prefect)
        ]
        names = [f"{each.seed}{'' if each.options else '-prefect'}" for each in found]
        metafunc.parametrize("kills", found, ids=names)
    if "station_kills" in metafunc.fixturenames:
        found = [Kills(seed, PER_STATION, ("--no-prefect",)) for seed in range(-(-wanted // 20))]
        metafunc.parametrize("station_kills", found, ids=[str(each.seed) for each in found])


def pytest_terminal_summary(terminalreporter):
    """Say how many were killed, and what was looked at after them."""
    counts = {}
    for report in terminalreporter.getreports("passed"):
        for name, found in report.user_properties:
            if name == "faults":
                terminalreporter.section("faults")
                terminalreporter.write_line(str(found))
            if name == "kills":
                struck, checked = counts.setdefault(found["what"], (Counter(), Counter()))
                struck.update(found["struck"])
                checked.update(found["checked"])
    for what, (struck, checked) in sorted(counts.items()):
        terminalreporter.section(f"killed: {struck.total()} {what}")
        for each in (struck, checked):
            terminalreporter.write_line(", ".join(f"{name} {count}" for name, count in sorted(each.items())))


class Nursery:
    """See `nursery`."""

    def __init__(self, process):
        self._process = process

    def begin(self, argv, folder, death=None, environment=None, name="", code=""):
        """The number of a process of `galvanaut` with these arguments."""
        request = {
            "argv": [str(each) for each in argv],
            "code": code,
            "death": None if death is None else death.to_json(),
            "environment": environment or {},
            "acknowledged": str(folder / "acknowledged"),
            **{each: str(folder / f"{name}{each}") for each in ("said", "seen")},
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def ended(self):
        """Wait for its exit code; negative for the signal that killed it."""
        return int(self._process.stdout.readline())

    def run(self, *what, **more):
        """Both."""
        self.begin(*what, **more)
        return self.ended()


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def free_port():
    """Nobody listens there."""
    return a_free_port()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """API URL of `galvanaut up`."""
    port = a_free_port()
    with running(tmp_path_factory.mktemp("prefect"), port):
        yield f"http://127.0.0.1:{port}/api"


@contextmanager
def nursery_of_its_own():
    """A process whose children run `galvanaut` at once, one at a time."""
    command = [sys.executable, "-W", "ignore", str(TESTS / "nursery.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        process.stdin.close()


@pytest.fixture(scope="session")
def nursery():
    """Of campaigns."""
    with nursery_of_its_own() as found:
        yield found


@pytest.fixture(scope="session")
def station_nursery():
    """Of stations."""
    with nursery_of_its_own() as found:
        yield found


@pytest.fixture(scope="session")
def whole(tmp_path_factory, nursery):
    """A campaign that nobody disturbed."""
    campaign = Campaign(tmp_path_factory.mktemp("whole") / "it", nursery, "--no-prefect")
    assert campaign.run() == 0, campaign.said()
    return campaign
