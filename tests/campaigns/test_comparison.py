"""Two campaigns side by side: what may be said of them, and what may not."""

import pytest

from campaignmaking import SEVERAL, campaign_of, filled, ledger_of, recipe, try_out
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.planners.protocol import Recommendation
from galvanaut.campaigns.report import Comparison, Side, summarise, write_comparison


def side(folder, name, value, count=8, expected=None, simulated="invented", **changes):
    folder.mkdir()
    campaign = campaign_of(**changes)
    ledger = filled(ledger_of(folder, campaign), value, count)
    known = None if expected is None else Recommendation((0.0,), *expected, 1)
    return Side(name, summarise(ledger, campaign), known, simulated)


PROCEDURE = {"batch_mass": "6 g", "cells": {"formation": "formation.yaml", "cycling": "ageing.yaml"}}
GOALS = (("a", "highest"), ("b", "lowest"))


@pytest.fixture
def two(tmp_path):
    """The second one measures 0.5 less on the same recipes."""
    first = side(tmp_path / "a", "first", lambda ec, m: 5 + ec + m, 8, (7.0, 0.1))
    second = side(tmp_path / "b", "second", lambda ec, m: 4.5 + ec + m, 10, (6.5, 0.2))
    return Comparison(first, second)


def test_recipes_that_both_have_made_tell_their_offset(two):
    assert [[one.number for one in ones] for ones, _ in two.shared] == [[number] for number in range(1, 9)]
    assert two.offset.expected == pytest.approx(0.5)
    assert two.offset.low <= 0.5 <= two.offset.high


def test_the_advantage_is_that_of_the_models_with_both_their_doubts(two):
    assert two.advantage.expected == pytest.approx(0.5)
    assert two.advantage.high - two.advantage.low == pytest.approx(2 * 1.959964 * 0.05**0.5)


def test_the_level_is_the_best_that_both_have_measured(two):
    bests = [side.summary.best_so_far()[-1] for side in two.sides]
    assert two.level == min(bests)
    assert [side.reached(two.level) for side in two.sides] == [
        next(n for n, best in enumerate(side.summary.best_so_far(), 1) if best >= two.level) for side in two.sides
    ]
    assert two.first.reached(1e9) is None


def test_a_real_campaign_is_not_judged_by_a_simulated_one(tmp_path):
    sides = [
        side(tmp_path / name, name, lambda ec, m: ec + m, simulated=kind) for name, kind in (("a", ""), ("b", "x"))
    ]
    assert "one of them is simulated" in Comparison(*sides).text()


def test_other_questions_are_not_compared(tmp_path):
    first = side(tmp_path / "a", "a", lambda ec, m: ec)
    second = side(tmp_path / "b", "b", lambda ec, m: ec, objectives=[{"name": "conductivity", "goal": "minimise"}])
    found = Comparison(first, second)
    assert not found.is_comparable
    assert found.shared == []
    asked = (
        "a asked for the highest conductivity / mS/cm at 0 degC, b asked for the lowest conductivity / mS/cm at 0 degC"
    )
    assert found.verdicts() == [f"{asked}: not compared further"]


def test_what_differs_in_the_plans_is_listed(tmp_path, two):
    other = side(tmp_path / "c", "c", lambda ec, m: ec, budget={"trials": 12})
    rows = {path: after for path, _, after in Comparison(two.first, other).plan_changes}
    assert rows["campaign.budget.trials"] == "12"
    assert two.plan_changes == []


def test_the_page_stands_alone_and_names_both(two, tmp_path):
    path = write_comparison(two, tmp_path / "reports" / "page.html")
    html = path.read_text("utf-8")
    assert "first is simulated." in html
    assert "second: best so far" in html
    assert "<script src" not in html
    assert "best recipe of first less that of second" in html


def made(folder, name, rows, **changes):
    """Trials of given recipes (EC) with given outcomes."""
    folder.mkdir()
    campaign = campaign_of(**changes)
    ledger = ledger_of(folder, campaign)
    for number, (ec, outcome) in enumerate(rows, 1):
        try_out(ledger, number, recipe(ec), outcome)
    return Side(name, summarise(ledger, campaign), None, "invented")


def conducted(*rows):
    return [(ec, Outcome("ok", {"conductivity": value}, {"conductivity": 0.01})) for ec, value in rows]


def test_a_recipe_that_was_made_again_and_again_is_one(tmp_path):
    ones, others = (9.98, 10.02, 10.0, 10.01, 9.99), (9.7, 10.1, 10.2, 9.9, 10.1)
    found = []
    for n, order in enumerate((others, others[::-1])):
        first = made(tmp_path / f"a{n}", "a", conducted(*((0.3, value) for value in ones)))
        second = made(tmp_path / f"b{n}", "b", conducted(*((0.3, value) for value in order)))
        found.append(Comparison(first, second))
    for each in found:
        assert each.to_json()["same_recipes"] == [[[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]]
        assert each.offset.expected == pytest.approx(0.0)
        assert each.offset.low < -0.2 < 0.2 < each.offset.high
        assert each.offset.how == "one recipe, 5 against 5 measured values"
    assert found[0].offset.high == pytest.approx(found[1].offset.high)


def test_one_more_recipe_makes_two(tmp_path):
    first = made(tmp_path / "a", "a", conducted((0.3, 10.0), (0.2, 8.0), (0.3, 11.0)))
    second = made(tmp_path / "b", "b", conducted((0.2, 7.5), (0.3, 10.3), (0.4, 9.0)))
    found = Comparison(first, second)
    assert found.to_json()["same_recipes"] == [[[1, 3], [2]], [[2], [1]]]
    assert (found.offset.expected, found.offset.how) == (pytest.approx(0.35), "2 recipes that both have made")
    assert Comparison(first, made(tmp_path / "c", "c", conducted((0.3, 10.0)))).offset is None


def test_bounds_and_forecasts_say_nothing_of_an_offset(tmp_path):
    def lived(*lives, details):
        return [(0.1 + 0.1 * n, Outcome("ok", {"life": life}, {"life": 9.0}, details)) for n, life in enumerate(lives)]

    asked = [{"name": "life", "goal": "maximise"}]
    for name, details in (("bound", {"censored": ["life"]}), ("forecast", {"forecast": ["life"]})):
        first = made(tmp_path / f"{name}-a", "a", lived(300.0, 300.0, 300.0, details=details), objectives=asked)
        second = made(tmp_path / f"{name}-b", "b", lived(500.0, 500.0, 500.0, details=details), objectives=asked)
        found = Comparison(first, second)
        assert found.is_comparable
        assert (found.shared, found.offset) == ([], None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"procedure": {**PROCEDURE, "conductivity": {"temperature": "40 degC"}}}, "mS/cm at 40 degC"),
        ({"objectives": SEVERAL}, "score of conductivity from 4 to 10, life from 0 to 300 at 0 degC to 0.8 of the"),
    ],
)
def test_other_conditions_and_other_scores_are_not_compared(tmp_path, changes, told):
    found = Comparison(
        side(tmp_path / "a", "a", lambda ec, m: ec), side(tmp_path / "b", "b", lambda ec, m: ec, **changes)
    )
    assert not found.is_comparable
    assert told in found.verdicts()[0]
    aims = [{**each, "worst": 1} for each in SEVERAL]
    scores = [
        side(tmp_path / name, name, lambda ec, m: ec, objectives=each) for name, each in (("c", SEVERAL), ("d", aims))
    ]
    assert not Comparison(*scores).is_comparable
    assert Comparison(scores[0], scores[0]).is_comparable
