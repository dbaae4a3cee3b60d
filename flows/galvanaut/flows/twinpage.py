"""The twins of a campaign as one page of markdown: how far model and measurement are apart, and how its cells age."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from galvanaut.flows.svg import courses_svg

ROWS, POINTS = 20, 20
_HEADINGS = (
    "cell",
    "cycles",
    "test",
    "state of charge / %",
    "state of health / %",
    "resistance / ohm",
    "measured - twin / mV",
    "trust",
    "found last",
)


def twins_markdown(kept: Sequence[Mapping[str, Any]], title: str, note: str = "") -> str:
    """The newest cells in a table, all of them in the figures.

    Args:
        kept: what twins last wrote down, see `galvanaut.flows.livetwins.kept_twins`.
        title: of the page.
        note: what was simulated, in words.
    """
    rows = [_row(each) for each in kept[-ROWS:]]
    table = "\n".join(f"| {' | '.join(row)} |" for row in (_HEADINGS, ["---"] * len(_HEADINGS), *rows))
    health = [_course(each["cycles"]) for each in kept]
    said = f"\n\n> Simulated: {note}" if note else ""
    return f"### {title}\n\n{gap_text(kept)}\n\n{table}\n\n![health]({_uri(health)}){said}"


def _course(cycles: Sequence[Mapping[str, Any]]) -> list[tuple[int, float]]:
    """Some cycles of a cell, its last one among them: Prefect keeps every version of a page."""
    some = cycles[:: -max(1, len(cycles) // POINTS)][::-1]
    return [(cycle["number"], 100 * cycle["soh"]) for cycle in some]


def gap_text(kept: Sequence[Mapping[str, Any]]) -> str:
    """How far measurement and twins are apart over all cells, and in which direction."""
    cycles = [cycle for each in kept for cycle in each["cycles"] if cycle["readings"]]
    count = sum(cycle["readings"] for cycle in cycles)
    if not count:
        return "No cycle is complete yet."
    mean = sum(cycle["residual_mean_mV"] * cycle["readings"] for cycle in cycles) / count
    square = sum(cycle["residual_rms_mV"] ** 2 * cycle["readings"] for cycle in cycles) / count
    side = "more" if mean > 0 else "less"
    return (
        f"**Measured less simulated voltage**: {mean:+.2f} mV on average, so cells show {side} than their twins, and "
        f"{sqrt(square):.2f} mV rms, over {len(cycles)} cycles of {len(kept)} cells."
    )


def _row(each: Mapping[str, Any]) -> list[str]:
    state, mean_mV = each["state"], each["gap"]["mean_mV"]
    return [
        each["cell"],
        str(len(each["cycles"])),
        "over" if each["over"] else "runs",
        _with_sd(state, "soc", 100.0),
        _with_sd(state, "soh", 100.0),
        f"{state['resistance_ohm']:.1f} ± {state['resistance_sd_ohm']:.1f}",
        "" if mean_mV is None else f"{mean_mV:+.2f}",
        "yes" if state["healthy"] else f"no: {state['reason']}",
        each["findings"][-1]["text"] if each["findings"] else "",
    ]


def _with_sd(state: Mapping[str, float], name: str, factor: float) -> str:
    return f"{factor * state[name]:.1f} ± {factor * state[f'{name}_sd']:.1f}"


def _uri(health: Sequence[Sequence[tuple[int, float]]]) -> str:
    svg = courses_svg(health, "cycle", "state of health / %")
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
