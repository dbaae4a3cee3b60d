"""The next cycles of a cell as a fan of quantiles.

The twin has an ageing law of its own, which is not that of simulated cells: health is lost as ``a sqrt(n) + b n`` over
completed cycles n, resistance grows in proportion to them. Both are learnt from the cycles seen, by Bayesian linear
regression; draws from what is left uncertain go through the twin's equations under the asked protocol. Other
temperatures and currents scale what is still to be lost by factors that are assumptions, illustrative and uncertain
themselves.

A sudden end ("knee") that has not begun yet is in no such forecast. Remaining life with a calibrated interval is
another question, which needs finished cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.core.identifiers import generator
from galvanaut.simulators.cells.spme.parameters import GAS_J_MOL_K, Array
from galvanaut.simulators.twin.discharge import delivered_Ah
from galvanaut.simulators.twin.electrolyte import FREEZING_K
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.state import CycleSummary
from galvanaut.simulators.twin.tuning import Tuning

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAST_CYCLES = 4
DRAWS, POINTS = 96, 8
HEALTH_PRIOR = ((0.0, 0.003), (0.002, 0.004), (2e-4, 6e-4))
"""Mean and standard deviation of an offset, of a and of b. Illustrative."""
OHM_PRIOR = ((0.0, 0.3), (0.02, 0.05))
"""Of an offset, and of the growth per cycle. Illustrative."""
HEALTH_NOISE, OHM_NOISE = 7e-4, 0.1
"""Least scatter of the estimates of single cycles. Illustrative."""
LAW_SD = 0.25
"""Relative uncertainty of all that is still to be lost, as no law holds for ever. Illustrative."""
ACTIVATION_J_MOL = (30e3, 10e3)
"""Mean and standard deviation for ageing at another temperature. Illustrative."""
RATE_POWER = (0.5, 0.3)
"""Mean and standard deviation of the power of the charging current that ageing follows. Illustrative."""
Asked = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Forecast:
    """A fan of capacities.

    Attributes:
        cycle: numbers of the cycles to come, shape (n,).
        discharged_Ah: for each of `QUANTILES` the charge that a discharge gives, shape (n,).
        discharge_A: under which current, positive.
        charge_A: charged with.
        temperature_degC: at.
        learnt_from: number of cycles that the law rests on.
        assumptions: in a sentence; illustrative numbers are named.
    """

    cycle: Array
    discharged_Ah: dict[float, Array]
    discharge_A: float
    charge_A: float
    temperature_degC: float
    learnt_from: int
    assumptions: str


def forecast(
    cycles: Sequence[CycleSummary], row: Any, prior: TwinPrior, tuning: Tuning, count: int, asked: Asked, cell: str = ""
) -> Forecast:
    """The next cycles.

    Args:
        cycles: all complete ones.
        row: state, one row.
        prior: of the twin.
        tuning: of the twin.
        count: cycles to come.
        asked: charging and discharging current and temperature in °C; None as it was.
        cell: its name, so that no two cells share their draws.

    Raises:
        UnsupportedError: fewer than `LEAST_CYCLES` cycles of the kind of the last one.
    """
    alike = [done for done in cycles[1:] if done.is_like(cycles[-1])] if cycles else []
    if len(alike) < LEAST_CYCLES:
        raise UnsupportedError(
            f"twin: a forecast needs {LEAST_CYCLES} complete cycles of the running kind after the first one, but "
            f"there are {len(alike)}"
        )
    last, kelvin = alike[-1], float(row["kelvin"][0])
    charge_A = asked[0] if asked[0] is not None else last.highest_A
    discharge_A = asked[1] if asked[1] is not None else -last.lowest_A
    then_K = asked[2] + FREEZING_K if asked[2] is not None else kelvin
    chance = generator(0, "forecast", cell, len(cycles))  # the same question gives the same answer
    ahead = np.unique(np.rint(np.linspace(0, count, POINTS)).astype(int))
    faster = _faster(chance, charge_A / last.highest_A, kelvin, then_K)
    health, ohm = _drawn(chance, alike, ahead, faster)
    scale = np.maximum(last.capacity_scale * health / last.soh, 0.05)
    shape, flat = scale.shape, scale.size
    lost = np.full(flat, last.lost)
    delivered = delivered_Ah(prior, tuning, scale.reshape(flat), lost, ohm.reshape(flat), discharge_A, then_K)
    delivered *= _anchor(last, prior, tuning, kelvin)
    every = np.arange(1, count + 1, dtype=float)
    paths = np.array([np.interp(every, ahead, path) for path in delivered.reshape(shape)])
    fan = {q: np.quantile(paths, q, axis=0) for q in QUANTILES}
    text = (
        f"a sqrt(n) + b n learnt from {len(alike)} cycles; illustrative: priors, {LAW_SD:.0%} on all that is still "
        f"to be lost, "
        f"{ACTIVATION_J_MOL[0] / 1e3:.0f} ± {ACTIVATION_J_MOL[1] / 1e3:.0f} kJ/mol for other temperatures, power "
        f"{RATE_POWER[0]:g} ± {RATE_POWER[1]:g} of the charging current; no knee that has not begun"
    )
    return Forecast(cycles[-1].number + every, fan, discharge_A, charge_A, then_K - FREEZING_K, len(alike), text)


def _anchor(last: CycleSummary, prior: TwinPrior, tuning: Tuning, kelvin: float) -> float:
    """What the last cycle gave over what the twin makes of it: no held voltage ends just as it is simulated here."""
    now = (np.array([last.capacity_scale]), np.array([last.lost]), np.array([last.resistance_ohm]))
    return last.discharged_Ah / float(delivered_Ah(prior, tuning, *now, -last.lowest_A, kelvin)[0])


def _faster(chance: np.random.Generator, rate: float, kelvin: float, then_K: float) -> Array:
    """By what factor ageing goes on, for each draw."""
    activation = np.maximum(chance.normal(*ACTIVATION_J_MOL, DRAWS), 0.0)
    power = np.maximum(chance.normal(*RATE_POWER, DRAWS), 0.0)
    by_heat = np.exp(activation / GAS_J_MOL_K * (1 / kelvin - 1 / then_K))
    return np.asarray(by_heat * rate**power * chance.lognormal(0.0, LAW_SD, DRAWS))


def _drawn(
    chance: np.random.Generator, alike: Sequence[CycleSummary], ahead: Any, faster: Array
) -> tuple[Array, Array]:
    """Health and resistance of each draw at each of some cycles to come, shape (draws, points)."""
    first, last = alike[0], alike[-1]
    number = np.array([done.number - first.number for done in alike], float)
    now, then = number[-1], number[-1] + ahead
    fade = np.array([first.soh - done.soh for done in alike])
    law = _regress(np.stack([np.ones_like(number), np.sqrt(number), number], axis=1), fade, HEALTH_PRIOR, HEALTH_NOISE)
    a_b = chance.multivariate_normal(*law, DRAWS, method="eigh")[:, 1:]
    rises = a_b[:, :1] * (np.sqrt(then) - np.sqrt(now)) + a_b[:, 1:] * (then - now)
    rises = np.maximum.accumulate(np.maximum(rises, 0.0), axis=1)
    health = last.soh + HEALTH_NOISE * chance.standard_normal((DRAWS, 1)) - faster[:, None] * rises
    grown = np.array([done.resistance_ohm - first.resistance_ohm for done in alike])
    ohm_law = _regress(np.stack([np.ones_like(number), number], axis=1), grown, OHM_PRIOR, OHM_NOISE)
    slopes = np.maximum(chance.multivariate_normal(*ohm_law, DRAWS, method="eigh")[:, 1:], 0.0)
    return health, last.resistance_ohm + faster[:, None] * slopes * ahead


def _regress(basis: Array, seen: Array, prior: Any, least: float) -> tuple[Array, Array]:
    """Mean and covariance of the factors, with the scatter that is found."""
    means, sds = np.array(prior).T
    noise = least
    for _ in range(3):
        precision = basis.T @ basis / noise**2 + np.diag(1 / sds**2)
        cov = np.linalg.inv(precision)
        mean = cov @ (basis.T @ seen / noise**2 + means / sds**2)
        noise = max(least, float(np.std(seen - basis @ mean)))
    return mean, (cov + cov.T) / 2
