"""The comparison of planners as a command, and how recipes become parameters of other libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmarks.conftest import FOLDER
from galvanaut.core.identifiers import generator

Modules = Callable[[str], ModuleType]


def command(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(FOLDER / script), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.system
def test_runs_go_on_where_they_were_and_become_tables(tmp_path: Path) -> None:
    arguments = ("--results", tmp_path, "--problems", "offsets", "--seeds", 2)
    assert command("run.py", *arguments, "--planners", "sobol").returncode == 0
    done = command("run.py", *arguments, "--planners", "sobol,random")
    assert "2 runs are there, 2 to go" in done.stdout
    runs = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text("utf-8").splitlines()]
    assert [(run["planner"], run["seed"]) for run in runs] == [(p, s) for p in ("sobol", "random") for s in (1, 2)]
    assert all(len(run["regret"]) == 40 and run["memory_MB"] > 10 for run in runs)
    assert runs[0]["regret"][:8] == runs[2]["regret"][:8]
    assert command("table.py", tmp_path).returncode == 0
    assert "| sobol | 2 |" in (tmp_path / "summary.md").read_text("utf-8")
    assert (tmp_path / "summary.csv").read_text("utf-8").count("\n") == 3
    assert (tmp_path / "offsets.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.system
def test_problems_held_out_are_refused(tmp_path: Path) -> None:
    done = command("run.py", "--results", tmp_path, "--problems", "gelling", "--planners", "random")
    assert done.returncode == 1
    assert "held out for one final run" in done.stderr


@pytest.mark.parametrize("name", ["conductivity", "cold-cost", "life-choice", "two-objectives"])
def test_recipes_survive_being_parameters(planners: Modules, name: str) -> None:
    space = planners("problems").problem(name).space
    encoding = planners("peers.encoding").Encoding(space)
    for point in space.sample(40, generator(1, "test")):
        parameters = encoding.parameters(point)
        assert np.allclose(encoding.point(parameters), point, atol=1e-9)
        values = {key: value for key, value in parameters.items() if key != "salt"}
        for row in encoding.rows:
            assert sum(factor * values.get(key, 0.0) for key, factor in row.factors.items()) <= row.bound + 1e-9


@pytest.mark.parametrize("name", ["conductivity", "cold-cost", "life-choice", "two-objectives"])
def test_what_lies_outside_is_moved_to_the_nearest_recipe(planners: Modules, name: str) -> None:
    space = planners("problems").problem(name).space
    encoding, draw = planners("peers.encoding").Encoding(space), generator(2, "test")
    some = space.sample(400, draw)
    low, high = np.array([space.bounds[key] for key in space.names]).T
    for _ in range(15):
        wish = low + draw.uniform(-0.2, 1.2, size=len(low)) * (high - low)
        moved = planners("peers.encoding").nearest(space, wish)
        assert space.feasible(moved)[0]
        apart = np.abs((some - wish) / (high - low))
        if not encoding.salts:  # with choices the largest amounts decide, not the distance
            assert np.sum(((moved - wish) / (high - low)) ** 2) <= (apart**2).sum(axis=1).min() + 1e-6


def test_of_counted_components_the_largest_are_kept(planners: Modules) -> None:
    space = planners("problems").problem("life-choice").space
    values = {"EC": 0.3, "EMC": 0.7, "LiPF6": 0.2, "LiFSI": 1.0, "VC": 0.015, "FEC": 0.01, "PS": 0.02, "DTD": 0.001}
    moved = planners("peers.encoding").nearest(space, np.array([values.get(name, 0.0) for name in space.names]))
    kept = dict(zip(space.names, moved.tolist(), strict=True))
    assert {name for name, value in kept.items() if value > 0.0} == {"EC", "EMC", "LiFSI", "VC", "PS"}
    assert kept["VC"] == pytest.approx(0.015, abs=1e-6)


def test_a_peer_sees_failures_and_the_same_design_as_all(planners: Modules) -> None:
    problem = planners("problems").problem("gelling")
    peers, run = planners("peers"), planners("galvanaut.campaigns.benchmark.run").run
    sobol, random, asked = (
        run(problem, name, 3, 10, make=peers.maker_of(name)) for name in ("sobol", "random", "bayes_opt")
    )
    assert (sobol.regret[:8] == random.regret[:8]).all()
    assert (sobol.regret[:8] == asked.regret[:8]).all()
    assert asked.failures >= 1
