"""Tables and plots of what `run.py` has found so far.

    uv run benchmarks/planners/table.py FOLDER

Writes FOLDER/summary.csv, FOLDER/summary.md and a plot for each problem, from FOLDER/runs.jsonl.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from found import OURS, Result, read
from goals import goals
from peers import ENVIRONMENTS, WRONG
from run import MACHINE_FILE

from galvanaut.campaigns.benchmark.acceleration import Interval
from galvanaut.campaigns.benchmark.courses import COLOURS, courses_svg
from galvanaut.campaigns.benchmark.statistics import Quartiles, Reach

COLUMNS = (
    *("planner", "runs", "regret at 20, %", "at 40, %", "recommended at 40, %", "to 95 %", "to 99 %"),
    *("acceleration at random's level", "at 95 %", "enhancement at 20", "at 40", "failures", "CPU s per ask", "MB"),
)

_GOALS = (
    "Figures for the goals that the README names, over the seeds that both planners ran. A run that never gets there "
    "counts as infinitely long in medians and as one experiment more than the budget in means; where a median is "
    "infinite, the ratio says which of the two is not. Intervals: 95 %, bootstrap over seeds."
)
_FEW = 5
"""With fewer pairs no difference is called clear."""


def cells(result: Result) -> Iterator[list[str]]:
    """The table of one problem."""
    factors = result.against_random()
    for row in result.rows:
        budget = max(row.tested)
        factor = factors.get(row.planner)
        gained = factor.enhancement if factor else {}
        yield [
            row.planner,
            str(row.runs),
            _percent(row.tested.get(20)),
            _percent(row.tested[budget]),
            _percent(row.recommended.get(budget)),
            _reach(row.to_95),
            _reach(row.to_99),
            _interval(factor.at_random if factor else None),
            _interval(factor.at_95 if factor else None),
            _interval(gained.get(20)),
            _interval(gained.get(budget)),
            f"{row.failures:.1f}",
            f"{row.cpu_s_per_ask:.3f}",
            f"{result.memory_MB[row.planner]:.0f}",
        ]


def _percent(value: Quartiles | None) -> str:
    if value is None:
        return ""
    median, low, high = (f"{round(100 * each, 2) + 0.0:.2f}" for each in (value.median, value.low, value.high))
    return f"{median} [{low}–{high}]"


def _reach(reach: Reach) -> str:
    return f"{'–' if reach.median is None else format(reach.median, 'g')} ({reach.share:.0%})"


def _interval(value: Interval | None) -> str:
    """A factor; nought means that the median run does not get there, infinity that no random recipe does."""
    if value is None:
        return ""
    if value.value == 0.0 or not math.isfinite(value.value):
        return "–"
    return f"{_figure(value.value)} [{_figure(value.low)}–{_figure(value.high)}]"


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def markdown(results: Sequence[Result], tables: Sequence[list[list[str]]], machine: dict[str, Any]) -> Iterator[str]:
    """Lines of the summary; one table a result."""
    yield "# Planners compared"
    yield "Made by `table.py` from `runs.jsonl`; what the columns mean stands in the README of `benchmarks/planners`."
    for result, rows in zip(results, tables, strict=True):
        yield from ("", f"## {result.title}", f"![courses of regret]({_plot(result)})", "")
        yield from (_line(COLUMNS), _line("---" for _ in COLUMNS))
        yield from map(_line, rows)
    yield from ("", "## Where ours loses", *losses(results))
    yield from ("", "## Goals", _GOALS)
    yield from goals(results)
    yield from ("", "## Machine")
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
    yield ""
    for environment, versions in machine["versions"].items():
        yield f"- {environment}: " + ", ".join(f"{name} {version}" for name, version in versions.items())


def losses(results: Sequence[Result]) -> Iterator[str]:
    """Lines for all cases in which another planner leaves less regret than ours."""
    if not any(set(OURS) & set(result.traces) for result in results):
        yield "Ours has not run yet."
        return
    yield from ("By the median regret after all experiments, over all runs of each:", "")
    medians = [
        f"- {result.title}: {name} leaves {100 * mine:.2f} %, {other} {100 * theirs:.2f} % "
        f"({len(result.traces[name])} and {len(result.traces[other])} runs)"
        for result in results
        for name, mine, other, theirs in result.lost_medians()
    ]
    yield from medians or ["Nowhere."]
    yield from ("", "By the mean regret after all experiments, seed by seed, with a 95 % interval:", "")
    lost = [(result, pair) for result in results for pair in result.lost()]
    for result, pair in sorted(lost, key=lambda each: not each[1].is_clear):
        clearly = "clearly" if pair.is_clear and pair.runs >= _FEW else "not clearly"
        yield (
            f"- {result.title}: {pair.planner} leaves {-100 * pair.difference:.2f} points more than {pair.baseline} "
            f"({-100 * pair.high:.2f} to {-100 * pair.low:.2f}, {pair.runs} pairs), {clearly}"
        )
    if not lost:
        yield "Nowhere."


def _line(texts: Iterator[str] | Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def _plot(result: Result) -> str:
    return result.problem + (f"-{result.parallel}" if result.parallel > 1 else "") + ".svg"


def main() -> None:
    """Write everything."""
    folder = Path(sys.argv[1])
    results = read(folder)
    tables = [list(cells(result)) for result in results]
    machine = json.loads((folder / MACHINE_FILE).read_text(encoding="utf-8"))
    (folder / "summary.md").write_text("\n".join(markdown(results, tables, machine)) + "\n", encoding="utf-8")
    with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["problem", "parallel", *COLUMNS])
        for result, rows in zip(results, tables, strict=True):
            writer.writerows([result.problem, result.parallel, *row] for row in rows)
    colours = dict(zip((name for name in ENVIRONMENTS if name not in WRONG), COLOURS, strict=True))
    for result in results:
        courses = {name: np.array([trace.regret for trace in runs]) for name, runs in result.traces.items()}
        (folder / _plot(result)).write_text(courses_svg(result.title, courses, colours), encoding="utf-8")


if __name__ == "__main__":
    main()
