"""The ledger: what was decided and what came of it, in the order in which it happened, for good."""

from math import inf, nan

import pytest

from galvanaut.campaigns.ledger import Ledger, Outcome
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.clock import VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, open_engine

RECIPE = Recipe({"EC": 0.3, "DMC": 0.6, "LiPF6": 0.1})
MADE = Recipe({"EC": 0.31, "DMC": 0.59, "LiPF6": 0.1})
DOSES = [{"stock": "DMC", "lot": "L1", "volume_mL": 2.0, "mass_g": 2.1}]
PLAN = {"campaign": {"title": "a", "budget": {"trials": 3}, "components": {"EC": [0, 1]}}, "seed": 1}


@pytest.fixture
def clock():
    return VirtualClock(100.0)


@pytest.fixture
def reopen(tmp_path, clock):
    return lambda: Ledger(EventLog(open_engine(tmp_path / "ledger.db"), "ledger"), "demo", clock)


def test_everything_comes_back_after_reopening(reopen, clock):
    ledger = reopen()
    ledger.start(PLAN)
    ledger.calibrated({"cell_constant_per_cm": 1.02})
    ledger.propose(1, RECIPE, DOSES, {"reason": "because", "point": [0.3, 0.7]})
    ledger.made(1, MADE, {"EC": 1e-4})
    clock.spend(60)
    ledger.close(1, Outcome("ok", {"conductivity": 5.0}, {"conductivity": 0.1}, {"readings": [5.0]}))
    again = reopen()
    trial = again.trials[1]
    assert (again.started, again.calibration) == (PLAN, {"cell_constant_per_cm": 1.02})
    assert (trial.recipe, trial.as_made, trial.tested, trial.doses) == (RECIPE, MADE, MADE, DOSES)
    assert (trial.proposed_at, trial.ended_at, trial.status) == (100.0, 160.0, "ok")
    assert trial.outcome == Outcome("ok", {"conductivity": 5.0}, {"conductivity": 0.1}, {"readings": [5.0]})


def test_a_deviation_that_is_no_number_is_none(reopen):
    ledger = reopen()
    ledger.propose(1, RECIPE, DOSES, {})
    values = {"life": 300.0, "conductivity": 5.0, "cost": 20.0}
    ledger.close(1, Outcome("ok", values, {"life": inf, "conductivity": 0.1, "cost": nan}))
    outcome = reopen().trials[1].outcome
    assert (outcome.values, outcome.deviations) == (values, {"conductivity": 0.1})


def test_pending_and_ended_trials_are_told_apart(reopen):
    ledger = reopen()
    for number in (1, 2, 3):
        ledger.propose(number, RECIPE, DOSES, {})
    ledger.close(2, Outcome("failed_instrument", reason="the pump is silent"))
    assert [trial.number for trial in ledger.pending()] == [1, 3]
    assert [trial.number for trial in ledger.ended()] == [2]
    assert ledger.trials[2].tested == RECIPE


def test_a_trial_is_made_once_and_ends_once(reopen):
    ledger = reopen()
    ledger.propose(1, RECIPE, DOSES, {})
    ledger.made(1, MADE, {})
    ledger.made(1, RECIPE, {})
    ledger.close(1, Outcome("ok", {"conductivity": 5.0}))
    ledger.close(1, Outcome("failed_recipe", reason="second thoughts"))
    assert reopen().trials[1].as_made == MADE
    assert reopen().trials[1].status == "ok"


def test_title_and_budget_may_change_nothing_else(reopen):
    reopen().start(PLAN)
    reopen().start({**PLAN, "campaign": {**PLAN["campaign"], "title": "b", "budget": {"trials": 30}}})
    with pytest.raises(InputError, match=r"demo.*campaign.components.EC was \[0, 1\], now \[0, 2\].*new name"):
        reopen().start({**PLAN, "campaign": {**PLAN["campaign"], "components": {"EC": [0, 2]}}})
    with pytest.raises(InputError, match="seed was 1, now 2"):
        reopen().start({**PLAN, "seed": 2})


def test_what_changed_is_noted_once_and_the_newest_plan_counts(reopen, tmp_path):
    larger = {**PLAN, "campaign": {**PLAN["campaign"], "budget": {"trials": 30}}}
    for plan in (PLAN, PLAN, larger, larger):
        reopen().start(plan)
    assert reopen().started == larger
    kinds = [event.kind for event in EventLog(open_engine(tmp_path / "ledger.db"), "ledger").read()]
    assert kinds == ["started", "changed"]
    with pytest.raises(InputError, match="seed was 1, now 2"):
        reopen().start({**larger, "seed": 2})


def test_a_field_that_is_new_in_the_models_does_not_lock_a_started_campaign(reopen):
    reopen().start(PLAN)
    today = {**PLAN, "stirring": "none"}
    with pytest.raises(InputError, match="stirring was None, now 'none'"):
        reopen().start(today)
    reopen().start(today, reread=lambda stored: {"stirring": "none", **stored})
    assert reopen().started == PLAN
    with pytest.raises(InputError, match="stirring was 'none', now 'fast'"):
        reopen().start({**PLAN, "stirring": "fast"}, reread=lambda stored: {"stirring": "none", **stored})


def test_a_refilled_bottle_or_another_port_is_the_same_campaign(reopen):
    stock = {"composition": {"DMC": 1}, "lot": "L1", "available": "1000 mL", "density": "1.06 g/mL"}
    bench = {"stocks": {"DMC": stock}, "instruments": {"pump": {"resource": "ASRL1::INSTR"}}}
    reopen().start({**PLAN, "bench": bench})
    refilled = {"DMC": {**stock, "lot": "L2", "available": "500 mL"}}
    reopen().start(
        {**PLAN, "bench": {**bench, "stocks": refilled, "instruments": {"pump": {"resource": "ASRL7::INSTR"}}}}
    )
    with pytest.raises(InputError, match=r"bench\.stocks\.DMC\.composition\.DMC was 1, now 0\.9"):
        reopen().start({**PLAN, "bench": {**bench, "stocks": {"DMC": {**stock, "composition": {"DMC": 0.9}}}}})


def test_campaigns_in_one_ledger_do_not_see_each_other(tmp_path, clock):
    log = EventLog(open_engine(tmp_path / "ledger.db"), "ledger")
    Ledger(log, "one", clock).propose(1, RECIPE, DOSES, {})
    assert Ledger(log, "two", clock).trials == {}


def test_a_ledger_is_read_as_it_was_once(reopen):
    ledger = reopen()
    ledger.start(PLAN)
    ledger.propose(1, RECIPE, DOSES, {})
    ledger.propose(2, RECIPE, DOSES, {}, seen=ledger.newest - 1, left_mL={"DMC": 3.0})
    ledger.close(1, Outcome("ok", {"conductivity": 5.0}))
    first, second = (reopen().trials[number] for number in (1, 2))
    assert (first.seen, second.seen, second.left_mL) == (1, 1, {"DMC": 3.0})
    assert list(ledger.at(1).trials) == []
    assert [trial.status for trial in ledger.at(3).trials.values()] == ["pending", "pending"]
    assert [trial.status for trial in ledger.at(4).trials.values()] == ["ok", "pending"]


def test_a_ledger_finds_other_campaigns_beside_it(tmp_path, clock):
    log = EventLog(open_engine(tmp_path / "ledger.db"), "ledger")
    one, two = Ledger(log, "one", clock), Ledger(log, "two", clock)
    one.start(PLAN)
    one.propose(1, RECIPE, DOSES, {})
    assert list(two.other("one").trials) == [1]
    assert list(two.other("one", until=1).trials) == []
    assert two.other("three") is None


def test_beliefs_are_noted_once_and_versions_when_they_change(reopen, tmp_path):
    reopen().start({**PLAN, "bench": {"name": "one"}})
    for until in (5, 9):
        reopen().believes({"may": {"until": until}})
    for numpy in ("2.4", "2.4", "2.5"):
        reopen().works_with({"numpy": numpy})
    assert (reopen().earlier, reopen().software) == ({"may": {"until": 5}}, {"one": {"numpy": "2.5"}})
    kinds = [event.kind for event in EventLog(open_engine(tmp_path / "ledger.db"), "ledger").read()]
    assert kinds == ["started", "believes", "software", "software"]


def test_what_a_person_says_stands_for_the_outcome_of_a_trial_before_and_after_its_end(reopen):
    ledger = reopen()
    for number in (1, 2):
        ledger.propose(number, RECIPE, DOSES, {})
    ledger.close(1, Outcome("ok", {"conductivity": 5.0}, details={"readings": [5.0]}))
    for number in (1, 2):
        reopen().condemn(number, "it gelled")
    assert [trial.status for trial in reopen().trials.values()] == ["failed_recipe", "pending"]
    ledger.close(2, Outcome("ok", {"conductivity": 6.0}))
    for trial in reopen().trials.values():
        assert (trial.status, trial.outcome.values, trial.outcome.reason) == ("failed_recipe", {}, "it gelled")
        assert trial.outcome.details["before"]["status"] == "ok"
    assert reopen().trials[1].outcome.details["readings"] == [5.0]
