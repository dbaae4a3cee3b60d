"""The procedure of a trial, as a lab note: make the electrolyte, measure it, build cells with it, clean, cycle them.

Plain coroutines. Each step is one or a few durable jobs, so calling it again after a crash carries on where the bench
stands. `galvanaut.flows.prefect_flows` shows the same steps in Prefect, `galvanaut.flows.calibration` is what comes
before the first trial.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import Any

from galvanaut.campaigns.ledger import Outcome, TrialRecord
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.clock import together
from galvanaut.flows import cells
from galvanaut.flows.celloutcome import judged
from galvanaut.flows.cells import Built, Place, Tested
from galvanaut.flows.lab import Lab
from galvanaut.flows.putright import insisted
from galvanaut.flows.steps import CLEANING, attempt, clean_up, dose, key, transfer
from galvanaut.instruments.conductometry import conductivity_mS_cm
from galvanaut.instruments.jobs import JobFailedError, MeasureImpedance, Settle

SETTLE_LIMIT_S = 4 * 3600.0
"""A chamber that has not begun to hold by then never will."""


async def formulate(trial: TrialRecord, lab: Lab) -> Recipe:
    """Dose the planned volumes one after another; the balance says what the batch contains.

    Returns:
        The as-made recipe, which is also in the ledger.
    """
    masses_g: dict[str, float] = {}
    vessel_g: float | None = None
    for planned in trial.doses:
        stock, volume_mL, mass_g = planned["stock"], planned["volume_mL"], planned["mass_g"]
        result = await dose(trial.number, stock, volume_mL, lab, mass_g=mass_g, vessel_g=vessel_g)
        masses_g[stock], vessel_g = result["mass_g"], result["after_g"]
    as_made = lab.bottles.batches.as_made(masses_g)
    lab.ledger.made(trial.number, as_made.recipe, as_made.deviations)
    return as_made.recipe


async def fill_cell(trial: TrialRecord, lab: Lab) -> None:
    """Flush the conductivity cell with the new batch."""
    volume_mL = sum(planned["volume_mL"] for planned in trial.doses)
    mass_g = sum(planned["mass_g"] for planned in trial.doses)
    await transfer(trial.number, "fill", lab.procedure.conductivity.transfer_mL, mass_g / volume_mL, lab)


async def settle(trial: TrialRecord, lab: Lab) -> None:
    """Bring the chamber to the campaign's temperature and hold it there, unless the reading is taken already."""
    plan = lab.procedure.conductivity
    if not lab.station.is_done(key(trial.number, "impedance", lab)):
        limit_s = plan.settle_s + SETTLE_LIMIT_S
        action = Settle(lab.path.chamber, plan.temperature_degC, plan.tolerance_K, plan.settle_s, limit_s)
        await lab.run(key(trial.number, "settle", lab), action)


async def measure(trial: TrialRecord, lab: Lab) -> Mapping[str, Any]:
    """Read the impedance of the cell.

    Returns:
        ``resistance_ohm`` (list) and ``temperature_degC``.
    """
    path, plan = lab.path, lab.procedure.conductivity
    action = MeasureImpedance(
        path.meter, path.chamber, path.cell, plan.readings, plan.temperature_degC, plan.tolerance_K
    )
    return await lab.run(key(trial.number, "impedance", lab), action)


async def clean(trial: TrialRecord, lab: Lab) -> None:
    """Empty the mixer through the cell and rinse both; also after a trial that failed."""
    volume_mL = sum(planned["volume_mL"] for planned in trial.doses)
    replicate = 1 + attempt(trial.number, CLEANING, lab)
    await clean_up(trial.number, lab.procedure.rinse.cycles, volume_mL, lab, replicate)


def analyse(reading: Mapping[str, Any], lab: Lab) -> Outcome:
    """Resistances into a conductivity and the standard deviation of its mean, from the readings alone.

    Scatter from batch to batch comes on top, and the cell constant's uncertainty is common to all trials. One reading
    says nothing of its scatter, so it has no deviation.
    """
    constant = lab.cell_constant_per_cm
    values = [conductivity_mS_cm(constant, ohm) for ohm in reading["resistance_ohm"]]
    deviations = {"conductivity": stdev(values) / math.sqrt(len(values))} if len(values) > 1 else {}
    details = {"readings_mS_cm": values, "temperature_degC": reading["temperature_degC"]}
    return Outcome("ok", {"conductivity": fmean(values)}, deviations, details)


@dataclass(frozen=True)
class Steps:
    """The steps of a trial, so that an orchestrator can wrap each of them without changing the procedure."""

    formulate: Callable[[TrialRecord, Lab], Awaitable[Recipe]] = formulate
    fill_cell: Callable[[TrialRecord, Lab], Awaitable[None]] = fill_cell
    settle: Callable[[TrialRecord, Lab], Awaitable[None]] = settle
    measure: Callable[[TrialRecord, Lab], Awaitable[Mapping[str, Any]]] = measure
    clean: Callable[[TrialRecord, Lab], Awaitable[None]] = clean
    assemble: Callable[[TrialRecord, int, str, Lab], Awaitable[Built]] = cells.assemble
    form: Callable[[TrialRecord, int, Built, Lab], Awaitable[Tested]] = cells.form
    age: Callable[[TrialRecord, int, Tested, Lab], Awaitable[Tested]] = cells.age
    unload: Callable[[TrialRecord, int, Built, Lab], Awaitable[None]] = cells.unload


PLAIN = Steps()


async def run_trial(trial: TrialRecord, lab: Lab, steps: Steps = PLAIN) -> Outcome:
    """One recipe from doses to its values.

    A fault on the way to the number fails the trial, and the batch is thrown away. One in building a cell costs that
    cell; only if the bench builds none of them the trial fails by it. If a mixer cannot be cleaned, or a
    cell cannot be taken out, somebody has to look, while other trials go on as far as they can. Where nobody is to be
    asked, or the person gives it up, that ends the run, and the next run begins with it.

    Raises:
        JobFailedError: the mixer could not be emptied or rinsed, or a cell could not be unloaded.
    """
    await lab.in_turn(trial.number)
    async with cells.places(trial, lab) as places:
        liquid, built = await _make(trial, [place.holder for place in places], lab, steps)
        for place in places[len(built) :]:
            await place.free()
        pairs = zip(built, places, strict=False)
        tests = [_test(trial, replicate, *pair, lab, steps) for replicate, pair in enumerate(pairs, start=1)]
        ended = await together(lab.clock, tests)
    tested = [one for one in ended if isinstance(one, Tested)]
    for error in ended:
        if isinstance(error, Exception):
            raise error
    return judged(trial, liquid, tested, lab)


async def _make(trial: TrialRecord, holders: Sequence[str], lab: Lab, steps: Steps) -> tuple[Outcome, list[Built]]:
    """The batch, what was measured of it, and what became of the cell for each holder; the mixer is clean again."""
    built: list[Built] = []
    async with lab.station.reserved(lab.path.mixer):
        try:
            await steps.formulate(trial, lab)
            await steps.fill_cell(trial, lab)
            await steps.settle(trial, lab)
            outcome = analyse(await steps.measure(trial, lab), lab)
        except JobFailedError as error:
            outcome = Outcome("failed_instrument", reason=str(error))
        else:
            built, faults = await _build(trial, holders, lab, steps)
            if faults and len(faults) == len(built):  # the readings are kept; three such trials in a row call a person
                outcome = Outcome("failed_instrument", details=outcome.details, reason=faults[0])
        what, then = f"{lab.path.mixer} could not be cleaned", "empties and rinses it again"
        await insisted(trial.number, "mixer", partial(steps.clean, trial, lab), lab, what=what, then=then)
    return outcome, built


async def _build(trial: TrialRecord, holders: Sequence[str], lab: Lab, steps: Steps) -> tuple[list[Built], list[str]]:
    """A cell for each holder, and what went wrong with the bench while they were built; it costs nothing but that cell.

    Where nobody can tell whether a cell was built, no further one is built with the batch.
    """
    built: list[Built] = []
    faults: list[str] = []
    for replicate, holder in enumerate(holders, start=1):
        try:
            built.append(await steps.assemble(trial, replicate, holder, lab))
        except JobFailedError as error:
            faults.append(str(error))
            built.append(cells.not_built(trial, replicate, holder, faults[-1], lab))
            if built[-1]["assembled"] is None:
                break
    return built, faults


async def _test(trial: TrialRecord, replicate: int, built: Built, place: Place, lab: Lab, steps: Steps) -> Tested:
    """One cell from its first charge to the end of its life, and out of its holder, which the next one may have."""
    tested = await steps.form(trial, replicate, built, lab)
    tested = await steps.age(trial, replicate, tested, lab)
    what, name = f"{built['cell']} could not be taken out of {built['holder']}", f"cell-{replicate}"
    unload = partial(steps.unload, trial, replicate, built, lab)
    await insisted(trial.number, name, unload, lab, what=what, then="takes it out")
    await place.free()
    return tested
