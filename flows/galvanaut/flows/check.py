"""`galvanaut check`: what a campaign would do, before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.identifiers import generator
from galvanaut.flows.plan import Plan, load_plan
from galvanaut.flows.support import trust

SAMPLE = 400


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        plan: campaign and bench.
        makeable: share of the search space that the stocks span.
        trusted: share of the search space in each region of the simulated chemistry; empty on a real bench.
    """

    plan: Plan
    makeable: float
    trusted: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        campaign, bench = self.plan.campaign, self.plan.bench
        return {
            "campaign": campaign.name,
            "bench": bench.name,
            "simulated": bench.is_synthetic,
            "trials": campaign.budget.trials,
            "seed": self.plan.seed,
            "makeable": self.makeable,
            "support": self.trusted,
        }

    def text(self) -> str:
        """For people."""
        campaign, bench, path = self.plan.campaign, self.plan.bench, self.plan.path
        step = campaign.procedure.conductivity
        space = self.plan.space
        variables = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in space.bounds.items())
        lines = [
            f"{campaign.name}: {campaign.title}",
            *_goal(campaign),
            f"  search      {variables}",
            *(f"              {constraint.text}" for constraint in campaign.constraints),
            *(f"              {name} may be absent" for name in campaign.components.optional),
            *(f"              {choice.name}: {' or '.join(choice.options)}" for choice in space.choices),
            f"  budget      {campaign.budget.trials} trials, planner {campaign.planner.name}, seed {self.plan.seed}",
            f"  each trial  {campaign.procedure.batch_mass_g:g} g batch, {step.transfer_mL:g} mL into {path.cell}, "
            f"{step.settle_s / 60:g} min within {step.tolerance_K:g} K, {step.readings} readings",
            *_cells(self.plan),
            f"  bench       {bench.name} ({'simulated' if bench.is_synthetic else f'REAL, visa {bench.visa}'}): "
            f"{len(bench.instruments)} instruments, {len(path.pumps)} stocks",
            f"  makeable    {self.makeable:.0%} of the search space by the stocks at hand; the planner keeps to it",
        ]
        if self.trusted:
            shares = ", ".join(f"{share:.0%} in region {name}" for name, share in self.trusted.items())
            lines.append(f"  chemistry   simulated: {shares.replace('region between', 'between the measured regions')}")
        return "\n".join([*lines, "ok"])


def _goal(campaign: Campaign) -> list[str]:
    """What decides, and what is weighed in it."""
    objective, degC = campaign.objective, campaign.procedure.conductivity.temperature_degC
    where = f" at {degC:g} degC" if objective.name == "conductivity" else ""
    unit = f" ({objective.unit})" if objective.unit else ""
    parts = [
        f"              {each.goal} {each.name}: {each.worst:g} to {each.best:g} {same.unit}, weight {each.weight:g}"
        for each, same in zip(campaign.objectives, campaign.quantities, strict=False)
    ]
    limits = [
        f"  limit       {limit.text(campaign.unit_of(limit.name))} with {limit.probability:.0%}"
        for limit in campaign.limits
    ]
    return [f"  goal        {objective.goal} {objective.name}{unit}{where}", *parts, *limits, *_known(campaign)]


def _known(campaign: Campaign) -> list[str]:
    """What the planner begins with."""
    choice = campaign.planner
    rows = [f"{each.recipe().text()} is tried" for each in choice.first]
    if choice.reference is not None:
        rows.append(f"{choice.reference.recipe.recipe().text()} is made every {choice.reference.every} trials")
    rows += [f"campaign {name} is believed, as far as the trials bear it out" for name in choice.earlier]
    if choice.physics:
        rows.append("the fitted law of the conductivity is believed, as far as the trials bear it out")
    return [f"  {'known' if place == 0 else '':<11} {row}" for place, row in enumerate(rows)]


def _cells(plan: Plan) -> list[str]:
    """What is done with cells."""
    step, cells = plan.campaign.procedure.cells, plan.cells
    if step is None or cells is None:
        return []
    path, at_once = cells.path, plan.campaign.budget.parallel
    waits = "" if at_once * step.replicates <= len(path.holders) else "; more are asked for at once, and will wait"
    who = path.assembler or "a person, by work orders"
    return [
        f"  cells       {step.replicates} per recipe with {1000 * step.electrolyte_mL:g} uL each, built by {who}; "
        f"{len(path.holders)} holders{waits}",
        f"  tests       {Path(step.formation).stem}, then {Path(step.cycling).stem}",
        *_early_stop(plan),
    ]


def _early_stop(plan: Plan) -> list[str]:
    """When cells are taken off before their end."""
    stop = plan.campaign.early_stop
    if stop is None:
        return []
    return [
        f"  early stop  a recipe that beats the best one with less than {stop.probability:.0%}; asked every "
        f"{stop.every} cycles from cycle {stop.minimum_cycles} on, once {stop.finished} cells have ended"
    ]


def check_campaign(campaign_file: Path, bench_file: Path | None) -> Check:
    """Check a campaign with its bench.

    Raises:
        InputError: something has to be put right; says what.
    """
    plan = load_plan(campaign_file, bench_file)
    trusted = trust(plan)
    return Check(plan, makeable_share(plan), trusted)


def makeable_share(plan: Plan) -> float:
    """Share of the search space's volume that the stocks span.

    Raises:
        InputError: nothing in it can be made.
    """
    points = plan.space.volume(SAMPLE, generator(0, "makeable"))
    maker = BatchMaker(plan.space, plan.batches(), plan.campaign.procedure.batch_mass_g)
    share = float(maker.reachable(points).mean())
    if share == 0.0 and all(maker.realise(point) is None for point in points[:20]):
        raise InputError(
            plan.campaign_file,
            Problem(
                "components", f"no recipe of this search space can be made from the stocks of bench {plan.bench.name}"
            ),
        )
    return share
