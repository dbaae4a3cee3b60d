"""The report as one HTML file that needs nothing else: opens offline, prints well, can be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.components import component
from galvanaut.campaigns.report.figures import composition_map, convergence, measured_against_predicted, pareto_front
from galvanaut.campaigns.report.incidents import Incident, InjectedFault, accounts
from galvanaut.campaigns.report.summary import Summary
from galvanaut.core.units import magnitude
from galvanaut.core.wholefile import make_folder, write_whole

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

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
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("galvanaut.campaigns.report", "."), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template("report.html").render(
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
        failures=[trial for trial in summary.trials if trial.status.startswith("failed")],
    )
    make_folder(path.parent)
    write_whole(path, html.encode())
    return path


def _sections(summary: Summary) -> list[dict[str, Any]]:
    """Figures with their headings; the plotting library is embedded once, with the first."""
    corners = "Corners are mass shares of the solvent; each dot is a tested mixture."
    figures: Sequence[tuple[str, str, Figure | None]] = [
        ("Convergence", "Bars are one standard deviation of the readings; batches scatter more.", convergence(summary)),
        ("Composition map", corners, composition_map(summary)),
        ("Front", "Up and to the right is better; nothing measured beats the front.", pareto_front(summary)),
        ("Measured against predicted", "", measured_against_predicted(summary)),
    ]
    shown = [row for row in figures if row[2] is not None]
    return [
        {
            "title": title,
            "note": note,
            "html": figure.to_html(full_html=False, include_plotlyjs=index == 0, config={"displaylogo": False}),
        }
        for index, (title, note, figure) in enumerate(shown)
        if figure is not None
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
