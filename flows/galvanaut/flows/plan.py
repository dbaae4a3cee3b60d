"""What is to be run: a campaign and its bench, read, matched with each other and checked; nothing is touched yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.campaignfile import Campaign, load_campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.planners.registry import planner_names
from galvanaut.campaigns.report.summary import Summary, summarise
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.stocks import Stock
from galvanaut.flows.flowpath import FlowPath
from galvanaut.instruments.bench import Bench, load_bench


@dataclass(frozen=True)
class Plan:
    """A campaign on a bench.

    Attributes:
        campaign, bench: the files' contents.
        campaign_file, bench_file: where they are.
        seed: of this campaign.
        path: which instrument plays which part.
        space: where the planner searches.
    """

    campaign: Campaign
    bench: Bench
    campaign_file: Path
    bench_file: Path
    seed: int
    path: FlowPath
    space: SearchSpace

    def batches(self, drawn_mL: Callable[[str, str], float] = lambda stock, lot: 0.0) -> BatchPlanner:
        """Plans batches from the bench's stocks.

        Args:
            drawn_mL: what was drawn from a lot of a stock already.
        """
        return BatchPlanner(self._stocks(drawn_mL))

    def is_scarce(self, drawn_mL: Callable[[str, str], float]) -> bool:
        """Whether a bottle holds so little that it limits what can be made."""
        return any(stock.available_mL < 2 * stock.dose_max_mL for stock in self._stocks(drawn_mL))

    def _stocks(self, drawn_mL: Callable[[str, str], float]) -> list[Stock]:
        stocks = self.bench.stocks_for_dosing(self.path.mixer)
        left = [max(0.0, stock.available_mL - drawn_mL(stock.name, stock.lot)) for stock in stocks]
        return [replace(stock, available_mL=mL) for stock, mL in zip(stocks, left, strict=True)]

    def summary(self, ledger: Ledger) -> Summary:
        """What a ledger says about this campaign."""
        objective = self.campaign.objective
        maximise = objective.goal == "maximise"
        title, trials = self.campaign.title, self.campaign.budget.trials
        return summarise(ledger, objective.name, objective.unit, maximise, title, trials)

    def to_json(self) -> dict[str, Any]:
        """Everything that makes this campaign what it is; the ledger keeps it."""
        bench = self.bench.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"campaign": self.campaign.to_json(), "seed": self.seed, "bench": bench}


def load_plan(campaign_file: Path, bench_file: Path | None = None, seed: int | None = None) -> Plan:
    """Read a campaign and its bench and match them.

    Raises:
        InputError: one of the files cannot be used, or the bench lacks what the campaign needs.
    """
    campaign = load_campaign(campaign_file)
    bench_path = bench_file if bench_file is not None else campaign.bench_path(campaign_file)
    if not bench_path.is_file():
        raise InputError(
            campaign_file if bench_file is None else "--bench", Problem("bench", f"there is no file {bench_path}")
        )
    bench = load_bench(bench_path)
    path = FlowPath.of(bench)
    if campaign.planner.name not in planner_names():
        known = ", ".join(planner_names())
        raise InputError(campaign_file, Problem("planner.name", f"{campaign.planner.name!r} is not one of {known}"))
    plan = Plan(
        campaign,
        bench,
        campaign_file,
        bench_path,
        campaign.seed if seed is None else seed,
        path,
        SearchSpace.of(campaign),
    )
    _check_stocks(plan)
    _check_volumes(plan)
    return plan


def _check_stocks(plan: Plan) -> None:
    """Every component that a recipe must or may hold has to stand on the bench."""
    supplied = {key for stock in plan.bench.stocks_for_dosing(plan.path.mixer) for key in stock.composition}
    missing = [name for name, bounds in plan.space.bounds.items() if bounds[1] > 0 and name not in supplied]
    if missing:
        raise InputError(
            plan.campaign_file,
            [
                Problem(
                    f"components.{name}",
                    f"no stock on bench {plan.bench.name} contains it; add one there or leave {name} out",
                )
                for name in missing
            ],
        )


def _check_volumes(plan: Plan) -> None:
    """A batch has to fit into the mixer, with some room."""
    batch_mL = plan.campaign.procedure.batch_mass_g / 0.9  # solvents are denser than 0.9 g/mL but for a few esters
    if batch_mL > plan.path.mixer_capacity_mL:
        raise InputError(
            plan.campaign_file,
            Problem(
                "procedure.batch_mass",
                f"{plan.campaign.procedure.batch_mass_g:g} g may not fit into {plan.path.mixer} "
                f"({plan.path.mixer_capacity_mL:g} mL)",
            ),
        )
