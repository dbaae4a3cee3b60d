"""What the planner's model holds of the whole solvent triangle: expected value and how sure it is.

Everything beside the shares of the solvents stays as in one recipe, which the map names. It is fitted from the ledger
as the planner does for each proposal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.certainty import SIGNS
from galvanaut.campaigns.report.figures import LAYOUT, corners, ternary_axes, titled
from galvanaut.campaigns.report.summary import Summary

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from galvanaut.campaigns.dossier.model import Model
    from galvanaut.campaigns.ledger import TrialRecord

Array = NDArray[np.float64]
SIDE = 26
"""Points along one side of the triangle."""


@dataclass(frozen=True)
class Surface:
    """Points of the solvent triangle that the search allows.

    Attributes:
        groups: solvents at the corners.
        shares: of the corners, (n, corners).
        lows: least share of each corner that is shown.
    mean, sd: of the number that decides, in its unit, (n,); without measurement noise.
        around: trial whose recipe gives everything else.
    """

    groups: list[tuple[str, ...]]
    shares: Array
    lows: Array
    mean: Array
    sd: Array
    around: TrialRecord


def surface_of(summary: Summary, model: Model) -> Surface | None:
    """The map; None before a success, or where there are fewer than two solvents to share."""
    best = summary.best()
    groups = corners([trial for trial in summary.ended if summary.value(trial) is not None])
    if best is None or len(groups) < 2:
        return None
    centre = model.space.point(best.tested, best.settings)
    shares = _triangle(_lows(summary, model, groups))
    points = np.array([_moved(centre, model, groups, row, best) for row in shares])
    kept = model.space.feasible(points, 0.02)
    if not kept.any():
        return None
    mean, sd = model.predict(points[kept], summary.objective)
    return Surface(groups, shares[kept], shares.min(axis=0), mean, sd, best)


def surface_figure(summary: Summary, surface: Surface, *, of_sd: bool) -> Figure:
    """The expected value, or its standard deviation, with the tested mixtures on it."""
    import plotly.graph_objects as go

    values = surface.sd if of_sd else surface.mean
    unit = summary.unit or summary.objective
    figure = go.Figure(layout=LAYOUT)
    axes = [surface.shares[:, place] if place < len(surface.groups) else np.zeros(len(values)) for place in range(3)]
    figure.add_scatterternary(
        **{name: axis.tolist() for name, axis in zip("abc", axes, strict=True)},
        mode="markers",
        name="model",
        text=[f"expected {mean:.3g} ± {sd:.2g} {unit}" for mean, sd in zip(surface.mean, surface.sd, strict=True)],
        marker={
            "symbol": "hexagon",
            "size": 13,
            "color": values.tolist(),
            "colorscale": "Cividis" if of_sd else "Viridis",
            "colorbar": {"title": {"text": f"sd, {unit}" if of_sd else f"expected, {unit}"}, "thickness": 12},
        },
        hovertemplate="%{text}<extra></extra>",
    )
    tested = [trial for trial in summary.ended if summary.value(trial) is not None]
    places = ternary_axes(tested, surface.groups)
    figure.add_scatterternary(
        **dict(zip("abc", places, strict=True)),
        mode="markers",
        name="tested",
        text=[
            f"trial {trial.number}: {SIGNS[summary.known(trial)]}{summary.value(trial):.3g} {unit}" for trial in tested
        ],
        marker={"size": 9, "color": "rgba(255,255,255,0.85)", "line": {"width": 2, "color": "#1f2933"}},
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )
    lows = dict(zip(("aaxis", "baxis", "caxis"), surface.lows.tolist(), strict=False))
    return titled(figure, surface.groups).update_ternaries({name: {"min": low} for name, low in lows.items()})


def _lows(summary: Summary, model: Model, groups: list[tuple[str, ...]]) -> Array:
    """The least share of each corner, of all that is searched and all that was tested."""
    tested = ternary_axes([trial for trial in summary.ended if summary.value(trial) is not None], groups)
    searched = [sum(model.space.bounds[key].low for key in group) for group in groups]
    return np.array([min(low, *axis) for low, axis in zip(searched, tested, strict=False)])


def _triangle(lows: Array) -> Array:
    """Regular points whose coordinates sum to 1, none of them below its least share."""
    steps = range(SIDE + 1)
    rows: list[tuple[Any, ...]] = (
        [(a, SIDE - a) for a in steps]
        if len(lows) == 2
        else [(a, b, SIDE - a - b) for a in steps for b in steps if a + b <= SIDE]
    )
    return np.asarray(lows + (1.0 - lows.sum()) * np.array(rows, dtype=np.float64) / SIDE)


def _moved(centre: Array, model: Model, groups: list[tuple[str, ...]], shares: Array, best: TrialRecord) -> Array:
    """The recipe with other shares; solvents that share a corner keep their proportion."""
    point, own = centre.copy(), best.tested.solvent_shares
    for group, share in zip(groups, shares.tolist(), strict=True):
        whole = sum(own.get(key, 0.0) for key in group)
        for key in group:
            part = own.get(key, 0.0) / whole if whole > 0.0 else 1.0 / len(group)
            point[model.space.names.index(key)] = share * part
    return point
