"""What a twin says of its cell: now, per cycle, and where it differs from the measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme.parameters import Array


@dataclass(frozen=True)
class TwinState:
    """The state of a cell at its last reading. Standard deviations are the filter's, with what its laws leave open.

    Attributes:
        time_s: of the last reading that was used.
        soc: state of charge, 0 at rest at the prior's lowest and 1 at its highest voltage, for the lithium that is
            left.
        soc_sd: its standard deviation.
        soh: what the cell holds between these voltages at rest, over the design's.
        soh_sd: its standard deviation.
        capacity_scale: active electrode area over the design's.
        capacity_scale_sd: its standard deviation.
        lost: lithium lost since the design, as a share of the negative electrode.
        lost_sd: its standard deviation.
        resistance_ohm: effective: contacts, films, and whatever the twin's electrolyte law has wrong.
        resistance_sd_ohm: its standard deviation.
        simulated_V: voltage at the last reading, after it was used.
        residual_mV: last measured voltage less the simulated one before it was used.
        noise_mV: how far these two are usually apart.
        nis: normalised innovation squared, averaged over the last hour of readings; about 1 or less if all is well.
        cycle: as the readings count them; 0 if they do not.
        cycles: that are complete.
        readings: that were seen.
        settled: whether scale and stoichiometry are known well enough to be read.
        healthy: whether residuals agree with what the filter expects.
        reason: why not, in a sentence; empty if healthy.
    """

    time_s: float
    soc: float
    soc_sd: float
    soh: float
    soh_sd: float
    capacity_scale: float
    capacity_scale_sd: float
    lost: float
    lost_sd: float
    resistance_ohm: float
    resistance_sd_ohm: float
    simulated_V: float
    residual_mV: float
    noise_mV: float
    nis: float
    cycle: int
    cycles: int
    readings: int
    settled: bool
    healthy: bool
    reason: str


@dataclass(frozen=True)
class CycleSummary:
    """One complete cycle.

    Attributes:
        number: as the readings count them, else counted from 1.
        time_s: when it was over.
        seconds: how long it took.
        charged_Ah: charge in.
        discharged_Ah: charge out.
        released_Wh: energy out, by the simulated voltage.
        efficiency: charge out over charge in; not a number unless the cycle before was of the same kind.
        efficiency_sd: from the offset of the current's reading and steps at unknown instants; a gain cancels.
        missing_Ah: charge that the filter had to take away to agree with the voltage; negative if it had to add some.
        highest_A: largest charging current.
        lowest_A: largest discharging current, negative.
        soh: as `TwinState`, at the end.
        soh_sd: its standard deviation.
        capacity_scale: as `TwinState`.
        capacity_scale_sd: its standard deviation.
        lost: as `TwinState`.
        resistance_ohm: as `TwinState`.
        resistance_sd_ohm: as the filter has it, without what its laws leave open: for differences between cycles.
        residual_mean_mV: of measured less simulated voltage.
        residual_rms_mV: root of the mean square.
        readings: that were compared.
    """

    number: int
    time_s: float
    seconds: float
    charged_Ah: float
    discharged_Ah: float
    released_Wh: float
    efficiency: float
    efficiency_sd: float
    missing_Ah: float
    highest_A: float
    lowest_A: float
    soh: float
    soh_sd: float
    capacity_scale: float
    capacity_scale_sd: float
    lost: float
    resistance_ohm: float
    resistance_sd_ohm: float
    residual_mean_mV: float
    residual_rms_mV: float
    readings: int

    def is_like(self, other: CycleSummary) -> bool:
        """Whether both were taken at the same currents, within a tenth, so that charges may be compared."""
        pairs = ((self.highest_A, other.highest_A), (self.lowest_A, other.lowest_A))
        return all(abs(mine - its) <= 0.1 * max(abs(mine), abs(its)) for mine, its in pairs)

    def to_json(self) -> dict[str, Any]:
        """In JSON types; None stands for not a number."""
        return {name: None if value != value else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CycleSummary:
        """What `to_json` wrote."""
        known: dict[str, Any] = {name: np.nan if value is None else value for name, value in values.items()}
        return cls(**known)


@dataclass(frozen=True)
class Overlay:
    """The last readings fed, beside the simulation; arrays of one length.

    Attributes:
        time_s: of the readings.
        measured_V: not a number where nothing was seen.
        simulated_V: before each reading was used.
        soc: state of charge after it.
    """

    time_s: Array
    measured_V: Array
    simulated_V: Array
    soc: Array


@dataclass(frozen=True)
class Gap:
    """How far measurement and simulation are apart; above zero, the cell shows more than its twin.

    One step ahead: the twin has used all readings before. A gap that the twin can learn away shows in its parameters.

    Attributes:
        mean_mV: of measured less simulated voltage.
        rms_mV: root of the mean square.
        readings: that were compared.
        by_cycle: number, mean, root mean square and readings of each complete cycle.
    """

    mean_mV: float
    rms_mV: float
    readings: int
    by_cycle: tuple[tuple[int, float, float, int], ...]


def gap(cycles: Sequence[CycleSummary]) -> Gap:
    """Of complete cycles, of one cell or of many."""
    by_cycle = tuple((c.number, c.residual_mean_mV, c.residual_rms_mV, c.readings) for c in cycles if c.readings)
    count = sum(readings for *_, readings in by_cycle)
    if not count:
        return Gap(np.nan, np.nan, 0, ())
    mean = sum(mean * readings for _, mean, _, readings in by_cycle) / count
    square = sum(rms**2 * readings for _, _, rms, readings in by_cycle) / count
    return Gap(mean, float(np.sqrt(square)), count, by_cycle)
