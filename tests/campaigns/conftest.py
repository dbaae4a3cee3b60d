"""The dosing stocks of the simulated bench, as the planner of batches sees them."""

from __future__ import annotations

import pytest

from galvanaut.core.stocks import Stock


def _stock(name: str, composition: dict[str, float], density_g_mL: float) -> Stock:
    return Stock(name, composition, density_g_mL, 2000.0, dose_min_mL=0.05, dose_step_mL=0.001, dose_max_mL=50.0)


@pytest.fixture(scope="session")
def stocks() -> list[Stock]:
    return [
        _stock("EC_DMC", {"EC": 0.6667, "DMC": 0.3333}, 1.226),
        _stock("EC_EMC", {"EC": 0.6667, "EMC": 0.3333}, 1.195),
        _stock("DMC", {"DMC": 1.0}, 1.063),
        _stock("EMC", {"EMC": 1.0}, 1.006),
        _stock("PC", {"PC": 1.0}, 1.200),
        _stock("LiPF6_DMC", {"DMC": 0.7248, "LiPF6": 0.2752}, 1.230),
        _stock("LiPF6_EMC", {"EMC": 0.7248, "LiPF6": 0.2752}, 1.180),
    ]
