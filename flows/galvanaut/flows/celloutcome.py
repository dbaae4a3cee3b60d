"""What the records of a trial's cells say: which of them count, how long they live, and the trial's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.analysis.cycles import per_cycle
from galvanaut.campaigns.analysis.evidence import Evidence, Expected, evidence
from galvanaut.campaigns.analysis.fade import Life, life, retention
from galvanaut.campaigns.analysis.rates import planned_class
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.analysis.trialsummary import Replicate, TrialSummary, summarise_trial
from galvanaut.campaigns.analysis.verdict import Status, Verdict, verdicts
from galvanaut.campaigns.ledger import FORECAST, Outcome
from galvanaut.campaigns.objectivefields import SCORE, score, score_deviation
from galvanaut.core.errors import InputError
from galvanaut.flows.endoflife import end_of_life
from galvanaut.instruments.cycling.kinds import any_program, cycle_kinds
from galvanaut.instruments.cycling.program import CurrentStep, VoltageStep, compile_program
from galvanaut.instruments.jobs.cycling import ENDED_EARLY

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.flows.cells import Tested
    from galvanaut.flows.lab import Lab
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope


def expected_of(plan: TestPlan, envelope: Envelope) -> Expected:
    """What a sound cell does under a plan.

    Raises:
        InputError: the plan does not say the capacity.
    """
    if plan.capacity_Ah is None:
        raise InputError("formation plan", "needs nominal_capacity, to judge by it whether a cell is one")
    program, _ = compile_program(plan, envelope)
    tops = [
        step.voltage_V
        for step in program
        if isinstance(step, VoltageStep) or (isinstance(step, CurrentStep) and step.current_A > 0)
    ]
    return Expected(plan.capacity_Ah, max(tops, default=envelope.voltage_max_V))


def life_of(record: Record, plan: TestPlan, envelope: Envelope, *, is_finished: bool) -> Life:
    """Cycles until the share of the capacity was left at which the plan ends, or 80 %; see `end_of_life`.

    Cycles of one kind are those that the plan says are, as for its stop rules: a cell that fails may look like one that
    was cycled in another way.

    Raises:
        InputError: the record has no complete cycle.
    """
    cycles = per_cycle(record, is_finished=is_finished)
    kind = planned_class(cycles, cycle_kinds(any_program(plan, envelope)))
    return life(retention(cycles, kind, source=record.source), *end_of_life(plan))


def judged(trial: TrialRecord, liquid: Outcome, tested: Sequence[Tested], lab: Lab) -> Outcome:
    """The outcome of a trial: that of its liquid, and of its cells where it has any.

    Cells that failed are named with their reasons and enter no mean. If none is left, the trial failed, and its planner
    is told that, not a number.
    """
    if liquid.status != "ok":
        return liquid
    outcome = liquid
    if lab.plan.cells is not None:
        found = _cell_verdicts(tested, lab)
        lives = summarise_trial([_replicate(one, found[one.cell], lab) for one in tested])
        outcome = with_lives(liquid, [_cell_json(one, found[one.cell]) for one in tested], lives)
        if outcome.status != "ok":
            return outcome
        if trial.stopped is not None and any(_was_ended_early(one) for one in tested):
            outcome = _with_forecast(outcome, trial.stopped["decision"])
    return _scored(outcome, trial, lab.campaign)


def with_lives(liquid: Outcome, cells: Sequence[Mapping[str, Any]], lives: TrialSummary) -> Outcome:
    """The outcome of a liquid, and of its cells."""
    details = {**liquid.details, "cells": list(cells), "life": lives.to_json()}
    if lives.figure is None:
        return Outcome("failed_cells", details=details, reason=lives.reason)
    if lives.is_censored:
        details["censored"] = ["life"]
    values = {**liquid.values, "life": lives.figure.value}
    return Outcome("ok", values, {**liquid.deviations, "life": lives.figure.sd}, details)


def _was_ended_early(one: Tested) -> bool:
    return str(one.cycling.get("reason", "")).startswith(ENDED_EARLY)


def _with_forecast(outcome: Outcome, decision: Mapping[str, Any]) -> Outcome:
    """What was forecast of a recipe whose cells were taken off: its planner is told that, with how sure it is.

    That they live longer than they were seen to is in the forecast already; alone it would say nothing against them.
    """
    details = {name: value for name, value in outcome.details.items() if name != "censored"}
    return replace(
        outcome,
        values={**outcome.values, "life": decision["life"]},
        deviations={**outcome.deviations, "life": decision["life_sd"]},
        details={**details, FORECAST: ["life"], "stopped": dict(decision)},
    )


def _scored(outcome: Outcome, trial: TrialRecord, campaign: Campaign) -> Outcome:
    """With the cost of the recipe as made, and the score if several objectives are weighed."""
    values, deviations = dict(outcome.values), dict(outcome.deviations)
    if campaign.prices is not None:
        values["cost"] = campaign.prices.of(trial.tested)
    if len(campaign.objectives) > 1:
        known = {str(each.name): deviations[each.name] for each in campaign.objectives if each.name in deviations}
        values[SCORE] = score(campaign.objectives, values)
        deviations[SCORE] = score_deviation(campaign.objectives, values, known)
    return replace(outcome, values=values, deviations=deviations)


def _cell_verdicts(tested: Sequence[Tested], lab: Lab) -> dict[str, Verdict]:
    """Each cell by its formation, then among its replicates; one that was not tested to its end fails by that."""
    found = formed_verdicts([one.evidence for one in tested if one.evidence is not None], lab)
    for one in tested:
        verdict = found.get(one.cell)
        if verdict is None:
            status: Status = "unknown" if one.is_assembled is None else "misassembled"
            found[one.cell] = Verdict(one.cell, status, one.failure)
        elif one.failure and (verdict.counts or verdict.status == "unknown"):
            found[one.cell] = Verdict(one.cell, "unknown", one.failure)
    return found


def formed_verdicts(seen: Sequence[Evidence], lab: Lab) -> dict[str, Verdict]:
    """By the formations of one recipe's cells: each by itself, then among the others."""
    plan = lab.plan.cells
    if plan is None or not seen:
        return {}
    return verdicts(seen, expected_of(plan.formation, lab.bench.envelope_at(plan.path.holders[0])))


def _replicate(one: Tested, verdict: Verdict, lab: Lab) -> Replicate:
    plan = lab.plan.cells
    if plan is None or not verdict.counts or not one.cycling:
        return Replicate(verdict, None)
    try:
        record = lab.record(one.cycling_test, one.cell)
        envelope = lab.bench.envelope_at(one.holder)
        return Replicate.of_life(verdict, life_of(record, plan.cycling, envelope, is_finished=True))
    except InputError as error:
        return Replicate(replace(verdict, status="unknown", reason=str(error)), None)


def _cell_json(one: Tested, verdict: Verdict) -> dict[str, Any]:
    """What the ledger keeps of a cell."""
    return {
        "cell": one.cell,
        "holder": one.holder,
        "electrolyte_g": one.electrolyte_g,
        "verdict": verdict.to_json(),
        "records": [test["record"]["path"] for test in (one.formation, one.cycling) if test.get("record")],
        "ended": one.cycling.get("reason", ""),
        "failure": one.failure,
    }


def formation_evidence(record: Record, plan: TestPlan, envelope: Envelope, *, is_finished: bool) -> Evidence:
    """What the formation of a cell says about whether it is one."""
    return evidence(record, expected_of(plan, envelope), is_finished=is_finished)
