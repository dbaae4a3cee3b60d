"""`galvanaut benchmark --policy`: early stopping against full cycling on a campaign's own problem."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from galvanaut.campaigns.benchmark.acceleration import Interval
from galvanaut.campaigns.benchmark.savings import Judged, PolicyRow, Truth, policy_row
from galvanaut.campaigns.benchmark.stopcourse import together
from galvanaut.campaigns.benchmark.stopping import Setup, Told
from galvanaut.campaigns.life import EarlyStop
from galvanaut.campaigns.planners.registry import need_of, planner_names
from galvanaut.campaigns.planners.threads import single_thread
from galvanaut.core.errors import InputError
from galvanaut.flows.benchmark_remarks import policy_remarks
from galvanaut.flows.finite import finite
from galvanaut.flows.life_problem import LifeProblem
from galvanaut.flows.plan import Plan, load_plan
from galvanaut.flows.sweep import Place, sweep

NONE, EARLY_STOP = "none", "early_stop"
POLICIES = (NONE, EARLY_STOP)


@dataclass(frozen=True)
class PolicyExtent:
    """How much is compared.

    Attributes:
        policies, planners: their names.
        seeds: one campaign of each planner and policy for each.
        budget: trials a campaign; None for the campaign's.
        parallel: trials under way at a time; None for the campaign's.
        life_only: whether cycle life alone decides.
        is_full: whether cells are worked out by the full physics.
        told: what planners hear of stopped recipes.
        draws: random recipes that tell how rare good ones are; None for the usual number.
        rules: of early stopping, where the campaign file has none.
    """

    policies: Sequence[str]
    planners: Sequence[str]
    seeds: range
    budget: int | None = None
    parallel: int | None = None
    life_only: bool = False
    is_full: bool = False
    told: Told = "forecast"
    draws: int | None = None
    rules: EarlyStop = field(default_factory=EarlyStop)


@dataclass(frozen=True)
class _Job:
    """Some campaigns of one process."""

    problem: LifeProblem
    setups: tuple[tuple[str, str, int], ...]  # planner, policy, seed
    extent: PolicyExtent
    channels: int


def policy_command(
    campaign_file: Path,
    extent: PolicyExtent,
    as_json: bool,
    place: Place = "processes",
    address: str | None = None,
) -> None:
    """Run the comparison, and print it.

    Raises:
        InputError: an unknown planner or policy, or a campaign without cells.
        GalvanautError: see `sweep`.
    """
    _check("--policy", extent.policies, POLICIES)
    _check("--planners", extent.planners, planner_names())
    for name in extent.planners:
        need_of(name)
    plan = load_plan(campaign_file)
    extent = replace(extent, rules=plan.campaign.early_stop or extent.rules)
    problem = LifeProblem.of(plan, extent.life_only, extent.is_full)
    with Console(stderr=True).status(f"{len(extent.seeds)} seeds ..."):
        runs = simulated(problem, plan, extent, place, address)
        truth = problem.truth() if extent.draws is None else problem.truth(extent.draws)
    remarks = policy_remarks(plan.campaign, has_limits=bool(problem.task(0).limits))
    rows = [policy_row(*names, judged, truth) for names, judged in runs.items()]
    if as_json:
        print(json.dumps(to_json(plan, extent, truth, rows, runs) | {"remarks": remarks}, indent=2))
    else:
        show(plan, extent, truth, rows, Console())
        for remark in remarks:
            Console().print(remark, highlight=False, soft_wrap=True)


def simulated(
    problem: LifeProblem, plan: Plan, extent: PolicyExtent, place: Place = "processes", address: str | None = None
) -> dict[tuple[str, str], list[Judged]]:
    """All campaigns, by planner and policy, in the order of the seeds."""
    channels = len(plan.cells.path.holders) if plan.cells is not None else 0
    names = [(planner, policy) for planner in extent.planners for policy in extent.policies]
    whole = [(*pair, seed) for pair in names for seed in extent.seeds]
    # The full physics pays off for many cells at once only.
    parts = [tuple(whole)] if extent.is_full else [(each,) for each in whole]
    jobs = [_Job(problem, part, extent, channels) for part in parts]
    work = map(_campaigns, jobs) if len(jobs) == 1 else iter(sweep(_campaigns, jobs, place, address))
    found = [judged for part in work for judged in part]
    return {pair: found[row * len(extent.seeds) : (row + 1) * len(extent.seeds)] for row, pair in enumerate(names)}


def _campaigns(job: _Job) -> list[Judged]:
    with single_thread():
        traces = together([_setup(job, *names) for names in job.setups], job.problem.make)
    judged = []
    for trace in traces:
        true = job.problem.true(np.array([each.point for each in trace.trials]))
        judged.append(Judged(trace, np.where([each.is_ok for each in trace.trials], true, np.nan)))
    return judged


def _setup(job: _Job, planner: str, policy: str, seed: int) -> Setup:
    problem, extent = job.problem, job.extent
    budget, step = problem.campaign.budget, problem.campaign.procedure.cells
    assert step is not None
    trials = extent.budget or budget.trials
    task = problem.task(seed)
    return Setup(
        replace(task, initial=min(task.initial, trials)),
        planner,
        problem.objectives,
        problem.liquid,
        job.channels,
        step.replicates,
        trials,
        extent.parallel or budget.parallel,
        extent.rules if policy == EARLY_STOP else None,
        extent.told,
    )


def to_json(
    plan: Plan,
    extent: PolicyExtent,
    truth: Truth,
    rows: Sequence[PolicyRow],
    runs: dict[tuple[str, str], list[Judged]],
) -> dict[str, Any]:
    """Everything, with each campaign's trials."""
    return {
        "problem": plan.campaign.name,
        "seeds": list(extent.seeds),
        "objective": "life" if extent.life_only else plan.campaign.objective.name,
        "cells": "full physics" if extent.is_full else "fade law",
        "told": extent.told,
        "rules": extent.rules.model_dump(mode="json"),
        "truth": asdict(truth),
        "rows": [finite(asdict(row)) for row in rows],
        "campaigns": [
            {"planner": names[0], "policy": names[1], "seed": each.trace.seed, "trials": finite(_trials(each))}
            for names, judged in runs.items()
            for each in judged
        ],
    }


def _trials(judged: Judged) -> list[dict[str, Any]]:
    rows = zip(judged.trace.trials, judged.true.tolist(), strict=True)
    return [{**asdict(each), "point": list(each.point), "true": true} for each, true in rows]


def show(plan: Plan, extent: PolicyExtent, truth: Truth, rows: Sequence[PolicyRow], console: Console) -> None:
    """A table for people."""
    what = "cycle life" if extent.life_only else plan.campaign.objective.name
    console.print(
        f"[bold]{escape(plan.campaign.name)}[/] (simulated cells, illustrative), by {what}: best of the space "
        f"{truth.best:.4g}; {truth.hits} of {truth.draws} random recipes within 5 % of it, a trial to its end takes "
        f"{truth.full_h:.0f} channel-hours; seeds {extent.seeds.start} to {extent.seeds.stop - 1}",
        highlight=False,
        soft_wrap=True,
    )
    saved = _table("channel time, [95 % interval]", "channel-h", "saved, %", "stopped, %", "best stopped, %", "lost, %")
    headline = _table("to a recipe within 5 % of the best", "reached", "channel-h to it", "times less than random")
    for row in rows:
        names = row.planner, row.policy
        counts = f"{row.channel_h:.0f}", _percent(row.saved), f"{100 * row.stopped:.0f}", _percent(row.best_stopped)
        saved.add_row(*names, *counts, f"{100 * row.lost:.1f}")
        hours = f"{row.to_best_h:.0f}" if math.isfinite(row.to_best_h) else "-"
        faster = f"{row.faster.value:.3g} [{row.faster.low:.3g}–{row.faster.high:.3g}]" if row.faster.value else "-"
        headline.add_row(*names, f"{100 * row.reached:.0f} %", hours, faster)
    console.print(saved)
    console.print(headline)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="", collapse_padding=True, pad_edge=False)
    for heading in ("planner", "policy"):
        table.add_column(heading)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _percent(value: Interval) -> str:
    return f"{100 * value.value:.1f} [{100 * value.low:.1f}–{100 * value.high:.1f}]"


def _check(option: str, names: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InputError(option, f"{', '.join(unknown) or 'nothing'} is not known; {', '.join(known)} are")
