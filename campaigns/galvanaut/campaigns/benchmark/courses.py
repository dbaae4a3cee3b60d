"""Plots of regret over experiments, as SVG text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 34, 44
LOWEST = 1e-3
"""Regret below this is drawn here: the axis is logarithmic."""
COLOURS = ("#0b6e8a", "#d9480f", "#7048e8", "#2b8a3e", "#e8a317", "#c2255c", "#1864ab", "#5c940d", "#868e96", "#343a40")


def courses_svg(title: str, courses: Mapping[str, Array], colours: Mapping[str, str] | None = None) -> str:
    """A line for the median of each planner, and a band that holds the middle half of its runs.

    Args:
        title: above the plot.
        courses: regret by planner, (runs, budget).
        colours: by planner, for several plots side by side; by default in the order of the courses.
    """
    budget = max(runs.shape[1] for runs in courses.values())
    parts = [_frame(title, budget), *_grid(budget)]
    ends: list[tuple[float, str, str]] = []
    shown = dict(zip(courses, COLOURS, strict=False)) if colours is None else colours
    for name, runs in courses.items():
        colour = shown.get(name)
        if colour is None:
            continue
        low, middle, high = np.quantile(runs, [0.25, 0.5, 0.75], axis=0)
        there = [(n + 1, value) for n, value in enumerate(high)]
        back = [(n + 1, value) for n, value in reversed(list(enumerate(low)))]
        parts.append(f'<path d="{_path(there + back, budget)}Z" fill="{colour}" opacity="0.10"/>')
        line = _path(list(enumerate(middle, start=1)), budget)
        parts.append(f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        ends.append((_y(float(middle[-1])), name, colour))
    return "".join([*parts, *_labels(ends), "</svg>\n"])


def _x(number: float, budget: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * number / budget


def _y(regret: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * float(np.log(min(1.0, max(LOWEST, regret))) / np.log(LOWEST))


def _path(points: list[tuple[int, float]], budget: int) -> str:
    return "M" + "L".join(f"{_x(number, budget):.1f} {_y(float(value)):.1f}" for number, value in points)


def _frame(title: str, budget: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{title}: regret over {budget} experiments">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{LEFT}" y="20" font-size="14" fill="#1f2933">{title}</text>'
        f'<g text-anchor="middle" fill="#1f2933">'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">experiments</text>'
        f'<text transform="translate(14 {HEIGHT / 2}) rotate(-90)">regret, %</text></g>'
    )


def _grid(budget: int) -> list[str]:
    marks = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
    rows = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(mark):.1f}" y2="{_y(mark):.1f}" stroke="#e4e7eb"/>'
        f'<text x="{LEFT - 6}" y="{_y(mark) + 4:.1f}" text-anchor="end" fill="#52606d">{100 * mark:g}</text>'
        for mark in marks
    ]
    columns = [
        f'<text x="{_x(number, budget):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{number}</text>'
        for number in range(0, budget + 1, max(1, budget // 8))
    ]
    return rows + columns


def _labels(ends: list[tuple[float, str, str]]) -> list[str]:
    """Names beside the ends of the lines, moved apart where they would overlap."""
    labels: list[str] = []
    lowest = 0.0
    for at, name, colour in sorted(ends):
        lowest = max(at + 4.0, lowest + 14.0)
        labels.append(f'<text x="{WIDTH - RIGHT + 8}" y="{lowest:.1f}" fill="{colour}">{name}</text>')
    return labels
