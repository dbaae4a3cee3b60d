"""Which holders of a bench take the cells of a campaign, what drives them, who loads them and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from galvanaut.core.errors import InputError, Problem
from galvanaut.instruments.cycling.check import check_plan

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.drivers.registry import SourceMeterDriver
    from galvanaut.instruments.roles import SourceLimits


@dataclass(frozen=True)
class CellPath:
    """Names on the bench along the way of a cell.

    Attributes:
        holders: each with an envelope and something that cycles the cell in it, in the order of the file.
        assembler: builds cells and loads the holders; None where people do.
        incubator: the chamber around the holders; None where there is none.
    """

    holders: tuple[str, ...]
    assembler: str | None
    incubator: str | None

    @classmethod
    def of(cls, bench: Bench, mixer: str) -> CellPath:
        """Find every part on a bench.

        Raises:
            InputError: no holder can take a cell, or the holders stand in more than one chamber.
        """
        holders = tuple(name for name, entry in bench.holders.items() if entry.envelope and _drivers_at(bench, name))
        if not holders:
            text = "has no holder with an envelope and a source meter or cycler wired to it; cells need one"
            raise InputError(f"bench {bench.name}", text)
        return cls(holders, _assembler(bench, mixer, holders), _incubator(bench, holders))


def _drivers_at(bench: Bench, holder: str) -> list[str]:
    meters = [
        name
        for name, entry in bench.instruments.items()
        if entry.role == "source meter" and entry.wiring.channel == holder
    ]
    return [*bench.cyclers_at(holder), *meters]


def _assembler(bench: Bench, mixer: str, holders: tuple[str, ...]) -> str | None:
    names = [
        name
        for name, entry in bench.instruments.items()
        if entry.role == "assembler"
        and entry.wiring.fills_from == mixer
        and set(holders) <= set(entry.wiring.loads or ())
    ]
    if len(names) > 1:
        raise InputError(f"bench {bench.name}", f"has more than one assembler for its holders: {', '.join(names)}")
    return names[0] if names else None


def _incubator(bench: Bench, holders: tuple[str, ...]) -> str | None:
    around = {
        name
        for name, entry in bench.instruments.items()
        if entry.role == "chamber" and set(holders) & set(entry.wiring.housed)
    }
    if len(around) > 1:
        text = f"has its holders in more than one chamber ({', '.join(sorted(around))}); a campaign needs one for all"
        raise InputError(f"bench {bench.name}", text)
    return next(iter(around), None)


def source_limits(bench: Bench, holder: str) -> SourceLimits | None:
    """What the source meter at a holder can do; None if a cycler runs the steps by itself."""
    if bench.cyclers_at(holder):
        return None
    name = bench.source_meter_at(holder)
    driver = cast("type[SourceMeterDriver]", bench.instruments[name].driver_class)
    return driver.capabilities(bench.settings_of(name))


def plan_problems(bench: Bench, path: CellPath, plans: Mapping[str, TestPlan]) -> list[Problem]:
    """Everything that is wrong with test plans for the holders; each problem once, with the first holder that has it.

    Args:
        bench: the bench file.
        path: from `CellPath.of`.
        plans: by the campaign file's field.
    """
    found: dict[tuple[str, str], Problem] = {}
    for holder in path.holders:
        envelope, source = bench.envelope_at(holder), source_limits(bench, holder)
        for field, plan in plans.items():
            for each in check_plan(plan, envelope, source):
                where = f"procedure.cells.{field} ({each.where})"
                found.setdefault((where, each.message), Problem(where, f"{each.message} (at {holder})"))
    return list(found.values())
