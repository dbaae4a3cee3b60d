"""Programmes at which the solver fails at first: traces in the target are as small as its tolerance."""

import numpy as np
import pytest

from campaigns.randomspaces import random_case
from campaigns.test_spaces_at_random import test_proposals_keep_to_the_space_and_the_bench as keeps_to_them
from galvanaut.campaigns import doseprogram


@pytest.mark.parametrize("number", [658, 1583])
def test_it_is_tried_again_with_fewer_decimals(number, monkeypatch):
    attempts = []
    attempt = doseprogram._Mixture._attempt

    def counted(self, *arguments):
        result = attempt(self, *arguments)
        attempts.append(result.status)
        return result

    monkeypatch.setattr(doseprogram._Mixture, "_attempt", counted)
    keeps_to_them(number)
    assert 4 in attempts, "this space says nothing any more; find another one"


def test_what_can_be_made_exactly_is():
    case = random_case(1293)
    point = case.space.volume(1, np.random.default_rng(1))[0]
    made = case.maker.realise(point)
    assert case.maker.realise(made) == pytest.approx(made, abs=1e-9)


@pytest.mark.parametrize("number", [1293, 7221])
def test_a_recipe_that_was_planned_is_planned_again_as_it_was(number):
    """In the second space several amounts of the same stocks make one recipe, and rounding wanders before it rests."""
    keeps_to_them(number)
