"""A nursery of processes, and how many of them are killed."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

import postgresqlserver
from galvanaut.core import labdatabase

TESTS = Path(__file__).parents[1]
PER_TEST = 5


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
    if "kills" in metafunc.fixturenames:
        wanted = metafunc.config.getoption("kills")
        tests = -(-wanted // PER_TEST)
        with_prefect = [wanted > 10 and number % 2 == 1 for number in range(tests)]
        found = [
            Kills(seed, PER_TEST, () if prefect else ("--no-prefect",)) for seed, prefect in enumerate(with_prefect)
        ]
        names = [f"{each.seed}{'' if each.options else '-prefect'}" for each in found]
        metafunc.parametrize("kills", found, ids=names)


def pytest_terminal_summary(terminalreporter):
    """Say how many were killed, and what was looked at after them."""
    counts = {True: (Counter(), Counter()), False: (Counter(), Counter())}
    for report in terminalreporter.getreports("passed"):
        for name, found in report.user_properties:
            if name == "kills":
                struck, checked = counts[found["prefect"]]
                struck.update(found["struck"])
                checked.update(found["checked"])
    for prefect, (struck, checked) in counts.items():
        if struck:
            terminalreporter.section(f"killed {'with' if prefect else 'without'} Prefect: {struck.total()}")
            for each in (struck, checked):
                terminalreporter.write_line(", ".join(f"{name} {count}" for name, count in sorted(each.items())))


class Nursery:
    """See `nursery`."""

    def __init__(self, process):
        self._process = process

    def run(self, argv, folder, death=None, environment=None):
        """The exit code of `galvanaut` with these arguments; negative for the signal that killed it."""
        request = {
            "argv": argv,
            "death": None if death is None else death.to_json(),
            "environment": environment or {},
            **{name: str(folder / name) for name in ("said", "acknowledged", "seen")},
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@pytest.fixture(scope="session")
def nursery():
    """A process whose children run `galvanaut` at once."""
    command = [sys.executable, "-W", "ignore", str(TESTS / "nursery.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        process.stdin.close()
