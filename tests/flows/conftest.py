"""A small campaign for every test of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smalllab import small_campaign


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Three trials on the simulated bench."""
    return small_campaign(tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """API URL of a temporary Prefect server, shared by all tests of a worker process."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield str(PREFECT_API_URL.value())
