"""Spaces of several branches: counts, optional components, settings and choices."""

from __future__ import annotations

import time

import numpy as np
import pytest

from galvanaut.campaigns.branches import MOST_BRANCHES
from galvanaut.campaigns.constraints import parse
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Bounds, Choice, Setting
from galvanaut.core.errors import InputError

ADDITIVES = ("VC", "FEC", "PS", "DTD", "SN")


def space() -> SearchSpace:
    """16 sets of additives, two salts, and two lots of EC; EMC is optional by itself."""
    return SearchSpace(
        {"EC": Bounds(0.1, 0.5), "DMC": Bounds(0.0, 0.9), "EMC": Bounds(0.2, 0.5)},
        {"LiPF6": Bounds(0.5, 2.0), "LiFSI": Bounds(0.8, 1.5)},
        {name: Bounds(0.005, 0.02) for name in ADDITIVES},
        [parse(f"at most 2 of {', '.join(ADDITIVES)}"), parse("exactly 1 of LiPF6, LiFSI"), parse("EC/DMC <= 2")],
        optional=["EMC"],
        settings=[Choice("lot", ("A17", "B02")), Setting("rate", 0.05, 0.2)],
    )


SPACE = space()
POINTS = SPACE.sample(400, np.random.default_rng(1))


def amount(points: np.ndarray, name: str) -> np.ndarray:
    return np.asarray(points[:, SPACE.names.index(name)])


def held(points: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.sum([amount(points, name) > 0 for name in names], axis=0)


def test_names_end_with_settings_and_choices() -> None:
    assert SPACE.names[-3:] == ("SN", "rate", "lot")
    assert SPACE.components[-1] == "SN"
    assert SPACE.branches == 16 * 2 * 2 * 2


@pytest.mark.parametrize(
    "points",
    [POINTS, SPACE.volume(200, np.random.default_rng(2)), SPACE.sobol(200, 3)],
    ids=["sample", "volume", "sobol"],
)
def test_points_keep_counts_and_bounds(points: np.ndarray) -> None:
    assert SPACE.feasible(points).all()
    assert set(held(points, ADDITIVES)) == {0, 1, 2}
    assert set(held(points, ("LiPF6", "LiFSI"))) == {1}
    emc = amount(points, "EMC")
    assert (emc == 0).any()
    assert emc[emc > 0].min() >= 0.2 - 1e-9
    assert set(amount(points, "lot")) == {0.0, 1.0}


def test_longer_sobol_sequences_start_with_the_shorter() -> None:
    assert np.array_equal(SPACE.sobol(150, 7)[:9], SPACE.sobol(9, 7))


def test_the_first_sobol_points_lie_in_branches_of_their_own() -> None:
    points = SPACE.sobol(30, 1)
    columns = [SPACE.names.index(name) for name in ("EMC", "LiPF6", *ADDITIVES)]
    kinds = np.column_stack([points[:, columns] > 0, amount(points, "lot")])
    assert len(np.unique(kinds, axis=0)) == 30


def test_broken_counts_are_infeasible_at_any_tolerance() -> None:
    point = POINTS[0].copy()
    for name in ADDITIVES:
        point[SPACE.names.index(name)] = 0.01
    assert not SPACE.feasible(point, 0.1)[0]
    none = POINTS[0].copy()
    none[[SPACE.names.index(name) for name in ("LiPF6", "LiFSI")]] = 0.0
    assert not SPACE.feasible(none, 0.1)[0]


def test_what_is_present_keeps_its_low_bound() -> None:
    point = POINTS[held(POINTS, ADDITIVES) == 0][0].copy()
    point[SPACE.names.index("VC")] = 0.003
    assert not SPACE.feasible(point)[0]
    assert SPACE.feasible(point, 0.0021)[0]


def test_present_means_more_than_nothing_where_the_low_bound_is_zero() -> None:
    some = SearchSpace(
        {"EC": Bounds(1, 1)},
        additives={"VC": Bounds(0, 0.02), "FEC": Bounds(0, 0.02)},
        constraints=[parse("at least 1 of VC, FEC")],
    )
    points = some.sample(200, np.random.default_rng(1))
    assert (points[:, 1:].max(axis=1) > 0).all()
    assert not some.feasible(np.array([1.0, 0.0, 0.0]))[0]


def test_neighbours_stay_near_or_change_one_thing() -> None:
    start = POINTS[7]
    around = SPACE.neighbours(start, 0.02, 400, np.random.default_rng(4))
    assert SPACE.feasible(around).all()
    optional = [SPACE.names.index(name) for name in ("EMC", "LiPF6", "LiFSI", *ADDITIVES)]
    changes = ((around[:, optional] > 0) != (start[optional] > 0)).sum(axis=1)
    changes += around[:, -1] != start[-1]
    assert set(changes) <= {0, 1, 2}  # two is a swap
    assert (changes == 0).mean() > 0.74
    own = around[changes == 0]
    assert np.abs(SPACE.features(own) - SPACE.features(start)).max(axis=1).mean() < 0.1


def test_neighbours_of_a_recipe_outside_of_all_branches() -> None:
    outside = POINTS[0].copy()
    outside[[SPACE.names.index(name) for name in ADDITIVES]] = 0.01
    assert SPACE.feasible(SPACE.neighbours(outside, 0.1, 40, np.random.default_rng(1))).all()


def test_features_hold_one_column_per_number_and_per_option() -> None:
    features = SPACE.features(POINTS)
    assert features.shape == (400, len(SPACE.feature_names))
    assert SPACE.feature_names[-3:] == ("rate", "lot=A17", "lot=B02")
    assert features.min() >= -1e-9
    assert features.max() <= 1 + 1e-9
    assert np.array_equal(features[:, -1], amount(POINTS, "lot"))
    assert (features[:, -2:].sum(axis=1) == 1).all()


def test_points_give_back_recipe_and_settings() -> None:
    for point in POINTS[::20]:
        recipe, settings = SPACE.recipe(point), SPACE.settings(point)
        assert settings["lot"] in ("A17", "B02")
        assert SPACE.point(recipe, settings) == pytest.approx(point, abs=1e-9)


def test_settings_have_to_be_complete_and_known() -> None:
    recipe = Recipe.from_views({"EC": 0.5, "DMC": 0.5}, {"LiPF6": 1.0})
    with pytest.raises(InputError, match="expected rate, lot, found rate"):
        SPACE.point(recipe, {"rate": 0.1})
    with pytest.raises(InputError, match="lot has no option 'C'"):
        SPACE.point(recipe, {"rate": 0.1, "lot": "C"})


def test_mass_fractions_leave_out_settings() -> None:
    fractions = SPACE.mass_fractions(POINTS)
    assert fractions.shape == (400, len(SPACE.components))
    assert fractions.sum(axis=1) == pytest.approx(np.ones(400))


def test_branches_that_hold_no_recipe_are_passed_over() -> None:
    narrow = SearchSpace(
        {"EC": Bounds(0.3, 0.4), "DMC": Bounds(0.6, 0.7), "EMC": Bounds(0.15, 0.2)},
        constraints=[parse("at least 2 of EC, DMC, EMC")],
    )
    points = narrow.sample(100, np.random.default_rng(1))
    assert narrow.feasible(points).all()
    assert np.array_equal(points[:, :3] > 0, np.tile([True, True, False], (100, 1)))


def test_one_recipe_in_one_branch_is_single() -> None:
    either = [parse("exactly 1 of LiPF6, LiFSI")]
    fixed = {"EC": Bounds(0.3, 0.3), "DMC": Bounds(0.7, 0.7)}
    two = SearchSpace(fixed, {"LiPF6": Bounds(1, 1), "LiFSI": Bounds(1, 1)}, constraints=either)
    assert not two.is_single
    one = SearchSpace(fixed, {"LiPF6": Bounds(1, 1), "LiFSI": Bounds(0, 0)}, constraints=either)
    assert one.is_single
    lots = SearchSpace(fixed, settings=[Choice("lot", ("A17", "B02"))])
    assert (lots.dof, lots.is_single) == (1, False)


def test_impossible_branches_are_refused() -> None:
    with pytest.raises(InputError, match=r"no recipe fulfils .*exactly 1 of EC, DMC"):
        SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0, 0.9)}, constraints=[parse("exactly 1 of EC, DMC")])


def test_too_many_branches_are_refused_at_once() -> None:
    names = ("FEC", "VC", "PS", "ES", "DTD", "SN", "ADN", "TMSP", "TMSB", "LiPO2F2", "LiNO3")
    salts = ("LiPF6", "LiFSI", "LiTFSI", "LiBF4")
    with pytest.raises(InputError, match=f"more than {MOST_BRANCHES} combinations .* let fewer components be absent"):
        SearchSpace(
            {"EC": Bounds(1, 1)},
            {name: Bounds(0.1, 1) for name in salts},
            {name: Bounds(0.001, 0.01) for name in names},
            optional=[*salts, *names],
        )


def test_a_space_of_many_branches_is_quick() -> None:
    began = time.process_time()
    fresh = space()
    fresh.sample(400, np.random.default_rng(1))
    assert time.process_time() - began < 3.0, "32 of its branches take less than half a second on an idle machine"
