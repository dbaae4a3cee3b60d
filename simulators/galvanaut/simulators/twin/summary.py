"""From a row of state to what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from galvanaut.simulators.twin.layout import CYCLE
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.state import CycleSummary, TwinState
from galvanaut.simulators.twin.tuning import Tuning
from galvanaut.simulators.twin.window import LEAST_LOST, MOST_LOST, POINTS, window

SETTLED_SCALE, SETTLED_SOC = 0.01, 0.02
_NUDGE = 1e-4


def bounds(prior: TwinPrior, lost: float) -> tuple[float, float]:
    """Stoichiometry of the negative electrode when full and when empty."""
    between, grid = window(prior.nominal, prior.lowest_V, prior.highest_V), np.linspace(LEAST_LOST, MOST_LOST, POINTS)
    return float(np.interp(lost, grid, between.full)), float(np.interp(lost, grid, between.empty))


def health_of(row: Any, prior: TwinPrior, scale: float, lost: float) -> tuple[float, float, float]:
    """State of health, and how it changes with the scale and with lithium lost."""
    nominal, now, more = (full - empty for full, empty in (bounds(prior, at) for at in (0.0, lost, lost + _NUDGE)))
    return scale * now / nominal, now / nominal, scale * (more - now) / nominal / _NUDGE


def state_of(row: Any, prior: TwinPrior, tuning: Tuning, cycles: int) -> TwinState:
    """The state, from a row."""
    cov, lost, scale = row["cov"], float(row["lost"]), float(row["scale"])
    full, empty = bounds(prior, lost)
    soh, by_scale, by_lost = health_of(row, prior, scale, lost)
    soh_var = by_scale**2 * cov[2, 2] + by_lost**2 * cov[3, 3] + 2 * by_scale * by_lost * cov[2, 3]
    soc_sd = float(np.sqrt(cov[0, 0])) / (full - empty)
    scale_sd, lost_sd = float(np.sqrt(cov[2, 2])), float(np.sqrt(cov[3, 3]))
    reason = _doubt(row, tuning)
    is_counted = bool(np.isfinite(row["cycle"]))
    return TwinState(
        time_s=float(row["time_s"]),
        soc=(float(row["x"]) - empty) / (full - empty) if row["begun"] else np.nan,
        soc_sd=float(np.hypot(soc_sd, tuning.law_soc)) if row["begun"] else np.nan,
        soh=soh,
        soh_sd=float(np.hypot(np.sqrt(max(float(soh_var), 0.0)), tuning.law_scale)),
        capacity_scale=scale,
        capacity_scale_sd=float(np.hypot(scale_sd, tuning.law_scale)),
        lost=lost,
        lost_sd=float(np.hypot(lost_sd, tuning.law_scale)),
        resistance_ohm=float(row["ohm"]),
        resistance_sd_ohm=float(np.hypot(np.sqrt(cov[1, 1]), tuning.law_ohm)),
        simulated_V=float(row["simulated_V"]) if row["begun"] else np.nan,
        residual_mV=1e3 * float(row["residual_V"]),
        noise_mV=1e3 * float(np.sqrt(row["noise_V2"])),
        nis=float(row["nis"]),
        cycle=int(row["cycle"]) if is_counted else 0,
        cycles=cycles,
        readings=int(row["readings"]),
        settled=bool(row["begun"]) and scale_sd < SETTLED_SCALE and soc_sd < SETTLED_SOC,
        healthy=not reason,
        reason=reason,
    )


def _doubt(row: Any, tuning: Tuning) -> str:
    noise_V = float(np.sqrt(row["noise_V2"]))
    if not row["begun"]:
        return "no reading with a voltage has come yet"
    if row["frozen_now"]:
        return "do not trust: the voltage reading is frozen, so the state is only counted on"
    if row["nis"] > tuning.nis_limit:
        told = f"{row['nis']:.1f} times what is expected (limit {tuning.nis_limit:g})"
        return f"do not trust: residuals inconsistent, {told}"
    if noise_V > 0.95 * tuning.most_noise_V:
        return f"do not trust: residuals inconsistent, measured and simulated voltage are {1e3 * noise_V:.0f} mV apart"
    if row["scale"] <= 0.21 or row["scale"] >= 1.99 or row["lost"] >= MOST_LOST or row["lost"] <= LEAST_LOST:
        return "do not trust: the capacity scale or the lithium lost is at the end of its range"
    return ""


def cycle_of(row: Any, prior: TwinPrior, tuning: Tuning, before: Sequence[CycleSummary]) -> CycleSummary:
    """The cycle that a row has just come to the end of."""
    state = state_of(row, prior, tuning, len(before))
    charged_Ah, discharged_Ah = float(row["charged_C"]) / 3600, float(row["discharged_C"]) / 3600
    offset_Ah, count = tuning.offset_A * float(row["cycle_s"]) / 3600, max(int(row["count"]), 1)
    unsure_Ah = float(np.hypot(offset_Ah, np.sqrt(row["unsure_C2"]) / 3600))
    number = state.cycle if state.cycle else (before[-1].number + 1 if before else 1)
    done = CycleSummary(
        number=number,
        time_s=state.time_s,
        seconds=float(row["cycle_s"]),
        charged_Ah=charged_Ah,
        discharged_Ah=discharged_Ah,
        released_Wh=float(row["released_J"]) / 3600,
        efficiency=np.nan,
        efficiency_sd=unsure_Ah / charged_Ah if charged_Ah > 0 else np.nan,
        missing_Ah=-float(row["moved_C"]) / 3600,
        highest_A=float(row["most_A"]),
        lowest_A=float(row["least_A"]),
        soh=state.soh,
        soh_sd=state.soh_sd,
        capacity_scale=state.capacity_scale,
        capacity_scale_sd=float(np.sqrt(row["cov"][2, 2])),
        lost=state.lost,
        resistance_ohm=state.resistance_ohm,
        resistance_sd_ohm=float(np.sqrt(row["cov"][1, 1])),
        residual_mean_mV=1e3 * float(row["sum_V"]) / count,
        residual_rms_mV=1e3 * float(np.sqrt(row["sum_V2"] / count)),
        readings=int(row["count"]),
    )
    is_whole = charged_Ah > 0 and discharged_Ah > 0 and bool(before) and before[-1].is_like(done)
    if not is_whole:
        return done
    return CycleSummary(**{**vars(done), "efficiency": discharged_Ah / charged_Ah})


def clear(row: Any, cycle: float) -> None:
    """Begin a new cycle: sums are zero, and it has the number of its first reading."""
    for name in CYCLE:
        row[name] = 0.0
    row["cycle"], row["phase"] = cycle, 0.0
