"""Small plots as SVG text: Prefect stores artifacts in its database, so they must be light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.campaigns.certainty import Known
    from galvanaut.campaigns.report.summary import Summary

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 40
_MEASURED = 'r="3.5" fill="#9aa5b1"'
_NOT_MEASURED = 'r="3" fill="none" stroke="#9aa5b1" stroke-width="1.5"'


def convergence_of(summary: Summary) -> str:
    """The convergence of a campaign: every trial that has ended, and the best measured so far."""
    values = [summary.value(trial) for trial in summary.ended]
    known = [summary.known(trial) for trial in summary.ended]
    return convergence_svg(values, summary.best_so_far(), summary.label, known)


def convergence_svg(
    values: Sequence[float | None], best: Sequence[float | None], label: str, known: Sequence[Known] = ()
) -> str:
    """Dots for values, hollow where not measured, a line for the best so far, crosses on the axis for failures.

    Args:
        values: value of each experiment in turn; None where it failed.
        best: best value after each experiment; None before the first success.
        label: of the vertical axis.
        known: how each value is known; all are measured by default.
    """
    there = [value for value in values if value is not None] or [0.0, 1.0]
    low, high = min(there), max(there)
    margin = 0.08 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def x(number: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * number / (len(values) + 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [_frame(label, "experiments", f"best so far over {len(values)} experiments")]
    parts += [_tick_y(y(value), value) for value in _ticks(low, high)]
    parts += [_tick_x(x(number), number) for number in _numbers(len(values))]
    for number, value in enumerate(values, start=1):
        if value is None:
            parts.append(
                f'<text x="{x(number):.1f}" y="{HEIGHT - BOTTOM - 4}" fill="#c2410c" text-anchor="middle">×</text>'
            )
        else:
            looks = _MEASURED if not known or known[number - 1] == "measured" else _NOT_MEASURED
            parts.append(f'<circle cx="{x(number):.1f}" cy="{y(value):.1f}" {looks}/>')
    steps = [(number, value) for number, value in enumerate(best, start=1) if value is not None]
    if steps:
        path = f"M{x(steps[0][0]):.1f} {y(steps[0][1]):.1f}"
        path += "".join(f"H{x(number):.1f}V{y(value):.1f}" for number, value in steps[1:])
        parts.append(f'<path d="{path}" fill="none" stroke="#0b6e8a" stroke-width="2.5"/>')
    shown = {kind for kind, value in zip(known, values, strict=False) if value is not None}
    if kinds := sorted(shown - {"measured"}):
        told = f"hollow: {', '.join(kinds)}"
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end" fill="#52606d">{told}</text>')
    return "".join([*parts, "</svg>"])


def courses_svg(courses: Sequence[Sequence[tuple[int, float]]], below: str, label: str) -> str:
    """A line for each course.

    Args:
        courses: places, whole numbers from 0 up, and values of each.
        below: label of the horizontal axis.
        label: of the vertical axis.
    """
    points = [point for course in courses for point in course] or [(1, 0.0)]
    last, values = max(at for at, _ in points), [value for _, value in points]
    margin = 0.08 * (max(values) - min(values)) or 1.0
    low, high = min(values) - margin, max(values) + margin

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / (last + 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [_frame(label, below, f"{len(courses)} courses of {label}")]
    parts += [_tick_y(y(value), value) for value in _ticks(low, high)]
    parts += [_tick_x(x(number), number) for number in _numbers(last)]
    for course in courses:
        if course:
            path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in course)
            parts.append(f'<polyline points="{path}" fill="none" stroke="#0b6e8a" stroke-opacity="0.6"/>')
    return "".join([*parts, "</svg>"])


def _frame(label: str, below: str, about: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{about}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" text-anchor="middle" fill="#1f2933">{below}</text>'
        f'<text transform="translate(14 {HEIGHT / 2}) rotate(-90)" text-anchor="middle" fill="#1f2933">{label}</text>'
    )


def _tick_y(at: float, value: float) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e4e7eb"/>'
        f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" fill="#52606d">{value:g}</text>'
    )


def _tick_x(at: float, number: int) -> str:
    return f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#52606d">{number}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Four to nine round values inside the range."""
    step = 10.0 ** len(str(int(high - low))) / 10
    while (high - low) / step < 4:
        step /= 2
    first = int(low / step) + 1
    return [round(step * k, 10) for k in range(first, first + 12) if step * k < high]


def _numbers(count: int) -> list[int]:
    step = max(1, round(count / 8))
    return list(range(step, count + 1, step))
