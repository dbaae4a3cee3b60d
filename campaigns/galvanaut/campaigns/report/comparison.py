"""Two campaigns side by side: what differed in their plans, what each found, and how soon."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from galvanaut.campaigns.analysis.fade import END_OF_LIFE
from galvanaut.campaigns.dossier.effect import Difference, welch
from galvanaut.campaigns.planchanges import changes
from galvanaut.campaigns.report.summary import Summary

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.campaigns.planners.protocol import Recommendation

_SAME = 0.01
"""Recipes whose mass fractions are all nearer than this are one recipe, made twice."""
_WIDE = 1.959964


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        name: of the campaign, with its lab's where two of one name are compared.
        summary: of the campaign.
        expected: what its planner's model holds for its best recipe; None without a model.
        simulated: what was simulated, in words; empty if everything was measured.
    """

    name: str
    summary: Summary
    expected: Recommendation | None
    simulated: str

    @property
    def hours(self) -> float:
        """From its first proposal to its last result, by the clock of its bench."""
        starts = [trial.proposed_at for trial in self.summary.trials]
        ends = [trial.ended_at for trial in self.summary.trials if trial.ended_at is not None]
        return (max(ends) - min(starts)) / 3600.0 if ends else 0.0

    @property
    def question(self) -> tuple[object, ...]:
        """What its values are values of: only those of one question can be held against each other."""
        found = self.summary
        return found.objective, found.unit, found.maximise, (*found.quantities,), (*found.aims,), self._conditions

    @property
    def asked(self) -> str:
        """For what, in words."""
        found = f"the {'highest' if self.summary.maximise else 'lowest'} {self.summary.label}"
        if self.summary.aims:
            found += f" of {', '.join(f'{aim.name} from {aim.worst:g} to {aim.best:g}' for aim in self.summary.aims)}"
        return " ".join([found, *self._conditions])

    @property
    def _conditions(self) -> tuple[str, ...]:
        """Under which its quantities are measured, in words."""
        plan, found = self.summary.plan, []
        names = {self.summary.objective, *(each.name for each in self.summary.quantities)}
        if "conductivity" in names:
            found.append(f"at {plan['campaign']['procedure']['conductivity']['temperature']}")
        if "life" in names:
            rules = plan.get("tests", {}).get("cycling", {}).get("stop_rules") or {}
            found.append(f"to {float(rules.get('minimum_retention') or END_OF_LIFE):g} of the capacity")
        return tuple(found)

    def reached(self, level: float) -> int | None:
        """Experiments that it took to a measured value as good as this one; None if none is."""
        for number, best in enumerate(self.summary.best_so_far(), start=1):
            if best is not None and (best >= level if self.summary.maximise else best <= level):
                return number
        return None

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        best = self.summary.best()
        expected = self.expected
        return {
            "campaign": self.name,
            "simulated": bool(self.simulated),
            "trials": len(self.summary.ended),
            "failed": sum(trial.status.startswith("failed") for trial in self.summary.ended),
            "hours": self.hours,
            "best": None
            if best is None
            else {"trial": best.number, "value": self.summary.value(best), "recipe": dict(best.tested.mass_fractions)},
            "expected": None
            if expected is None
            else {"trial": expected.trial, "mean": expected.mean, "sd": expected.sd},
        }


@dataclass(frozen=True)
class Comparison:
    """Two campaigns, the first against the second."""

    first: Side
    second: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both."""
        return self.first, self.second

    @property
    def is_comparable(self) -> bool:
        """Whether both asked for the same number in the same direction, under the same conditions."""
        return self.first.question == self.second.question

    @property
    def is_mixed(self) -> bool:
        """Whether one is simulated and the other is not."""
        return bool(self.first.simulated) != bool(self.second.simulated)

    @cached_property
    def plan_changes(self) -> list[tuple[str, str, str]]:
        """What differs in the plans: path, the first one's, the second one's; their names, of course, do."""
        found = changes(self.first.summary.plan, self.second.summary.plan)
        rows = [(path, _short(one), _short(other)) for path, one, other in found]
        return [row for row in rows if row[0] not in ("campaign.name", "campaign.title")]

    @cached_property
    def advantage(self) -> Difference | None:
        """The first one's best recipe less the second one's, by their models: not flattered by noise as values are.

        What is wrong with all values of one campaign, such as its cell constant, is not in the interval.
        """
        one, other = self.first.expected, self.second.expected
        if not self.is_comparable or one is None or other is None or one.sd is None or other.sd is None:
            return None
        half = _WIDE * math.hypot(one.sd, other.sd)
        apart = one.mean - other.mean
        return Difference(apart, apart - half, apart + half, "their models")

    @cached_property
    def level(self) -> float | None:
        """The best value that both have measured."""
        bests = [side.summary.best_so_far()[-1] if side.summary.ended else None for side in self.sides]
        known = [best for best in bests if best is not None]
        if not self.is_comparable or len(known) < 2:
            return None
        return min(known) if self.first.summary.maximise else max(known)

    @cached_property
    def shared(self) -> list[tuple[list[TrialRecord], list[TrialRecord]]]:
        """Recipes that both have made and measured: of each, all trials of the first campaign and of the second."""
        if not self.is_comparable:
            return []
        made = _recipes([_measured(side.summary) for side in self.sides])
        return [(ones, others) for ones, others in made if ones and others]

    @cached_property
    def offset(self) -> Difference | None:
        """What the first campaign measures more than the second one on the same recipes.

        Of several recipes by how the differences of their means scatter; of one that both made at least twice by how
        its values scatter. None for less.
        """
        values = [
            ([_value(self.first, each) for each in ones], [_value(self.second, each) for each in others])
            for ones, others in self.shared
        ]
        if len(values) == 1:
            found = welch(*values[0])
            return None if found is None else replace(found, how=f"one recipe, {found.how}")
        if not values:
            return None
        gaps = [float(np.mean(ones) - np.mean(others)) for ones, others in values]
        mean, sd = float(np.mean(gaps)), float(np.std(gaps, ddof=1))
        half = float(stdtrit(len(gaps) - 1, 0.975)) * sd / math.sqrt(len(gaps))
        return Difference(mean, mean - half, mean + half, f"{len(gaps)} recipes that both have made")

    def text(self) -> str:
        """In words."""
        return "\n".join([*(_line(side) for side in self.sides), *self.verdicts()])

    def verdicts(self) -> list[str]:
        """What follows, a sentence each."""
        names, unit = [side.name for side in self.sides], self.first.summary.unit
        if not self.is_comparable:
            asked = [f"{side.name} asked for {side.asked}" for side in self.sides]
            return [f"{', '.join(asked)}: not compared further"]
        found = []
        if self.is_mixed:
            found.append("one of them is simulated, the other is not: their values say nothing about each other")
        if self.advantage is not None:
            found.append(f"best recipe of {names[0]} less that of {names[1]}: {self.advantage.text(unit)}")
        if self.level is not None:
            level = f"{self.level:.3f} {unit}".rstrip()
            needed = ", ".join(f"{side.reached(self.level)} experiments in {side.name}" for side in self.sides)
            found.append(f"to {level}, which both have measured: {needed}")
        if self.offset is not None:
            found.append(f"on the same recipes {names[0]} measured more by {self.offset.text(unit)}")
        return found

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "campaigns": [side.to_json() for side in self.sides],
            "comparable": self.is_comparable,
            "mixed": self.is_mixed,
            "advantage": None if self.advantage is None else vars(self.advantage),
            "level": self.level,
            "experiments_to_level": None if self.level is None else [side.reached(self.level) for side in self.sides],
            "same_recipes": [[[each.number for each in trials] for trials in pair] for pair in self.shared],
            "offset": None if self.offset is None else vars(self.offset),
            "plan": [{"path": path, "first": one, "second": other} for path, one, other in self.plan_changes],
        }


def _line(side: Side) -> str:
    summary, best = side.summary, side.summary.best()
    kind = "simulated" if side.simulated else "real"
    failed = sum(trial.status.startswith("failed") for trial in summary.ended)
    found = "no result yet"
    if best is not None:
        found = f"best {summary.text(best)} {summary.unit}".rstrip() + f" (trial {best.number}), {best.text}"
    return (
        f"{side.name} [{kind}]: {len(summary.ended)} trials ended, {failed} failed, in {side.hours:.0f} h of its "
        f"bench; {found}"
    )


def _measured(summary: Summary) -> Sequence[TrialRecord]:
    """Trials with a value that is neither a forecast nor a bound."""
    ended = [trial for trial in summary.ended if summary.value(trial) is not None]
    return [trial for trial in ended if summary.known(trial) == "measured"]


def _recipes(sides: Sequence[Sequence[TrialRecord]]) -> list[tuple[list[TrialRecord], list[TrialRecord]]]:
    """By recipe, the trials of each side: with the nearest of those before it, if that is the same one."""
    found: list[tuple[list[TrialRecord], list[TrialRecord]]] = []
    for side, trials in enumerate(sides):
        for trial in trials:
            apart = [_apart((ones or others)[0], trial) for ones, others in found]
            if not apart or min(apart) >= _SAME:
                found.append(([], []))
                apart.append(0.0)
            found[int(np.argmin(apart))][side].append(trial)
    return found


def _value(side: Side, trial: TrialRecord) -> float:
    value = side.summary.value(trial)
    return math.nan if value is None else value


def _apart(one: TrialRecord, other: TrialRecord) -> float:
    """Largest difference of two mass fractions; infinite where other settings were chosen."""
    if dict(one.settings) != dict(other.settings):
        return math.inf
    keys = {*one.tested.mass_fractions, *other.tested.mass_fractions}
    return max(abs(one.tested.fraction(key) - other.tested.fraction(key)) for key in keys)


def _short(value: object) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 160 else f"{text[:160]} ..."
