"""The procedure of a conductivity campaign, as a lab note: make the electrolyte, fill the cell, hold, read, clean.

Plain coroutines. Each step is one or a few durable jobs, so calling it again after a crash carries on where the bench
stands. `galvanaut.flows.prefect_flows` shows the same steps in Prefect.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Any

from galvanaut.campaigns.ledger import Outcome, TrialRecord
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.lab import Lab
from galvanaut.instruments.conductometry import cell_constant_per_cm, conductivity_mS_cm
from galvanaut.instruments.jobs import Dose, Empty, JobFailedError, MeasureImpedance, Settle, Transfer

CALIBRATION_TRIAL = 0
"""Jobs before the first trial carry this number."""
CALIBRATION_TEMPERATURE_DEGC = 25.0
FILLINGS = range(1, 4)
"""The cell is filled so often with the standard."""
CALIBRATION_RESERVE_ML = 2.0
CALIBRATION_RINSES = 4
"""Water from the standard would react with the salt, so the flow path is rinsed more often after it."""


async def formulate(trial: TrialRecord, lab: Lab) -> Recipe:
    """Dose the planned volumes one after another; the balance says what the batch contains.

    Returns:
        The as-made recipe, which is also in the ledger.
    """
    masses_g: dict[str, float] = {}
    for dose in trial.doses:
        masses_g[dose["stock"]] = await _dose(trial.number, dose["stock"], dose["volume_mL"], lab)
    as_made = lab.batches.as_made(masses_g)
    lab.ledger.made(trial.number, as_made.recipe, as_made.deviations)
    return as_made.recipe


async def fill_cell(trial: TrialRecord, lab: Lab) -> None:
    """Flush the conductivity cell with the new batch."""
    volume_mL = sum(dose["volume_mL"] for dose in trial.doses)
    mass_g = sum(dose["mass_g"] for dose in trial.doses)
    await _transfer(trial.number, "fill", lab.procedure.conductivity.transfer_mL, mass_g / volume_mL, lab)


async def settle(trial: TrialRecord, lab: Lab) -> None:
    """Bring the chamber to the campaign's temperature and hold it there."""
    plan = lab.procedure.conductivity
    action = Settle(lab.path.chamber, plan.temperature_degC, plan.tolerance_K, plan.settle_s)
    await lab.station.run(_key(trial.number, "settle", lab), action)


async def measure(trial: TrialRecord, lab: Lab) -> Mapping[str, Any]:
    """Read the impedance of the cell.

    Returns:
        ``resistance_ohm`` (list) and ``temperature_degC``.
    """
    action = MeasureImpedance(lab.path.meter, lab.path.chamber, lab.path.cell, lab.procedure.conductivity.readings)
    return await lab.station.run(_key(trial.number, "impedance", lab), action)


async def clean(trial_number: int, cycles: int, volume_mL: float, lab: Lab) -> None:
    """Empty the mixer, which holds at most ``volume_mL``, through the cell and rinse both."""
    await _empty(trial_number, "empty", volume_mL, lab)
    rinse = lab.procedure.rinse
    for cycle in range(1, cycles + 1):
        await _dose(trial_number, lab.path.rinse_stock, rinse.volume_mL, lab, replicate=cycle)
        await _empty(trial_number, "drain", rinse.volume_mL, lab, replicate=cycle)


def analyse(reading: Mapping[str, Any], lab: Lab) -> Outcome:
    """Resistances into a conductivity and the standard deviation of its mean, from the readings alone.

    Scatter from batch to batch comes on top, and the cell constant's uncertainty is common to all trials.
    """
    constant = lab.cell_constant_per_cm
    values = [conductivity_mS_cm(constant, ohm) for ohm in reading["resistance_ohm"]]
    deviation = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    details = {"readings_mS_cm": values, "temperature_degC": reading["temperature_degC"]}
    return Outcome("ok", {"conductivity": fmean(values)}, {"conductivity": deviation}, details)


@dataclass(frozen=True)
class Steps:
    """The steps of a trial, so that an orchestrator can wrap each of them without changing the procedure."""

    formulate: Callable[[TrialRecord, Lab], Awaitable[Recipe]] = formulate
    fill_cell: Callable[[TrialRecord, Lab], Awaitable[None]] = fill_cell
    settle: Callable[[TrialRecord, Lab], Awaitable[None]] = settle
    measure: Callable[[TrialRecord, Lab], Awaitable[Mapping[str, Any]]] = measure
    clean: Callable[[int, int, float, Lab], Awaitable[None]] = clean


PLAIN = Steps()


async def run_trial(trial: TrialRecord, lab: Lab, steps: Steps = PLAIN) -> Outcome:
    """One recipe from doses to a number. A fault of the bench fails the trial, not the campaign."""
    async with lab.station.reserved(lab.path.mixer):
        try:
            await steps.formulate(trial, lab)
            await steps.fill_cell(trial, lab)
            await steps.settle(trial, lab)
            outcome = analyse(await steps.measure(trial, lab), lab)
        except JobFailedError as error:
            outcome = Outcome("failed_instrument", reason=str(error))
        volume_mL = sum(dose["volume_mL"] for dose in trial.doses)
        await steps.clean(trial.number, lab.procedure.rinse.cycles, volume_mL, lab)
    return outcome


async def calibrate(lab: Lab) -> None:
    """Find the cell constant with the conductivity standard, before the first trial; kept in the ledger.

    The cell is filled several times and the median counts: one filling may hold a bubble.
    """
    if lab.ledger.calibration is not None:
        return
    number, path, plan = CALIBRATION_TRIAL, lab.path, lab.procedure.conductivity
    standard = lab.bench.stocks[path.standard_stock]
    total_mL = len(FILLINGS) * plan.transfer_mL + CALIBRATION_RESERVE_ML
    await _empty(number, "empty-before", path.mixer_capacity_mL, lab)
    for portion, volume_mL in enumerate(_portions(total_mL), start=1):
        await _dose(number, path.standard_stock, volume_mL, lab, replicate=portion)
    readings = [await _read_standard(filling, standard.density_g_mL, lab) for filling in FILLINGS]
    await clean(number, CALIBRATION_RINSES, total_mL, lab)
    resistance = median(ohm for reading in readings for ohm in reading["resistance_ohm"])
    temperature = fmean(reading["temperature_degC"] for reading in readings)
    constant = cell_constant_per_cm(resistance, temperature, str(standard.standard))
    lab.ledger.calibrated(
        {
            "cell_constant_per_cm": constant.per_cm,
            "relative_uncertainty": constant.relative_uncertainty,
            "resistance_ohm": resistance,
            "resistances_ohm": [reading["resistance_ohm"] for reading in readings],
            "temperature_degC": temperature,
            "standard": standard.standard,
        }
    )


async def _read_standard(filling: int, density_g_mL: float, lab: Lab) -> Mapping[str, Any]:
    number, path, plan = CALIBRATION_TRIAL, lab.path, lab.procedure.conductivity
    await _transfer(number, "fill", plan.transfer_mL, density_g_mL, lab, replicate=filling)
    hold = Settle(path.chamber, CALIBRATION_TEMPERATURE_DEGC, plan.tolerance_K, plan.settle_s)
    await lab.station.run(_key(number, "settle", lab, filling), hold)
    action = MeasureImpedance(path.meter, path.chamber, path.cell, plan.readings)
    return await lab.station.run(_key(number, "impedance", lab, filling), action)


def _portions(volume_mL: float) -> list[float]:
    """Doses of at most 5 mL, so that a balance gets a rest in between."""
    count = math.ceil(volume_mL / 5.0)
    return [round(volume_mL / count, 2)] * count


def _key(trial: int, step: str, lab: Lab, replicate: int = 1) -> JobKey:
    return JobKey(lab.campaign.name, trial, step, replicate)


async def _dose(trial: int, stock_name: str, volume_mL: float, lab: Lab, replicate: int = 1) -> float:
    stock = lab.bench.stocks[stock_name]
    action = Dose(
        stock=stock_name,
        lot=stock.lot,
        pump=lab.path.pump_of(stock_name),
        balance=lab.path.balance,
        vessel=lab.path.mixer,
        volume_mL=volume_mL,
        expected_g=volume_mL * stock.density_g_mL,
    )
    result = await lab.station.run(_key(trial, f"dose-{stock_name}", lab, replicate), action)
    return float(result["mass_g"])


async def _transfer(trial: int, step: str, volume_mL: float, density_g_mL: float, lab: Lab, replicate: int = 1) -> None:
    path = lab.path
    action = Transfer(path.transfer_pump, path.balance, path.mixer, path.cell, volume_mL, volume_mL * density_g_mL)
    await lab.station.run(_key(trial, step, lab, replicate), action)


async def _empty(trial: int, step: str, volume_mL: float, lab: Lab, replicate: int = 1) -> None:
    path = lab.path
    ample_mL = round(1.2 * volume_mL + 2.0, 2)  # pumps scatter, vessels hold on to a film: rather some air at the end
    action = Empty(path.transfer_pump, path.balance, path.mixer, path.cell, ample_mL)
    await lab.station.run(_key(trial, step, lab, replicate), action)
