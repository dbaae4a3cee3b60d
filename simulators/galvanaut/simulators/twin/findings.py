"""What a twin finds wrong, in plain words with numbers.

Within a cycle the kernels notice steps of the residual, frozen readings and residuals that add up; at its end charges
and parameters are compared with the cycles before. A cause is the likely one, no verdict: from one voltage and one
current a loose contact and a jumping voltmeter cannot be told apart before the current changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from galvanaut.simulators.twin.layout import FROZEN, JUMP, SUMMED
from galvanaut.simulators.twin.state import CycleSummary
from galvanaut.simulators.twin.tuning import Tuning

Cause = Literal[
    "contact", "sensor offset", "frozen reading", "gain", "soft short", "lithium plating", "drift", "gap in readings"
]
REST_A = 2e-5
EFFICIENCY_LIMIT = 0.012
"""Less than this share of a charge may stay away. Illustrative: healthy cells of the simulator lose up to 0.4 %."""
EFFICIENCY_STEP = 0.006
"""And no more than this beyond the median of the cycles before. Illustrative."""
CAPACITY_STEP = 0.006
"""Charges of two cycles of one kind may differ by so much. Illustrative."""
RESISTANCE_STEP_OHM, RESISTANCE_SHARE = 1.5, 0.10
SIGMAS = 4.0
_NEAR = 8
"""Cycles back that are still neighbours."""
_SETTLING = 2
"""Cycles that parameters need to settle."""
_CONFIRMED = 0.3
"""What charges tell is believed if the voltage tells at least this share of it. Illustrative."""
_PLATING_SHARE = 0.4
"""If so much of the charge that stayed away is capacity lost, lithium was lost rather than shorted. Illustrative."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        cause: the likely one.
        time_s: when it was noticed, on the clock of the readings.
        text: a sentence with the numbers.
        value: what was seen.
        limit: what it may be at most, in the same unit.
        unit: of both.
        cycle: in which; 0 if nobody counts.
    """

    cause: Cause
    time_s: float
    text: str
    value: float
    limit: float
    unit: str
    cycle: int


def noticed(code: int, time_s: float, current_A: float, step_V: float, tuning: Tuning, cycle: int) -> list[Finding]:
    """What the code of one reading means.

    Args:
        code: of the kernels.
        time_s: of the reading.
        current_A: of the reading.
        step_V: by how much the residual stepped.
        tuning: with the limits that were passed.
        cycle: of the reading.
    """
    found = []
    if code & int(JUMP):
        found.append(_jump(time_s, current_A, step_V, tuning.jump_V, cycle))
    if code & int(FROZEN):
        text = (
            f"the voltage has stayed the same to the last digit for {tuning.frozen_s:.0f} s while the "
            f"simulated one moved: the reading is frozen"
        )
        found.append(Finding("frozen reading", time_s, text, tuning.frozen_s, tuning.frozen_s, "s", cycle))
    if code & int(SUMMED):
        text = (
            "measured and simulated voltage have stayed apart in one direction for many minutes: charge "
            "leaks away, a gain or an offset changed, or the cell is not what its twin is"
        )
        found.append(Finding("drift", time_s, text, tuning.sum_V * 1e3, tuning.sum_V * 1e3, "mV", cycle))
    return found


def _jump(time_s: float, current_A: float, step_V: float, limit_V: float, cycle: int) -> Finding:
    if abs(current_A) > REST_A and step_V * current_A > 0:
        ohm = step_V / current_A
        text = (
            f"the voltage stepped by {1e3 * step_V:+.1f} mV against the simulation at {1e3 * current_A:+.2f} mA, as "
            f"{ohm:.1f} ohm "
            "more in the contacts would make it (or an offset of the voltmeter): look at holder and leads"
        )
        return Finding("contact", time_s, text, ohm, limit_V / abs(current_A), "ohm", cycle)
    text = (
        f"the voltage stepped by {1e3 * step_V:+.1f} mV against the simulation at {1e3 * current_A:+.2f} mA, which "
        f"more resistance "
        "does not explain: an offset of the voltmeter, or a contact that came back"
    )
    return Finding("sensor offset", time_s, text, 1e3 * step_V, 1e3 * limit_V, "mV", cycle)


def after_cycle(done: CycleSummary, before: Sequence[CycleSummary]) -> list[Finding]:
    """What a complete cycle says beside the ones before it.

    Args:
        done: the cycle that is over.
        before: all cycles before it, oldest first.
    """
    alike = [other for other in before[-12:] if other.is_like(done)]
    found = [*_charge(done, before, alike), *_scale(done, alike), *_resistance(done, alike)]
    return found if len(before) >= 1 else []


def _charge(done: CycleSummary, before: Sequence[CycleSummary], alike: Sequence[CycleSummary]) -> list[Finding]:
    """Charge that went in and did not come out, or is not in the cell any more by its voltage.

    Both, as a host that looks once a minute ends a discharge up to a minute late, which is 2 % of a charge at 1C, and
    gives that back in the next cycle: less cannot be told from charges alone, but the filter sees where each has led.
    """
    if done.efficiency != done.efficiency:
        return []
    known = [other.missing_Ah / other.charged_Ah for other in alike if other.efficiency == other.efficiency]
    usual = median(known) if known else 0.0
    limit = EFFICIENCY_LIMIT + SIGMAS * done.efficiency_sd
    if len(known) >= 3:
        limit = min(limit, usual + EFFICIENCY_STEP + SIGMAS * done.efficiency_sd)
    away, limit_by_charges = 1 - done.efficiency, limit + _resolution(done)
    missing = done.missing_Ah / done.charged_Ah
    if away > limit_by_charges and missing > _CONFIRMED * away:
        limit = limit_by_charges
    else:
        away = missing
    if away <= limit:
        return []
    missing_Ah = (away - min(max(usual, 0.0), EFFICIENCY_LIMIT / 3)) * done.charged_Ah
    lost_Ah = before[-1].discharged_Ah - done.discharged_Ah
    mean_A = missing_Ah * 3600 / done.seconds
    told = f"{100 * away:.2f} ± {100 * done.efficiency_sd:.2f} % of the charge stayed away"
    if lost_Ah > _PLATING_SHARE * missing_Ah:
        text = f"{told}, and the capacity fell by {1e3 * lost_Ah:.3f} mAh: lithium is lost, as by plating"
        return [Finding("lithium plating", done.time_s, text, 100 * away, 100 * limit, "%", done.number)]
    text = f"{told} while the capacity stayed: like a soft short of {1e6 * mean_A:.0f} uA"
    return [Finding("soft short", done.time_s, text, 100 * away, 100 * limit, "%", done.number)]


def _resolution(done: CycleSummary) -> float:
    """By which share of its charge a cycle may be cut off early or late: one reading at its largest current."""
    if not done.readings or done.charged_Ah <= 0:
        return 0.0
    largest_A = max(abs(done.highest_A), abs(done.lowest_A))
    return done.seconds / done.readings * largest_A / 3600 / done.charged_Ah


def _scale(done: CycleSummary, alike: Sequence[CycleSummary]) -> list[Finding]:
    """Charges in and out that step by the same share: another gain of the current's reading, or electrode area lost.

    The capacity scale of the filter follows over some cycles; charges show it at once.
    """
    near = [other for other in alike if done.number - other.number <= _NEAR]
    if len(near) <= _SETTLING:
        return []
    changes = [b.discharged_Ah / a.discharged_Ah - 1 for a, b in pairwise([*near, done])]
    change, usual = changes[-1], median(changes[:-1])
    charged = done.charged_Ah / near[-1].charged_Ah - 1
    limit = CAPACITY_STEP + _resolution(done)
    if done.efficiency_sd == done.efficiency_sd:
        limit += SIGMAS * done.efficiency_sd
    if min(abs(change), abs(change - usual), abs(charged)) <= limit or change * charged < 0:
        return []
    text = (
        f"charges in and out stepped by {100 * charged:+.2f} and {100 * change:+.2f} % from one cycle to the next "
        f"(usual "
        f"{100 * usual:+.2f} %): the gain of the current's reading changed, or electrode area was lost at once"
    )
    return [Finding("gain", done.time_s, text, 100 * change, 100 * limit, "%", done.number)]


def _resistance(done: CycleSummary, alike: Sequence[CycleSummary]) -> list[Finding]:
    """A resistance that jumps from one cycle to the next."""
    if len(alike) <= _SETTLING:
        return []
    change = done.resistance_ohm - alike[-1].resistance_ohm
    usual = median(b.resistance_ohm - a.resistance_ohm for a, b in pairwise(alike))
    limit = max(RESISTANCE_STEP_OHM, RESISTANCE_SHARE * abs(alike[-1].resistance_ohm)) + SIGMAS * done.resistance_sd_ohm
    if min(abs(change), abs(change - usual)) <= limit:
        return []
    text = f"the resistance changed by {change:+.1f} ohm within a cycle, to {done.resistance_ohm:.1f} ohm: a contact"
    return [Finding("contact", done.time_s, text, change, limit, "ohm", done.number)]
