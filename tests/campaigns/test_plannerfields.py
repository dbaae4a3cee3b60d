"""What a campaign file says of its planner: recipes to try first have to find a trial."""

import pytest

from campaignmaking import campaign_of
from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.core.errors import PlacedError

GIVEN = {"solvents": {"EC": 0.3, "DMC": 0.7}, "salts": {"LiPF6": "1 mol/kg"}}
REFERENCE = {"reference": {"recipe": GIVEN, "every": 2}}


@pytest.mark.parametrize(("count", "more"), [(3, {}), (1, REFERENCE)])
def test_recipes_to_try_first_may_take_every_trial(count, more):
    campaign = campaign_of(planner={"first": [GIVEN] * count, **more}, budget={"trials": 3})
    assert len(campaign.planner.first) == count
    fewer = campaign.to_json() | {"budget": {"trials": 1}}
    assert Campaign.kept(fewer).planner == campaign.planner  # a ledger stays readable


@pytest.mark.parametrize(
    ("count", "more", "message"),
    [
        (5, {}, "5 recipes, but budget.trials is 3: the last 2 would never be tried; raise that, or leave 2 out"),
        (2, REFERENCE, "2 recipes, but budget.trials is 3, of which 2 make the reference: the last 1 would never be"),
    ],
)
def test_recipes_that_would_never_be_tried_are_refused(count, more, message):
    with pytest.raises(ValueError, match=message) as caught:
        campaign_of(planner={"first": [GIVEN] * count, **more}, budget={"trials": 3})
    error = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(error, PlacedError)
    assert error.where == ("planner", "first")
