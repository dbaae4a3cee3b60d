"""The report as one HTML file that needs nothing else: opens offline, prints well, can be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.components import component
from galvanaut.campaigns.report.figures import (
    composition_map,
    convergence,
    measured_against_predicted,
    pareto_front,
    two_convergences,
)
from galvanaut.campaigns.report.incidents import Incident, InjectedFault, accounts
from galvanaut.campaigns.report.summary import Summary
from galvanaut.core.units import magnitude
from galvanaut.core.wholefile import make_folder, write_whole

if TYPE_CHECKING:
    from jinja2 import Environment
    from plotly.graph_objects import Figure

    from galvanaut.campaigns.certainty import Known
    from galvanaut.campaigns.report.comparison import Comparison

_CORNERS = "Corners are mass shares of the solvent; each dot is a tested mixture."
_MEANINGS: dict[Known, str] = {
    "forecast": "Forecasts stand for recipes whose cells were taken off early; what these would have reached was not "
    "measured.",
    "lower bound": "Lower bounds (>) are of cells that had not come to their end: the truth lies above.",
    "upper bound": "Upper bounds (<) rest on cells that had not come to their end: the truth lies below.",
}
_COUNTED = {
    "solvents": (100.0, "", "wt% of the solvents"),
    "salts": (1.0, "mol/kg", "mol per kg of the solvents"),
    "additives": (100.0, "", "wt% of the electrolyte"),
}
"""Of each group of components: factor and unit from the campaign file, and what the result is counted in."""


def write_report(
    summary: Summary,
    path: Path,
    simulated: str,
    recommendation: str = "",
    incidents: Sequence[Incident] = (),
    faults: Sequence[InjectedFault] = (),
) -> Path:
    """Write the report, replacing an older one in a single step.

    Args:
        summary: of the campaign.
        path: of the HTML file.
        simulated: what was simulated, in words; empty if everything was measured.
        recommendation: what the planner's model holds for the best recipe, in words.
        incidents: what went wrong meanwhile.
        faults: what a simulated bench was told to let go wrong.
    """
    html = (
        _templates()
        .get_template("report.html")
        .render(
            summary=summary,
            simulated=simulated,
            recommendation=recommendation,
            sections=_sections(summary),
            best=_best_rows(summary),
            bounds=_bounds(summary),
            trials=summary.trials,
            benches=sorted({trial.bench for trial in summary.trials}),
            cells=summary.cells(),
            incidents=incidents,
            accounts=accounts(faults, incidents),
            instant=_instant,
            front=summary.front(),
            has_parts=any(summary.parts(trial) for trial in summary.trials),
            unmeasured=_unmeasured([summary]),
            failures=[trial for trial in summary.trials if trial.status.startswith("failed")],
        )
    )
    make_folder(path.parent)
    write_whole(path, html.encode())
    return path


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """Write two campaigns side by side, replacing an older page in a single step.

    Args:
        comparison: of both.
        path: of the HTML file.
    """
    named = {side.name: side.summary for side in comparison.sides}
    both = _unmeasured([side.summary for side in comparison.sides])
    figures = [("Convergence", both, two_convergences(named))] if comparison.is_comparable else []
    figures += [
        (f"Composition map of {side.name}", _noted(_CORNERS, [side.summary]), composition_map(side.summary))
        for side in comparison.sides
    ]
    html = (
        _templates()
        .get_template("comparison.html")
        .render(comparison=comparison, sections=_drawn(figures), rows=_found_rows(comparison))
    )
    make_folder(path.parent)
    write_whole(path, html.encode())
    return path


def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("galvanaut.campaigns.report", ".")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


def _found_rows(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """What is told of each campaign, by a word."""
    rows = []
    for side in comparison.sides:
        summary, best, expected = side.summary, side.summary.best(), side.expected
        failed = sum(trial.status.startswith("failed") for trial in summary.ended)
        unit = f" {summary.unit}" if summary.unit else ""
        rows.append(
            {
                "asked for": side.asked,
                "trials": f"{len(summary.ended)} of {summary.budget} ended, {failed} failed",
                "time by its bench": f"{side.hours:.1f} h",
                "best measured": "-" if best is None else f"{summary.text(best)}{unit} (trial {best.number})",
                "of": "-" if best is None else summary.parts(best) or "-",
                "recipe as made": "-" if best is None else best.text,
                "by its model": "-"
                if expected is None or expected.sd is None
                else f"{expected.mean:.3f} ± {1.96 * expected.sd:.2g}{unit} (95 %), trial {expected.trial}",
            }
        )
    first, second = rows
    return [(name, [first[name], second[name]]) for name in first if {first[name], second[name]} != {"-"}]


def _sections(summary: Summary) -> list[dict[str, Any]]:
    """Figures of one campaign with their headings."""
    return _drawn(
        [
            (
                "Convergence",
                _noted("Bars are one standard deviation of the readings; batches scatter more.", [summary]),
                convergence(summary),
            ),
            ("Composition map", _noted(_CORNERS, [summary]), composition_map(summary)),
            (
                "Front",
                _noted("Up and to the right is better; nothing measured beats the front.", [summary]),
                pareto_front(summary),
            ),
            ("Measured against predicted", _unmeasured([summary]), measured_against_predicted(summary)),
        ]
    )


def _unmeasured(summaries: Sequence[Summary]) -> str:
    """What the marks of values mean that were not measured; empty where all were."""
    kinds = {summary.known(trial) for summary in summaries for trial in summary.ended}
    return " ".join(text for kind, text in _MEANINGS.items() if kind in kinds)


def _noted(note: str, summaries: Sequence[Summary]) -> str:
    """A note, with what the marks mean that the figure needs."""
    return f"{note} {_unmeasured(summaries)}".rstrip()


def _drawn(figures: Sequence[tuple[str, str, Figure | None]]) -> list[dict[str, Any]]:
    """Those that there are, as HTML; the plotting library is embedded once, with the first."""
    shown = [(title, note, figure) for title, note, figure in figures if figure is not None]
    return [
        {
            "title": title,
            "note": note,
            "html": figure.to_html(full_html=False, include_plotlyjs=index == 0, config={"displaylogo": False}),
        }
        for index, (title, note, figure) in enumerate(shown)
    ]


def _instant(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _best_rows(summary: Summary) -> list[dict[str, Any]]:
    """The best as-made recipe, component by component."""
    best = summary.best()
    if best is None:
        return []
    recipe = best.tested
    molalities = recipe.molalities
    return [
        {
            "key": key,
            "name": component(key).name,
            "cas": component(key).cas,
            "mass": 100 * fraction,
            "uncertainty": 100 * best.as_made_deviations.get(key, 0.0),
            "molality": molalities.get(key),
        }
        for key, fraction in recipe.mass_fractions.items()
    ]


def _bounds(summary: Summary) -> list[tuple[str, str, str, str]]:
    """Bounds of the search in the words of recipes: component, low, high and what they are counted in."""
    groups = summary.plan.get("campaign", {}).get("components", {})
    return [
        (name, *(f"{factor * magnitude(bounds[end], unit):.5g}" for end in ("low", "high")), counted)
        for group, (factor, unit, counted) in _COUNTED.items()
        for name, bounds in groups.get(group, {}).items()
    ]
