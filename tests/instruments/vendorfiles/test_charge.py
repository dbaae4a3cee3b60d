"""Charge counters that begin anew, and what a record's current allows them to say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core import bdf
from galvanaut.instruments.vendorfiles.charge import balance, from_net, never_falling

STEPS = st.lists(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=8), min_size=1, max_size=6)


@given(STEPS)
def test_a_counter_that_begins_anew_goes_on(steps):
    """Each step counts from nothing, and its first reading is smaller than the last one before."""
    counter = np.concatenate([[0.0, *np.cumsum(step)] for step in steps])
    onward = never_falling(counter)
    assert (np.diff(onward) >= 0).all()
    assert onward[-1] == pytest.approx(sum(sum(step) for step in steps))


@given(STEPS, st.integers(0, 2**31))
def test_net_charge_per_step_splits_into_in_and_out(steps, seed):
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], len(steps))
    net = np.concatenate([sign * np.cumsum([0.0, *step]) for sign, step in zip(signs, steps, strict=True)])
    number = np.concatenate([np.full(len(step) + 1, index) for index, step in enumerate(steps)])
    charged, discharged = from_net(net, number)
    assert (np.diff(charged) >= 0).all()
    assert (np.diff(discharged) >= 0).all()
    sums = np.array([sum(step) for step in steps])
    assert charged[-1] == pytest.approx(sums[signs > 0].sum())
    assert discharged[-1] == pytest.approx(sums[signs < 0].sum())


def record(current_A, counted_Ah, period_s=3600.0):
    net = np.array(counted_Ah, float)
    charged, discharged = from_net(net)
    time_s = np.arange(len(net)) * period_s
    return pd.DataFrame(
        {bdf.TEST_TIME: time_s, bdf.CURRENT: current_A, bdf.CHARGED: charged, bdf.DISCHARGED: discharged}
    )


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=30), st.integers(0, 2**31))
def test_whatever_happened_between_two_readings_agrees(current_A, seed):
    """The true mean current of an interval lies anywhere between those at its ends."""
    where = np.random.default_rng(seed).random(len(current_A) - 1)
    current = np.array(current_A)
    mean = current[:-1] + where * np.diff(current)
    assert balance(record(current, [0.0, *np.cumsum(mean)])).agree


@pytest.mark.parametrize(
    ("counted_Ah", "agree", "plausible"),
    [
        ([0, 1, 2, 3], True, True),
        ([0, 1.01, 2.02, 3.03], True, True),
        ([0, 1.3, 2.6, 3.9], False, True),
        ([0, -1, -2, -3], False, False),
        ([0, 1000, 2000, 3000], False, False),
        ([0, 0.001, 0.002, 0.003], False, False),
        ([0, 0, 0, 0], False, False),
    ],
)
def test_sign_and_unit_of_the_counters(counted_Ah, agree, plausible):
    found = balance(record([1.0, 1.0, 1.0, 1.0], counted_Ah))
    assert (found.agree, found.plausible) == (agree, plausible)


def test_a_single_reading_says_nothing():
    assert balance(record([1.0], [0.0])).agree
