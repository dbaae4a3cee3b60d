"""Two small figures of the front page, as SVG: they print, need no script, and weigh a few kilobytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.calibration import Prediction

INK, SOFT, ACCENT, BAND, LINE = "#1f2933", "#52606d", "#0b6e8a", "#a8d5e2", "#d9e2ec"
_SIDE, _MARGIN = 340, 52
_BAR, _HIGH = 260, 22


@dataclass(frozen=True)
class Bar:
    """A component's ranges, all in the same unit.

    Attributes:
        least, most: of the search.
        alone: in which it may lie by itself.
        window: in which it may lie with the others; None without a window.
        amount: in the recipe.
    """

    least: float
    most: float
    alone: tuple[float, float]
    window: tuple[float, float] | None
    amount: float

    def svg(self) -> str:
        """Grey: what was searched. Light: alone. Dark: all at once. Line: the recipe."""
        parts = [_rectangle(self, (self.least, self.most), LINE, 8), _rectangle(self, self.alone, BAND, 8)]
        if self.window is not None:
            parts.append(_rectangle(self, self.window, ACCENT, 8))
        at = self._x(self.amount)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{_HIGH - 2}" stroke="{INK}" stroke-width="2"/>')
        label = f"searched {self.least:.4g} to {self.most:.4g}, recipe {self.amount:.4g}"
        head = f'<svg viewBox="0 0 {_BAR} {_HIGH}" width="{_BAR}" height="{_HIGH}" role="img" aria-label="{label}">'
        return "".join([head, *parts, "</svg>"])

    def _x(self, value: float) -> float:
        width = self.most - self.least or 1.0
        return 3 + (_BAR - 6) * min(max((value - self.least) / width, 0.0), 1.0)


def _rectangle(bar: Bar, ends: tuple[float, float], colour: str, high: float) -> str:
    low, top = bar._x(ends[0]), bar._x(ends[1])
    width = max(top - low, 2.0)
    return (
        f'<rect x="{low:.1f}" y="{(_HIGH - high) / 2:.1f}" width="{width:.1f}" height="{high}" rx="2" fill="{colour}"/>'
    )


def calibration_svg(predictions: Sequence[Prediction], label: str) -> str:
    """Measured against expected, bars of 95 %; the line is where they are equal."""
    ends = [
        end for each in predictions for end in (each.measured, each.expected - each.sd, each.expected + each.sd)
    ] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    margin = 0.06 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return _MARGIN + (_SIDE - _MARGIN - 8) * (min(max(value, low), high) - low) / (high - low)

    def y(value: float) -> float:
        return _SIDE - x(value)

    frame = _SIDE - _MARGIN
    parts = [
        f'<svg viewBox="0 0 {_SIDE} {_SIDE}" width="{_SIDE}" height="{_SIDE}" role="img" font-size="12" '
        f'font-family="sans-serif" aria-label="{label}: measured against expected of {len(predictions)} trials">',
        f'<rect x="{_MARGIN}" y="8" width="{frame - 8}" height="{frame - 8}" fill="#fff" stroke="{LINE}"/>',
        f'<line x1="{x(low):.1f}" y1="{y(low):.1f}" x2="{x(high):.1f}" y2="{y(high):.1f}" stroke="{SOFT}" '
        'stroke-dasharray="3 4"/>',
    ]
    for each in predictions:
        half, up = 1.959964 * each.sd, y(each.measured)
        parts.append(
            f'<line x1="{x(each.expected - half):.1f}" x2="{x(each.expected + half):.1f}" y1="{up:.1f}" '
            f'y2="{up:.1f}" stroke="{BAND}" stroke-width="1.5"/>'
        )
        parts.append(f'<circle cx="{x(each.expected):.1f}" cy="{up:.1f}" r="3.5" fill="{ACCENT}"/>')
    for value in (low + margin, (low + high) / 2, high - margin):
        parts.append(f'<text x="{x(value):.1f}" y="{frame + 18}" text-anchor="middle" fill="{SOFT}">{value:.3g}</text>')
        parts.append(
            f'<text x="{_MARGIN - 6}" y="{y(value) + 4:.1f}" text-anchor="end" fill="{SOFT}">{value:.3g}</text>'
        )
    middle = (_MARGIN + _SIDE) / 2
    parts.append(f'<text x="{middle}" y="{_SIDE - 8}" text-anchor="middle" fill="{INK}">expected {label}</text>')
    parts.append(
        f'<text transform="translate(13 {frame / 2}) rotate(-90)" text-anchor="middle" fill="{INK}">measured</text>'
    )
    return "".join([*parts, "</svg>"])
