from math import exp, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.campaigns.analysis.fade import Life
from galvanaut.campaigns.analysis.figures import Figure
from galvanaut.campaigns.analysis.trialsummary import LIFE, Quantity, Replicate, summarise_trial
from galvanaut.campaigns.analysis.verdict import Verdict
from galvanaut.core.errors import InputError

CAPACITY = Quantity("capacity", "mAh", False, 0.06, "illustrative")


def cell(name, cycles, sd=1.0, status="ok", reason="", is_censored=False):
    life = Life(cycles, nan if is_censored else sd, is_censored, 0.8, Figure(4e-3, 1e-6), Figure(0.8, 1e-3))
    return Replicate.of_life(Verdict(name, status, reason), life)


def test_lives_are_averaged_as_logarithms():
    found = summarise_trial([cell("a", 100.0), cell("b", 400.0)])
    assert found.figure.value == pytest.approx(200.0)
    squares = 2 * log(2) ** 2
    assert found.log_sd == pytest.approx(sqrt((2 * 0.13**2 + squares) / 3 / 2))
    assert found.figure.sd == pytest.approx(200.0 * found.log_sd)
    assert found.cells == ("a", "b")
    assert not found.is_censored
    assert found.reason == ""


def test_one_replicate_has_the_usual_spread():
    found = summarise_trial([cell("a", 300.0)])
    assert (found.figure.value, found.log_sd) == (pytest.approx(300.0), pytest.approx(0.13))
    assert "one replicate only" in found.notes[0]
    assert "0.13" in found.notes[0]


def test_cells_that_agree_by_chance_do_not_make_the_spread_vanish():
    found = summarise_trial([cell(name, 300.0, sd=0.0) for name in "abc"])
    assert found.log_sd == pytest.approx(0.13 * sqrt(2 / 4 / 3))


def test_the_cells_own_uncertainty_is_the_floor():
    found = summarise_trial([cell(name, 300.0, sd=150.0) for name in "abcd"])
    assert found.log_sd == pytest.approx(0.5 / sqrt(4))
    assert summarise_trial([cell("a", 300.0, sd=float("inf"))]).to_json()["value"] == {
        "value": pytest.approx(300.0),
        "sd": None,
    }


def test_a_censored_cell_makes_the_value_a_bound():
    found = summarise_trial([cell("a", 200.0), cell("b", 300.0, is_censored=True)])
    assert found.is_censored
    assert found.figure.value == pytest.approx(sqrt(200 * 300))
    assert np.isfinite(found.figure.sd)
    assert "lower bound" in found.notes[0]
    assert found.to_json()["censored"] is True


def test_failed_cells_are_left_out_and_named():
    found = summarise_trial([cell("a", 300.0), cell("b", 20.0, status="short", reason="leaks"), cell("c", 310.0)])
    assert found.cells == ("a", "c")
    assert found.excluded == {"b": "short: leaks"}
    assert found.figure.value == pytest.approx(sqrt(300 * 310))


def test_nothing_is_averaged_out_of_nothing():
    found = summarise_trial([cell("a", 1.0, status="short", reason="leaks"), cell("b", 1.0, status="open", reason="!")])
    assert found.figure is None
    assert found.reason == "no cell counts (a: short: leaks; b: open: !)"
    row = found.to_json()
    assert (row["value"], row["log_sd"], row["cells"]) == (None, None, [])
    assert summarise_trial([]).reason == "no cell counts (no cell was made)"
    sound = Replicate(Verdict("a", "ok"), None)
    assert summarise_trial([sound]).excluded == {"a": "sound, but without a result"}


def test_two_that_disagree_both_count_and_are_named():
    pair = [cell(name, value, status="disagree", reason="at odds") for name, value in (("a", 100.0), ("b", 400.0))]
    found = summarise_trial(pair)
    assert found.cells == ("a", "b")
    assert found.notes == ("a: at odds", "b: at odds")
    assert found.log_sd > 3 * 0.13


def test_other_quantities_are_averaged_as_they_are():
    replicates = [Replicate(Verdict(name, "ok"), Figure(value, 0.01)) for name, value in (("a", 4.0), ("b", 4.2))]
    found = summarise_trial(replicates, CAPACITY)
    assert found.figure.value == pytest.approx(4.1)
    assert found.figure.sd == pytest.approx(sqrt((2 * 0.06**2 + 0.02) / 3 / 2))
    assert np.isnan(found.log_sd)


def test_a_life_of_nothing_has_no_logarithm():
    with pytest.raises(InputError, match="a: life must be above zero"):
        summarise_trial([cell("a", 0.0)])


@given(st.floats(0.1, 10.0))
def test_a_longer_life_all_round_changes_the_value_only(factor):
    lives = [120.0, 150.0, 180.0]
    one = summarise_trial([cell(str(life), life, sd=0.01 * life) for life in lives])
    other = summarise_trial([cell(str(life), factor * life, sd=0.01 * factor * life) for life in lives])
    assert other.figure.value == pytest.approx(factor * one.figure.value)
    assert other.log_sd == pytest.approx(one.log_sd)


def test_the_uncertainty_is_that_of_the_mean():
    draw = np.random.default_rng(8)
    misses = []
    for _ in range(300):
        lives = 300 * np.exp(draw.normal(0, 0.13, 3))
        found = summarise_trial([cell(str(life), float(life)) for life in lives])
        misses.append((log(found.figure.value) - log(300)) / found.log_sd)
    assert 0.85 < np.std(misses) < 1.15


def test_the_spread_of_lives_is_stated_with_its_source():
    assert LIFE.is_logarithmic
    assert LIFE.spread == 0.13
    assert exp(LIFE.spread) < 1.2
    assert "9 protocols x 5" in LIFE.source
