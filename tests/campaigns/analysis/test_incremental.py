import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from galvanaut.campaigns.analysis.curves import Curve
from galvanaut.campaigns.analysis.incremental import incremental_capacity, peaks
from galvanaut.core.errors import UnsupportedError

VOLTS = np.linspace(3.0, 4.2, 4000)


def charge_Ah(volts, *gaussians, base=1e-3):
    """A base line of dQ/dV plus peaks of (centre, width, area)."""
    steps = [area * ndtr((volts - centre) / width) for centre, width, area in gaussians]
    return base * (volts - 3.0) + np.sum(steps, axis=0)


def curve(*gaussians, direction="charge"):
    filled = charge_Ah(VOLTS, *gaussians) if gaussians else 1e-3 * (VOLTS - 3.0)
    if direction == "charge":
        return Curve("charge", VOLTS, filled)
    return Curve("discharge", VOLTS[::-1], filled[-1] - filled[::-1])


@pytest.mark.parametrize("direction", ["charge", "discharge"])
def test_peaks_stand_where_they_are(direction):
    found = incremental_capacity(curve((3.45, 0.03, 1e-3), (3.9, 0.04, 2e-3), direction=direction))
    low, high = peaks(found)
    assert low.voltage_V == pytest.approx(3.45, abs=5e-4)
    assert high.voltage_V == pytest.approx(3.9, abs=5e-4)
    assert high.height_Ah_V == pytest.approx(1e-3 + 2e-3 / (0.04 * np.sqrt(2 * np.pi)), rel=0.02)
    assert low.prominence_Ah_V == pytest.approx(low.height_Ah_V - 1e-3, rel=0.02)


def test_a_peak_between_points_of_the_grid_is_as_high_as_one_on_it():
    def peak(centre):
        volts = np.linspace(3.0, 4.2, 20001)
        filled = 1e-2 * (volts - 3.0) - 2e-2 / 3 * ((volts - centre) ** 3 - (3.0 - centre) ** 3)
        (found,) = peaks(incremental_capacity(Curve("charge", volts, filled), step_V=0.02, window_V=0.1))
        return found

    on, between = peak(3.60), peak(3.607)
    assert between.height_Ah_V == pytest.approx(on.height_Ah_V, rel=1e-6)
    assert between.voltage_V == pytest.approx(3.607, abs=1e-5)


def test_a_straight_curve_has_one_slope_and_no_peak():
    found = incremental_capacity(curve())
    assert found.slope_Ah_V == pytest.approx(np.full(len(found.slope_Ah_V), 1e-3))
    assert peaks(found) == []


def test_resolution_is_the_width_that_a_sharp_peak_gets():
    found = incremental_capacity(curve((3.6, 1e-4, 1e-3)), step_V=1e-3, window_V=0.04)
    half = (found.slope_Ah_V.max() + 1e-3) / 2
    width_V = (found.slope_Ah_V > half).sum() * 1e-3
    assert width_V == pytest.approx(found.resolution_V, abs=2e-3)
    assert found.resolution_V == pytest.approx(0.04 / np.sqrt(2))


@given(st.floats(3.3, 3.9), st.floats(0.02, 0.06))
def test_smoothing_keeps_the_charge(centre, width):
    found = incremental_capacity(curve((centre, width, 2e-3)))
    low, high = found.voltage_V[[0, -1]]
    gaussian = (centre, width, 2e-3)
    moved = np.trapezoid(found.slope_Ah_V, found.voltage_V)
    assert moved == pytest.approx(charge_Ah(high, gaussian) - charge_Ah(low, gaussian), rel=1e-3)


def test_curves_of_different_cells_share_their_grid():
    whole, part = curve(), Curve("charge", VOLTS[777:3210], charge_Ah(VOLTS[777:3210], (3.6, 0.02, 1e-3)))
    grids = [set(np.round(incremental_capacity(each).voltage_V, 9)) for each in (whole, part)]
    assert grids[1] < grids[0]


def test_what_cannot_be_resolved_is_refused():
    with pytest.raises(UnsupportedError, match=r"curve 3\.000 to 3\.010 V"):
        incremental_capacity(Curve("charge", np.array([3.0, 3.005, 3.01]), np.array([0.0, 1e-4, 2e-4])))
    with pytest.raises(UnsupportedError, match=r"window 0\.001 V"):
        incremental_capacity(curve(), step_V=2e-3, window_V=1e-3)
