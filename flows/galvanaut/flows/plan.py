"""What is to be run: a campaign and its bench, read, matched with each other and checked; nothing is touched yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.campaigns.batchplan import BatchPlanner
from galvanaut.campaigns.campaignfile import Campaign, load_campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.planners.protocol import Planner
from galvanaut.campaigns.planners.registry import need_of, planner_names
from galvanaut.campaigns.planners.task import Belief, Task
from galvanaut.campaigns.report.summary import Summary, summarise
from galvanaut.campaigns.settingfields import FORMATION_RATE
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import planner_of, task_of
from galvanaut.core import yamlfile
from galvanaut.core.errors import InputError, Problem
from galvanaut.core.stocks import Stock
from galvanaut.flows.beliefs import check_physics
from galvanaut.flows.cellpath import CellPath, plan_problems
from galvanaut.flows.flowpath import FlowPath
from galvanaut.flows.givenrecipes import check_given
from galvanaut.instruments.bench import Bench, load_bench
from galvanaut.instruments.cycling.plan import TestPlan
from galvanaut.instruments.cycling.plan import load_plan as load_test_plan

CALIBRATION_TEMPERATURE_DEGC = 25.0
CALIBRATION_FILLINGS = 3
CALIBRATION_RESERVE_ML = 2.0
"""Standard that stays in the mixer, so that no air is drawn into the cell."""
LIGHTEST_G_ML = 0.9
"""No solvent in use is lighter but for a few esters and nitriles (illustrative)."""


@dataclass(frozen=True)
class CellTests:
    """What is done with the cells of a campaign.

    Attributes:
        path: which holders take them, and who loads these.
        formation, cycling: the two tests of each cell.
    """

    path: CellPath
    formation: TestPlan
    cycling: TestPlan

    @property
    def temperature_degC(self) -> float | None:
        """Of the incubator; None if the plans leave it open."""
        return incubator_degC(self.formation, self.cycling)

    def chosen(self, settings: Mapping[str, float | str]) -> CellTests:
        """The tests of a trial with these settings."""
        rate = settings.get(FORMATION_RATE)
        return self if rate is None else replace(self, formation=self.formation.with_rate(float(rate)))

    def to_json(self) -> dict[str, Any]:
        """The plans as JSON; the bench and the campaign file say the rest."""
        return {"formation": self.formation.as_json(), "cycling": self.cycling.as_json()}


@dataclass(frozen=True)
class Plan:
    """A campaign on a bench.

    Attributes:
        campaign, bench: the files' contents.
        campaign_file, bench_file: where they are.
        seed: of this campaign.
        path: which instrument plays which part.
        space: where the planner searches.
        cells: what is done with cells; None where only liquids are measured.
    """

    campaign: Campaign
    bench: Bench
    campaign_file: Path
    bench_file: Path
    seed: int
    path: FlowPath
    space: SearchSpace
    cells: CellTests | None = None

    def batches(self, drawn_mL: Callable[[str, str], float] = lambda stock, lot: 0.0) -> BatchPlanner:
        """Plans batches from the bench's stocks.

        Args:
            drawn_mL: what was drawn from a lot of a stock already.
        """
        return BatchPlanner(self._stocks(drawn_mL))

    def is_scarce(self, drawn_mL: Callable[[str, str], float]) -> bool:
        """Whether a bottle holds so little that it limits what can be made."""
        return any(stock.available_mL < 2 * stock.dose_max_mL for stock in self._stocks(drawn_mL))

    def left_mL(self, drawn_mL: Callable[[str, str], float]) -> dict[str, float]:
        """What each bottle still holds, by stock."""
        return {stock.name: stock.available_mL for stock in self._stocks(drawn_mL)}

    def task(self, drawn_mL: Callable[[str, str], float] | None = None, beliefs: Sequence[Belief] = ()) -> Task:
        """What the planner is set to.

        Args:
            drawn_mL: what was drawn from a lot of a stock already; None where it does not matter what can be made.
            beliefs: predictions made beforehand.
        """
        mass_g = self.campaign.procedure.batch_mass_g
        maker = None if drawn_mL is None else BatchMaker(self.space, self.batches(drawn_mL), mass_g)
        return task_of(self.campaign, self.space, self.seed, maker, beliefs)

    def planner(self, drawn_mL: Callable[[str, str], float], beliefs: Sequence[Belief] = ()) -> Planner:
        """The planner, as `task` sets it."""
        return planner_of(self.campaign, self.task(drawn_mL, beliefs))

    def _stocks(self, drawn_mL: Callable[[str, str], float]) -> list[Stock]:
        stocks = self.bench.stocks_for_dosing(self.path.mixer)
        left = [max(0.0, stock.available_mL - drawn_mL(stock.name, stock.lot)) for stock in stocks]
        return [replace(stock, available_mL=mL) for stock, mL in zip(stocks, left, strict=True)]

    def ample_mL(self, volume_mL: float) -> float:
        """What to pump to empty the mixer of ``volume_mL``: rather some air at the end, within what the pump gives."""
        settings: Any = self.bench.instruments[self.path.transfer_pump].parsed_settings()
        return round(min(1.2 * volume_mL + 2.0, float(settings.maximum_dose_mL)), 2)

    def summary(self, ledger: Ledger) -> Summary:
        """What a ledger says about this campaign."""
        return summarise(ledger, self.campaign)

    def to_json(self) -> dict[str, Any]:
        """Everything that makes this campaign what it is; the ledger keeps it."""
        tests = {} if self.cells is None else {"tests": self.cells.to_json()}
        return {"campaign": self.campaign.to_json(), "seed": self.seed, "bench": _bench_json(self.bench), **tests}


def reread(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A plan from a ledger as today's models would write it, so that a new field with a default changes nothing.

    Raises:
        InputError: today's models refuse it.
    """
    with readable():
        campaign, bench = Campaign.kept(stored["campaign"]), Bench.model_validate(stored["bench"])
        plans = {name: TestPlan.model_validate(one).as_json() for name, one in stored.get("tests", {}).items()}
    tests = {"tests": plans} if plans else {}
    return {"campaign": campaign.to_json(), "seed": stored["seed"], "bench": _bench_json(bench), **tests}


def incubator_degC(formation: TestPlan, cycling: TestPlan) -> float | None:
    """What the two tests of a cell ask for; None if they leave it open."""
    return cycling.temperature_degC if formation.temperature_degC is None else formation.temperature_degC


def plan_of(stored: Mapping[str, Any]) -> Plan:
    """A plan from a ledger, as far as its planner needs one: without the tests of its cells.

    Raises:
        InputError: today's models refuse it.
    """
    with readable():
        campaign, bench = Campaign.kept(stored["campaign"]), Bench.model_validate(stored["bench"])
    nowhere, space = Path("the ledger"), SearchSpace.of(campaign)
    return Plan(campaign, bench, nowhere, nowhere, stored["seed"], FlowPath.of(bench), space)


@contextmanager
def readable() -> Iterator[None]:
    """What today's models refuse becomes a message about the ledger."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            "the ledger", f"holds a plan that this version cannot read ({where}: {first['msg']})"
        ) from None


def _bench_json(bench: Bench) -> dict[str, Any]:
    return bench.model_dump(mode="json", by_alias=True, exclude_none=True)


def load_plan(campaign_file: Path, bench_file: Path | None = None, seed: int | None = None) -> Plan:
    """Read a campaign and its bench and match them.

    Raises:
        InputError: one of the files cannot be used, or the bench lacks what the campaign needs.
    """
    try:
        plan = _read(campaign_file, bench_file, seed)
        _check_stocks(plan)
        _check_lots(plan)
        _check_procedure(plan)
        _check_choice(plan)
        check_given(plan)
        check_physics(plan)
    except InputError as error:
        raise yamlfile.located(campaign_file, error) from None
    return plan


def _read(campaign_file: Path, bench_file: Path | None, seed: int | None) -> Plan:
    campaign = load_campaign(campaign_file)
    bench_path = bench_file if bench_file is not None else campaign.bench_path(campaign_file)
    if not _is_file(bench_path):
        raise InputError(
            campaign_file if bench_file is None else "--bench", Problem("bench", f"there is no file {bench_path}")
        )
    bench = load_bench(bench_path)
    path = FlowPath.of(bench)
    _check_planner(campaign.planner.name, campaign_file)
    return Plan(
        campaign,
        bench,
        campaign_file,
        bench_path,
        campaign.seed if seed is None else seed,
        path,
        _space(campaign, campaign_file),
        _cell_tests(campaign, campaign_file, bench, path.mixer),
    )


def _check_planner(name: str, campaign_file: Path) -> None:
    """The planner has to be there, with all that it needs."""
    if name not in planner_names():
        text = f"{name!r} is not one of {', '.join(planner_names())}"
        raise InputError(campaign_file, Problem("planner.name", text))
    try:
        need_of(name)
    except InputError as error:
        raise InputError(campaign_file, Problem("planner.name", f"{name!r} {error.problems[0].message}")) from None


def _space(campaign: Campaign, campaign_file: Path) -> SearchSpace:
    try:
        return SearchSpace.of(campaign)
    except InputError as error:
        raise InputError(campaign_file, [Problem("components", each.message) for each in error.problems]) from None


def _is_file(path: Path) -> bool:
    with suppress(OSError, ValueError):  # a name too long, or with a NUL in it
        return path.is_file()
    return False


def _cell_tests(campaign: Campaign, campaign_file: Path, bench: Bench, mixer: str) -> CellTests | None:
    """The test plans that the campaign names, matched with the holders of the bench."""
    step = campaign.procedure.cells
    if step is None:
        return None
    path = CellPath.of(bench, mixer)
    plans = {name: load_test_plan(campaign_file.parent / getattr(step, name)) for name in ("formation", "cycling")}
    tests = CellTests(path, plans["formation"], plans["cycling"])
    nominal_Ah, cycling = tests.formation.capacity_Ah, tests.cycling
    assumed = cycling.with_capacity(nominal_Ah) if cycling.wants_capacity and nominal_Ah is not None else cycling
    problems = _test_problems(bench, tests, assumed, campaign)
    if len(path.holders) < step.replicates:
        text = f"{step.replicates} cells of a recipe need as many holders; bench {bench.name} has {len(path.holders)}"
        problems.append(Problem("procedure.cells.replicates", text))
    given = {plan.temperature_degC for plan in plans.values()} - {None}
    if len(given) > 1:
        problems.append(Problem("procedure.cells", f"the plans want different temperatures ({given}) in one incubator"))
    if given and path.incubator is None:
        problems.append(Problem("procedure.cells", "the plans want a temperature, but no chamber houses the holders"))
    if problems:
        raise InputError(campaign_file, problems)
    return tests


def _test_problems(bench: Bench, tests: CellTests, cycling: TestPlan, campaign: Campaign) -> list[Problem]:
    """What is wrong with the plans at the lowest and highest rate that may be chosen, or as they are."""
    rates = campaign.settings.formation_rate
    if rates is None:
        return plan_problems(bench, tests.path, {"formation": tests.formation, "cycling": cycling})
    found: list[Problem] = []
    for rate in (rates.low, rates.high):
        try:
            formation = tests.chosen({FORMATION_RATE: rate}).formation
        except InputError as error:
            return [Problem("settings.formation_rate", str(error))]
        chosen = plan_problems(bench, tests.path, {"formation": formation})
        found += [Problem(each.where, f"at formation_rate {rate:g}: {each.message}") for each in chosen]
    return [*found, *plan_problems(bench, tests.path, {"cycling": cycling})]


def _check_choice(plan: Plan) -> None:
    """More than one trial needs something to choose."""
    campaign = plan.campaign
    if campaign.budget.trials == 1 or not plan.space.is_single:
        return
    lines = campaign.components.pinned(campaign.constraints)
    text = (
        f"there is nothing to choose for {campaign.budget.trials} trials: {lines} leave one recipe only; widen a "
        "bound, or set budget.trials to 1 (procedure.cells.replicates repeats the cells of one recipe)"
    )
    raise InputError(plan.campaign_file, Problem("components", text))


def _check_lots(plan: Plan) -> None:
    """Lots to choose from have to stand on the bench."""
    stocks = plan.bench.stocks_for_dosing(plan.path.mixer)
    problems = []
    for key, lots in plan.campaign.settings.lots.items():
        there = [stock.lot for stock in stocks if key in stock.composition]
        known = ", ".join(lot for lot in there if lot) or "none"
        for lot in lots:
            if lot not in there:
                text = f"no stock of {key} on bench {plan.bench.name} is of lot {lot!r}; lots of its stocks: {known}"
                problems.append(Problem(f"settings.lots.{key}", text))
    if problems:
        raise InputError(plan.campaign_file, problems)


def _check_stocks(plan: Plan) -> None:
    """Every component that a recipe must or may hold has to stand on the bench."""
    supplied = {key for stock in plan.bench.stocks_for_dosing(plan.path.mixer) for key in stock.composition}
    missing = [name for name in plan.space.components if plan.space.bounds[name].high > 0 and name not in supplied]
    if missing:
        raise InputError(
            plan.campaign_file,
            [
                Problem(
                    ".".join(plan.campaign.components.path(name)),
                    f"no stock on bench {plan.bench.name} contains it; add one there or leave {name} out",
                )
                for name in missing
            ],
        )


def standard_mL(transfer_mL: float) -> float:
    """Conductivity standard that a calibration takes."""
    return sum(standard_portions_mL(transfer_mL))


def standard_portions_mL(transfer_mL: float) -> list[float]:
    """Doses of the standard, of at most 5 mL, so that the balance gets a rest in between."""
    total_mL = CALIBRATION_FILLINGS * transfer_mL + CALIBRATION_RESERVE_ML
    count = math.ceil(total_mL / 5.0)
    return [round(total_mL / count, 2)] * count


def _check_procedure(plan: Plan) -> None:
    """Every volume and temperature that the procedure will ask for has to suit the vessels and instruments."""
    procedure, path = plan.campaign.procedure, plan.path
    transfer_mL, rinse_mL = procedure.conductivity.transfer_mL, procedure.rinse.volume_mL
    batch_mL = procedure.batch_mass_g / LIGHTEST_G_ML
    problems = [
        *_does_not_fit(plan, "procedure.batch_mass", f"a batch of {procedure.batch_mass_g:g} g", batch_mL),
        *_does_not_fit(plan, "procedure.rinse.volume", f"a rinse of {rinse_mL:g} mL", rinse_mL),
        *_does_not_fit(
            plan, "procedure.conductivity.transfer", "the standard for calibrating", standard_mL(transfer_mL)
        ),
        *_cannot_pump(plan, "procedure.conductivity.transfer", path.transfer_pump, transfer_mL),
        *_cannot_pump(plan, "procedure.rinse.volume", path.pump_of(path.rinse_stock), rinse_mL),
        *_cannot_hold(plan, "procedure.conductivity.temperature", procedure.conductivity.temperature_degC),
        *_cannot_hold(plan, "bench", CALIBRATION_TEMPERATURE_DEGC),
    ]
    if problems:
        raise InputError(plan.campaign_file, problems)


def _does_not_fit(plan: Plan, where: str, what: str, volume_mL: float) -> list[Problem]:
    """A vessel is filled to nine tenths at most."""
    room_mL = 0.9 * plan.path.mixer_capacity_mL
    if volume_mL <= room_mL:
        return []
    return [Problem(where, f"{what} takes up to {volume_mL:.3g} mL; {plan.path.mixer} has room for {room_mL:g} mL")]


def _cannot_pump(plan: Plan, where: str, pump: str, volume_mL: float) -> list[Problem]:
    settings: Any = plan.bench.instruments[pump].parsed_settings()
    low, high = settings.minimum_dose_mL, settings.maximum_dose_mL
    if low <= volume_mL <= high:
        return []
    return [Problem(where, f"{volume_mL:g} mL is outside the {low:g} to {high:g} mL that {pump} gives at once")]


def _cannot_hold(plan: Plan, where: str, temperature_degC: float) -> list[Problem]:
    settings: Any = plan.bench.instruments[plan.path.chamber].parsed_settings()
    low, high = settings.minimum_degC, settings.maximum_degC
    if low <= temperature_degC <= high:
        return []
    limits = f"outside the {low:g} to {high:g} degC of {plan.path.chamber}"
    return [Problem(where, f"{temperature_degC:g} degC is {limits}")]
