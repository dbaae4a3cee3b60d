"""All that was measured, as tables: every trial with its replicates, failures and exclusions with their reasons."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.certainty import Known, known_as
from galvanaut.campaigns.dossier.calibration import Prediction
from galvanaut.campaigns.dossier.effect import is_reference
from galvanaut.campaigns.observe import returned_rows

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.content import Content
    from galvanaut.campaigns.ledger import TrialRecord

Row = Mapping[str, Any]
NOT_MEASURED: dict[Known, str] = {
    "lower bound": "is a lower bound",
    "upper bound": "is an upper bound",
    "forecast": "is a forecast",
}
"""Columns behind a quantity that say how else than by measurement its value is known; only where one is."""
ASKED, MADE = " asked / 1", " made / 1"
"""How columns of the recipe end."""


def csv_text(rows: Sequence[Row], columns: Sequence[str] = ()) -> str:
    """Rows as CSV; all columns that any of them has, in order of first use, or those given where there are no rows."""
    names = list(dict.fromkeys([*(name for row in rows for name in row), *columns]))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return out.getvalue()


def trial_rows(content: Content) -> list[Row]:
    """One for each trial: recipe as asked and as made, values, why it was tried, how it ended, whether it counts."""
    outliers = set(content.model.outliers) if content.model is not None else set()
    names = [content.campaign.objective.name, *content.campaign.watched, "conductivity", "life", "cost"]
    trials = content.summary.trials
    quantities = [name for name in dict.fromkeys(names) if any(_has(trial, name) for trial in trials)]
    seen = {name: {known(content, trial, name) for trial in trials} for name in quantities}
    return [_trial_row(content, trial, seen, trial.number in outliers) for trial in trials]


def _trial_row(content: Content, trial: TrialRecord, seen: Mapping[str, set[Known]], is_outlier: bool) -> Row:
    space, outcome = content.sources.task.space, trial.outcome
    row: dict[str, Any] = {
        "trial": trial.number,
        "bench": trial.bench,
        "origin": content.sources.origin(trial),
        "kind": _kind(content, trial),
        "status": trial.status,
        "reason": outcome.reason if outcome is not None else "",
        "counts": outcome is not None and trial.status in ("ok", "failed_recipe") and not is_outlier,
    }
    for name, kinds in seen.items():
        row[f"{name} / {content.campaign.unit_of(name) or '1'}"] = outcome.values.get(name) if outcome else None
        row[f"{name} sd"] = outcome.deviations.get(name) if outcome else None
        for kind, column in NOT_MEASURED.items():
            if kind in kinds:
                row[f"{name} {column}"] = known(content, trial, name) == kind
    for key in space.components:
        row[f"{key}{ASKED}"] = trial.recipe.fraction(key)
    for key in space.components:
        row[f"{key}{MADE}"] = None if trial.as_made is None else trial.as_made.fraction(key)
        row[f"{key} made sd"] = trial.as_made_deviations.get(key)
    return {
        **row,
        **{str(name): value for name, value in trial.settings.items()},
        "why": trial.explanation.get("reason", ""),
        "proposed": instant(trial.proposed_at),
        "ended": instant(trial.ended_at),
    }


def exclusions(content: Content) -> list[Row]:
    """What was made and does not count, each with the reason; what another laboratory made is of no trial."""
    rows: list[Row] = [
        {"trial": trial.number, "what": "trial", "status": trial.status, "reason": trial.outcome.reason}
        for trial in content.summary.trials
        if trial.outcome is not None and trial.status != "ok"
    ]
    rows += [
        {
            "trial": cell["trial"],
            "what": f"cell {cell['cell']}",
            "status": cell["verdict"]["status"],
            "reason": cell["verdict"].get("reason") or cell.get("failure", ""),
        }
        for cell in content.summary.cells()
        if cell["verdict"]["status"] not in ("ok", "disagree")
    ]
    outliers = set(content.model.outliers) if content.model is not None else set()
    rows += [_outlier(number, "value") for number in outliers if number >= 0]
    elsewhere = [
        _outlier(None, f"laboratory {laboratory}, form line {row['line']}")
        for number, laboratory, row in returned_rows(content.sources.ledger)
        if number in outliers
    ]
    return [*sorted(rows, key=lambda row: (row["trial"], row["what"])), *elsewhere]


def _outlier(trial: int | None, what: str) -> Row:
    return {"trial": trial, "what": what, "status": "outlier", "reason": OUTLIER}


OUTLIER = "lies so far from what all other trials say that the model gives it next to no weight"


def cell_rows(content: Content) -> list[Row]:
    """One for each cell: verdict, electrolyte, records; empty where a campaign builds none."""
    trials = content.sources.ledger.trials
    return [
        {
            "trial": cell["trial"],
            "origin": content.sources.origin(trials[cell["trial"]]),
            "cell": cell["cell"],
            "holder": cell["holder"],
            "electrolyte / g": cell["electrolyte_g"],
            "verdict": cell["verdict"]["status"],
            "reason": cell["verdict"].get("reason", ""),
            "ended": cell.get("failure") or cell.get("ended", ""),
            "records": " ".join(cell.get("records", ())),
        }
        for cell in content.summary.cells()
    ]


def reading_rows(content: Content) -> list[Row]:
    """Each single reading of the conductivity cell."""
    return [
        {
            "trial": trial.number,
            "origin": content.sources.origin(trial),
            "reading": number,
            "conductivity / mS/cm": value,
            "temperature / degC": trial.outcome.details.get("temperature_degC"),
        }
        for trial in content.summary.trials
        if trial.outcome is not None
        for number, value in enumerate(trial.outcome.details.get("readings_mS_cm", ()), start=1)
    ]


def prediction_rows(content: Content) -> list[Row]:
    """What was predicted, before or left out, and what came out."""
    judged = [each for each in (content.before, content.left_out) if each is not None]
    return [_prediction_row(content, each) for calibration in judged for each in calibration.predictions]


def _prediction_row(content: Content, found: Prediction) -> Row:
    trial = content.sources.ledger.trials[found.trial]
    return {
        "trial": found.trial,
        "origin": content.sources.origin(trial),
        "how": found.how,
        "expected": found.expected,
        "sd": found.sd,
        "measured": found.measured,
        "deviation in sd": found.deviation,
    }


def instant(at: float | None) -> str:
    """On the bench's clock, UTC; empty for None."""
    return "" if at is None else datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kind(content: Content, trial: TrialRecord) -> str:
    if trial.number == content.best.number:
        return "recommended"
    return "reference" if is_reference(trial) else "searched"


def known(content: Content, trial: TrialRecord, name: str) -> Known:
    """How a value of a trial is known."""
    return known_as(trial.outcome, name, content.campaign.quantities)


def _has(trial: TrialRecord, name: str) -> bool:
    return trial.outcome is not None and name in trial.outcome.values
