"""The front page of a dossier: one HTML file without scripts, that a person reads first and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.certainty import SIGNS
from galvanaut.campaigns.dossier.drawing import Bar, calibration_svg
from galvanaut.campaigns.dossier.evidence import ASKED, MADE, NOT_MEASURED, exclusions, known, trial_rows
from galvanaut.campaigns.dossier.number import MEANINGS, Number, Origin
from galvanaut.campaigns.dossier.sensitivity import Sensitivity, counted
from galvanaut.campaigns.dossier.steps import NOT_RECORDED

if TYPE_CHECKING:
    from markupsafe import Markup

    from galvanaut.campaigns.dossier.content import Content

MARKS: dict[Origin, str] = {"real": "r", "simulated": "s", "tabulated": "t", "set": "c", "assumed": "a"}
"""Stands behind every number of the page."""


def front_page(content: Content, files: Mapping[str, str], about: Mapping[str, Any]) -> str:
    """The page.

    Args:
        content: what is handed over.
        files: what is in each file, by path.
        about: ``protocols`` (rows with ``name``, ``files``, ``notes``), ``written``, ``version``, ``licence``,
            ``authors``, ``instruments``.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import escape

    environment = Environment(
        loader=PackageLoader("galvanaut.campaigns.dossier", "."), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["flagged"] = _flagged
    shown = content.left_out or content.before
    deciding, trials = content.campaign.objective.name, _short(trial_rows(content))
    sign = SIGNS[known(content, content.best, deciding)] if content.expected_sd is None else ""
    return environment.get_template("dossier.html").render(
        content=content,
        campaign=content.campaign,
        card=content.card,
        window=content.window,
        expected=Number(content.expected, content.unit, content.origin, content.expected_sd, sign),
        rows=_window_rows(content),
        demands=_demands(content),
        effect=content.effect,
        trials=trials,
        has_signs=any(each.sign for row in trials for each in row["values"]),
        unjudged=[each.number for each in content.summary.trials if known(content, each, deciding) != "measured"],
        exclusions=exclusions(content),
        calibrations=[each for each in (content.before, content.left_out) if each is not None],
        figure=calibration_svg(shown.predictions, escape(content.summary.label)) if shown is not None else "",
        figure_of=shown,
        not_recorded=NOT_RECORDED,
        files=files,
        about=about,
        marks=[(MARKS[name], name, meaning) for name, meaning in MEANINGS.items()],
        number=lambda value, unit="", origin=None, sd=None: Number(value, unit, origin or content.origin, sd),
    )


def _flagged(number: Number, digits: int = 4) -> Markup:
    """A number with its unit, its 95 % interval and its mark."""
    from markupsafe import Markup

    spread = f" ± {1.96 * number.sd:.2g}" if number.sd else ""
    unit = f" {number.unit}" if number.unit else ""
    mark = MARKS[number.origin]
    text = f"{number.sign}{number.value:.{digits}g}{spread}{unit}"
    frame = Markup('<span class="n {0}" title="{0}">{1}<sup>{2}</sup></span>')  # escapes what is put in
    return frame.format(number.origin, text, mark)


def _demands(content: Content) -> list[dict[str, Any]]:
    """Each end of the specification, with its number."""
    origin: Origin = content.origin if content.specification.is_assumed else "set"
    ends = [(each, "at least", each.low) for each in content.specification.demands]
    ends += [(each, "at most", each.high) for each in content.specification.demands]
    return [
        {"name": each.name, "sign": sign, "number": Number(end, each.unit, origin)}
        for each, sign, end in ends
        if abs(end) != float("inf")
    ]


def _window_rows(content: Content) -> list[dict[str, Any]]:
    """One for each component that the search varied."""
    return [_window_row(content, each) for each in content.sensitivity]


def _window_row(content: Content, each: Sensitivity) -> dict[str, Any]:
    how = counted(each.component)
    bounds = content.sources.task.space.bounds[each.component]
    box = content.window.ranges.get(each.component) if content.window is not None else None
    inside = None if box is None else (how.factor * box.low, how.factor * box.high)
    origin = content.origin
    bar = Bar(how.factor * bounds.low, how.factor * bounds.high, (each.low, each.high), inside, each.amount)
    return {
        "each": each,
        "amount": Number(each.amount, "", origin),
        "inside": None if inside is None else [Number(round(end, 3), "", origin) for end in inside],
        "alone": [Number(round(end, 3), "", origin) for end in (each.low, each.high)],
        "effect": Number(each.effect, each.quantity_unit, origin, each.effect_sd),
        "step": Number(each.step, "", "set"),
        "bar": bar.svg(),
    }


def _short(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Trials with their numbers gathered, for a table that fits on paper."""
    return [{**row, "values": _values(row)} for row in rows]


def _values(row: Mapping[str, Any]) -> list[Number]:
    """Of all quantities; the recipe is too long for paper."""
    found: list[Number] = []
    for column, value in row.items():
        quantity, slash, unit = column.partition(" / ")
        if slash and value is not None and not column.endswith((ASKED, MADE)):
            signs = (SIGNS[kind] for kind, name in NOT_MEASURED.items() if row.get(f"{quantity} {name}"))
            found.append(Number(float(value), "" if unit == "1" else unit, row["origin"], sign=next(signs, "")))
    return found
