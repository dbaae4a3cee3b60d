"""The campaign view as data: how it stands, what the planner tried and why, its figures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.report.figures import composition_map, convergence, measured_against_predicted, pareto_front
from galvanaut.flows.page.plain import DRAWING, figure_json, number, when

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import TrialRecord
    from galvanaut.campaigns.report.summary import Summary
    from galvanaut.flows.page.source import LabSource

LAST = 8
"""Proposals that are explained on the campaign's own page; each trial's page explains its own."""
_Z95 = 1.96


def lab_view(source: LabSource) -> dict[str, Any]:
    """Which campaigns there are, the newest first, whether anything is simulated, and which records were imported."""
    with source.reading():
        names = sorted(source.versions, key=lambda name: -source.versions[name])
        return {
            "lab": source.folder.path.resolve().name,
            "campaigns": [_brief(source, name) for name in names],
            "imported": source.imported(),
        }


def _brief(source: LabSource, name: str) -> dict[str, Any]:
    summary, best = source.summary(name), source.summary(name).best()
    return {
        "campaign": name,
        "title": summary.title,
        "simulated": source.is_simulated(name),
        "ended": len(summary.ended),
        "budget": summary.budget,
        "best": None if best is None else _value_text(summary, best),
    }


class Campaigns:
    """Views of the campaigns of a lab, kept while nothing is new; their models are in `galvanaut.flows.page.model`.

    Args:
        source: the lab.
    """

    def __init__(self, source: LabSource) -> None:
        self._source = source
        self._kept: dict[str, dict[str, Any]] = {}

    def view(self, name: str) -> dict[str, Any]:
        """One campaign as data.

        Raises:
            InputError: there is none of this name.
        """
        with DRAWING:  # first: who holds the source must not wait for who draws
            with self._source.reading():
                summary, note = self._source.summary(name), self._source.note(name)
                version = self._source.versions[name]
            if self._kept.get(name, {}).get("version") != version:
                self._kept[name] = {"campaign": name, "version": version, **_told(summary, note)}
            return self._kept[name]


def _told(summary: Summary, note: str) -> dict[str, Any]:
    best, front = summary.best(), summary.front()
    return {
        "title": summary.title or summary.name,
        "simulated": bool(note),
        "note": note,
        "objective": {"label": summary.label, "goal": "highest" if summary.maximise else "lowest"},
        "budget": summary.budget,
        "ended": len(summary.ended),
        "counts": dict(Counter(trial.status.replace("_", " ") for trial in summary.trials)),
        "best": None if best is None else {**trial_row(summary, best), "text": best.text},
        "front": None if front is None else front.text(),
        "planner": summary.plan.get("campaign", {}).get("planner", {}).get("name", ""),
        "proposals": [proposal(summary, trial) for trial in reversed(summary.trials[-LAST:])],
        "figures": {
            "convergence": figure_json(convergence(summary)) if summary.ended else None,
            "front": figure_json(pareto_front(summary)),
            "predicted": figure_json(measured_against_predicted(summary)),
            "composition": figure_json(composition_map(summary)),
        },
        "trials": [trial_row(summary, trial) for trial in summary.trials],
    }


def trial_row(summary: Summary, trial: TrialRecord) -> dict[str, Any]:
    """A trial in a table."""
    outcome = trial.outcome
    return {
        "trial": trial.number,
        "status": trial.status.replace("_", " "),
        "value": _value_text(summary, trial),
        "parts": summary.parts(trial),
        "breaks": ", ".join(summary.broken(trial)),
        "recipe": trial.text,
        "reason": "" if outcome is None else outcome.reason,
        "stopped": trial.stopped is not None,
        "ended": when(trial.ended_at),
    }


def proposal(summary: Summary, trial: TrialRecord) -> dict[str, Any]:
    """What the planner said when it proposed a trial, and what came of it."""
    why = trial.explanation
    mean, sd = why.get("predicted_mean"), why.get("predicted_sd")
    interval = None if mean is None or sd is None else [number(mean - _Z95 * sd, 6), number(mean + _Z95 * sd, 6)]
    return {
        "trial": trial.number,
        "recipe": trial.recipe.text(),
        "status": trial.status.replace("_", " "),
        "reason": why.get("reason", ""),
        "model": why.get("model", ""),
        "predicted": number(mean, 6),
        "interval": interval,
        "value": number(summary.value(trial), 6),
        "unit": summary.unit or summary.objective,
        "at": when(trial.proposed_at),
    }


def _value_text(summary: Summary, trial: TrialRecord) -> str:
    value, sd = summary.value(trial), summary.deviation(trial)
    if value is None:
        return ""
    spread = "" if sd is None else f" ± {sd:.2g}"
    return f"{'forecast ' if trial.forecast else ''}{value:.4g}{spread} {summary.unit}".strip()
