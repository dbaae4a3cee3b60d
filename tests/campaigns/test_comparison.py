"""Two campaigns side by side: what may be said of them, and what may not."""

import pytest

from campaignmaking import campaign_of, filled, ledger_of
from galvanaut.campaigns.planners.protocol import Recommendation
from galvanaut.campaigns.report import Comparison, Side, summarise, write_comparison


def side(folder, name, value, count=8, expected=None, simulated="invented", **changes):
    folder.mkdir()
    campaign = campaign_of(**changes)
    ledger = filled(ledger_of(folder, campaign), value, count)
    known = None if expected is None else Recommendation((0.0,), *expected, 1)
    return Side(name, summarise(ledger, campaign), known, simulated)


@pytest.fixture
def two(tmp_path):
    """The second one measures 0.5 less on the same recipes."""
    first = side(tmp_path / "a", "first", lambda ec, m: 5 + ec + m, 8, (7.0, 0.1))
    second = side(tmp_path / "b", "second", lambda ec, m: 4.5 + ec + m, 10, (6.5, 0.2))
    return Comparison(first, second)


def test_recipes_that_both_have_made_tell_their_offset(two):
    assert [one.number for one, _ in two.shared] == list(range(1, 9))
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
    asked = "a asked for the highest conductivity / mS/cm, b asked for the lowest conductivity / mS/cm"
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
