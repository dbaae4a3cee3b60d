"""The files of a dossier: each with its content and a line about what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.dossier.evidence import (
    cell_rows,
    csv_text,
    exclusions,
    prediction_rows,
    reading_rows,
    trial_rows,
)
from galvanaut.campaigns.dossier.replication import Form
from galvanaut.campaigns.dossier.steps import sop_text
from galvanaut.campaigns.objectivefields import OF_CELLS
from galvanaut.flows.dossier.decisionlog import lines_of
from galvanaut.flows.dossier.protocols import measurement_json, protocols_of
from galvanaut.flows.dossier.provenance import installed, instruments_json, software_json
from galvanaut.flows.plan import incubator_degC, readable
from galvanaut.instruments.cycling.plan import TestPlan

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.content import Content
    from galvanaut.flows.dossier.gather import Gathered
    from galvanaut.flows.dossier.protocols import Protocol

LEDGER, DECISIONS, FORM = "provenance/ledger.jsonl", "provenance/decisions.json", "replication/form.json"
JOURNAL = "provenance/journal.jsonl"
FOLDERS = {
    "recipe/": "What is in the electrolyte, and how far it may be off.",
    "procedure/": "How it was made and measured.",
    "protocol/": "The tests, for the programs of cyclers.",
    "evidence/": "All that was measured, with failures and exclusions.",
    "model/": "The planner's model, and how good its predictions were.",
    "provenance/": "Decisions, jobs, versions, instruments, calibrations.",
    "records/": "Readings of tests in the Battery Data Format.",
    "replication/": "The form for another laboratory.",
}


@dataclass
class Files:
    """Content and descriptions by path.

    Attributes:
        content: of the files that are small enough to be held at once.
        described: a line about each, and about folders.
        protocols: tests that were translated.
    """

    content: dict[str, bytes] = field(default_factory=dict)
    described: dict[str, str] = field(default_factory=dict)
    protocols: list[Protocol] = field(default_factory=list)

    def add(self, path: str, content: bytes | str | Mapping[str, Any] | list[Any], text: str) -> None:
        """One file; anything but text and bytes becomes JSON."""
        if not isinstance(content, bytes | str):
            content = json.dumps(content, indent=2, allow_nan=False) + "\n"
        self.content[path] = content.encode() if isinstance(content, str) else content
        self.described[path] = text


def files_of(content: Content, gathered: Gathered) -> Files:
    """Everything but the front page, the records and the metadata."""
    files = Files(described=dict(FOLDERS))
    _recipe(files, content)
    _procedure(files, content, gathered)
    _evidence(files, content)
    _model(files, content)
    _provenance(files, content, gathered)
    _replication(files, content)
    return files


def _recipe(files: Files, content: Content) -> None:
    files.add("recipe/recipe-card.json", content.card.to_json(), "Components, masses, bottles and lots.")
    rows = [
        {
            "component": each.key,
            "name": each.name,
            "cas": each.cas,
            "role": each.role,
            "mass in 100 g / g": each.per_100_g.value,
            "sd / g": each.per_100_g.sd,
            "molality / mol/kg": each.molality.value if each.molality else None,
            "origin": each.per_100_g.origin,
            "bottles": " ".join(each.bottles),
        }
        for each in content.card.ingredients
    ]
    files.add("recipe/recipe-card.csv", csv_text(rows), "The same as a table.")
    window = {
        "origin": content.origin,
        "window": None if content.window is None else content.window.to_json(),
        "sensitivity": [each.to_json() for each in content.sensitivity],
    }
    files.add("recipe/process-window.json", window, "How far the recipe may be off, all at once and one by one.")


def _procedure(files: Files, content: Content, gathered: Gathered) -> None:
    title = content.campaign.title or content.campaign.name
    text = sop_text(title, content.card.text, content.batch, content.calibrating, content.sources.note)
    files.add("procedure/sop.md", text, "The steps that were executed, in words.")
    rows = {
        "origin": content.sources.origin(content.best),
        "calibration": [each.to_json() for each in content.calibrating],
        "batch": [each.to_json() for each in content.batch],
    }
    files.add("procedure/sop.json", rows, "The same for machines.")
    files.add("protocol/measurement.json", measurement_json(content.campaign), "How the liquid is measured.")
    files.protocols = protocols_of(gathered.plans[0], content.best.settings)
    for each in files.protocols:
        for path, written in each.files.items():
            files.add(path, written, f"Test plan {each.name}, {path.split('.')[-2]}.")
    if files.protocols:
        notes = {each.name: list(each.notes) for each in files.protocols}
        files.add("protocol/notes.json", notes, "What the files for other programs do not say.")


def _evidence(files: Files, content: Content) -> None:
    told = "One row for each trial; whether a value is a forecast or a bound stands in a column of its own."
    files.add("evidence/trials.csv", csv_text(trial_rows(content)), told)
    files.add("evidence/trials.json", {"origin": content.origin, **content.summary.to_json()}, "All of each trial.")
    columns = ("trial", "what", "status", "reason")
    files.add("evidence/exclusions.csv", csv_text(exclusions(content), columns), "What does not count, and why.")
    files.add("evidence/readings.csv", csv_text(reading_rows(content), ("trial",)), "Each reading of the liquid.")
    if cells := cell_rows(content):
        files.add("evidence/cells.csv", csv_text(cells), "One row for each cell, with its verdict.")
    files.add("evidence/effect.json", content.effect.to_json(), "Against the reference electrolyte.")


def _model(files: Files, content: Content) -> None:
    judged = [each.to_json() for each in (content.before, content.left_out) if each is not None]
    about = {
        "origin": content.origin,
        "model": None if content.model is None else content.model.explanation(),
        "standard_deviations_multiplied_by": None if content.model is None else content.model.widening,
        "calibration": judged,
    }
    files.add("model/model.json", about, "Kind, hyperparameters and calibration.")
    files.add("model/predictions.csv", csv_text(prediction_rows(content), ("trial",)), "Predicted against measured.")


def _provenance(files: Files, content: Content, gathered: Gathered) -> None:
    ledger = content.sources.ledger
    files.add(LEDGER, lines_of(gathered.decisions), "The decision log: every event of the ledger.")
    files.add(JOURNAL, lines_of(gathered.jobs), "Every event of the campaign's jobs.")
    files.add("provenance/plan.json", list(map(dict, gathered.plans)), "Campaign file, seed and bench files.")
    files.add("provenance/software.json", software_json(ledger), "Versions then and now, and the commit.")
    files.add("provenance/installed.txt", "\n".join(installed()) + "\n", "All packages where this was written.")
    files.add("provenance/instruments.json", instruments_json(gathered.instruments), "Who the instruments are.")
    calibration = {"origin": content.origin, "calibration": dict(ledger.calibration or {}) or None}
    files.add("provenance/calibration.json", calibration, "Of the conductivity cell.")
    hashes = [
        {"trial": trial.number, "seed": trial.explanation.get("seed"), "data": trial.explanation.get("data")}
        for trial in content.summary.trials
    ]
    about = {"campaign": content.campaign.name, "seed": content.summary.plan.get("seed"), "proposals": hashes}
    files.add(DECISIONS, about, "The seed, and a hash of what each proposal was based on.")


def _replication(files: Files, content: Content) -> None:
    form = form_of(content)
    if form is not None:
        files.add("replication/form.csv", form.csv(), "To be filled in by another laboratory.")
        files.add(FORM, form.to_json(), "What its columns mean, and which recipes are asked for.")


def form_of(content: Content) -> Form | None:
    """The recommended recipe and the reference, if there is one.

    None where settings beside the recipe decide, too, and where nothing is measured: a cost is worked out.
    """
    measured = [str(each.name) for each in content.campaign.objectives if each.name != "cost"]
    if content.sources.task.space.names != content.sources.task.space.components or not measured:
        return None
    recipes = {"recommended": content.best.tested}
    reference = content.campaign.planner.reference
    if reference is not None:
        recipes["reference"] = reference.recipe.recipe()
    unit, degC = content.campaign.unit_of(measured[0]), content.campaign.procedure.conductivity.temperature_degC
    asked_degC = _cells_degC(content) if measured[0] in OF_CELLS else degC
    return Form(content.campaign.name, measured[0], unit, asked_degC, recipes)


def _cells_degC(content: Content) -> float | None:
    """At which cells are tested; None if their plans leave it open."""
    tests = content.summary.plan["tests"]
    with readable():
        formation, cycling = (TestPlan.model_validate(tests[name]) for name in ("formation", "cycling"))
    return incubator_degC(formation, cycling)
