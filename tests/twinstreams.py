"""Telemetry of simulated cells for tests of the twin: what a cycler would have recorded, and the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import numpy as np
from numpy.typing import NDArray

from galvanaut.simulators.cells.cell import CellState, Limits
from galvanaut.simulators.cells.spme import NO_AGEING, Sample, SpmeCell
from galvanaut.simulators.cells.spme.landesfeind import Family, conductivity_S_m
from galvanaut.simulators.cells.spme.transport import of_family
from galvanaut.simulators.twin import Twin, TwinPrior, Twins

Array = NDArray[np.float64]
NOMINAL_A = 4.1e-3


@dataclass(frozen=True)
class Stream:
    """Readings as arrays of one length, named as the twin takes them; and the true mean stoichiometry."""

    time_s: Array
    current_A: Array
    voltage_V: Array
    temperature_degC: Array
    cycle: Array
    step: Array
    step_time_s: Array
    negative: Array

    def table(self) -> Array:
        """In the order of the twin's columns."""
        names = ("time_s", "current_A", "voltage_V", "temperature_degC", "cycle", "step", "step_time_s")
        return np.stack([getattr(self, name) for name in names], axis=1)


@dataclass(frozen=True)
class Plan:
    """A cycle in multiples of the nominal current."""

    charge: float = 1 / 3
    discharge: float = 1.0
    cutoff: float = 1 / 20
    rest_s: float = 600.0
    every_s: float = 60.0


def sample(family: Family = "EC:EMC", salt_M: float = 1.0, **others: object) -> Sample:
    """A cell that does not age unless it is told to."""
    return replace(Sample(liquid=partial(of_family, family, salt_M), ageing=NO_AGEING), **others)  # type: ignore[arg-type]


def conductivity(family: Family = "EC:EMC", salt_M: float = 1.0, kelvin: float = 298.15) -> float:
    """What a bench would have measured, S/m."""
    return float(conductivity_S_m(family, np.array(salt_M), kelvin))


def cycled(
    made: Sample, plans: Plan | list[Plan], cycles: int, start: float | None = 0.2, noise_V: float = 2e-4, seed: int = 1
) -> Stream:
    """A formed cell through cycles, or one never charged if ``start`` is None, beginning with a rest."""
    cell, chance = SpmeCell(made, state_of_charge=start), np.random.default_rng(seed)
    state: CellState = cell.fresh()
    rows: list[Array] = []
    now_s, step, every = 0.0, 1, plans if isinstance(plans, list) else [plans]
    for number in range(cycles):
        plan = every[number % len(every)]
        for mode, target, limits, longest_s in _steps(plan, is_first=number == 0):
            hold = cell.hold_current if mode == "current" else cell.hold_voltage
            path = hold(state, target, 0.0, limits)
            end_s = min(longest_s, path.ends_s(longest_s))
            first_s = np.ceil(now_s / plan.every_s + 1e-9) * plan.every_s
            times_s = np.arange(first_s, now_s + end_s + 1e-9, plan.every_s)
            if now_s == 0:
                times_s = np.append(0.0, times_s)
            if len(times_s):
                volts, amperes = path.trace(times_s - now_s)
                rows.append(_rows(times_s, now_s, amperes, volts, number + 1, step))
            state = path.state(end_s)
            now_s, step = now_s + end_s, step + 1
    table = np.concatenate(rows)
    table[:, 2] += noise_V * chance.standard_normal(len(table))
    return Stream(*table.T, np.full(len(table), np.nan))


def together(tables: Sequence[Array], priors: Sequence[TwinPrior]) -> list[Twin]:
    """Twins of many streams fed side by side, which is quick without numba too; their last cycles are closed."""
    padded = np.full((max(map(len, tables)), len(tables), 7), np.nan)
    for place, table in enumerate(tables):
        padded[: len(table), place] = table
    bank = Twins({str(place): prior for place, prior in enumerate(priors)})
    for readings in padded:
        bank.tick_table(readings)
    for twin in bank.values():
        twin.close_cycle(np.nan)
    return list(bank.values())


def _steps(plan: Plan, is_first: bool) -> list[tuple[str, float, Limits, float]]:
    rest = ("current", 0.0, Limits(), plan.rest_s)
    return [
        *([rest] if is_first else []),
        ("current", NOMINAL_A * plan.charge, Limits(-inf, 4.2), 1e6),
        ("voltage", 4.2, Limits(NOMINAL_A * plan.cutoff, inf), 1e5),
        rest,
        ("current", -NOMINAL_A * plan.discharge, Limits(2.8, inf), 1e6),
        rest,
    ]


def _rows(times_s: Array, began_s: float, amperes: Array, volts: Array, cycle: int, step: int) -> Array:
    ones = np.ones(len(times_s))
    return np.stack([times_s, amperes, volts, 25 * ones, cycle * ones, step * ones, times_s - began_s], axis=1)
