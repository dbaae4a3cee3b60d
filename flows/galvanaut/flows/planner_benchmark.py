"""`galvanaut benchmark`: planners against each other on a campaign's own problem."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from galvanaut.campaigns.benchmark import Benchmark, benchmark
from galvanaut.campaigns.benchmark.acceleration import Acceleration, Interval, Space, acceleration
from galvanaut.campaigns.benchmark.courses import courses_svg
from galvanaut.campaigns.planners.registry import need_of, planner_names
from galvanaut.campaigns.tasks import planner_by_name
from galvanaut.core.errors import InputError
from galvanaut.flows.benchmark_remarks import planner_remarks
from galvanaut.flows.campaign_problem import CampaignProblem
from galvanaut.flows.conductivity_problem import SALT, SOLVENTS, ConductivityProblem
from galvanaut.flows.finite import finite
from galvanaut.flows.folder import writing
from galvanaut.flows.plan import load_plan
from galvanaut.flows.support import trust
from galvanaut.flows.sweep import Place, sweep

if TYPE_CHECKING:
    from galvanaut.campaigns.benchmark.problem import Problem
    from galvanaut.campaigns.benchmark.statistics import PairedRow, PlannerRow, Quartiles, Reach
    from galvanaut.campaigns.benchmark.traces import Trace
    from galvanaut.flows.plan import Plan

_DRAWS = 50_000
"""Recipes that say what random ones are worth."""


@dataclass(frozen=True)
class Extent:
    """How much is compared.

    Attributes:
        planners: their names; the first is compared with each of the others.
        seeds: one run of each planner for each.
        budget: experiments a run; None for the campaign's.
        parallel: trials under way at a time; None for the campaign's.
    """

    planners: Sequence[str]
    seeds: range
    budget: int | None = None
    parallel: int | None = None


def benchmark_command(
    campaign_file: Path,
    extent: Extent,
    as_json: bool,
    plot: Path | None = None,
    place: Place = "processes",
    address: str | None = None,
) -> None:
    """Run the comparison on all cores, or elsewhere, print it, and draw it as an SVG file if one is named.

    Raises:
        InputError: an unknown planner, a campaign that the simulator cannot judge, or see `sweep`.
        GalvanautError: see `sweep`.
    """
    planners, seeds = extent.planners, extent.seeds
    names = [name.strip() for name in planners if name.strip()]
    unknown = [name for name in names if name not in planner_names()]
    if unknown or not names:
        raise InputError(
            "--planners", f"{', '.join(unknown) or 'nothing'} is not known; {', '.join(planner_names())} are"
        )
    for name in names:
        need_of(name)
    plan = load_plan(campaign_file)
    trust(plan)
    problem = problem_of(plan)
    trials = extent.budget or plan.campaign.budget.trials
    initial = min(plan.campaign.planner.initial, trials)
    console = Console(stderr=True)
    with console.status(f"{len(seeds)} seeds x {len(names)} planners x {trials} experiments ..."):
        spread = partial(sweep, place=place, address=address)
        made = partial(planner_by_name, plan.campaign)
        parallel = extent.parallel or plan.campaign.budget.parallel
        found = benchmark(problem, names, list(seeds), trials, initial, parallel, spread, made)
        faster = accelerations(found, problem)
    remarks = planner_remarks(plan.campaign, problem)
    if plot is not None:
        with writing(plot):
            plot.write_text(_drawn(found), encoding="utf-8")
    if as_json:
        print(json.dumps(to_json(found, seeds, faster) | {"remarks": remarks}, indent=2, allow_nan=False))
    else:
        show(found, seeds, trials, Console(), [aim.name for aim in problem.aims])
        if faster:
            title = "against random recipes: times fewer experiments, and how much farther [95 % interval]"
            _print(Console(), title, _faster(faster))
        for remark in remarks:
            Console().print(remark, highlight=False, soft_wrap=True)


def problem_of(plan: Plan) -> Problem:
    """What a campaign poses: of conductivity alone, or with cells, costs, additives and several objectives.

    Raises:
        InputError: the simulator has no truth for it.
    """
    named = [each.name for each in plan.campaign.objectives]
    is_plain = plan.space.branches == 1 and set(plan.space.names) <= {*SOLVENTS, SALT}
    if named == ["conductivity"] and is_plain and plan.campaign.objective.goal == "maximise":
        return ConductivityProblem.of(plan)
    return CampaignProblem.of(plan)


def accelerations(found: Benchmark, problem: Problem) -> list[Acceleration]:
    """Of each planner over random recipes; none where these were not compared."""
    runs: dict[str, list[Trace]] = {}
    for trace in found.traces:
        runs.setdefault(trace.planner, []).append(trace)
    if "random" not in runs:
        return []
    space = None if problem.aims else Space.of(problem, _DRAWS)
    return [acceleration(runs[name], runs["random"], space) for name in runs if name != "random"]


def to_json(found: Benchmark, seeds: range, faster: Sequence[Acceleration]) -> dict[str, Any]:
    """Everything, with each run's course of regret; what the runs do not give, such as an infinite factor, is null."""
    whole = {
        "problem": found.problem,
        "optimum": found.optimum,
        "seeds": list(seeds),
        "planners": [asdict(row) for row in found.rows],
        "pairs": [asdict(pair) | {"is_clear": pair.is_clear} for pair in found.pairs],
        "runs": [
            {"planner": trace.planner, "seed": trace.seed, "regret": trace.regret.tolist()} for trace in found.traces
        ],
        "accelerations": [asdict(row) for row in faster],
    }
    return dict(finite(whole))


def show(found: Benchmark, seeds: range, budget: int, console: Console, aims: Sequence[str] = ()) -> None:
    """Tables for people; ``aims`` are the names of several objectives."""
    optimum = f"hypervolume of the noiseless front of {', '.join(aims)}, by search," if aims else "noiseless optimum"
    console.print(
        f"[bold]{escape(found.problem)}[/]: {optimum} {found.optimum:.5g} (simulated), "
        f"seeds {seeds.start} to {seeds.stop - 1}, {budget} experiments each",
        highlight=False,
        soft_wrap=True,
    )
    tested = "what the hypervolume of all tested lacks of that" if aims else "simple regret of the best recipe tested"
    _print(console, f"{tested}, %, median [quartiles]", _regrets(found, "tested"))
    if not aims:
        _print(console, "the same of the recipe the planner recommends", _regrets(found, "recommended"))
    _print(console, "experiments to ... of the optimum", _reach(found.rows))
    for pair in found.pairs:
        console.print(_pair(pair, budget), highlight=False, soft_wrap=True)


def _print(console: Console, title: str, table: Table) -> None:
    """Title and table; a title of the table's own would be no wider than that."""
    console.print(escape(title), highlight=False, soft_wrap=True)
    console.print(table)


def _regrets(found: Benchmark, what: str) -> Table:
    table = Table(collapse_padding=True, pad_edge=False)
    table.add_column("planner", no_wrap=True)
    counts = list(getattr(found.rows[0], what))
    for count in counts:
        table.add_column(f"n = {count}", justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(row.planner, *(_percent(getattr(row, what)[count]) for count in counts))
    return table


def _reach(rows: Sequence[PlannerRow]) -> Table:
    table = Table()
    for column in ("planner", "95 %", "99 %", "CPU s per ask", "MB added"):
        table.add_column(column, justify="left" if column == "planner" else "right")
    for row in rows:
        memory = "-" if row.memory_MB is None else f"{row.memory_MB:.0f}"
        reached = _experiments(row.to_95), _experiments(row.to_99)
        table.add_row(row.planner, *reached, f"{row.cpu_s_per_ask:.3f}", memory)
    return table


def _faster(rows: Sequence[Acceleration]) -> Table:
    """Acceleration depends on the level by orders of magnitude: never one number."""
    table = Table(collapse_padding=True, pad_edge=False)
    counts = list(rows[0].enhancement)
    headings = ["to what random reaches", "to 95 %", *(f"farther at {count}" for count in counts[-1:])]
    table.add_column("planner", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        found = (row.at_random, row.at_95, *(row.enhancement[count] for count in counts[-1:]))
        table.add_row(row.planner, *("-" if each is None else _factor(each) for each in found))
    return table


def _factor(interval: Interval) -> str:
    if not math.isfinite(interval.value) or interval.value == 0.0:
        return "-"
    return f"{interval.value:.3g} [{interval.low:.3g}–{interval.high:.3g}]"


def _drawn(found: Benchmark) -> str:
    names = dict.fromkeys(trace.planner for trace in found.traces)
    courses = {name: np.array([trace.regret for trace in found.traces if trace.planner == name]) for name in names}
    return courses_svg(f"{found.problem}: regret of what was tested (simulated)", courses)


def _pair(pair: PairedRow, budget: int) -> str:
    verdict = "clear" if pair.is_clear else "not clear: the interval touches zero"
    word, (low, high) = ("less", (pair.low, pair.high)) if pair.difference >= 0 else ("more", (-pair.high, -pair.low))
    return (
        f"{pair.planner} leaves {100 * abs(pair.difference):.1f} points {word} regret than {pair.baseline} at {budget} "
        f"(mean of {pair.runs} pairs, 95 % interval {100 * low:.1f} to {100 * high:.1f}): {verdict}"
    )


def _percent(value: Quartiles) -> str:
    return f"{100 * value.median:.1f} [{100 * value.low:.1f}–{100 * value.high:.1f}]"


def _experiments(reach: Reach) -> str:
    median = f"{reach.median:g}" if reach.median is not None else "-"
    return f"{median} ({reach.share:.0%} of runs)"
