"""One trial as a page of markdown: what was tried and why, how it was made, what came out, how its cells fared."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.certainty import SIGNS, Known, known_as
from galvanaut.campaigns.components import component
from galvanaut.flows.fadecourses import FadeCourses
from galvanaut.flows.stepnames import CYCLING
from galvanaut.flows.steps import key
from galvanaut.flows.svg import courses_svg

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import Outcome, TrialRecord
    from galvanaut.flows.lab import Lab

_POINTS = 60
"""Of a course in the figure, at most: Prefect keeps the page in its database."""


def trial_markdown(trial: TrialRecord, outcome: Outcome, lab: Lab) -> str:
    """The page of a trial that has come to an outcome."""
    parts = [
        f"### Trial {trial.number}: {trial.text}",
        f"**{_outcome(outcome, lab)}**",
        f"Why: {trial.explanation.get('reason', 'not recorded')}.{_foretold(trial, outcome, lab)}",
        _table(("component", "asked / wt%", "as made / wt%"), _made(trial)),
        _table(("stock", "lot", "planned / mL", "planned / g"), _doses(trial)),
    ]
    if cells := outcome.details.get("cells", ()):
        parts.append(_table(("cell", "holder", "verdict", "how its test ended"), map(_cell, cells)))
    if courses := list(_courses(trial, lab)):
        svg = courses_svg(courses, "cycle", "share of the first capacity / %")
        parts.append(f"![fade](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")
    if lab.simulated_note:
        parts.append(f"> Simulated: {lab.simulated_note}")
    return "\n\n".join(parts)


def _outcome(outcome: Outcome, lab: Lab) -> str:
    if outcome.status != "ok":
        return f"{outcome.status.replace('_', ' ')}: {outcome.reason}"
    units = {each.name: each.unit for each in lab.campaign.quantities}
    units[lab.campaign.objective.name] = lab.campaign.objective.unit
    known = {name: known_as(outcome, name, lab.campaign.quantities) for name in outcome.values}
    return ", ".join(_value(name, outcome, kind, units.get(name, "")) for name, kind in known.items())


def _value(name: str, outcome: Outcome, kind: Known, unit: str) -> str:
    deviation = outcome.deviations.get(name)
    spread = f" ± {deviation:.2g}" if deviation else ""
    return f"{name} {SIGNS[kind]}{outcome.values[name]:.4g}{spread} {unit}".rstrip()


def _foretold(trial: TrialRecord, outcome: Outcome, lab: Lab) -> str:
    """What the planner had expected; nothing where it had no model."""
    mean, sd = trial.explanation.get("predicted_mean"), trial.explanation.get("measured_sd")
    if mean is None or sd is None:
        return ""
    objective = lab.campaign.objective
    is_measured = known_as(outcome, objective.name, lab.campaign.quantities) == "measured"
    found = outcome.values.get(objective.name) if is_measured else None
    off = "" if found is None or not sd else f", {abs(found - mean) / sd:.1f} standard deviations off"
    expected = f"{objective.name} {mean:.3g} ± {sd:.2g} {objective.unit}".rstrip()
    return f" Expected of a measurement: {expected}{off}."


def _made(trial: TrialRecord) -> Iterator[Sequence[str]]:
    for name, share in trial.recipe.mass_fractions.items():
        made = f"{100 * trial.as_made.fraction(name):.3f}" if trial.as_made is not None else "-"
        if trial.as_made is not None and name in trial.as_made_deviations:
            made += f" ± {100 * trial.as_made_deviations[name]:.3f}"
        yield component(name).name, f"{100 * share:.3f}", made


def _doses(trial: TrialRecord) -> Iterator[Sequence[str]]:
    for dose in trial.doses:
        yield str(dose["stock"]), str(dose["lot"]), f"{dose['volume_mL']:.3f}", f"{dose['mass_g']:.4f}"


def _cell(cell: Mapping[str, Any]) -> Sequence[str]:
    verdict = cell["verdict"]
    judged = f"{verdict['status']}: {verdict['reason']}" if verdict["reason"] else str(verdict["status"])
    return cell["cell"], cell["holder"], judged, cell["failure"] or cell["ended"]


def _courses(trial: TrialRecord, lab: Lab) -> Iterator[list[tuple[int, float]]]:
    """Retention of each cell, thinned."""
    step, tests = lab.procedure.cells, lab.plan.cells
    if step is None or tests is None:
        return
    read = FadeCourses(tests.cycling, lab.bench.envelope_at(tests.path.holders[0]), lab.station.journal)
    for replicate in range(1, step.replicates + 1):
        job = lab.station.journal.find(key(trial.number, CYCLING, lab, replicate))
        course = None if job is None else read.of(job)
        if course is not None:
            every = 1 + len(course.cycle) // _POINTS
            pairs = zip(course.cycle[::every].tolist(), course.share[::every].tolist(), strict=True)
            yield [(round(cycle), 100.0 * share) for cycle, share in pairs]


def _table(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_clean(text) for text in line)} |" for line in lines)


def _clean(text: str) -> str:
    """A bar would begin another column."""
    return text.replace("|", "/")
