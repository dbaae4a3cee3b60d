"""The next look comes rarely, but in time for the end of a step and just after a reading."""

from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.instruments.cycling.foresight import Point, expected_s, next_look_s
from galvanaut.instruments.cycling.program import CurrentStep, RestStep, VoltageStep

CHARGE = CurrentStep(0.002, 4.2, None, "charge")
DISCHARGE = CurrentStep(-0.002, 3.0, None, "discharge")
HOLD = VoltageStep(4.2, 0.002, 0.0002, None, "hold")


def points(*volts, amps=0.002, every_s=60.0):
    return [Point(every_s * n, each, amps) for n, each in enumerate(volts)]


def test_a_straight_line_is_carried_on():
    assert expected_s(CHARGE, points(3.9, 4.0, 4.1)) == pytest.approx(60)
    assert expected_s(DISCHARGE, points(3.3, 3.2, amps=-0.002)) == pytest.approx(120)


def test_a_knee_brings_the_end_nearer():
    straight = expected_s(DISCHARGE, points(3.5, 3.4, 3.3, amps=-0.002))
    assert expected_s(DISCHARGE, points(3.45, 3.4, 3.3, amps=-0.002)) < straight
    assert expected_s(DISCHARGE, points(3.6, 3.4, 3.3, amps=-0.002)) == pytest.approx(straight)


def test_a_hold_fades_by_the_same_share_in_equal_times():
    fading = [Point(60.0 * n, 4.2, 0.001 * exp(-0.1 * n)) for n in range(3)]
    assert expected_s(HOLD, fading) == pytest.approx(60 * (16.094 - 2), rel=1e-3)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (RestStep(60.0, "rest"), points(3.9, 4.0)),
        (None, points(3.9, 4.0)),
        (CHARGE, points(4.0)),
        (CHARGE, points(4.0, 3.9)),
        (CHARGE, points(4.0, 4.1, every_s=0.0)),
        (HOLD, points(4.2, 4.2)),
        (HOLD, points(4.2, 4.2, amps=float("nan"))),
        (VoltageStep(4.2, 0.002, None, 600.0, "hold"), points(4.2, 4.2)),
    ],
)
def test_where_nothing_tells_nothing_is_guessed(step, found):
    assert expected_s(step, found) is None


def test_a_step_that_is_over_or_about_to_be_is_looked_at_now():
    assert expected_s(CHARGE, points(4.19, 4.201)) == 0
    assert expected_s(CHARGE, points(4.1999, 4.1998)) == 0
    assert expected_s(HOLD, points(4.2, 4.2, amps=0.0001)) == 0


@given(
    age_s=st.floats(0, 500),
    period_s=st.sampled_from([0.5, 1.0, 10.0, 60.0]),
    wanted_s=st.floats(0.5, 300),
)
def test_a_look_never_comes_later_than_wanted(age_s, period_s, wanted_s):
    found_s = next_look_s(1000.0, 1000.0 - age_s, period_s, wanted_s)
    assert 0 < found_s <= wanted_s + 1e-6


@pytest.mark.parametrize(("wanted_s", "after_s"), [(300, 290.5), (60, 50.5), (50.5, 50.5), (50, 50), (15, 15)])
def test_a_look_follows_a_reading(wanted_s, after_s):
    assert next_look_s(1010.0, 1000.0, 60.0, wanted_s) == pytest.approx(after_s)


@given(volts=st.lists(st.floats(), min_size=0, max_size=3), amps=st.floats())
def test_no_readings_lead_to_nonsense(volts, amps):
    for step in (CHARGE, DISCHARGE, HOLD):
        found = expected_s(step, [Point(10.0 * n, each, amps) for n, each in enumerate(volts)])
        assert found is None or 0 <= found <= inf
