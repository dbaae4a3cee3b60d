"""The process window: a box in which recipes meet their specification, checked against the simulated truth."""

import numpy as np
import pytest

from galvanaut.campaigns.space import SearchSpace
from galvanaut.flows.plan import load_plan
from smalllab import CAMPAIGN
from windowtruth import windows

WANTED = ["conductivity >= 6.5 mS/cm"]


@pytest.fixture(scope="module")
def checked():
    """Of three campaigns, by the specification that is assumed and by one that is given."""
    return [found for seed in (1, 2, 3) for found in windows(seed, 30, ([], WANTED))]


def test_at_least_nine_tenths_of_the_points_inside_meet_the_specification_in_truth(checked):
    drawn = sum(len(found.points) for found in checked)
    assert drawn >= 1000
    assert sum(found.share * len(found.points) for found in checked) / drawn >= 0.9


def test_most_campaigns_have_a_window_and_it_holds_its_recipe(checked):
    boxes = [found.window for found in checked if found.window.ranges]
    assert len(boxes) >= 3
    space = SearchSpace.of(load_plan(CAMPAIGN).campaign)
    for window in boxes:
        assert window.contains(window.centre[None, :], space).all()
        assert window.lowest >= window.probability
        assert max(high - low for low, high in window.ranges.values()) > 0.01
        assert 0.0 <= window.share < 0.2


def test_what_is_drawn_lies_inside_and_sums_up(checked):
    space = SearchSpace.of(load_plan(CAMPAIGN).campaign)
    for found in checked:
        if len(found.points):
            assert found.window.contains(found.points, space).all()
            assert space.feasible(found.points, 1e-6).all()
            np.testing.assert_allclose(found.points[:, :4].sum(axis=1), 1.0, atol=1e-9)


def test_a_specification_that_nothing_meets_has_no_window():
    (found,) = windows(1, 12, (["conductivity >= 20 mS/cm"],))
    assert (found.window.ranges, found.window.checked, found.window.share) == ({}, 0, 0.0)
    assert found.window.at_centre < 0.5
    assert found.window.to_json()["ranges"] == {}


def test_a_milder_specification_gives_a_wider_window():
    strict, mild = windows(2, 16, (["conductivity >= 6 mS/cm"], ["conductivity >= 5 mS/cm"]))
    widths = [sum(high - low for low, high in found.window.ranges.values()) for found in (strict, mild)]
    assert widths[0] < widths[1]
