"""The numbers by which the filter and its alarms were tuned, each with what it is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tuning:
    """All illustrative: chosen on simulated cells, not on measured ones.

    Attributes:
        noise_V: least standard deviation of measured less simulated voltage.
        most_noise_V: what that may grow to while it is learnt; beyond it the twin says that it cannot be trusted.
        first_V: uncertainty of the voltage from which the stoichiometry is first found.
        shared_s: residuals closer together than this carry the information of one.
        learn_s: time constant of the noise, in seconds of readings.
        drift_b: growth of the variance of the stoichiometry, 1/s.
        drift_ohm2: of the resistance, ohm2/s.
        drift_g: of the capacity scale, 1/s.
        drift_l: of the lithium lost, 1/s.
        most_b: largest correction of the stoichiometry by one reading.
        most_ohm: of the resistance, ohm.
        most_g: of the capacity scale.
        most_l: of the lithium lost.
        most_V: innovations are cut off there.
        outlier: innovations of more standard deviations than this count less.
        gate_s: after a step of the current no alarm is raised for so long.
        gate_readings: and for so many readings.
        gate_noise: factor on the standard deviation right after a step of the current.
        step_share: a change of the current by more than this share is a step.
        least_V: a voltage below it is none of a cell, and is left out.
        highest_V: above it likewise.
        turn_share: within a step, a change by more than this from one reading to the next is no straight line.
        rest_A: below it a cell is at rest.
        gap_s: readings further apart are a gap.
        jump_V: smallest step of the residual that is an alarm.
        jump_sd: in standard deviations of the noise.
        steep: uncertainty of the stoichiometry by which alarms wait where the voltage is steep.
        moved_share: and by which share of what the simulated voltage has moved since the last reading.
        unsettled: alarms wait for so many standard deviations of what the state leaves open in the voltage.
        base_s: time constant of the residual against which steps are seen.
        confirm_s: readings closer together than this need a second one that agrees.
        frozen_s: so long must a voltage stay the same to the last digit ...
        frozen_V: ... while the simulated one moves by this much.
        sum_V: unit of the summed residual.
        sum_allowance: in these units, what is forgiven per reading.
        sum_limit: in units times minutes.
        reopened: uncertainty that stoichiometry, scale and lithium lost are given when that is passed.
        repeat_s: within so long the same cause is not told again.
        offset_A: offset of the current's reading, for the uncertainty of charges.
        nis_s: time constant of the normalised innovation.
        nis_limit: beyond it the residuals are inconsistent.
        law_ohm: by how much published laws of the electrolyte disagree in the resistance; part of what is reported.
        law_scale: the same for the capacity scale, the lithium lost and the state of health.
        law_soc: the same for the state of charge.
    """

    noise_V: float = 1.5e-3
    most_noise_V: float = 12e-3
    first_V: float = 4e-3
    shared_s: float = 60.0
    learn_s: float = 3600.0
    drift_b: float = 1e-11
    drift_ohm2: float = 2e-6
    drift_g: float = 1e-11
    drift_l: float = 2e-12
    most_b: float = 0.05
    most_ohm: float = 10.0
    most_g: float = 0.02
    most_l: float = 0.01
    most_V: float = 0.2
    outlier: float = 4.0
    gate_s: float = 60.0
    gate_readings: float = 3.5
    gate_noise: float = 4.0
    step_share: float = 0.25
    turn_share: float = 0.08
    least_V: float = -0.5
    highest_V: float = 6.0
    rest_A: float = 2e-5
    gap_s: float = 1800.0
    jump_V: float = 2.5e-3
    jump_sd: float = 0.7
    steep: float = 1.5e-3
    moved_share: float = 0.12
    unsettled: float = 2.0
    base_s: float = 300.0
    confirm_s: float = 25.0
    frozen_s: float = 110.0
    frozen_V: float = 1e-3
    sum_V: float = 2e-3
    sum_allowance: float = 2.0
    sum_limit: float = 30.0
    reopened: float = 0.01
    repeat_s: float = 7200.0
    offset_A: float = 5e-8
    nis_s: float = 3600.0
    nis_limit: float = 4.0
    law_ohm: float = 1.0
    law_scale: float = 2e-3
    law_soc: float = 2e-3
