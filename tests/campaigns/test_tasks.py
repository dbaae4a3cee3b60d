"""From a campaign file to its planner: aims, limits, and recipes that are given."""

import pytest

from campaignmaking import PRICES, SEVERAL, campaign_of
from galvanaut.campaigns.planners import Aim, Limit, PlannerSession, planner
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import planner_by_name, planner_of, task_of
from galvanaut.core.errors import NotMakeableError


def written(ec, molality="1 mol/kg", note=""):
    return {"solvents": {"EC": ec, "DMC": round(1 - ec, 6)}, "salts": {"LiPF6": molality}, "note": note}


def asked(campaign, count=10, maker=None):
    task = task_of(campaign, SearchSpace.of(campaign), seed=3, maker=maker)
    session = PlannerSession(planner_of(campaign, task))
    return [session.ask() for _ in range(count)]


def test_aims_and_limits_come_from_the_file():
    task = task_of(campaign_of(objectives=SEVERAL), SearchSpace.of(campaign_of()), seed=3)
    assert task.aims == (Aim("conductivity", True, 4.0, 10.0), Aim("life", True, 0.0, 300.0))
    limits = [{"name": "conductivity", "low": 5}, {"name": "cost", "high": 20, "probability": 0.95}]
    campaign = campaign_of(objectives=[{"name": "cost", "goal": "minimise"}], limits=limits, prices=PRICES)
    task = task_of(campaign, SearchSpace.of(campaign), seed=3)
    assert (task.aims, task.maximise, task.seed, task.initial) == ((), False, 3, 8)
    assert task.limits == (Limit("conductivity", 5.0, None, 0.9), Limit("cost", None, 20.0, 0.95))


def test_given_recipes_take_the_place_of_the_first_ones_and_say_so():
    first = [written(0.2), written(0.4, "1.5 mol/kg", "Ding 2001")]
    given = asked(campaign_of(planner={"first": first, "name": "sobol"}), 4)
    assert [each.reason for each in given[:2]] == [
        "given in the campaign file",
        "given in the campaign file (Ding 2001)",
    ]
    assert given[1].point == pytest.approx((0.4, 0.6, 1.5))
    assert given[1].explanation["model"] == "given"
    plain = asked(campaign_of(planner={"name": "sobol"}), 4)
    assert [each.point for each in given[2:]] == [each.point for each in plain[2:]]


def test_any_planner_begins_with_the_given_recipes():
    campaign = campaign_of(planner={"first": [written(0.2)], "name": "sobol"})
    task = task_of(campaign, SearchSpace.of(campaign), seed=3)
    session, plain = (
        PlannerSession(each) for each in (planner_by_name(campaign, "random", task), planner("random", task))
    )
    asked_for, alone = ([each.ask().point for _ in range(3)] for each in (session, plain))
    assert asked_for[0] == pytest.approx((0.2, 0.8, 1.0))
    assert asked_for[1:] == alone[1:]


def test_a_reference_comes_back_and_given_recipes_stand_between():
    reference = {"recipe": written(0.3), "every": 3}
    found = asked(campaign_of(planner={"name": "sobol", "first": [written(0.2)] * 3, "reference": reference}), 8)
    kinds = [each.reason.split(",")[0].split(" ")[0] for each in found]
    assert kinds == ["reference", "given", "given", "reference", "given", "point", "reference", "point"]
    assert {each.point for each in found if each.reason == "reference electrolyte"} == {found[0].point}


def test_a_given_recipe_that_cannot_be_made_any_more_is_named():
    class Nothing:
        def reachable(self, points):
            return [False] * len(points)

        def realise(self, point):
            return None

    with pytest.raises(NotMakeableError, match=r"cannot make 1.00 mol/kg LiPF6 in EC:DMC 20:80 .*, given in the"):
        asked(campaign_of(planner={"first": [written(0.2)]}), 1, Nothing())
