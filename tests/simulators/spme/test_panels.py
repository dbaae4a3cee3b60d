"""Rows of panels: what polynomials of current do to charge and to fading modes, against plain quadrature."""

from __future__ import annotations

from math import exp, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from galvanaut.simulators.cells.spme.panels import DEGREE, Panels, lagging

ROW = Panels((0.0, 0.5, 2.0, 5.0))


def wave(seconds: float) -> float:
    return sin(0.7 * seconds + 0.3)


WAVE = np.array([wave(at) for at in ROW.times_s.tolist()])


@pytest.mark.parametrize("turns", [0.0, 1e-9, 0.3, 1.999, 2.001, 5.0, 40.0, 3000.0])
def test_how_a_mode_lags_behind_each_power(turns: float) -> None:
    found = lagging(np.array([turns]))[0]
    for power in range(DEGREE + 1):
        expected, _ = quad(
            lambda s, n=power: turns * exp(-turns * (1 - s)) * s**n, max(0.0, 1 - 40 / max(turns, 1)), 1, epsabs=1e-13
        )
        assert found[power] == pytest.approx(expected, abs=1e-11), power


def test_neighbours_share_a_node_and_the_ends_are_nodes() -> None:
    assert len(ROW.times_s) == 3 * DEGREE + 1
    assert {0.0, 0.5, 2.0, 5.0} <= set(ROW.times_s.tolist())
    assert (np.diff(ROW.times_s) > 0).all()


def test_the_integral_until_every_node() -> None:
    expected = [quad(wave, 0, at)[0] for at in ROW.times_s.tolist()]
    assert ROW.integral_s @ WAVE == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("rate", [1e-3, 0.2, 3.0, 60.0])
def test_a_mode_at_every_node_is_the_integral_of_what_drove_it(rate: float) -> None:
    answers = ROW.responses(np.array([rate]))[0] @ WAVE
    for at, answer in zip(ROW.times_s.tolist(), answers.tolist(), strict=True):
        expected, _ = quad(lambda s, t=at: rate * exp(-rate * (t - s)) * wave(s), max(0.0, at - 40 / rate), at)
        assert answer == pytest.approx(expected, abs=1e-6)


@settings(deadline=None)
@given(st.floats(0, 5), st.floats(-1, 1), st.floats(1e-3, 50))
def test_a_mode_at_any_instant(seconds: float, start: float, rate: float) -> None:
    polynomials = ROW.polynomials(WAVE)
    modes, charge = ROW.modes(np.array([start]), np.array([rate]), np.array([2.0]), polynomials, seconds)
    driven, _ = quad(lambda s: rate * exp(-rate * (seconds - s)) * wave(s), max(0.0, seconds - 40 / rate), seconds)
    assert modes[0] == pytest.approx(start * exp(-rate * seconds) + 2 * driven, abs=1e-6)
    assert charge == pytest.approx(quad(wave, 0, seconds)[0], abs=1e-6)


def test_polynomials_go_through_their_nodes_and_follow_in_between() -> None:
    polynomials = ROW.polynomials(WAVE)
    assert ROW.values(polynomials, ROW.times_s) == pytest.approx(WAVE, abs=1e-12)
    between = np.linspace(0, 5, 77)
    assert ROW.values(polynomials, between) == pytest.approx([wave(at) for at in between.tolist()], abs=1e-6)
