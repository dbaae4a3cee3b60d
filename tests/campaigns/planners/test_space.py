from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from galvanaut.campaigns.constraints import parse
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import Bounds, SearchSpace
from galvanaut.core.errors import InputError

SOLVENTS = ("EC", "DMC", "EMC", "PC")


def conductivity_space() -> SearchSpace:
    return SearchSpace(
        {"EC": Bounds(0, 0.5), "DMC": Bounds(0, 0.9), "EMC": Bounds(0, 0.9), "PC": Bounds(0, 0.3)},
        {"LiPF6": Bounds(0.5, 2.0)},
        {"VC": Bounds(0.0, 0.02)},
        [parse("EC + PC >= 0.1"), parse("EMC >= PC*7/3")],
    )


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    """Random bounds and one random constraint around a random feasible recipe, so that none is empty."""
    count = draw(st.integers(1, 4))
    weights = np.array([draw(st.floats(0.01, 1.0)) for _ in range(count)])
    shares = dict(zip(SOLVENTS, (weights / weights.sum()).tolist(), strict=False))
    room = {key: (draw(st.floats(0, 0.4)), draw(st.floats(0, 0.4))) for key in shares}
    solvents = {key: Bounds(max(0.0, x - room[key][0]), min(1.0, x + room[key][1])) for key, x in shares.items()}
    salts = {"LiPF6": Bounds(0.5, 0.5 + draw(st.floats(0, 1.5)))} if draw(st.booleans()) else {}
    limit = shares["EC"] + draw(st.floats(0, 0.2))
    return SearchSpace(solvents, salts, {}, [parse(f"EC <= {limit:.12f} + 0.000001")])


@settings(max_examples=25, deadline=None)
@given(space=spaces(), seed=st.integers(0, 2**31))
def test_every_point_of_every_kind_is_feasible_and_a_recipe(space: SearchSpace, seed: int) -> None:
    draw = np.random.default_rng(seed)
    points = np.vstack([space.sample(40, draw), space.sobol(5, seed)])
    around = space.neighbours(points[0], 0.1, 20, draw)
    assert space.feasible(np.vstack([points, around])).all()
    for point in points[::10]:
        assert space.point(space.recipe(point)) == pytest.approx(point, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(space=spaces(), seed=st.integers(0, 2**31))
def test_features_span_zero_to_one_and_mass_fractions_sum_to_one(space: SearchSpace, seed: int) -> None:
    assume(space.dof > 0)
    points = space.sample(60, np.random.default_rng(seed))
    features = space.features(points)
    assert features.shape == (60, len(space.feature_names))
    assert features.min() >= -1e-9
    assert features.max() <= 1 + 1e-9
    assert space.mass_fractions(points).sum(axis=1) == pytest.approx(np.ones(60))


def test_names_stand_in_the_order_of_groups() -> None:
    assert conductivity_space().names == ("EC", "DMC", "EMC", "PC", "LiPF6", "VC")


def test_mass_fractions_are_those_of_the_recipe() -> None:
    space = conductivity_space()
    point = np.array([0.3, 0.5, 0.2, 0.0, 1.2, 0.02])
    fractions = dict(zip(space.names, space.mass_fractions(point)[0].tolist(), strict=True))
    recipe = space.recipe(point)
    for key, value in recipe.mass_fractions.items():
        assert fractions[key] == pytest.approx(value)
    assert recipe.molality("LiPF6") == pytest.approx(1.2)
    assert fractions["VC"] == pytest.approx(0.02)


def test_longer_sobol_sequences_start_with_the_shorter() -> None:
    space = conductivity_space()
    assert np.array_equal(space.sobol(300, 7)[:9], space.sobol(9, 7))
    assert not np.array_equal(space.sobol(9, 8), space.sobol(9, 7))


def test_sobol_fills_more_evenly_than_random() -> None:
    space = SearchSpace({key: Bounds(0, 1) for key in SOLVENTS[:3]})

    def discrepancy(points: np.ndarray) -> float:
        return abs((points[:, 0] < 1 - np.sqrt(0.5)).mean() - 0.5)  # half of the triangle lies below

    seeds = range(12)
    ours = np.mean([discrepancy(space.sobol(64, seed)) for seed in seeds])
    blind = np.mean([discrepancy(space.volume(64, np.random.default_rng(seed))) for seed in seeds])
    assert ours < blind / 2


THIN = SearchSpace(
    {"EC": Bounds(0, 1), "DMC": Bounds(0, 1), "EMC": Bounds(0, 1)},
    constraints=[parse("EC - DMC <= 0.00001"), parse("DMC - EC <= 0.00001")],
)


def test_thin_spaces_still_give_points_and_tell_which_are_random() -> None:
    points, at_random = THIN.design(10, 1)
    assert THIN.feasible(points).all()
    assert len(np.unique(points[:, 0])) == 10
    assert at_random.tolist() == [False] + [True] * 9
    assert not conductivity_space().design(300, 1)[1].any()


def test_a_fixed_solvent_leaves_the_sequence_to_the_others() -> None:
    salts = {"LiPF6": Bounds(0.5, 2.0)}
    free = {"DMC": Bounds(0, 1), "EMC": Bounds(0, 1)}
    fixed = SearchSpace({"DMC": free["DMC"], "EC": Bounds(0.3, 0.3), "EMC": free["EMC"]}, salts)
    points, at_random = fixed.design(32, 5)
    assert fixed.feasible(points).all()
    assert not at_random.any()
    assert np.array_equal(fixed.sobol(9, 5), points[:9])
    others = SearchSpace(free, salts).sobol(32, 5)
    np.testing.assert_allclose(points, np.insert(others * [0.7, 0.7, 1.0], 1, 0.3, axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("space", "second"),
    [
        (
            conductivity_space(),
            [
                0.22371138066318952,
                0.2914394881797122,
                0.44336825196292196,
                0.04148087919417631,
                1.4376740083098412,
                0.0010314385406672954,
            ],
        ),
        (
            SearchSpace({"EC": Bounds(0.26, 0.32), "EMC": Bounds(0.4, 0.6), "DMC": Bounds(0, 1)}),
            [0.3035989937961427, 0.5215685571224413, 0.17483244908141604],
        ),
        (
            SearchSpace({"EC": Bounds(0.3, 0.3), "DMC": Bounds(0.7, 0.7)}, {"LiPF6": Bounds(0.5, 2.0)}),
            [0.3, 0.7, 1.2483040001243353],
        ),
        (
            SearchSpace({"PC": Bounds(1, 1)}, {"LiPF6": Bounds(1, 1), "LiFSI": Bounds(0, 1)}),
            [1.0, 1.0, 0.4988693334162235],
        ),
    ],
    ids=["shipped", "narrow", "all-fixed", "one"],
)
def test_sequences_are_those_that_ledgers_and_benchmarks_rest_on(space: SearchSpace, second: list[float]) -> None:
    assert space.sobol(3, 7)[1] == pytest.approx(second, rel=1e-12, abs=1e-12)


def test_fixed_components_are_no_features() -> None:
    space = SearchSpace({"EC": Bounds(0.3, 0.3), "DMC": Bounds(0, 0.7), "EMC": Bounds(0, 0.7)})
    assert space.feature_names == ("DMC", "EMC")
    assert space.dof == 1


def test_as_made_recipes_may_lie_slightly_outside() -> None:
    space = conductivity_space()
    point = space.point(Recipe.from_views({"EC": 0.502, "DMC": 0.498}, {"LiPF6": 1.0}))
    assert not space.feasible(point)[0]
    assert space.feasible(point, 0.01)[0]


def test_foreign_component_is_named() -> None:
    with pytest.raises(InputError, match="holds DEC, unknown to this search space"):
        conductivity_space().point(Recipe.from_views({"EC": 0.5, "DEC": 0.5}, {"LiPF6": 1.0}))


def test_impossible_space_is_refused() -> None:
    with pytest.raises(InputError, match=r"no recipe fulfils .*EC >= 0\.6"):
        SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0, 1)}, constraints=[parse("EC >= 0.6")])
