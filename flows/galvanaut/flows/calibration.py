"""Before the first trial: find the cell constant with a conductivity standard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean, median, stdev
from typing import Any

from galvanaut.flows.lab import Lab
from galvanaut.flows.plan import CALIBRATION_FILLINGS, CALIBRATION_TEMPERATURE_DEGC, standard_mL, standard_portions_mL
from galvanaut.flows.procedure import SETTLE_LIMIT_S
from galvanaut.flows.steps import CLEANING, attempt, clean_up, dose, empty, key, transfer
from galvanaut.instruments.conductometry import cell_constant_per_cm
from galvanaut.instruments.jobs import MeasureImpedance, Settle

TRIAL = 0
"""Jobs before the first trial carry this number."""
RINSES = 4
"""Water from the standard would react with the salt, so the flow path is rinsed more often after it."""
STEPS = ("empty-before", "standard", "fill", "settle", "impedance", *CLEANING)


async def calibrate(lab: Lab) -> None:
    """Fill the cell several times with the standard and keep the median in the ledger: one filling may hold a bubble.

    If it fails, the next run begins it anew.

    Raises:
        JobFailedError: the bench could not do it.
    """
    if lab.ledger.calibration is not None:
        return
    base, plan = attempt(TRIAL, STEPS, lab), lab.procedure.conductivity
    standard = lab.bench.stocks[lab.path.standard_stock]
    await empty(TRIAL, "empty-before", lab.path.mixer_capacity_mL, lab, base + 1)
    for portion, volume_mL in enumerate(standard_portions_mL(plan.transfer_mL), start=base + 1):
        await dose(TRIAL, lab.path.standard_stock, volume_mL, lab, step="standard", replicate=portion)
    fillings = range(base + 1, base + 1 + CALIBRATION_FILLINGS)
    readings = [await _read_standard(filling, standard.density_g_mL, lab) for filling in fillings]
    await clean_up(TRIAL, RINSES, standard_mL(plan.transfer_mL), lab, base + 1)
    lab.ledger.calibrated(_cell_constant(readings, str(standard.standard)))


async def _read_standard(filling: int, density_g_mL: float, lab: Lab) -> Mapping[str, Any]:
    path, plan = lab.path, lab.procedure.conductivity
    await transfer(TRIAL, "fill", plan.transfer_mL, density_g_mL, lab, filling)
    if not lab.station.is_done(key(TRIAL, "impedance", lab, filling)):
        limit_s = plan.settle_s + SETTLE_LIMIT_S
        hold = Settle(path.chamber, CALIBRATION_TEMPERATURE_DEGC, plan.tolerance_K, plan.settle_s, limit_s)
        await lab.run(key(TRIAL, "settle", lab, filling), hold)
    action = MeasureImpedance(
        path.meter, path.chamber, path.cell, plan.readings, CALIBRATION_TEMPERATURE_DEGC, plan.tolerance_K
    )
    return await lab.run(key(TRIAL, "impedance", lab, filling), action)


def _cell_constant(readings: list[Mapping[str, Any]], standard: str) -> dict[str, Any]:
    """The median over fillings, its uncertainty with their spread in it, and what it rests on."""
    fillings = [median(reading["resistance_ohm"]) for reading in readings]
    resistance, temperature = median(fillings), fmean(reading["temperature_degC"] for reading in readings)
    spread = stdev(fillings) / math.sqrt(len(fillings)) / resistance
    constant = cell_constant_per_cm(resistance, temperature, standard)
    return {
        "cell_constant_per_cm": constant.per_cm,
        "relative_uncertainty": math.hypot(constant.relative_uncertainty, spread),
        "resistance_ohm": resistance,
        "resistances_ohm": [reading["resistance_ohm"] for reading in readings],
        "temperature_degC": temperature,
        "standard": standard,
    }
