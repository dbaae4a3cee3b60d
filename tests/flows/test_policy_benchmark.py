"""Early stopping against full cycling in simulation, small."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from galvanaut.campaigns.benchmark import stopcourse
from galvanaut.campaigns.benchmark.savings import Judged, Truth, near_best, policy_row, wilson
from galvanaut.campaigns.benchmark.stopcourse import together
from galvanaut.campaigns.benchmark.stopping import StopTrace, TrialTrace
from galvanaut.campaigns.objectivefields import Objective
from galvanaut.campaigns.planners import Limit
from galvanaut.flows import life_problem
from galvanaut.flows.life_problem import LifeProblem
from galvanaut.flows.plan import load_plan
from galvanaut.flows.policy_benchmark import PolicyExtent, _Job, _setup
from galvanaut.simulators.cells.assembly import turnout
from galvanaut.simulators.cells.fadelaw import shipped
from smalllab import command_line

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"


@pytest.mark.parametrize(
    "option",
    [("--life-only",), ("--full-physics",), ("--draws", 12_000), ("--told", "censored")],
    ids=lambda each: each[0],
)
def test_what_goes_with_policies_only_is_refused_without_one(option):
    done = command_line("benchmark", CAMPAIGNS / "cycle_life.yaml", *option, "--seeds", 1, "--budget", 1)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {option[0]}: goes with --policy only")


@pytest.fixture(scope="module")
def plan():
    return load_plan(CAMPAIGNS / "cycle_life.yaml")


def simulated(plan, policy, trials=12, seed=1, told="forecast", planner="random", life_only=True):
    problem = LifeProblem.of(plan, life_only)
    extent = PolicyExtent([policy], [planner], range(1), trials, 4, life_only, told=told)
    job = _Job(problem, ((planner, policy, seed),), extent, 8)
    return together([_setup(job, planner, policy, seed)], problem.make)[0], problem


def test_stopping_saves_channel_hours_of_the_same_trials(plan):
    whole, _ = simulated(plan, "none")
    less, _ = simulated(plan, "early_stop")
    assert whole.saved == 0.0
    assert less.saved > 0.05
    assert {each.point for each in whole.trials} == {each.point for each in less.trials}
    stopped = [each for each in less.trials if each.is_stopped]
    assert stopped
    for each in stopped:
        assert each.own_h < each.full_h
        assert each.life == pytest.approx(each.full_life, rel=0.35)  # what the planner is told


def test_a_campaign_is_the_same_again(plan):
    first, second = (simulated(plan, "early_stop", 6, life_only=False)[0] for _ in range(2))
    assert first == second


def test_a_censored_recipe_is_told_with_the_cycles_it_had(plan):
    trace, _ = simulated(plan, "early_stop", told="censored")
    assert all(each.life < each.full_life for each in trace.trials if each.is_stopped)


def test_channels_are_never_more_than_there_are(plan):
    trace, _ = simulated(plan, "none")
    hours = [each.spent_h for each in trace.trials]
    assert hours == sorted(hours)
    assert hours[-1] == pytest.approx(trace.channel_h)


def test_lives_of_the_law_are_those_of_the_physics(plan):
    law, full = LifeProblem.of(plan, True), LifeProblem.of(plan, True, is_full=True)
    points = plan.space.volume(3, seeded())
    wanted = [life_problem.Wanted(point, 1, number) for number, point in enumerate(points, start=1)]
    for ours, theirs in zip(law.make(wanted), full.make(wanted), strict=True):
        assert ours.spoilt_h == pytest.approx(theirs.spoilt_h, rel=0.12)
        for one, other in zip(ours.cells, theirs.cells, strict=True):
            assert one.reached == pytest.approx(other.reached, rel=0.12)
            assert one.whole_h == pytest.approx(other.whole_h, rel=0.12)


def test_a_misassembled_cell_keeps_its_channel_and_others_that_are_none_leave_it(plan):
    problem = LifeProblem.of(plan, life_only=True)
    wanted = [life_problem.Wanted(point, 1, at) for at, point in enumerate(plan.space.volume(12, seeded()), start=1)]
    sound = [each.whole_h for trial in replace(problem, failure_rate=0.0).make(wanted) for each in trial.cells]
    spoilt = [hours for trial in replace(problem, failure_rate=1.0).make(wanted) for hours in trial.spoilt_h]
    turned = [turnout(1, f"{each.trial:03d}-{cell}", 1.0) for each in wanted for cell in (1, 2)]
    assert {each.defect for each in turned} == {"", "open", "short", "misassembled"}
    for one, whole_h, hours in zip(turned, sound, spoilt, strict=True):
        if one.defect == "misassembled":
            assert hours == pytest.approx(whole_h)
        else:
            assert hours == (0.0 if one.reason else pytest.approx(shipped().formation_h))


def seeded():
    return np.random.default_rng(1)


def test_figures_of_made_up_campaigns():
    def trial(stopped, spent, own=50.0):
        return TrialTrace((0.0,), stopped, True, own, 100.0, spent, 1.0, 1.0)

    truth = Truth(10.0, 1000, 10, 1000.0)
    good = Judged(StopTrace(1, (trial(False, 100.0), trial(True, 200.0), trial(False, 300.0))), np.array([5.0, 8, 9.6]))
    bad = Judged(StopTrace(2, (trial(False, 100.0), trial(True, 200.0), trial(False, 900.0))), np.array([5.0, 10, 9.6]))
    assert (good.is_best_stopped, bad.is_best_stopped) == (False, True)
    assert (good.reached_h(9.5), bad.reached_h(9.5), bad.reached_h(9.9)) == (300.0, 900.0, np.inf)
    row = policy_row("random", "early_stop", [good, bad], truth)
    assert row.saved.value == pytest.approx(0.5)
    assert row.best_stopped.value == 0.5
    assert bad.lost == pytest.approx(0.04)
    assert row.faster.value == pytest.approx(truth.random_h(0.01) / 900.0)
    assert row.faster.low <= row.faster.value <= row.faster.high
    assert (wilson(0, 200).low, round(wilson(0, 200).high, 3)) == (0.0, 0.019)


def test_the_command(monkeypatch):
    monkeypatch.setattr(life_problem, "_DRAWS", 60)
    monkeypatch.setattr(life_problem, "_ROUNDS", 2)
    arguments = ["benchmark", CAMPAIGNS / "cycle_life_narrow.yaml", "--policy", "none,early_stop", "--life-only"]
    found = command_line(*arguments, "--planners", "random", "--seeds", "1", "--budget", "3", "--json")
    assert found.returncode == 0, found.stderr
    data = json.loads(found.stdout)
    assert [(row["planner"], row["policy"]) for row in data["rows"]] == [("random", "none"), ("random", "early_stop")]
    assert len(data["campaigns"]) == 2
    assert len(data["campaigns"][0]["trials"]) == 3


def test_what_cannot_be_compared_is_refused():
    wrong = command_line("benchmark", CAMPAIGNS / "cycle_life.yaml", "--policy", "sometimes", "--planners", "random")
    assert wrong.returncode == 2
    assert "none, early_stop are" in wrong.stderr
    liquid = command_line("benchmark", CAMPAIGNS / "conductivity.yaml", "--policy", "none", "--planners", "random")
    assert liquid.returncode == 2
    assert "life must be one" in liquid.stderr


@pytest.mark.parametrize(("best", "level"), [(10.0, 9.5), (-0.2, -0.21), (0.0, 0.0)])
def test_near_the_best_is_below_it_also_where_nothing_is_worth_anything(best, level):
    assert near_best(best) == pytest.approx(level)
    assert best >= near_best(best)


def test_a_policy_holds_recipes_against_those_that_keep_the_limits():
    """Two recipes are known; the longer-lived one breaks a limit."""
    course = stopcourse._Course.__new__(stopcourse._Course)
    course._setup = SimpleNamespace(
        objectives=[Objective(name="life", goal="maximise")],
        task=SimpleNamespace(limits=(Limit("conductivity", low=5.0),)),
    )
    ranks = [course._rank({"life": life, "conductivity": at}) for life, at in ((400.0, 2.0), (150.0, 8.0))]
    assert ranks[1] > ranks[0]
    assert course._rank({"life": 160.0}) > ranks[1], "what is not known breaks nothing"
