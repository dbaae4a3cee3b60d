"""Earlier campaigns as beliefs: which are believed, in which trials, and what they expect elsewhere."""

import numpy as np
import pytest

from campaignmaking import ONE, PRICES, campaign_of, filled, ledger_of, recipe, try_out
from galvanaut.campaigns.earlier import beliefs_of_earlier, hash_of, known
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import InputError

WIDER = {
    "solvents": {name: {"low": 0.0, "high": 1.0} for name in ("DMC", "PC", "EC")},
    "salts": {"LiPF6": {"low": "0 mol/kg", "high": "3 mol/kg"}},
}


def conducts(ec, molality):
    return 6.0 + 4.0 * ec + molality


@pytest.fixture
def before(tmp_path):
    """Eight trials of the campaign `may`."""
    return filled(ledger_of(tmp_path, campaign_of("may")), conducts)


def begun(tmp_path, earlier="may", **more):
    """A campaign that has just begun, with what it knows of an earlier one."""
    campaign = campaign_of("june", planner={"earlier": [earlier]}, **more)
    ledger = ledger_of(tmp_path, campaign)
    ledger.believes(known(campaign, ledger))
    return campaign, ledger


def test_a_model_of_the_earlier_trials_is_believed_also_in_another_space(before, tmp_path):
    campaign, ledger = begun(tmp_path, components=WIDER)
    space = SearchSpace.of(campaign)
    (belief,) = beliefs_of_earlier(campaign, space, ledger)
    assert (belief.name, belief.quantity) == ("campaign may", "")
    known_there = np.array([space.point(recipe(0.3, 1.0)), space.point(recipe(0.4, 1.5))])
    np.testing.assert_allclose(belief.predict(known_there), [conducts(0.3, 1.0), conducts(0.4, 1.5)], atol=0.3)
    assert np.isfinite(belief.predict(space.volume(50, np.random.default_rng(1)))).all()


def test_trials_that_end_later_play_no_part(before, tmp_path):
    campaign, ledger = begun(tmp_path)
    space, here = SearchSpace.of(campaign), np.array([[0.3, 0.7, 1.0]])
    expected = beliefs_of_earlier(campaign, space, ledger)[0].predict(here)
    for number in range(9, 12):
        try_out(before, number, recipe(0.3), Outcome("ok", {"conductivity": 99.0}))
    assert known(campaign, ledger) == {}
    ledger.believes({"may": {"until": 10**6}})
    assert beliefs_of_earlier(campaign, space, ledger)[0].predict(here) == expected
    record = ledger.earlier["may"]
    assert record["values"] == {"conductivity": 8}
    assert hash_of(ledger.other("may", record["until"])) == record["data"] != hash_of(before)


def test_each_quantity_that_both_measure_is_believed_by_its_name(before, tmp_path):
    limits = [{"name": "conductivity", "low": 5}, {"name": "cost", "high": 20}]
    campaign, ledger = begun(tmp_path, limits=limits, prices=PRICES)
    found = beliefs_of_earlier(campaign, SearchSpace.of(campaign), ledger)
    assert [belief.quantity for belief in found] == ["", "conductivity"]


@pytest.mark.parametrize(
    ("earlier", "changes", "message"),
    [
        ("april", {}, r"planner\.earlier\.0: april is not in the ledger of this lab; name campaigns that"),
        ("june", {}, "june is this campaign"),
        ("may", {"objectives": [{"name": "life", "goal": "maximise"}]}, "fewer than 3 values of life, which this camp"),
        ("may", {"components": {"solvents": {"PC": {"low": 1.0, "high": 1.0}}}}, "may shares no component with"),
    ],
)
def test_campaigns_that_say_nothing_are_refused(before, tmp_path, earlier, changes, message):
    with pytest.raises(InputError, match=message):
        begun(tmp_path, earlier, **changes)


def test_a_campaign_of_a_single_recipe_is_believed_everywhere(tmp_path):
    solvents = {"EC": {"low": 0.3, "high": 0.3}, "DMC": {"low": 0.7, "high": 0.7}}
    salts = {"LiPF6": {"low": "1 mol/kg", "high": "1 mol/kg"}}
    campaign = campaign_of("may", ONE, components={"solvents": solvents, "salts": salts})
    ledger = ledger_of(tmp_path, campaign)
    for number in range(1, 4):
        try_out(ledger, number, recipe(0.3), Outcome("ok", {"conductivity": 6.0 + number}))
    campaign, ledger = begun(tmp_path)
    (belief,) = beliefs_of_earlier(campaign, SearchSpace.of(campaign), ledger)
    assert belief.predict(np.array([[0.1, 0.9, 2.0]])).tolist() == [8.0]


LOTS_MAY = {"lots": {"EC": ["A17", "B02"]}}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"lots": {"EC": ["B02", "A17"]}}, [2.0, 10.0]),
        ({"lots": {"EC": ["B02", "C11"]}}, [2.0, 6.0]),  # nobody knows C11: as good as the two in the mean
        ({"lots": {"DMC": ["A17", "B02"]}}, [6.0, 6.0]),
        ({}, [6.0]),
    ],
)
def test_lots_are_those_of_the_same_name_and_unknown_ones_are_between_all(tmp_path, settings, expected):
    ledger = ledger_of(tmp_path, campaign_of("may", settings=LOTS_MAY))
    for number in range(1, 13):
        lot, made = LOTS_MAY["lots"]["EC"][number % 2], recipe(0.1 + 0.4 * (number % 4) / 3, 0.6 + 0.1 * number)
        ledger.propose(number, made, [], {}, settings={"lots.EC": lot})
        ledger.close(number, Outcome("ok", {"conductivity": {"A17": 10.0, "B02": 2.0}[lot]}, {"conductivity": 0.01}))
    campaign, june = begun(tmp_path, settings=settings)
    space = SearchSpace.of(campaign)
    (belief,) = beliefs_of_earlier(campaign, space, june)
    points = np.array([[0.3, 0.7, 1.2, option] for option in range(len(expected))])[:, : len(space.names)]
    np.testing.assert_allclose(belief.predict(points), expected, atol=0.3)
