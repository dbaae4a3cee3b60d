"""A campaign's own problem with several objectives, cells and costs, for comparing planners."""

import json
import pickle

import numpy as np
import pytest

from celllab import cell_campaign
from galvanaut.campaigns.benchmark import run
from galvanaut.campaigns.benchmark.cellruns import MadeTrial, Wanted
from galvanaut.campaigns.benchmark.problem import task
from galvanaut.campaigns.benchmark.score import gains, hypervolume
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import generator
from galvanaut.flows import campaign_problem
from galvanaut.flows.beliefs import conductivity_law
from galvanaut.flows.benchmark_remarks import planner_remarks, policy_remarks
from galvanaut.flows.campaign_problem import CampaignProblem
from galvanaut.flows.conductivity_problem import ConductivityProblem
from galvanaut.flows.life_problem import LifeProblem
from galvanaut.flows.plan import load_plan
from galvanaut.flows.planner_benchmark import problem_of
from smalllab import ROOT, command_line, small_campaign

CELLS = ROOT / "campaigns" / "cycle_life.yaml"
COST = {
    "  - {name: conductivity, goal: maximise}": "  - {name: conductivity, goal: maximise, worst: 3, best: 8}\n"
    "  - {name: cost, goal: minimise, worst: 40, best: 10}\n"
    "limits: [{name: cost, high: 20}]\n"
    "prices: {currency: EUR, date: '2026-11-01', source: nobody, per_kg: {EC: 5, DMC: 5, EMC: 6, PC: 4, LiPF6: 100}}"
}


@pytest.fixture(scope="module")
def cells():
    return CampaignProblem.of(load_plan(CELLS))


@pytest.fixture
def priced(tmp_path):
    return small_campaign(tmp_path, 3, COST)


def test_a_campaign_poses_the_problem_of_its_objectives(cells, tmp_path):
    assert [aim.name for aim in cells.aims] == ["life", "conductivity", "cost"]
    assert cells.maximise
    assert isinstance(problem_of(load_plan(small_campaign(tmp_path))), ConductivityProblem)
    assert isinstance(problem_of(load_plan(CELLS)), CampaignProblem)


def test_a_measurement_scatters_about_the_truth_and_belongs_to_seed_and_number(cells):
    point = cells.space.sample(3, generator(1, "here"))[2]
    true = dict(zip(["life", "conductivity", "cost"], cells.true(point[None, :])[0], strict=True))
    told = [cells.measure(point, 1, number) for number in range(12)]
    values = {name: np.array([each.quantities[name].value for each in told]) for name in true}
    assert np.median(values["life"]) == pytest.approx(true["life"], rel=0.25)
    assert np.median(values["conductivity"]) == pytest.approx(true["conductivity"], rel=0.08)
    assert values["cost"] == pytest.approx(true["cost"])
    assert len(set(values["life"])) == 12
    again = cells.measure(point, 1, 5)
    assert again == told[5]
    assert again.measured.value != cells.measure(point, 2, 5).measured.value


def test_a_trial_all_of_whose_cells_were_spoilt_is_made_again(cells, monkeypatch):
    asked, make = [], LifeProblem.make

    def spoiling(self, wanted):
        asked.append(wanted[0].trial)
        return [MadeTrial(())] if len(asked) < 3 else make(self, wanted)

    monkeypatch.setattr(LifeProblem, "make", spoiling)
    point = cells.space.sample(1, generator(1, "here"))[0]
    assert cells.measure(point, 1, 7).quantities["life"].value > 0
    assert asked == [7, 10_007, 20_007]
    monkeypatch.setattr(LifeProblem, "make", lambda _self, _wanted: [MadeTrial(())])
    with pytest.raises(GalvanautError, match="cycle-life: 50 trials gave no sound cell; the assembler spoils 5 %"):
        cells.measure(point, 1, 7)


def test_nothing_that_was_drawn_beats_the_front_that_was_found(priced):
    problem = CampaignProblem.of(load_plan(priced))
    drawn = problem.true(problem.space.volume(3000, generator(5, "other")))
    alone = hypervolume(gains(problem.aims, drawn))
    assert alone < problem.optimum < 1.1 * alone
    carried = pickle.loads(pickle.dumps(problem))  # as it travels to other processes
    assert "optimum" in vars(carried)
    assert carried.optimum == problem.optimum


def test_one_objective_may_be_to_minimise(tmp_path):
    changes = {
        "  - {name: conductivity, goal: maximise}": "  - {name: cost, goal: minimise}\n"
        + COST[next(iter(COST))].split("\n")[-1]
    }
    problem = problem_of(load_plan(small_campaign(tmp_path, 3, changes)))
    drawn = problem.true(problem.space.volume(2000, generator(5, "other")))[:, 0]
    assert (problem.aims, problem.maximise) == ((), False)
    assert 0.9 * drawn.min() < problem.optimum <= drawn.min()
    trace = run(problem, "sobol", seed=1, budget=6, initial=2)
    assert 0.0 <= trace.regret[-1] <= trace.regret[0]


def test_settings_are_refused_by_name(tmp_path):
    changes = {"procedure:\n": "settings: {formation_rate: {low: 0.25, high: 0.5}}\n\nprocedure:\n"}
    with pytest.raises(InputError, match=r"settings: only recipes .* fix formation_rate"):
        problem_of(load_plan(cell_campaign(tmp_path, 3, changes)))


def test_the_command_compares_planners_by_hypervolume(priced, monkeypatch):
    monkeypatch.setattr(campaign_problem, "_ROUNDS", 3)
    done = command_line("benchmark", priced, "--planners", "sobol,random", "--seeds", 2, "--budget", 4)
    assert done.returncode == 0, done.stderr
    assert "hypervolume of the noiseless front of conductivity, cost, by search, " in done.stdout
    assert "what the hypervolume of all tested lacks" in done.stdout
    assert "recommends" not in done.stdout
    assert "MB added" in done.stdout
    assert "What the campaign file says under limits plays no part here." in done.stdout
    told = json.loads(
        command_line("benchmark", priced, "--planners", "sobol", "--seeds", 1, "--budget", 2, "--json").stdout
    )
    assert 0.0 < told["runs"][0]["regret"][-1] < 1.0


PLANNER = "planner: {name: bayes, initial: 2}"
GIVEN = "{solvents: {EC: 0.3, DMC: 0.7}, salts: {LiPF6: 0.5 mol/kg}}"
KNOWN = {PLANNER: f"planner: {{initial: 3, first: [{GIVEN}], physics: true}}"}


def test_every_planner_of_a_comparison_begins_with_the_recipes_of_the_file(tmp_path):
    campaign = small_campaign(tmp_path, 3, KNOWN)
    done = command_line("benchmark", campaign, "--planners", "sobol,bayes", "--seeds", 2, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    problem = problem_of(load_plan(campaign))
    given = problem.space.point(load_plan(campaign).campaign.planner.first[0].recipe())
    lacking = 1.0 - problem.true(given[None, :])[0, 0] / problem.optimum
    assert [run["regret"][0] for run in told["runs"]] == pytest.approx([lacking] * 4, rel=0.01)
    assert len({run["regret"][-1] for run in told["runs"]}) > 1
    assert [remark[:30] for remark in told["remarks"]] == [
        "Every planner begins with plan",
        "planner.physics: planners that",
    ]


def test_planners_of_a_comparison_believe_the_law_of_a_dry_run(tmp_path, cells):
    assert cells.beliefs == ()
    for changes, quantity in ((KNOWN, ""), ({**COST, **KNOWN}, "conductivity")):
        plan = load_plan(small_campaign(tmp_path, 3, changes))
        problem = pickle.loads(pickle.dumps(problem_of(plan)))
        (told,) = task(problem, 1, 8).beliefs
        assert (told.name, told.quantity) == ("physics", quantity)
        points, degC = plan.space.sample(20, generator(1, "law")), plan.campaign.procedure.conductivity.temperature_degC
        assert told.predict(points) == pytest.approx(conductivity_law(plan.space, degC, is_synthetic=True)(points))
        assert told.predict(points) != pytest.approx(problem.true(points)[:, 0])  # which would be cheating


@pytest.mark.parametrize(
    ("changes", "remarks", "of_policies"),
    [
        ({}, [], []),
        (
            KNOWN,
            ["begins with planner.first (1 recipe)", "law as the papers alone give it"],
            ["under planner.first, planner.physics plays"],
        ),
        (
            {PLANNER: f"planner: {{earlier: [may], reference: {{recipe: {GIVEN}, every: 3}}}}"},
            ["makes planner.reference every 3 experiments", "under planner.earlier plays no part here"],
            ["under planner.reference, planner.earlier plays"],
        ),
        (
            {
                "{name: conductivity, goal: maximise}": "{name: cost, goal: minimise}\n"
                "limits: [{name: conductivity, low: 5}]\n"
                "prices: {currency: EUR, date: '2026-11-01', source: x, "
                "per_kg: {EC: 5, DMC: 5, EMC: 6, PC: 4, LiPF6: 9}}",
                PLANNER: "planner: {physics: true}",
            },
            ["under limits, planner.physics plays no part here"],
            ["under limits, planner.physics plays"],
        ),
    ],
)
def test_a_comparison_says_what_it_makes_of_what_is_known(tmp_path, changes, remarks, of_policies):
    plan = load_plan(small_campaign(tmp_path, 3, changes))
    for said, pieces in (
        (planner_remarks(plan.campaign, problem_of(plan)), remarks),
        (policy_remarks(plan.campaign, has_limits=False), of_policies),
    ):
        assert len(said) == len(pieces)
        assert all(piece in one for piece, one in zip(pieces, said, strict=True))
    known = policy_remarks(plan.campaign, has_limits=True)
    assert not any("under limits" in one for one in known)
    assert any(one.startswith("Planners know the limits") for one in known) is bool(plan.campaign.limits)


def test_as_many_cells_are_spoilt_as_the_bench_says(cells):
    points = cells.space.sample(200, generator(1, "many"))
    made = cells.cells.make([Wanted(point, 3, number) for number, point in enumerate(points)])
    spoilt = sum(len(trial.spoilt_h) for trial in made)
    assert cells.cells.failure_rate == 0.05
    assert 8 <= spoilt <= 35  # 20 of 400 are expected, with a standard deviation of 4.4
