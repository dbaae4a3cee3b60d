import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.composition import whole
from galvanaut.simulators.electrolyte.datasets import robot_means
from galvanaut.simulators.electrolyte.support import REGIONS, linear_support, region, solvent_hull, supported

TIP = [0, 0.3, 0, 0.7]
CORNERS = np.array([[0.5, 0, 0.5, 0], [0.1, 0, 0.9, 0], [0.5, 0, 0, 0.5], [0.1, 0, 0, 0.9], TIP], dtype=float)


def ask(shares, molality, temperature_degC, margin=0.0):
    return region(whole(np.array(shares, dtype=float), molality), temperature_degC, margin)


@pytest.mark.parametrize(
    ("shares", "molality", "temperature_degC", "name"),
    [
        ([0.15, 0.15, 0, 0.7], 1.0, 20, "A"),
        ([0.15, 0.15, 0, 0.7], 0.2, -30, "A"),
        (TIP, 2.1, 60, "A"),
        ([0.3, 0, 0, 0.7], 1.0, 20, "B"),
        ([0.3, 0, 0.7, 0], 0.5, 0, "B"),
        ([0.1, 0, 0.5, 0.4], 2.0, 40, "B"),
        ([0.3, 0.05, 0.4, 0.25], 1.0, 20, "between"),
        ([0.295, 0.005, 0, 0.7], 1.0, 20, "between"),
    ],
)
def test_regions(shares, molality, temperature_degC, name):
    assert ask(shares, molality, temperature_degC) == name


@pytest.mark.parametrize(
    ("shares", "molality", "temperature_degC", "message"),
    [
        ([0.05, 0, 0.95, 0], 1.0, 20, r"EC is 0.05, at least 0.1 is supported \(off by 0.05\)"),
        ([0.55, 0, 0.45, 0], 1.0, 20, r"EC is 0.55, at most 0.5 is supported \(off by 0.05\)"),
        ([0.3, 0, 0.7, 0], 0.4, 20, r"LiPF6 \(mol/kg\) is 0.4, at least 0.5"),
        ([0.3, 0, 0.7, 0], 1.0, -5, r"temperature \(degC\) is -5, at least 0"),
        ([0.15, 0.15, 0, 0.7], 2.2, 20, r"LiPF6 \(mol/kg\) is 2.2, at most 2.1"),
        ([0.15, 0.15, 0.4, 0.3], 1.0, 20, r"EMC - 7/3 PC is -0.05, at least 0"),
        ([0.4, 0.2, 0, 0.4], 1.0, 20, "no data support"),
    ],
)
def test_refusals_name_bound_and_distance(shares, molality, temperature_degC, message):
    with pytest.raises(UnsupportedError, match=message):
        ask(shares, molality, temperature_degC)


def test_refusal_lists_every_broken_bound():
    with pytest.raises(UnsupportedError, match=r"EC is 0.6.*LiPF6 \(mol/kg\) is 2.5.*temperature \(degC\) is 50"):
        ask([0.6, 0, 0.4, 0], 2.5, 50)


def test_margin_loosens_shares_molality_and_temperature():
    assert ask([0.515, 0, 0.485, 0], 2.04, -0.9, margin=0.02) == "B"
    for shares, molality, temperature_degC in (
        ([0.53, 0, 0.47, 0], 1.0, 20),
        ([0.3, 0, 0.7, 0], 2.06, 20),
        ([0.3, 0, 0.7, 0], 1.0, -1.2),
    ):
        with pytest.raises(UnsupportedError):
            ask(shares, molality, temperature_degC, margin=0.02)


def test_every_electrolyte_of_the_robot_is_supported():
    data = robot_means()
    for kelvin in np.unique(data.temperature_K):
        rows = data.where(data.temperature_K == kelvin)
        assert supported(rows.shares, rows.molality, kelvin - 273.15, margin=0.01).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0.1, 2.3), st.floats(-35, 65), st.floats(0, 0.05))
def test_mask_and_region_agree(weights, molality, temperature_degC, margin):
    shares = np.array(weights) + 1e-6
    shares /= shares.sum()
    inside = bool(supported(shares[None, :], np.array([molality]), temperature_degC, margin)[0])
    try:
        ask(shares, molality, temperature_degC, margin)
        accepted = True
    except UnsupportedError:
        accepted = False
    assert inside == accepted


def test_mask_refuses_what_are_no_shares():
    assert supported(np.array([[0.3, 0, 0, 0.7], [0.3, 0, 0, 0.6], [0.4, -0.1, 0, 0.7]]), np.ones(3), 20).tolist() == [
        True,
        False,
        False,
    ]


def test_hull_inequalities_are_those_of_its_corners():
    """Every corner lies on at least three faces; nothing that satisfies all inequalities lies outside the corners."""
    from scipy.optimize import linprog

    rows, limits = solvent_hull()
    slack = limits - CORNERS @ rows.T
    assert (slack >= -1e-12).all()
    assert ((np.abs(slack) < 1e-12).sum(axis=1) >= 3).all()
    directions = np.random.default_rng(0).standard_normal((40, 4))
    for direction in directions:
        best = linprog(-direction, A_ub=rows, b_ub=limits, A_eq=np.ones((1, 4)), b_eq=[1])
        assert -best.fun == pytest.approx((CORNERS @ direction).max(), abs=1e-9)


def test_regions_a_and_b_lie_in_the_hull():
    rows, limits = solvent_hull()
    corners_a = np.array([TIP, [0.2691, 0.0309, 0, 0.7]])
    assert (corners_a @ rows.T <= limits + 1e-9).all()
    assert set(REGIONS) == {"A", "B", "between"}


def test_linear_support_by_temperature():
    rows, limits = linear_support(0)
    assert (rows @ np.array([0.3, 0.05, 0.4, 0.25, 1.0]) <= limits).all()
    assert not (rows @ np.array([0.3, 0.05, 0.4, 0.25, 0.4]) <= limits).all()
    rows, limits = linear_support(-20)
    assert (rows @ np.array([0.15, 0.15, 0, 0.7, 0.3]) <= limits + 1e-12).all()
    assert not (rows @ np.array([0.3, 0.0, 0.0, 0.7, 0.3]) <= limits + 1e-12).all()
    with pytest.raises(UnsupportedError, match="61 degC"):
        linear_support(61)
