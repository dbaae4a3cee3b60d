"""Earlier campaigns of the same lab as beliefs: what a model of their trials expects.

What is known of them is frozen when a campaign begins: the ledger keeps how far they had got, and later trials of them
play no part.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.observe import group_of, measured, observations
from galvanaut.campaigns.planners.learning import LEAST
from galvanaut.campaigns.planners.prediction import Predictor, predictor
from galvanaut.campaigns.planners.protocol import Array, Observation, data_hash
from galvanaut.campaigns.planners.task import Belief, Task
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.variables import Choice
from galvanaut.core.errors import InputError, Problem


def known(campaign: Campaign, ledger: Ledger) -> dict[str, Mapping[str, Any]]:
    """What this campaign begins with: of each earlier one its place in the log, its trials with a value, their hash.

    Nothing if the ledger has it already.

    Raises:
        InputError: an earlier campaign is not there, or says nothing about this one; names it.
    """
    if set(ledger.earlier) == set(campaign.planner.earlier):
        return {}
    return {
        name: _known(campaign, ledger, name, f"planner.earlier.{place}")
        for place, name in enumerate(campaign.planner.earlier)
    }


def beliefs_of_earlier(campaign: Campaign, space: SearchSpace, ledger: Ledger) -> list[Belief]:
    """A belief for each earlier campaign and each quantity that both measure, of the trials that were known then."""
    found: list[Belief] = []
    for name, record in ledger.earlier.items():
        before = ledger.other(name, record["until"])
        if before is not None:
            found += _beliefs(campaign, space, before)
    return found


def hash_of(ledger: Ledger) -> str:
    """Identifies all that a campaign's ledger says of its trials: 16 hexadecimal digits."""
    campaign = _campaign(ledger)
    space = SearchSpace.of(campaign)
    return data_hash(space, observations(ledger, campaign, space), [])


def _known(campaign: Campaign, ledger: Ledger, name: str, where: str) -> dict[str, Any]:
    before = None if name == campaign.name else ledger.other(name)
    if before is None:
        text = "is this campaign" if name == campaign.name else "is not in the ledger of this lab"
        raise _refusal(campaign, where, f"{name} {text}; name campaigns that `galvanaut status` shows")
    theirs, quantities = _campaign(before), _quantities(campaign)
    values = {each: len(_of_quantity(before, theirs, each)) for each in quantities.values()}
    if max(values.values()) < LEAST:
        text = f"has fewer than {LEAST} values of {', '.join(values)}, which this campaign asks for"
        raise _refusal(campaign, where, f"{name} {text}; leave it out")
    if not set(theirs.components.bounds) & set(campaign.components.bounds):
        raise _refusal(campaign, where, f"{name} shares no component with this campaign; leave it out")
    return {"until": before.newest, "values": values, "data": hash_of(before)}


def _refusal(campaign: Campaign, where: str, text: str) -> InputError:
    return InputError(f"campaign {campaign.name}", Problem(where, text))


def _quantities(campaign: Campaign) -> dict[str, str]:
    """Names in outcomes by those that beliefs go by: a quantity that decides alone is nameless there."""
    alone = {} if campaign.quantities else {"": campaign.objective.name}
    return alone | {name: name for name in campaign.watched}


def _beliefs(campaign: Campaign, space: SearchSpace, before: Ledger) -> list[Belief]:
    theirs = _campaign(before)
    wanted = {
        quantity: seen
        for quantity, name in _quantities(campaign).items()
        if len(seen := _of_quantity(before, theirs, name)) >= LEAST
    }
    return [_belief(quantity, seen, theirs, space) for quantity, seen in wanted.items()]


def _belief(quantity: str, seen: list[Observation], theirs: Campaign, space: SearchSpace) -> Belief:
    there = SearchSpace.of(theirs)

    @cache
    def model() -> Predictor | None:  # when it is first asked: not every run of a campaign needs a model
        return predictor(Task(there), seen)

    def predict(points: Array) -> Array:
        fitted = model()
        if fitted is None:  # nothing varies in that campaign
            return np.full(len(points), np.mean([each.value for each in seen if each.value is not None]))
        return np.asarray(np.mean([fitted(each)[0] for each in _seen_from(there, space, points)], axis=0))

    return Belief(f"campaign {theirs.name}", predict, quantity)


def _seen_from(there: SearchSpace, space: SearchSpace, points: Array) -> list[Array]:
    """Points of one space in the variables of another one: what it does not know is left out, what is missing is 0.

    Options of a choice are matched by their text. An option that the other space does not know stands for each of its
    own in turn, so there may be several such views of the points; their mean is what can be said.
    """
    column = {name: points[:, place] for place, name in enumerate(space.names)}
    numbers = [column.get(name, np.zeros(len(points))) for name in there.bounds]
    chosen = [_options_there(choice, space, points) for choice in there.choices]
    return [np.column_stack([*numbers, *each]) for each in itertools.product(*chosen)]


def _options_there(choice: Choice, space: SearchSpace, points: Array) -> list[Array]:
    """Index of the option of a choice at points of a space that may offer others: once, or for each option in turn."""
    options = range(len(choice.options))
    ours = next((other.options for other in space.choices if other.name == choice.name), None)
    if ours is None:
        return [np.full(len(points), float(option)) for option in options]
    matched = np.array([choice.options.index(each) if each in choice.options else -1 for each in ours])
    there = matched[np.round(points[:, space.names.index(choice.name)]).astype(np.int64)]
    if (matched >= 0).all():
        return [there.astype(np.float64)]
    return [np.where(there < 0, option, there).astype(np.float64) for option in options]


def _of_quantity(ledger: Ledger, campaign: Campaign, quantity: str) -> list[Observation]:
    """The trials of a campaign as if this quantity alone had been asked for."""
    space = SearchSpace.of(campaign)
    return [
        Observation(
            trial.number,
            tuple(space.point(trial.tested, trial.settings).tolist()),
            found.value,
            found.variance,
            "ok",
            found.censored,
            group_of(trial, campaign, ledger),
        )
        for trial in ledger.ended()
        if trial.outcome is not None
        and trial.status == "ok"
        and (found := measured(quantity, trial.outcome)) is not None
    ]


def _campaign(ledger: Ledger) -> Campaign:
    """The campaign file that a ledger keeps."""
    return Campaign.kept((ledger.started or {})["campaign"])
