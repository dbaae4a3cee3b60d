"""`galvanaut replay`: ask the planner again for every recipe that a ledger holds, and compare to the last byte.

Each question is put as it was put then: with what was known at that place of the ledger, what was under way, what the
bottles held, and what earlier campaigns had found when this one began.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from galvanaut.campaigns.earlier import hash_of
from galvanaut.campaigns.ledger import Ledger, TrialRecord
from galvanaut.campaigns.observe import remembered
from galvanaut.campaigns.planners.protocol import Planner, Proposal
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog
from galvanaut.flows.beliefs import beliefs
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.plan import Plan, plan_of
from galvanaut.flows.records import campaign_log
from galvanaut.flows.replaystops import redecided
from galvanaut.flows.stationtables import StationTables
from galvanaut.flows.versions import versions
from galvanaut.instruments.journal import Journal


@dataclass(frozen=True)
class Difference:
    """A recipe that the planner would not propose again as it stands in the ledger.

    Attributes:
        trial: its number.
        fields: what differs, each with what the ledger holds and what comes out now.
        changed: versions that are other ones now than when it was proposed, in words.
    """

    trial: int
    fields: Mapping[str, tuple[Any, Any]]
    changed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        fields = {name: {"was": was, "now": now} for name, (was, now) in self.fields.items()}
        return {"trial": self.trial, "changed": list(self.changed), "fields": fields}

    def text(self) -> str:
        """In words, one line for each field."""
        rows = [f"  {name}: was {_short(was)}, now {_short(now)}" for name, (was, now) in self.fields.items()]
        why = f"since then changed: {', '.join(self.changed)}" if self.changed else "all versions are those of then"
        return "\n".join([f"trial {self.trial} differs; {why}", *rows])


@dataclass(frozen=True)
class Replay:
    """What came of it.

    Attributes:
        same: how many proposals are the same.
        differences: of the others, by trial.
        altered: earlier campaigns whose trials are not those that were believed in, in words.
        decided: how many decisions to stop a recipe or to go on with it are the same.
        undecided: the others, by trial.
    """

    same: int
    differences: tuple[Difference, ...]
    altered: tuple[str, ...] = field(default=())
    decided: int = 0
    undecided: tuple[Difference, ...] = field(default=())

    @property
    def is_same(self) -> bool:
        """Whether every proposal and every decision came out as it stands in the ledger."""
        return not (self.differences or self.undecided)

    def text(self) -> str:
        """In words: how many, and of those that differ the first."""
        total = self.same + len(self.differences)
        rows = [f"{self.same} of {total} proposals are the same, byte for byte", *self.altered]
        if decisions := self.decided + len(self.undecided):
            rows.append(f"{self.decided} of {decisions} decisions whether cells go on are the same")
        return "\n".join([*rows, *(each.text() for each in (*self.differences[:1], *self.undecided[:1]))])

    def to_json(self) -> dict[str, Any]:
        """For machines: all that differ."""
        return {
            "proposals": self.same + len(self.differences),
            "same": self.same,
            "altered": list(self.altered),
            "differences": [each.to_json() for each in self.differences],
            "decisions": self.decided + len(self.undecided),
            "decided": self.decided,
            "undecided": [each.to_json() for each in self.undecided],
        }


def replay(log: EventLog, campaign: str, progress: Callable[[int, int], None] = lambda done, total: None) -> Replay:
    """Go through a campaign.

    Args:
        log: the ledger's table.
        campaign: its name; it has begun.
        progress: told how many proposals were compared, and of how many.

    Raises:
        InputError: the ledger holds a plan that this version cannot read.
    """
    whole = Ledger(log, campaign, SystemClock())
    asked = [trial for _, trial in sorted(whole.trials.items())]
    planners, now, found = _Planners(), versions(), list[Difference]()
    for done, trial in enumerate(asked, start=1):
        then = whole.at(trial.seen)
        fields = _compared(trial, then, planners)
        if fields:
            found.append(Difference(trial.number, fields, tuple(_changed(then.software.get(trial.bench, {}), now))))
        progress(done, len(asked))
    return Replay(len(asked) - len(found), tuple(found), tuple(_altered(whole)))


class _Planners:
    """One planner for each state of bench and bottles: its first steps are worth keeping."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Plan, Planner]] = {}

    def of(self, trial: TrialRecord, then: Ledger) -> tuple[Plan, Planner]:
        """As the bench of a trial had it."""
        stored = then.joined.get(trial.bench, then.started or {})
        key = json.dumps([stored, dict(trial.left_mL)], sort_keys=True)
        if key not in self._made:
            plan = plan_of(stored)
            held = {stock.name: stock.available_mL for stock in plan.bench.stocks_for_dosing(plan.path.mixer)}
            left_mL = {**held, **trial.left_mL}
            planner = plan.planner(lambda stock, lot: held[stock] - left_mL[stock], beliefs(plan, then))
            self._made[key] = plan, planner
        return self._made[key]


def _compared(trial: TrialRecord, then: Ledger, planners: _Planners) -> dict[str, tuple[Any, Any]]:
    """What of a proposal comes out otherwise; empty if nothing does."""
    plan, planner = planners.of(trial, then)
    was = {"recipe": dict(trial.recipe.mass_fractions), **trial.explanation}
    try:
        now = _told(remembered(planner, then, plan.campaign).ask(), trial.number)
    except GalvanautError as error:
        return {"the planner": ("a recipe", str(error))}
    return {name: (was.get(name), now.get(name)) for name in _differing(was, now)}


def _told(proposal: Proposal, number: int) -> dict[str, Any]:
    """A proposal as it comes back from a ledger."""
    said = {"recipe": dict(proposal.recipe.mass_fractions), **proposal.to_json()}
    if proposal.index + 1 != number:
        said["trial"] = proposal.index + 1
    return dict(json.loads(json.dumps(said)))


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*was, *now}):
        if json.dumps(was.get(name), sort_keys=True) != json.dumps(now.get(name), sort_keys=True):
            yield name


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Versions that are other ones, in words."""
    if not then:
        return ["perhaps versions, which the ledger does not hold"]
    names = list(dict.fromkeys([*then, *now]))
    changes = ((name, then.get(name, "not installed"), now.get(name, "not installed")) for name in names)
    return [f"{name} {before} to {after}" for name, before, after in changes if before != after]


def _altered(ledger: Ledger) -> Iterator[str]:
    for name, record in ledger.earlier.items():
        before = ledger.other(name, record["until"])
        if before is None or hash_of(before) != record["data"]:
            yield f"campaign {name} does not hold the trials that were believed in; its ledger is another one"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]} ..."


def replay_campaign(lab: Path, campaign: str, progress: Callable[[int, int], None]) -> Replay:
    """`replay` for a lab folder and the name of a campaign, or its file.

    Raises:
        InputError: no such campaign, or as `replay`.
    """
    folder = LabFolder.existing(lab)
    with campaign_log(lab, campaign) as (log, name):
        found = replay(log, name, progress)
        whole = Ledger(log, name, SystemClock())
        with StationTables.of(folder) as tables:
            return with_stops(found, whole, tables.journal())


def with_stops(found: Replay, ledger: Ledger, journal: Journal) -> Replay:
    """The same, and whether cells would be stopped or go on as they were.

    Args:
        found: from `replay`.
        ledger: of the campaign.
        journal: with the charges of its cells' cycles.
    """
    now, same, others = versions(), 0, list[Difference]()
    for number, fields in redecided(ledger, journal):
        if fields:
            then = ledger.software.get(ledger.trials[number].bench, {})
            others.append(Difference(number, fields, tuple(_changed(then, now))))
        same += not fields
    return replace(found, decided=same, undecided=tuple(others))
