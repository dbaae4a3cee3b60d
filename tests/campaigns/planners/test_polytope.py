from __future__ import annotations

import numpy as np
import pytest

from galvanaut.campaigns.polytope import EmptyRegionError, Polytope


def triangle() -> Polytope:
    """Three shares that sum to 1."""
    return Polytope(np.zeros(3), np.ones(3), np.empty((0, 3)), np.empty(0), np.ones(3), 1.0)


def test_tight_bounds_come_from_all_conditions_together() -> None:
    region = Polytope(np.zeros(3), np.ones(3), np.array([[1.0, 1.0, 0.0]]), np.array([0.4]), np.ones(3), 1.0)
    assert region.low == pytest.approx([0.0, 0.0, 0.6])
    assert region.high == pytest.approx([0.4, 0.4, 1.0])
    assert region.dof == 2


def test_volume_points_are_uniform_on_the_triangle() -> None:
    points = triangle().sample(6000, np.random.default_rng(1))
    assert points.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.015)
    assert points.var(axis=0) == pytest.approx([1 / 18] * 3, rel=0.1)  # Dirichlet(1, 1, 1)


def test_boundary_points_lie_on_edges_and_corners_in_equal_parts() -> None:
    points = triangle().boundary(2000, np.random.default_rng(1))
    zeros = (points < 1e-9).sum(axis=1)
    assert set(zeros) == {1, 2}
    assert (zeros == 2).mean() == pytest.approx(0.5, abs=0.05)


def test_hidden_equalities_take_away_freedom() -> None:
    rows, limits = np.array([[1.0, 1.0, 0.0], [-1.0, -1.0, 0.0]]), np.array([0.5, -0.5])
    region = Polytope(np.zeros(3), np.ones(3), rows, limits, np.ones(3), 1.0)
    assert region.dof == 1
    points = region.boundary(50, np.random.default_rng(2))
    assert points[:, 2] == pytest.approx(np.full(50, 0.5))
    assert region.contains(points).all()


def test_single_point_is_a_region() -> None:
    fixed = np.array([0.3, 0.7])
    region = Polytope(fixed, fixed, np.empty((0, 2)), np.empty(0), np.ones(2), 1.0)
    assert region.dof == 0
    draw = np.random.default_rng(0)
    for points in (region.sample(3, draw), region.boundary(3, draw), region.neighbours(fixed, 0.1, 3, draw)):
        assert points == pytest.approx(np.tile(fixed, (3, 1)))


def test_empty_region_is_refused() -> None:
    with pytest.raises(EmptyRegionError, match="no point fulfils"):
        Polytope(np.zeros(2), np.full(2, 0.4), np.empty((0, 2)), np.empty(0), np.ones(2), 1.0)


def test_neighbours_of_an_outside_point_are_inside_and_near() -> None:
    region = triangle()
    outside = np.array([-0.02, 0.5, 0.52])
    points = region.neighbours(outside, 0.02, 200, np.random.default_rng(3))
    assert region.contains(points).all()
    assert np.abs(points - outside).max() < 0.3


def test_steps_of_neighbours_scale() -> None:
    region, centre = triangle(), np.full(3, 1 / 3)
    small, large = (
        np.abs(region.neighbours(centre, scale, 400, np.random.default_rng(4)) - centre).mean() for scale in (0.01, 0.1)
    )
    assert large == pytest.approx(10 * small, rel=0.2)
