"""Numbers, instants and figures in the form in which the page gets them."""

from __future__ import annotations

import json
import threading
from math import isfinite
from typing import TYPE_CHECKING, Any

from galvanaut.instruments.orders.paper import when as _when

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

DRAWING = threading.Lock()
"""Held while figures are made: Plotly imports and fills its own parts as they are needed."""


def number(value: float | None, digits: int) -> float | None:
    """A number with as many digits after the point as matter; JSON has no word for others than finite ones."""
    return round(value, digits) if value is not None and isfinite(value) else None


def when(at: float | None) -> str | None:
    """An instant as people write it, to the minute."""
    return None if at is None else _when(at)


def figure_json(figure: Figure | None) -> dict[str, Any] | None:
    """Data and layout of a figure, without the colours of its template: the page has its own, light and dark."""
    if figure is None:
        return None
    found: dict[str, Any] = json.loads(figure.to_json())
    found["layout"].pop("template", None)
    return {"data": found["data"], "layout": found["layout"]}
