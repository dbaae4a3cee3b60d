"""What a recipe on test is held against."""

import pytest

from campaignmaking import campaign_of, ledger_of, recipe, try_out
from galvanaut.campaigns.ledger import Outcome
from galvanaut.flows.stopdecision import ToBeat, to_beat

LIFE = [{"name": "life", "goal": "maximise"}]


@pytest.fixture
def campaign(request):
    return campaign_of(objectives=LIFE, early_stop={}, **getattr(request, "param", {}))


def lived(life, conductivity=8.0):
    return Outcome("ok", {"life": life, "conductivity": conductivity}, {"life": 0.09 * life, "conductivity": 0.02})


def ledger_with(folder, campaign, outcomes):
    ledger = ledger_of(folder, campaign)
    for number, outcome in enumerate(outcomes, 1):
        try_out(ledger, number, recipe(0.1 * number), outcome)
    return ledger


def weigh(ledger, trial, life, conductivity=8.0):
    basis = {"least": 40, "values": {"conductivity": conductivity}}
    ledger.weigh(trial, basis, {"action": "continue", "life": life, "life_sd": 0.09 * life})


LIMITED = {"limits": [{"name": "conductivity", "low": 5}]}


@pytest.mark.parametrize("campaign", [LIMITED], indirect=True)
def test_recipes_that_keep_the_limits_come_first(tmp_path, campaign):
    ledger = ledger_with(tmp_path, campaign, [lived(400, 2.0), None, None])
    assert to_beat(campaign, ledger, 3).trial == 1, "better than nothing"
    weigh(ledger, 2, 300, 3.0)
    assert to_beat(campaign, ledger, 3).trial == 1
    ledger.close(2, lived(150))
    assert to_beat(campaign, ledger, 3).trial == 2


def test_there_is_nothing_to_beat_of_a_recipe_that_a_person_has_given_up(tmp_path, campaign):
    ledger = ledger_with(tmp_path, campaign, [lived(100), lived(110), None, None])
    weigh(ledger, 3, 300)
    assert (to_beat(campaign, ledger, 4).trial, to_beat(campaign, ledger, 4).is_forecast) == (3, True)
    ledger.condemn(3, "it gelled")
    assert to_beat(campaign, ledger, 4).trial == 2


def test_what_it_lived_is_said_as_it_was_measured(tmp_path, campaign):
    best = to_beat(campaign, ledger_with(tmp_path, campaign, [*map(lived, (240, 190, 180, 200)), None]), 5)
    taken = best.rival.values["life"]
    assert 190 < taken < 239
    assert best.text() == f"trial 1 (240 cycles lived, taken for {taken:.0f})"
    assert ToBeat.from_json(best.to_json()) == best


def test_a_ledger_that_knows_only_what_it_was_taken_for_says_what_it_said():
    row = {"trial": 1, "is_forecast": False, "values": {"life": 208.2}, "life_log_sd": 0.1}
    assert ToBeat.from_json(row).text() == "trial 1 (208 cycles lived)"
