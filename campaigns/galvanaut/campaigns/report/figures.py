"""The report's figures, in plotly: convergence, composition map, measured against predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.ledger import TrialRecord
from galvanaut.campaigns.report.front import measured_in_all
from galvanaut.campaigns.report.summary import Summary

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from galvanaut.campaigns.certainty import Known

INK, ACCENT, MUTED, FAILED = "#1f2933", "#0b6e8a", "#9aa5b1", "#c2410c"
LAYOUT: dict[str, Any] = {
    "template": "plotly_white",
    "font": {"family": "system-ui, sans-serif", "size": 14, "color": INK},
    "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
    "height": 420,
    "legend": {"orientation": "h", "y": -0.2},
}
UNMEASURED: dict[Known, str] = {
    "forecast": "diamond-open",
    "lower bound": "triangle-up-open",
    "upper bound": "triangle-down-open",
}
"""Marks of values that were not measured; each kind has its entry in the legend."""


def convergence(summary: Summary) -> Figure:
    """Every measured value, and the best so far, against the number of experiments."""
    import plotly.graph_objects as go

    ended = summary.ended
    numbers = list(range(1, len(ended) + 1))
    values = [summary.value(trial) for trial in ended]
    measured = [
        value if summary.known(trial) == "measured" else None for value, trial in zip(values, ended, strict=True)
    ]
    failed = [number for number, trial in zip(numbers, ended, strict=True) if trial.status != "ok"]
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatter(
        x=numbers,
        y=measured,
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
    _add_unmeasured(figure, summary, MUTED)
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


def _add_unmeasured(figure: Figure, summary: Summary, colour: str, name: str = "") -> None:
    """Forecasts and bounds with marks of their own, against the number of experiments."""
    for kind, symbol in UNMEASURED.items():
        shown = {number: trial for number, trial in enumerate(summary.ended, start=1) if summary.known(trial) == kind}
        if shown:
            figure.add_scatter(
                x=list(shown),
                y=[summary.value(trial) for trial in shown.values()],
                mode="markers",
                name=f"{name}{kind}",
                marker={"color": colour, "size": 10, "symbol": symbol},
                text=[_hover(trial) for trial in shown.values()],
                error_y={
                    "type": "data",
                    "array": [summary.deviation(trial) for trial in shown.values()],
                    "color": colour,
                    "thickness": 1,
                },
                hovertemplate=f"%{{text}}<br>{kind} %{{y:.3f}} {summary.unit}<extra></extra>",
            )


def two_convergences(campaigns: Mapping[str, Summary]) -> Figure:
    """What two campaigns, by their names, have measured, and the best so far of each, against the experiments."""
    import plotly.graph_objects as go

    figure = go.Figure(layout=LAYOUT)
    styles = ((ACCENT, "circle", "solid"), (FAILED, "diamond", "dash"))
    for (name, summary), (colour, symbol, dash) in zip(campaigns.items(), styles, strict=True):
        numbers = list(range(1, len(summary.ended) + 1))
        figure.add_scatter(
            x=numbers,
            y=[summary.value(trial) if summary.known(trial) == "measured" else None for trial in summary.ended],
            mode="markers",
            name=f"{name}: measured",
            marker={"color": colour, "size": 7, "symbol": symbol, "opacity": 0.5},
            text=[_hover(trial) for trial in summary.ended],
            hovertemplate="%{text}<br>%{y:.3f}<extra></extra>",
        )
        line = {"color": colour, "shape": "hv", "width": 3, "dash": dash}
        best = summary.best_so_far()
        figure.add_scatter(x=numbers, y=best, mode="lines", name=f"{name}: best so far", line=line)
        _add_unmeasured(figure, summary, colour, f"{name}: ")
    figure.update_xaxes(title="number of experiments")
    figure.update_yaxes(title=next(iter(campaigns.values())).label)
    return figure


def composition_map(summary: Summary) -> Figure | None:
    """Tested solvent mixtures in a ternary plot, coloured by the value; None for fewer than two solvents."""
    import plotly.graph_objects as go

    tested = [trial for trial in summary.ended if summary.value(trial) is not None]
    groups = corners(tested)
    if len(groups) < 2:
        return None
    figure = go.Figure(layout=LAYOUT)
    # One scale of colours for all kinds of marks.
    bar = {"title": {"text": summary.unit or summary.objective}}
    figure.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": bar})
    by_kind = _by_kind(summary, tested)
    for kind, shown in by_kind.items():
        figure.add_scatterternary(
            **dict(zip("abc", ternary_axes(shown, groups), strict=True)),
            mode="markers",
            name=kind,
            text=[_hover(trial) for trial in shown],
            marker={
                "color": [summary.value(trial) for trial in shown],
                "coloraxis": "coloraxis",
                "size": 11,
                "symbol": UNMEASURED.get(kind, "circle").removesuffix("-open"),
                "line": {"width": 0.5, "color": INK},
            },
            hovertemplate="%{text}<extra></extra>",
            showlegend=len(by_kind) > 1,
            cliponaxis=False,
        )
    return titled(figure, groups)


def _by_kind(summary: Summary, trials: Sequence[TrialRecord]) -> dict[Known, list[TrialRecord]]:
    """Trials by how their value is known, those measured first."""
    kinds: tuple[Known, ...] = ("measured", *UNMEASURED)
    found = {kind: [trial for trial in trials if summary.known(trial) == kind] for kind in kinds}
    return {kind: chosen for kind, chosen in found.items() if chosen}


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

    pairs = {
        trial.number: (float(trial.explanation["predicted_mean"]), float(trial.explanation["measured_sd"]), value)
        for trial in summary.ended
        if (value := summary.value(trial)) is not None and trial.explanation.get("predicted_mean") is not None
    }
    if not pairs:
        return None
    ends = [end for mean, _, value in pairs.values() for end in (mean, value)]
    span = [min(ends), max(ends)]
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatter(x=span, y=span, mode="lines", name="equal", line={"color": MUTED, "dash": "dot"})
    by_kind = _by_kind(summary, [trial for trial in summary.ended if trial.number in pairs])
    for kind, trials in by_kind.items():
        rows = [pairs[trial.number] for trial in trials]
        figure.add_scatter(
            x=[mean for mean, _, _ in rows],
            y=[value for _, _, value in rows],
            mode="markers",
            name="trials" if kind == "measured" else kind,
            marker={"color": ACCENT, "size": 9, "symbol": UNMEASURED.get(kind, "circle")},
            error_x={"type": "data", "array": [1.96 * sd for _, sd, _ in rows], "color": MUTED, "thickness": 1},
            text=[_hover(trial) for trial in trials],
            hovertemplate=f"%{{text}}<br>predicted %{{x:.3f}}, {kind} %{{y:.3f}}<extra></extra>",
        )
    figure.update_xaxes(title=f"{summary.label}, predicted beforehand (bars: 95 %)")
    figure.update_yaxes(title=f"{summary.label}, {', '.join(by_kind)}")
    return figure


def pareto_front(summary: Summary) -> Figure | None:
    """All results of two or three objectives, and the front of what nothing beats; a third one gives the colour.

    None for another number of objectives.
    """
    import plotly.graph_objects as go

    front = summary.front()
    if front is None or len(summary.quantities) not in (2, 3) or not front.trials:
        return None
    others = [trial for trial in measured_in_all(summary.ended, summary.aims) if trial not in front.trials]
    beaten = [trial for trial in others if summary.known(trial) != "forecast"]
    figure = go.Figure(layout=LAYOUT)
    figure.add_scatter(**_results(summary, beaten, "beaten, or breaks a limit", MUTED), mode="markers")
    if len(beaten) < len(others):
        forecast = [trial for trial in others if trial not in beaten]
        figure.add_scatter(**_results(summary, forecast, "forecast", MUTED), mode="markers")
    figure.add_scatter(
        **_results(summary, front.trials, "front", ACCENT),
        mode="lines+markers" if len(summary.quantities) == 2 else "markers",
        line={"color": ACCENT},
    )
    for kind in _by_kind(summary, beaten + list(front.trials)):
        if kind != "measured":  # these lie among the others, with marks of their own
            marker = {"symbol": UNMEASURED[kind], "size": 9, "color": MUTED}
            figure.add_scatter(x=[None], y=[None], mode="markers", name=kind, marker=marker)
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
    symbols = [UNMEASURED.get(summary.known(trial), "circle") for trial in trials]
    marker: dict[str, Any] = {"color": colour, "size": 9, "symbol": symbols}
    if rest and colour == ACCENT:
        third = summary.quantities[2]
        title = {"text": f"{third.name}, {third.unit}"}
        scale = {"colorscale": "Viridis", "colorbar": {"title": title, "thickness": 12}}
        marker = {"color": rest[0], "size": 12, "symbol": symbols, **scale}
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
