"""Tables and plots of what `run.py` has found so far.

    uv run benchmarks/planners/table.py FOLDER

Writes FOLDER/summary.csv, FOLDER/summary.md and a plot for each problem, from FOLDER/runs.jsonl.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers import ENVIRONMENTS
from problems import HELD_OUT, NAMES, problem
from run import MACHINE_FILE, RUNS_FILE

from galvanaut.campaigns.benchmark.acceleration import Acceleration, Interval, Space, acceleration
from galvanaut.campaigns.benchmark.courses import courses_svg
from galvanaut.campaigns.benchmark.statistics import PairedRow, PlannerRow, Quartiles, Reach, paired_rows, planner_rows
from galvanaut.campaigns.benchmark.traces import Trace

INITIAL = 8
OURS = ("ours", "ours-physics")
SHARED = {"ours-physics": 3}
"""How many recipes of the initial design a planner takes, if not all: with a prior ours asks its model after three."""


@dataclass(frozen=True)
class Result:
    """All planners on one problem.

    Attributes:
        problem: its name.
        parallel: trials under way at a time.
        traces: runs by planner.
        memory_MB: most of any run, by planner.
    """

    problem: str
    parallel: int
    traces: dict[str, list[Trace]]
    memory_MB: dict[str, float]

    @property
    def title(self) -> str:
        """For tables and plots."""
        more = f", {self.parallel} trials under way at a time" if self.parallel > 1 else ""
        return self.problem + (" (held out)" if self.problem in HELD_OUT else "") + more

    @property
    def rows(self) -> list[PlannerRow]:
        """One a planner."""
        return planner_rows([trace for runs in self.traces.values() for trace in runs], INITIAL)

    def against_random(self) -> dict[str, Acceleration]:
        """By planner; empty without runs of random recipes."""
        random = self.traces.get("random")
        if not random:
            return {}
        known = problem(self.problem)
        space = None if known.aims else Space.of(known)
        others = ((name, runs) for name, runs in self.traces.items() if name != "random")
        return {name: acceleration(runs, random, space) for name, runs in others}

    def lost(self) -> Iterator[PairedRow]:
        """Ours against others, where the others leave less regret, clearly or not."""
        for name in OURS:
            if name in self.traces:
                others = [trace for other, runs in self.traces.items() if other not in OURS for trace in runs]
                yield from (pair for pair in paired_rows([*self.traces[name], *others]) if pair.difference < 0.0)


def read(folder: Path) -> list[Result]:
    """What is there, in the order of problems and planners.

    Raises:
        SystemExit: two planners did not have the same initial design.
    """
    lines = [json.loads(line) for line in (folder / RUNS_FILE).read_text(encoding="utf-8").splitlines()]
    found: list[Result] = []
    for name in NAMES:
        for parallel in sorted({each["parallel"] for each in lines if each["problem"] == name}):
            these = [each for each in lines if each["problem"] == name and each["parallel"] == parallel]
            traces = {planner: _traces(these, planner) for planner in ENVIRONMENTS}
            memory = {planner: _most(these, planner) for planner in ENVIRONMENTS}
            result = Result(name, parallel, {planner: runs for planner, runs in traces.items() if runs}, memory)
            if parallel == 1:
                _check_designs(result)
            found.append(result)
    return found


def _traces(lines: Sequence[dict[str, Any]], planner: str) -> list[Trace]:
    traces = [Trace.from_json(each) for each in lines if each["planner"] == planner]
    return sorted(traces, key=lambda trace: trace.seed)


def _most(lines: Sequence[dict[str, Any]], planner: str) -> float:
    return max((float(each["memory_MB"]) for each in lines if each["planner"] == planner), default=0.0)


def _check_designs(result: Result) -> None:
    """All planners begin with the same recipes, so their regret begins the same way."""
    first: dict[int, tuple[str, Any]] = {}
    for planner, traces in result.traces.items():
        for trace in traces:
            other, begin = first.setdefault(trace.seed, (planner, trace.regret))
            shared = min(SHARED.get(planner, INITIAL), SHARED.get(other, INITIAL))
            if not np.allclose(begin[:shared], trace.regret[:shared], atol=2e-5):
                sys.exit(f"{result.problem}, seed {trace.seed}: {planner} and {other} began with different recipes")


COLUMNS = (
    *("planner", "runs", "regret at 20, %", "at 40, %", "recommended at 40, %", "to 95 %", "to 99 %"),
    *("acceleration at random's level", "at 95 %", "enhancement at 20", "at 40", "failures", "CPU s per ask", "MB"),
)


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
    return "" if value is None else f"{100 * value.median:.2f} [{100 * value.low:.2f}–{100 * value.high:.2f}]"


def _reach(reach: Reach) -> str:
    return f"{'–' if reach.median is None else format(reach.median, 'g')} ({reach.share:.0%})"


def _interval(value: Interval | None) -> str:
    return "" if value is None else f"{value.value:.3g} [{value.low:.3g}–{value.high:.3g}]"


def markdown(results: Sequence[Result], tables: Sequence[list[list[str]]], machine: dict[str, Any]) -> Iterator[str]:
    """Lines of the summary; one table a result."""
    yield "# Planners compared"
    yield "Made by `table.py` from `runs.jsonl`; what the columns mean stands in the README of `benchmarks/planners`."
    for result, rows in zip(results, tables, strict=True):
        yield from ("", f"## {result.title}", f"![courses of regret]({_plot(result)})", "")
        yield from (_line(COLUMNS), _line("---" for _ in COLUMNS))
        yield from map(_line, rows)
    yield from ("", "## Where ours loses", "Mean regret after all experiments, seed by seed, with a 95 % interval.", "")
    lost = [(result, pair) for result in results for pair in result.lost()]
    for result, pair in sorted(lost, key=lambda each: not each[1].is_clear):
        yield (
            f"- {result.title}: {pair.planner} leaves {-100 * pair.difference:.2f} points more than {pair.baseline} "
            f"({-100 * pair.high:.2f} to {-100 * pair.low:.2f}, {pair.runs} pairs), "
            f"{'clearly' if pair.is_clear else 'not clearly'}"
        )
    if not lost:
        yield "Nowhere." if any(set(OURS) & set(result.traces) for result in results) else "Ours has not run yet."
    yield from ("", "## Machine")
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
    yield ""
    for environment, versions in machine["versions"].items():
        yield f"- {environment}: " + ", ".join(f"{name} {version}" for name, version in versions.items())


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
    for result in results:
        courses = {name: np.array([trace.regret for trace in runs]) for name, runs in result.traces.items()}
        (folder / _plot(result)).write_text(courses_svg(result.title, courses), encoding="utf-8")


if __name__ == "__main__":
    main()
