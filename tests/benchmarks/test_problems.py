"""The problems on which planners are compared are what their description says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from galvanaut.campaigns.components import component
from galvanaut.core.identifiers import generator

Modules = Callable[[str], ModuleType]
ALL = ("conductivity", "two-objectives", "life-choice", "offsets", "cold-cost", "gelling")


@pytest.fixture
def problem(planners: Modules) -> Callable[[str], Any]:
    found: Callable[[str], Any] = planners("problems").problem
    return found


def test_two_are_held_out(planners: Modules) -> None:
    problems = planners("problems")
    assert problems.NAMES == ALL
    assert set(problems.HELD_OUT) == {"cold-cost", "gelling"}


@pytest.mark.parametrize("name", ALL)
def test_nothing_better_is_found_than_the_optimum_that_is_kept(planners: Modules, problem: Any, name: str) -> None:
    known = problem(name)
    found, _ = planners("optima").search(known, samples=3000, rounds=20)
    assert found <= known.optimum * 1.0002
    assert found >= known.optimum * 0.98


@pytest.mark.parametrize("name", ALL)
def test_noise_depends_on_seed_and_number_alone(problem: Any, name: str) -> None:
    known = problem(name)
    points = known.space.volume(40, generator(2, "test"))
    here, there = points[~np.isnan(known.true(points)[:, 0])][:2]

    def error(point: Any, seed: int, number: int) -> float:
        told = known.measure(point, seed, number)
        value = told.quantities[known.aims[0].name].value if known.aims else told.measured.value
        return float((value - known.true(point[None, :])[0, 0]) / known.noise_sd[0](point[None, :])[0])

    if not known.group_size:
        assert error(here, 1, 5) == pytest.approx(error(there, 1, 5))
    assert error(here, 1, 5) == error(here, 1, 5)
    assert len({error(here, 1, 5), error(here, 1, 6), error(here, 2, 5)}) == 3


@pytest.mark.parametrize("name", ALL)
def test_beliefs_are_not_the_truth(problem: Any, name: str) -> None:
    known = problem(name)
    points = known.space.volume(500, generator(3, "test"))
    true = replace(known, fails=None).true(points)
    assert len(known.beliefs) == true.shape[1]
    for k, belief in enumerate(known.beliefs):
        assert np.isfinite(belief.predict(points)).all()
        assert np.corrcoef(belief.predict(points), true[:, k])[0, 1] < 0.98


@pytest.mark.parametrize("name", ["conductivity", "cold-cost", "gelling"])
def test_the_law_is_off_by_what_cross_validation_says(planners: Modules, problem: Any, name: str) -> None:
    truth, conductivity = problem(name).truths[0], planners("problems.conductivity")
    points = truth.space.volume(5000, generator(4, "test"))
    law = conductivity.law_mS_cm(conductivity.shipped_law(), truth.space, points, truth.temperature_degC)
    delta = np.log(truth(points) / law)
    assert np.sqrt(np.mean(delta**2)) == pytest.approx(conductivity.DELTA_RMS, rel=0.05)


def test_the_best_recipe_of_all_gels(planners: Modules, problem: Any) -> None:
    known = problem("gelling")
    best, where = planners("optima").search(replace(known, fails=None), samples=4000, rounds=15)
    assert best > known.optimum
    assert np.isnan(known.true(where)).all()
    assert known.measure(where[0], 1, 1).measured is None


def test_the_cost_limit_is_one_per_kg_of_electrolyte(planners: Modules, problem: Any) -> None:
    mixtures, known = planners("problems.mixtures"), problem("cold-cost")
    wider = problem("conductivity").space
    points = wider.volume(300, generator(5, "test"))
    prices = np.array([mixtures.PRICES_PER_KG[name] for name in wider.names])
    cheap = wider.mass_fractions(points) @ prices <= mixtures.MOST_PER_KG
    assert 0.05 < cheap.mean() < 0.95
    assert (known.space.feasible(points) == cheap).all()


def test_eight_experiments_share_an_offset(problem: Any) -> None:
    known = problem("offsets")
    point = known.space.volume(1, generator(6, "test"))[0]
    quiet = replace(known, noise_sd=(lambda points: np.zeros(len(points)),))
    told = [quiet.measure(point, 1, number) for number in range(800)]
    values = np.array([each.measured.value for each in told]) - known.true(point[None, :])[0, 0]
    assert [each.group for each in told[:17]] == ["group-1"] * 8 + ["group-2"] * 8 + ["group-3"]
    assert np.ptp(values[:8]) == 0.0
    assert np.std(values[::8]) == pytest.approx(0.05 * known.optimum, rel=0.25)
    assert known.measure(point, 1, 1).measured.variance == pytest.approx(known.noise_sd[0](point[None, :])[0] ** 2)


def test_choices_are_exactly_one_salt_and_at_most_two_additives(problem: Any) -> None:
    space = problem("life-choice").space
    points = space.sample(400, generator(7, "test"))
    held = {name: points[:, k] > 0.0 for k, name in enumerate(space.names)}
    assert (held["LiPF6"] ^ held["LiFSI"]).all()
    counts = np.sum([held[name] for name in ("VC", "FEC", "PS", "DTD", "LiDFOB")], axis=0)
    assert set(counts.tolist()) == {0, 1, 2}
    assert {component(name).role for name in space.names} == {"solvent", "salt", "additive"}


def test_several_aims_come_with_one_number_for_planners_that_know_only_one(problem: Any) -> None:
    known = problem("two-objectives")
    told = known.measure(known.space.volume(1, generator(8, "test"))[0], 1, 1)
    assert set(told.quantities) == {aim.name for aim in known.aims}
    assert 0.0 <= told.measured.value <= 1.0
