"""The report's figures, in plotly: convergence, composition map, measured against predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.ledger import TrialRecord
from galvanaut.campaigns.report.front import measured_in_all
from galvanaut.campaigns.report.summary import Summary

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

INK, ACCENT, MUTED, FAILED = "#1f2933", "#0b6e8a", "#9aa5b1", "#c2410c"
LAYOUT: dict[str, Any] = {
    "template": "plotly_white",
    "font": {"family": "system-ui, sans-serif", "size": 14, "color": INK},
    "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
    "height": 420,
    "legend": {"orientation": "h", "y": -0.2},
}


def convergence(summary: Summary) -> Figure:
    """Every measured value, and the best so far, against the number of experiments."""
    import plotly.graph_objects as go

    ended = summary.ended
    numbers = list(range(1, len(ended) + 1))
    values = [summary.value(trial) for trial in ended]
    failed = [number for number, trial in zip(numbers, ended, strict=True) if trial.status != "ok"]
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatter(
        x=numbers,
        y=values,
        mode="markers",
        name="measured",
        marker={"color": MUTED, "size": 9},
        text=[_hover(trial) for trial in ended],
        error_y={
            "type": "data",
            "array": [summary.deviation(trial) for trial in ended],
            "color": MUTED,
            "thickness": 1,
        },
        hovertemplate="%{text}<br>%{y:.3f} " + summary.unit + "<extra></extra>",
    )
    figure.add_scatter(
        x=numbers,
        y=summary.best_so_far(),
        mode="lines",
        name="best so far",
        line={"color": ACCENT, "shape": "hv", "width": 3},
    )
    if failed:
        floor = min(value for value in values if value is not None) if any(values) else 0.0
        figure.add_scatter(
            x=failed,
            y=[floor] * len(failed),
            mode="markers",
            name="failed",
            marker={"symbol": "x", "color": FAILED, "size": 10},
        )
    figure.update_xaxes(title="number of experiments")
    figure.update_yaxes(title=summary.label)
    return figure


def two_convergences(campaigns: Mapping[str, Summary]) -> Figure:
    """What two campaigns, by their names, have measured, and the best so far of each, against the experiments."""
    import plotly.graph_objects as go

    figure = go.Figure(layout=LAYOUT)
    styles = ((ACCENT, "circle", "solid"), (FAILED, "diamond", "dash"))
    for (name, summary), (colour, symbol, dash) in zip(campaigns.items(), styles, strict=True):
        numbers = list(range(1, len(summary.ended) + 1))
        figure.add_scatter(
            x=numbers,
            y=[summary.value(trial) for trial in summary.ended],
            mode="markers",
            name=f"{name}: measured",
            marker={"color": colour, "size": 7, "symbol": symbol, "opacity": 0.5},
            text=[_hover(trial) for trial in summary.ended],
            hovertemplate="%{text}<br>%{y:.3f}<extra></extra>",
        )
        line = {"color": colour, "shape": "hv", "width": 3, "dash": dash}
        best = summary.best_so_far()
        figure.add_scatter(x=numbers, y=best, mode="lines", name=f"{name}: best so far", line=line)
    figure.update_xaxes(title="number of experiments")
    figure.update_yaxes(title=next(iter(campaigns.values())).label)
    return figure


def composition_map(summary: Summary) -> Figure | None:
    """Tested solvent mixtures in a ternary plot, coloured by the measured value; None for fewer than two solvents."""
    import plotly.graph_objects as go

    measured = [trial for trial in summary.ended if summary.value(trial) is not None]
    groups = corners(measured)
    if len(groups) < 2:
        return None
    axes = ternary_axes(measured, groups)
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatterternary(
        a=axes[0],
        b=axes[1],
        c=axes[2],
        mode="markers",
        text=[_hover(trial) for trial in measured],
        marker={
            "color": [summary.value(trial) for trial in measured],
            "colorscale": "Viridis",
            "size": 11,
            "line": {"width": 0.5, "color": INK},
            "colorbar": {"title": {"text": summary.unit or summary.objective}},
        },
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        cliponaxis=False,
    )
    return titled(figure, groups)


def titled(figure: Figure, groups: Sequence[tuple[str, ...]]) -> Figure:
    """A ternary plot with the names of its corners."""
    titles = [" + ".join(group) for group in groups] + ["", ""]
    figure.update_ternaries(
        sum=1,
        aaxis={"title": {"text": titles[0]}},
        baxis={"title": {"text": titles[1]}},
        caxis={"title": {"text": titles[2]}},
    )
    figure.update_layout(height=520, margin={"l": 60, "r": 60, "t": 50, "b": 60})
    return figure


def measured_against_predicted(summary: Summary) -> Figure | None:
    """What the planner expected before each experiment, against what came out; None if it never predicted."""
    import plotly.graph_objects as go

    pairs = [
        (trial, float(trial.explanation["predicted_mean"]), float(trial.explanation["measured_sd"]), value)
        for trial in summary.ended
        if (value := summary.value(trial)) is not None and trial.explanation.get("predicted_mean") is not None
    ]
    if not pairs:
        return None
    span = [min(min(row[1], row[3]) for row in pairs), max(max(row[1], row[3]) for row in pairs)]
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatter(x=span, y=span, mode="lines", name="equal", line={"color": MUTED, "dash": "dot"})
    figure.add_scatter(
        x=[row[1] for row in pairs],
        y=[row[3] for row in pairs],
        mode="markers",
        name="trials",
        marker={"color": ACCENT, "size": 9},
        error_x={"type": "data", "array": [1.96 * row[2] for row in pairs], "color": MUTED, "thickness": 1},
        text=[_hover(row[0]) for row in pairs],
        hovertemplate="%{text}<br>predicted %{x:.3f}, measured %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(title=f"{summary.label}, predicted beforehand (bars: 95 %)")
    figure.update_yaxes(title=f"{summary.label}, measured")
    return figure


def pareto_front(summary: Summary) -> Figure | None:
    """All results of two or three objectives, and the front of what nothing beats; a third one gives the colour.

    None for another number of objectives.
    """
    import plotly.graph_objects as go

    front = summary.front()
    if front is None or len(summary.quantities) not in (2, 3) or not front.trials:
        return None
    beaten = [trial for trial in measured_in_all(summary.ended, summary.aims) if trial not in front.trials]
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatter(**_results(summary, beaten, "beaten, or breaks a limit", MUTED), mode="markers")
    figure.add_scatter(
        **_results(summary, front.trials, "front", ACCENT),
        mode="lines+markers" if len(summary.quantities) == 2 else "markers",
        line={"color": ACCENT},
    )
    worst, best = ([getattr(aim, end) for aim in summary.aims] for end in ("worst", "best"))
    for point, name, symbol in ((worst, "worst: the reference point", "x"), (best, "best wished for", "star")):
        marker = {"symbol": symbol, "size": 11, "color": INK}
        figure.add_scatter(x=point[:1], y=point[1:], mode="markers", name=name, marker=marker)
    for update, target in zip((figure.update_xaxes, figure.update_yaxes), summary.quantities, strict=False):
        update(title=f"{target.name} / {target.unit}", autorange=None if target.goal == "maximise" else "reversed")
    return figure


def _results(summary: Summary, trials: Sequence[TrialRecord], name: str, colour: str) -> dict[str, Any]:
    """Points of a scatter plot of two objectives, on the front coloured by a third one."""
    outcomes = [trial.outcome for trial in trials if trial.outcome is not None]
    x, y, *rest = ([outcome.values[each.name] for outcome in outcomes] for each in summary.quantities)
    bars = [[outcome.deviations.get(each.name) for outcome in outcomes] for each in summary.quantities]
    marker: dict[str, Any] = {"color": colour, "size": 9}
    if rest and colour == ACCENT:
        third = summary.quantities[2]
        title = {"text": f"{third.name}, {third.unit}"}
        marker = {"color": rest[0], "size": 12, "colorscale": "Viridis", "colorbar": {"title": title, "thickness": 12}}
    return {
        "x": x,
        "y": y,
        "error_x": {"type": "data", "array": bars[0], "color": MUTED, "thickness": 1},
        "error_y": {"type": "data", "array": bars[1], "color": MUTED, "thickness": 1},
        "name": name,
        "text": [_hover(trial) for trial in trials],
        "marker": marker,
        "hovertemplate": "%{text}<br>%{x:.4g}, %{y:.4g}<extra></extra>",
    }


def ternary_axes(trials: Sequence[TrialRecord], groups: Sequence[tuple[str, ...]]) -> list[list[float]]:
    """The shares of each corner, by trial; a missing third corner has none."""
    shares = [trial.tested.solvent_shares for trial in trials]
    return [[sum(share.get(key, 0.0) for key in group) for share in shares] for group in (*groups, (), ())[:3]]


def corners(trials: Sequence[TrialRecord]) -> list[tuple[str, ...]]:
    """Up to three groups of solvents: the two that vary most stand alone, all others share the third corner."""
    shares = [trial.tested.solvent_shares for trial in trials]
    keys = list(dict.fromkeys(key for share in shares for key in share))
    ranges = {key: max(s.get(key, 0.0) for s in shares) - min(s.get(key, 0.0) for s in shares) for key in keys}
    ranked = sorted(keys, key=lambda key: -ranges[key])
    groups = [tuple(ranked[:1]), tuple(ranked[1:2]), tuple(sorted(ranked[2:], key=keys.index))]
    return [group for group in groups if group]


def _hover(trial: TrialRecord) -> str:
    return f"trial {trial.number}: {trial.text}"
