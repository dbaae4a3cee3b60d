"""Decide again about every recipe that was asked whether it goes on, with what was known then, and compare."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.errors import GalvanautError
from galvanaut.flows.fadecourses import FadeCourses, fade_courses_of
from galvanaut.flows.stopdecision import StopDecisions, ToBeat

if TYPE_CHECKING:
    from galvanaut.instruments.journal import Journal


def redecided(ledger: Ledger, journal: Journal) -> Iterator[tuple[int, Mapping[str, tuple[Any, Any]]]]:
    """Every decision of a campaign, by trial and in its order, with what comes out otherwise now; empty if nothing.

    Args:
        ledger: of the campaign.
        journal: of the station, which holds the charges of all cycles.
    """
    again = _Again(ledger, journal)
    for number, trial in sorted(ledger.trials.items()):
        for weighed in trial.weighed:
            was = dict(weighed["decision"])
            try:
                now = again.decision(trial.bench, weighed)
            except (GalvanautError, KeyError, ValueError) as error:
                yield number, {"the decision": (was["action"], f"cannot be made again: {error}")}
                continue
            yield number, {name: (was.get(name), now.get(name)) for name in now if was.get(name) != now[name]}


class _Again:
    def __init__(self, ledger: Ledger, journal: Journal) -> None:
        self._ledger, self._journal = ledger, journal
        self._of = cache(self._made)

    def decision(self, bench: str, weighed: Mapping[str, Any]) -> dict[str, Any]:
        """As it comes back from a ledger."""
        courses, decisions = self._of(bench)
        features = weighed.get("features", {})  # ledgers of before there were any have none
        seen, finished = (
            courses.known(cells, features) for cells in (weighed["seen"], dict.fromkeys(weighed["finished"]))
        )
        if (len(seen), len(finished)) != (len(weighed["seen"]), len(weighed["finished"])):
            raise GalvanautError("the journal does not hold the cycles of all cells")
        found = decisions.decide(seen, finished, weighed["values"], ToBeat.from_json(weighed["to_beat"]))
        return dict(json.loads(json.dumps(found.to_json())))

    def _made(self, bench: str) -> tuple[FadeCourses, StopDecisions]:
        stored = self._ledger.joined.get(bench, self._ledger.started or {})
        return fade_courses_of(stored, self._journal), StopDecisions(Campaign.kept(stored["campaign"]))
