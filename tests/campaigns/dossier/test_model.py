"""The model as a dossier asks it: differences, probabilities, calibration, effect."""

import numpy as np
import pytest

from campaignmaking import PRICES, campaign_of, filled, ledger_of, recipe, try_out
from galvanaut.campaigns.dossier.calibration import Calibration, Prediction, left_out, said_before
from galvanaut.campaigns.dossier.effect import effect_of, welch
from galvanaut.campaigns.dossier.model import Model
from galvanaut.campaigns.dossier.sensitivity import sensitivities
from galvanaut.campaigns.dossier.specification import Demand, Specification
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.observe import observations
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import task_of


def conductivity(ec, molality):
    return 8 - 20 * (ec - 0.3) ** 2 - 3 * (molality - 1) ** 2


@pytest.fixture
def made(tmp_path):
    campaign = campaign_of(prices=PRICES)
    ledger = filled(ledger_of(tmp_path, campaign), conductivity, 16)
    space = SearchSpace.of(campaign)
    task = task_of(campaign, space, 1)
    return campaign, ledger, task, observations(ledger, campaign, space)


def test_a_difference_is_surer_than_its_two_ends(made):
    campaign, _, task, told = made
    model = Model(campaign, task, told)
    first, second = (task.space.point(recipe(ec)) for ec in (0.3, 0.301))
    expected, sd = model.difference(first, second, "conductivity")
    means, sds = model.predict(np.vstack([first, second]), "conductivity")
    assert expected == pytest.approx(means[0] - means[1])
    assert sd < 0.2 * sds[0]
    joint, spread = model.joint(np.vstack([first, second]), "conductivity")
    np.testing.assert_allclose(joint, means, atol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(spread)), sds, rtol=1e-3, atol=1e-5)


def test_a_price_is_computed_and_certain(made):
    campaign, _, task, told = made
    model, point = Model(campaign, task, told), task.space.point(recipe(0.3))
    means, sds = model.predict(point, "cost")
    assert (means[0], sds[0]) == (pytest.approx(campaign.prices.of(recipe(0.3))), 0.0)
    cheap = Specification((Demand("cost", "EUR/kg", high=means[0] + 0.1),))
    dear = Specification((Demand("cost", "EUR/kg", high=means[0] - 0.1),))
    assert [model.probability(point, each)[0] for each in (cheap, dear)] == [1.0, 0.0]


def test_who_is_too_sure_is_made_less_sure(made):
    campaign, _, task, told = made
    model, point = Model(campaign, task, told), task.space.point(recipe(0.45, 1.8))
    mean, sd = (each[0] for each in model.predict(point, "conductivity"))
    wanted = Specification((Demand("conductivity", "mS/cm", low=mean - sd),))
    before = model.probability(point, wanted)[0]
    model.widening = 2.0
    assert before == pytest.approx(0.841, abs=0.001)
    assert model.probability(point, wanted)[0] == pytest.approx(0.691, abs=0.001)


def test_too_few_values_give_no_model(made):
    campaign, _, task, told = made
    assert Model.fitted(campaign, task, told[:2]) is None


def test_each_trial_is_left_out_once(made):
    campaign, ledger, task, told = made
    found = left_out(campaign, task, told)
    assert [each.trial for each in found.predictions] == sorted(ledger.trials)
    assert found.rmse < 1.0
    assert 0.5 < found.within <= 1.0
    assert said_before(list(ledger.trials.values()), "conductivity") is None, "nothing was predicted"


def test_figures_of_a_calibration():
    found = Calibration("before", (Prediction(1, "before", 7.0, 0.5, 7.5), Prediction(2, "before", 7.0, 0.1, 7.3)))
    assert found.within == 0.5
    assert found.rmse == pytest.approx(np.sqrt((0.25 + 0.09) / 2))
    assert found.scatter == pytest.approx(np.sqrt((1 + 9) / 2))


def test_a_component_alone_moves_between_the_ends_that_are_told(made):
    campaign, _, task, told = made
    model, centre = Model(campaign, task, told), task.space.point(recipe(0.3))
    wanted = Specification((Demand("conductivity", "mS/cm", low=7.6),))
    by_name = {each.component: each for each in sensitivities(model, centre, wanted, 0.9, ("conductivity", "mS/cm"))}
    salt = by_name["LiPF6"]
    assert 0.5 < salt.low < 1.0 < salt.high < 2.0
    assert (salt.low_by, salt.high_by) == ("specification", "specification")
    assert salt.unit == "mol/kg of solvent"
    assert by_name["EC"].amount == pytest.approx(30.0)


def test_the_effect_against_a_reference(tmp_path):
    every = {"every": 4, "recipe": {"solvents": {"EC": 0.2, "DMC": 0.8}, "salts": {"LiPF6": "0.8 mol/kg"}}}
    campaign = campaign_of(planner={"reference": every})
    ledger, space = ledger_of(tmp_path, campaign), SearchSpace.of(campaign)
    for number in range(1, 13):
        is_reference = number % 4 == 1
        tried = recipe(0.2, 0.8) if is_reference else recipe(0.3 + 0.004 * number, 1.0)
        point = space.point(tried).tolist()
        why = (
            {"point": point, "model": "given", "reason": "reference electrolyte"} if is_reference else {"point": point}
        )
        ledger.propose(number, tried, [], why)
        value = conductivity(tried.solvent_shares["EC"], tried.molality("LiPF6")) + 0.01 * (number % 3)
        ledger.close(number, Outcome("ok", {"conductivity": value}))
    task = task_of(campaign, space, 1)
    model = Model(campaign, task, observations(ledger, campaign, space))
    trials = list(ledger.trials.values())
    found = effect_of(ledger.trials[2], trials, space, model, ("conductivity", "mS/cm", "simulated"))
    assert found.reference_trials == (1, 5, 9)
    assert found.recommended_trials == (2,)
    assert found.by_values is None, "one value has no scatter"
    truth = conductivity(0.308, 1.0) - conductivity(0.2, 0.8)
    assert found.by_model.low - 0.05 < truth < found.by_model.high + 0.05
    assert {row["origin"] for row in found.to_json()["values"]} == {"simulated"}


def test_without_a_reference_that_is_said(made):
    _, ledger, task, _ = made
    trials = list(ledger.trials.values())
    found = effect_of(trials[0], trials, task.space, None, ("conductivity", "mS/cm", "real"))
    assert found.to_json()["reference"] is None


def test_welch_as_scipy_has_it():
    from scipy.stats import ttest_ind

    first, second = [7.1, 7.4, 7.2], [6.0, 6.3, 6.2, 6.6]
    found = welch(first, second)
    interval = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert welch([7.0], second) is None


def test_a_failed_trial_is_no_prediction(tmp_path):
    campaign = campaign_of()
    ledger = filled(ledger_of(tmp_path, campaign), conductivity, 10)
    try_out(ledger, 11, recipe(0.3), Outcome("failed_recipe", reason="it gelled"))
    space = SearchSpace.of(campaign)
    found = left_out(campaign, task_of(campaign, space, 1), observations(ledger, campaign, space))
    assert 11 not in [each.trial for each in found.predictions]
