"""What a planner is told of trials: each quantity, what is only a lower bound, which trials share an offset."""

import numpy as np
import pytest

from campaignmaking import ONE, PRICES, SEVERAL, campaign_of, ledger_of, recipe, try_out
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.observe import observation, observations, remembered
from galvanaut.campaigns.planners import Measured, Task, planner
from galvanaut.campaigns.space import SearchSpace

VALUES = {"conductivity": 8.0, "life": 120.0, "score": 0.4}
DEVIATIONS = {"conductivity": 0.1, "score": 0.02}


def told(campaign, outcome, tmp_path):
    ledger = ledger_of(tmp_path, campaign)
    try_out(ledger, 1, recipe(0.3), outcome)
    return observation(ledger.trials[1], outcome, campaign, SearchSpace.of(campaign))


def test_several_objectives_are_told_beside_their_score(tmp_path):
    seen = told(campaign_of(objectives=SEVERAL), Outcome("ok", VALUES, DEVIATIONS), tmp_path)
    assert seen.point == pytest.approx((0.3, 0.7, 1.0))
    assert (seen.value, seen.variance, seen.censored) == (0.4, pytest.approx(0.0004), "")
    assert seen.quantities == {"conductivity": Measured(8.0, 0.1**2), "life": Measured(120.0)}


def test_a_life_that_was_not_seen_to_its_end_is_a_lower_bound_and_so_is_the_score(tmp_path):
    outcome = Outcome("ok", VALUES, DEVIATIONS, {"censored": ["life"]})
    seen = told(campaign_of(objectives=SEVERAL), outcome, tmp_path)
    assert (seen.quantities["life"].censored, seen.quantities["conductivity"].censored) == ("above", "")
    assert seen.censored == "above"
    alone = told(campaign_of("alone", [{"name": "life", "goal": "maximise"}]), outcome, tmp_path)
    assert (alone.value, alone.censored, alone.quantities) == (120.0, "above", {})
    short = told(
        campaign_of("short", [{**SEVERAL[1], "goal": "minimise", "worst": 300, "best": 0}, SEVERAL[0]]),
        outcome,
        tmp_path,
    )
    assert short.censored == "below"


def test_what_is_limited_is_told_although_it_does_not_decide(tmp_path):
    campaign = campaign_of(limits=[{"name": "cost", "high": 20}, {"name": "conductivity", "low": 5}], prices=PRICES)
    seen = told(campaign, Outcome("ok", {"conductivity": 8.0, "cost": 15.0}), tmp_path)
    assert seen.value == 8.0
    assert seen.quantities == {"cost": Measured(15.0), "conductivity": Measured(8.0)}


@pytest.mark.parametrize(
    ("status", "as_told"),
    [("failed_recipe", "failed_recipe"), ("failed_cells", "failed_instrument"), ("failed_instrument",) * 2],
)
def test_failures_carry_no_number(tmp_path, status, as_told):
    seen = told(campaign_of(), Outcome(status, reason="it gelled"), tmp_path)
    assert (seen.status, seen.value, seen.quantities) == (as_told, None, {})


def groups(campaign, tmp_path, others=()):
    ledger = ledger_of(tmp_path, campaign)
    for number in range(1, 6):
        try_out(ledger, number, recipe(0.3), Outcome("ok", {"conductivity": 8.0}))
    for other in others:
        ledger_of(tmp_path, campaign, other)
    ledger.follow()
    return [seen.group for seen in observations(ledger, campaign, SearchSpace.of(campaign))]


def test_groups_are_benches_where_several_take_part_and_blocks_where_a_reference_begins_them(tmp_path):
    assert groups(campaign_of(), tmp_path) == [""] * 5
    assert groups(campaign_of("shared"), tmp_path, ["two"]) == ["one"] * 5
    written = {"solvents": {"EC": 0.3, "DMC": 0.7}, "salts": {"LiPF6": "1 mol/kg"}}
    reference = campaign_of("blocks", planner={"reference": {"recipe": written, "every": 2}})
    assert groups(reference, tmp_path) == [f"one block {block}" for block in (1, 1, 2, 2, 3)]


def test_a_planner_remembers_what_is_under_way_and_what_ended(tmp_path):
    campaign = campaign_of(objectives=ONE)
    ledger = ledger_of(tmp_path, campaign)
    for number, outcome in enumerate((Outcome("ok", {"conductivity": 8.0}), None), start=1):
        try_out(ledger, number, recipe(0.3), outcome)
    session = remembered(planner("sobol", Task(SearchSpace.of(campaign))), ledger, campaign)
    assert (session.pending, [seen.trial for seen in session.observations]) == ([2], [1])
    assert session.ask().index == 2
    assert np.isfinite(session.observations[0].point).all()
