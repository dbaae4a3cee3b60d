"""Settings for all tests."""

import sys
from contextlib import ExitStack

import pytest
from hypothesis import settings

import postgresqlserver

# Derandomised: a test that fails, fails for everybody, and CI does not fail by chance.
settings.register_profile("galvanaut", derandomize=True, deadline=None)
settings.load_profile("galvanaut")


def pytest_addoption(parser):
    parser.addoption(
        "--kills",
        type=int,
        default=10,
        help="so often tests/system/test_kill.py kills a campaign (more than 10: half with Prefect)",
    )
    parser.addoption(
        "--spaces", type=int, default=30, help="so many search spaces in tests/campaigns/test_spaces_at_random.py"
    )
    parser.addoption("--fault-days", type=int, help="so many days of faults in tests/system/test_faulty_weeks.py")
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where the labs of tests/system keep their tables; the server lives as long as the tests",
    )


def pytest_configure(config):
    stack = ExitStack()
    config.add_cleanup(stack.close)
    postgresqlserver.begin(config, stack)


@pytest.fixture(scope="module", autouse=True)
def prefect_falls_silent():
    """Flows in the test's own process leave a link for Prefect's events behind, which draws a random number for each of
    its signs of life; property tests in the same process take that for a fault of theirs."""
    yield
    if "prefect.events.worker" in sys.modules:
        sys.modules["prefect.events.worker"].EventsWorker.drain_all(timeout=30, at_exit=False)


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server; see `postgresqlserver.Server`."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgresqlserver.running())
        except ImportError:
            pytest.skip(postgresqlserver.MISSING)
        yield server
