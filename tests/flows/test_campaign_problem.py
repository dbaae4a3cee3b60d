"""A campaign's own problem with several objectives, cells and costs, for comparing planners."""

import json
import pickle

import numpy as np
import pytest

from celllab import cell_campaign
from galvanaut.campaigns.benchmark import run
from galvanaut.campaigns.benchmark.cellruns import MadeTrial, Wanted
from galvanaut.campaigns.benchmark.score import gains, hypervolume
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import generator
from galvanaut.flows import campaign_problem
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
    told = json.loads(
        command_line("benchmark", priced, "--planners", "sobol", "--seeds", 1, "--budget", 2, "--json").stdout
    )
    assert 0.0 < told["runs"][0]["regret"][-1] < 1.0


def test_as_many_cells_are_spoilt_as_the_bench_says(cells):
    points = cells.space.sample(200, generator(1, "many"))
    made = cells.cells.make([Wanted(point, 3, number) for number, point in enumerate(points)])
    spoilt = sum(len(trial.spoilt_h) for trial in made)
    assert cells.cells.failure_rate == 0.05
    assert 8 <= spoilt <= 35  # 20 of 400 are expected, with a standard deviation of 4.4
