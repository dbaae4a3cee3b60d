"""The recommendation in words: what is expected of the best recipe, and whether it keeps the limits."""

import pytest

from campaignmaking import PRICES, campaign_of, filled, ledger_of, recipe
from galvanaut.campaigns.advice import Prospect, advice
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.objectivefields import QuantityLimit
from galvanaut.campaigns.planners.baseline import best_measured
from galvanaut.campaigns.planners.protocol import Measured, Observation
from galvanaut.campaigns.planners.task import Limit
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import task_of

LOW = QuantityLimit(name="conductivity", low=5.0)


@pytest.mark.parametrize(
    ("limit", "mean", "sd", "probability"),
    [
        (LOW, 5.0, 1.0, 0.5),
        (LOW, 7.0, 1.0, 0.977),
        (LOW, 4.9, 0.0, 0.0),
        (QuantityLimit(name="cost", high=20.0), 21.0, 1.0, 0.159),
        (QuantityLimit(name="cost", low=19.0, high=21.0), 20.0, 1.0, 0.683),
    ],
)
def test_how_surely_a_limit_is_kept(limit, mean, sd, probability):
    assert Prospect(limit, "", mean, sd).probability == pytest.approx(probability, abs=0.001)


def text_of(campaign, ledger):
    return advice(campaign, ledger, task_of(campaign, SearchSpace.of(campaign), seed=1))


def test_the_recommended_recipe_is_said_to_keep_its_limits_or_not(tmp_path):
    campaign = campaign_of(limits=[{"name": "conductivity", "low": 5}])
    ledger = filled(ledger_of(tmp_path, campaign), lambda ec, molality: 6.0 + ec + molality)
    said = text_of(campaign, ledger)
    assert said.startswith("The model, which weighs all trials, expects most of 1.65 mol/kg LiPF6 in EC:DMC")
    assert "It keeps conductivity at least 5 mS/cm (expected 8" in said
    strict = campaign_of("strict", limits=[{"name": "conductivity", "low": 20}])
    ledger = filled(ledger_of(tmp_path, strict), lambda ec, molality: 6.0 + ec + molality)
    assert "It does NOT surely keep conductivity at least 20 mS/cm" in text_of(strict, ledger)


def test_nothing_is_advised_before_a_success_or_without_a_model(tmp_path):
    campaign = campaign_of(planner={"name": "sobol"}, limits=[{"name": "cost", "high": 20}], prices=PRICES)
    ledger = ledger_of(tmp_path, campaign)
    assert text_of(campaign, ledger) == ""
    ledger.propose(1, recipe(0.3), [], {"point": [0.3, 0.7, 1.0]})
    ledger.close(1, Outcome("ok", {"conductivity": 8.0, "cost": 15.0}))
    assert text_of(campaign, ledger) == ""


def test_without_a_model_the_best_measured_recipe_that_keeps_the_limits_counts():
    rows = [(9.0, 25.0), (8.0, 15.0), (7.0, 10.0)]
    seen = [
        Observation(number, (0.0,), value, quantities={"cost": Measured(cost)})
        for number, (value, cost) in enumerate(rows, start=1)
    ]
    for high, trial in ((30.0, 1), (20.0, 2), (12.0, 3), (5.0, 1)):
        assert best_measured(seen, True, [Limit("cost", high=high)]).trial == trial
