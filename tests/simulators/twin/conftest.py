"""One healthy stream for all tests that only need readings."""

from __future__ import annotations

import pytest

from galvanaut.simulators.twin import TwinPrior
from twinstreams import Plan, Stream, conductivity, cycled, sample


@pytest.fixture(scope="session")
def stream() -> Stream:
    """Five cycles of a healthy cell, a reading a minute."""
    return cycled(sample(contact_ohm=10.0, loading=1.02), Plan(), 5, start=0.3)


@pytest.fixture
def prior() -> TwinPrior:
    """What was measured of its electrolyte."""
    return TwinPrior(conductivity_S_m=conductivity())
