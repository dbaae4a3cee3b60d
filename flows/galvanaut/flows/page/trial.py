"""The trial view as data: recipe, batch, steps, outcome, replicates with their verdicts, why it was proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from galvanaut.campaigns.components import component
from galvanaut.campaigns.objectivefields import Quantity
from galvanaut.core.errors import InputError
from galvanaut.flows.page.campaign import proposal, trial_row
from galvanaut.flows.page.plain import number, when
from galvanaut.flows.stepnames import CYCLING
from galvanaut.instruments.orders.paper import span

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.campaigns.report.summary import Summary
    from galvanaut.flows.page.source import LabSource
    from galvanaut.instruments.journal import JobRecord

_KEPT_BACK = {"kind", "plan", "bottles"}
"""Of a request: too long for a line."""


def trial_view(source: LabSource, campaign: str, number_: int) -> dict[str, Any]:
    """One trial.

    Raises:
        InputError: there is none.
    """
    with source.reading():
        summary, note = source.summary(campaign), source.note(campaign)
        trial = source.ledger(campaign).trials.get(number_)
        if trial is None:
            raise InputError(f"trial {number_}", f"is not in campaign {campaign}")
        version = source.versions[campaign]
        jobs = [] if source.journal is None else source.journal.records()
    jobs = [job for job in jobs if (job.key.campaign, job.key.trial) == (campaign, number_)]
    return {
        "campaign": campaign,
        "version": version,
        "simulated": bool(note),
        "note": note,
        "previous": max((each for each in (one.number for one in summary.trials) if each < number_), default=None),
        "next": min((each for each in (one.number for one in summary.trials) if each > number_), default=None),
        **trial_row(summary, trial),
        "objective": summary.label,
        "bench": trial.bench,
        "proposal": {**proposal(summary, trial), "details": _details(trial)},
        "settings": dict(trial.settings),
        "recipe_rows": _recipe(trial),
        "doses": [dict(dose) for dose in trial.doses],
        "measured": _measured(summary, trial),
        "cells": _cells(trial, jobs),
        "decisions": [_decision(each) for each in trial.weighed],
        "spectra": [each for job in jobs for each in _spectra(job)],
        "steps": [_step(job) for job in sorted(jobs, key=lambda job: job.began)],
    }


def _recipe(trial: TrialRecord) -> list[dict[str, Any]]:
    made = trial.as_made
    keys = list(dict.fromkeys([*trial.recipe.mass_fractions, *(made.mass_fractions if made else ())]))
    return [
        {
            "key": key,
            "name": component(key).name,
            "asked": number(100 * trial.recipe.mass_fractions.get(key, 0.0), 4),
            "made": None if made is None else number(100 * made.mass_fractions.get(key, 0.0), 4),
            "sd": number(100 * trial.as_made_deviations[key], 4) if key in trial.as_made_deviations else None,
            "mol_per_kg": number((made or trial.recipe).molalities.get(key), 4),
        }
        for key in keys
    ]


def _measured(summary: Summary, trial: TrialRecord) -> list[dict[str, Any]]:
    """Every value of the outcome, with what its own readings say of its spread."""
    outcome = trial.outcome
    if outcome is None:
        return []
    units = {each.name: each.unit for each in summary.quantities} | {summary.objective: summary.unit}
    return [
        {
            "name": name,
            "value": number(value, 6),
            "sd": number(outcome.deviations.get(name), 6),
            "unit": units.get(name, ""),
            "kind": _kind(name, trial, outcome.details.get("censored", ())),
        }
        for name, value in outcome.values.items()
    ]


def _kind(name: str, trial: TrialRecord, censored: Sequence[str]) -> str:
    """Where a value comes from. A score is worked out from several others, one of which may be a forecast."""
    is_score = name not in get_args(Quantity)
    if name in trial.forecast or (is_score and trial.forecast):
        return "forecast"
    if name in censored:
        return "lower bound"
    return "calculated" if is_score or name == "cost" else "measured"


def _cells(trial: TrialRecord, jobs: list[JobRecord]) -> list[dict[str, Any]]:
    """Replicates: those that the outcome judged, and, before there is one, those that are on test."""
    judged = {} if trial.outcome is None else {one["cell"]: one for one in trial.outcome.details.get("cells", ())}
    tests: dict[str, list[dict[str, Any]]] = {}
    holders: dict[str, str] = {}
    for job in jobs:
        if job.request["kind"] == "cycle":
            tests.setdefault(job.request["sample"], []).append(_test(job))
            holders[job.request["sample"]] = job.request["holder"]
    return [
        {
            "cell": cell,
            "holder": holders.get(cell) or judged.get(cell, {}).get("holder", ""),
            "verdict": _verdict(judged.get(cell)),
            "electrolyte_mg": number(1000 * judged[cell]["electrolyte_g"], 1) if _has_mass(judged.get(cell)) else None,
            "ended": judged.get(cell, {}).get("ended", ""),
            "tests": tests.get(cell, []),
        }
        for cell in sorted({*tests, *judged})
    ]


def _has_mass(cell: Mapping[str, Any] | None) -> bool:
    return cell is not None and cell.get("electrolyte_g") is not None


def _test(job: JobRecord) -> dict[str, Any]:
    return {"test": str(job.key), "step": job.key.step, "state": job.state, "has_twin": job.key.step == CYCLING}


def _verdict(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "not judged yet"
    verdict = cell["verdict"]
    return str(verdict["status"] if not verdict["reason"] else f"{verdict['status']}: {verdict['reason']}")


def _decision(weighed: Mapping[str, Any]) -> dict[str, Any]:
    decision = weighed["decision"]
    return {
        "at": when(weighed.get("at")),
        "action": decision["action"],
        "probability": number(decision["probability"], 5),
        "cycles": decision.get("cycles"),
        "reason": decision["reason"],
    }


def _details(trial: TrialRecord) -> dict[str, Any]:
    """What else the planner wrote down: model, hyperparameters, seed, what its data were."""
    shown = ("reason", "predicted_mean", "predicted_sd", "point")
    return {name: value for name, value in trial.explanation.items() if name not in shown and value is not None}


def _step(job: JobRecord) -> dict[str, Any]:
    request = {name: value for name, value in job.request.items() if name not in _KEPT_BACK and _is_short(value)}
    result = {name: value for name, value in (job.result or {}).items() if _is_short(value)}
    return {
        "job": str(job.key),
        "step": f"{job.key.step}/{job.key.replicate}" if job.key.replicate > 1 else job.key.step,
        "kind": job.request["kind"],
        "state": {"intended": "under way"}.get(job.state, job.state),
        "began": when(job.began),
        "took": None if job.ended is None else span(job.ended - job.began),
        "asked": _text(request),
        "result": job.reason or _text(result),
        "attempts": job.attempts,
    }


def _spectra(job: JobRecord) -> list[dict[str, Any]]:
    """Sweeps of the conductivity cell; none of a job of another kind, or of a version that did not keep them."""
    found = job.result or {}
    if job.request["kind"] != "impedance" or "real_ohm" not in found:
        return []
    rows = zip(found["real_ohm"], found["imaginary_ohm"], found["resistance_ohm"], strict=True)
    return [
        {
            "name": f"filling {job.key.replicate}, reading {number_}",
            "frequency_Hz": found["frequency_Hz"],
            "real_ohm": real_ohm,
            "imaginary_ohm": imaginary_ohm,
            "resistance_ohm": resistance_ohm,
        }
        for number_, (real_ohm, imaginary_ohm, resistance_ohm) in enumerate(rows, start=1)
    ]


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float | str | bool) and len(str(value)) < 80


def _text(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.5g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in values.items()
    )
