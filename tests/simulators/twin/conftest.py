"""One healthy stream for all tests that only need readings."""

from __future__ import annotations

import pytest

from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.twin import TwinPrior
from twinstreams import Plan, Stream, conductivity, cycled, sample

LONG = {"test_findings.py", "test_forecast.py", "test_feed.py"}
"""Weeks of readings: a minute or two with arrays, seconds with numba. `.ci/run` runs them with it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not is_compiling():
        mark = pytest.mark.skip(reason="long without numba; uv run --group interop pytest tests/simulators/twin")
        for item in items:
            if item.path.name in LONG and item.path.parent.name == "twin":
                item.add_marker(mark)


@pytest.fixture(scope="session")
def stream() -> Stream:
    """Five cycles of a healthy cell, a reading a minute."""
    return cycled(sample(contact_ohm=10.0, loading=1.02), Plan(), 5, start=0.3)


@pytest.fixture
def prior() -> TwinPrior:
    """What was measured of its electrolyte."""
    return TwinPrior(conductivity_S_m=conductivity())
