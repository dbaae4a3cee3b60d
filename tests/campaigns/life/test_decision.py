import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.campaigns.life import Decision, EarlyStop, LifeModel, decide
from galvanaut.campaigns.life.beating import Rival, beating, worth
from galvanaut.campaigns.objectivefields import Objective, score
from lifecourses import made

MODEL = LifeModel.learned([made(f"cell {life:g}", life) for life in (90.0, 110.0, 130.0, 150.0, 170.0, 200.0)])
LIFE = [Objective(name="life", goal="maximise")]
SEVERAL = [
    Objective(name="life", goal="maximise", worst=0, best=300, weight=2),
    Objective(name="conductivity", goal="maximise", worst=4, best=11),
    Objective(name="cost", goal="minimise", worst=40, best=15),
]


def beats(cycles, log_sd=0.0):
    return beating(LIFE, {}, Rival({"life": cycles}, log_sd))


def pair(life, cycles):
    return [made("new-1", life).until(cycles), made("new-2", 1.05 * life, seed=2).until(cycles)]


def test_a_hopeless_recipe_is_stopped_and_says_why():
    found = decide(pair(95.0, 45), MODEL, beats(212.0), EarlyStop(), "212 cycles")
    assert found.action == "stop"
    assert found.probability < 0.05
    assert "chance to beat 212 cycles: 90 % interval" in found.reason
    assert found.reason.endswith("cycles after 45")
    assert found.life == pytest.approx(97, rel=0.1)


def test_a_recipe_that_may_win_goes_on():
    found = decide(pair(190.0, 45), MODEL, beats(150.0), EarlyStop())
    assert found.action == "continue"
    assert found.probability > 0.5


def test_near_certainty_is_told_as_people_write_it():
    found = decide(pair(190.0, 60), MODEL, beats(60.0), EarlyStop(), "60 cycles")
    assert found.reason.startswith("over 99 % chance to beat 60 cycles: ")


def test_what_is_to_be_beaten_is_uncertain_too():
    sure, unsure = (decide(pair(140.0, 60), MODEL, beats(180.0, sd), EarlyStop()) for sd in (0.0, 0.3))
    assert sure.probability < unsure.probability


@pytest.mark.parametrize(
    ("courses", "model", "why"),
    [
        (pair(95.0, 29), MODEL, "29 of 30 cycles"),
        (pair(95.0, 45), LifeModel.learned([]), "0 of 4 cells"),
        (pair(95.0, 400), MODEL, "all cells have come to their end"),
    ],
)
def test_nothing_is_claimed_too_early(courses, model, why):
    ended = [made("new-1", 95.0), made("new-2", 99.0)] if "all" in why else courses
    found = decide(ended, model, beats(1000.0), EarlyStop())
    assert (found.action, found.probability) == ("continue", None)
    assert why in found.reason


def test_a_replicate_that_has_ended_does_not_hold_up_the_other():
    courses = [made("new-1", 70.0), made("new-2", 95.0).until(70)]
    assert decide(courses, MODEL, beats(212.0), EarlyStop()).action == "stop"


def test_order_of_replicates_and_repetition_change_nothing():
    first, second = pair(120.0, 50)
    one, other = (decide(each, MODEL, beats(150.0), EarlyStop()) for each in ([first, second], [second, first]))
    assert one == other
    assert Decision.from_json(json.loads(json.dumps(one.to_json()))) == one


@settings(max_examples=20, deadline=None)
@given(st.integers(31, 80), st.integers(31, 80))
def test_other_data_have_another_hash(first, second):
    policy = EarlyStop()
    one, other = (decide(pair(120.0, cycles), MODEL, beats(150.0), policy) for cycles in (first, second))
    assert (one.data_hash == other.data_hash) == (first == second)


def test_other_rules_or_teachers_have_another_hash():
    courses = pair(120.0, 50)
    whole = decide(courses, MODEL, beats(150.0), EarlyStop())
    assert decide(courses, MODEL, beats(150.0), EarlyStop(probability=0.1)).data_hash != whole.data_hash
    fewer = LifeModel.learned([made(f"cell {life:g}", life) for life in (90.0, 110.0, 130.0, 150.0)])
    assert decide(courses, fewer, beats(150.0), EarlyStop()).model_version != whole.model_version


def test_no_cells_cannot_be_judged():
    with pytest.raises(ValueError, match="without cells"):
        decide([], MODEL, beats(1.0), EarlyStop())


def test_worth_is_the_score():
    values = {"conductivity": 8.0, "cost": 22.0}
    lives = np.array([50.0, 120.0, 290.0])
    assert worth(SEVERAL, {**values, "life": lives}) == pytest.approx(
        [score(SEVERAL, {**values, "life": life}) for life in lives]
    )
    assert worth([Objective(name="cost", goal="minimise")], {"cost": 3.0}) == -3.0


def test_a_score_that_life_cannot_lift_any_more_is_hopeless():
    rival = Rival({"life": 250.0, "conductivity": 10.0, "cost": 20.0}, 0.1)
    poor = beating(SEVERAL, {"conductivity": 4.2, "cost": 39.0}, rival)
    assert decide(pair(190.0, 45), MODEL, poor, EarlyStop()).action == "stop"


def test_the_best_of_many_is_expected_nearer_to_the_others():
    rival = Rival({"life": 200.0}, 0.1)
    nearer = rival.among([100.0, 120.0, 140.0, 200.0])
    assert 180 < nearer.values["life"] < 200
    assert nearer.life_log_sd < 0.1
    assert rival.among([100.0, 200.0]) == rival


def test_a_look_is_due_so_many_cycles_after_the_last_one():
    policy = EarlyStop(minimum_cycles=30, every=20)
    assert (policy.next_look(), policy.next_look(30), policy.next_look(57)) == (30, 50, 77)
