"""Was everything safe, and since when? Pure functions of what was true and of what the host knew.

A cell is safe at an instant if its true voltage, current and temperature lie inside its holder's envelope, and its
circuit is open or the source that drives it is bounded: voltage and currents, as set at the source, inside the envelope
too, and somebody knows: the host has true readings no older than two polls, or has said that it does not know.
A current that the host believes to be off is never safe.

A pump is safe while it moves no more than it was asked for, belongs to a job that is under way or was reported, and no
vessel runs over. A chamber is safe while its air lies inside its limits and those of what it houses.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from galvanaut.flows.drill.truth import AirTruth, CellTruth, LiquidTruth
    from galvanaut.instruments.envelope import Envelope

VOLTAGE_TOLERANCE_V = 0.01
CURRENT_TOLERANCE = 0.02
TEMPERATURE_TOLERANCE_K = 2.0
"""How far outside its envelope a cell may truly be: errors of good instruments, and overshoot of a good chamber."""
TRUE_V, TRUE_SHARE = 0.05, 0.05
"""A reading is true within this voltage, and this share of the envelope's current."""
IDLE_A = 1e-6
"""A source that can pass no more than this is as good as off."""
POLLS = 2
"""Polls after which the host has to know."""
GIVEN_SHARE, GIVEN_G = 0.1, 0.02
"""How far a true dose may lie above what was asked for: pumps scatter."""

Claim = Literal["off", "unknown"]


@dataclass(frozen=True)
class Row:
    """A reading of one cell that the host accepted."""

    at: float
    voltage_V: float
    current_A: float


@dataclass(frozen=True)
class Told:
    """What the host said of one cell at an instant.

    Attributes:
        at: instant.
        claim: its circuit is off, or that is not known and somebody has to look.
        text: in its words.
    """

    at: float
    claim: Claim
    text: str


@dataclass(frozen=True)
class Fault:
    """Something that was not safe at an instant, and why."""

    at: float
    reason: str


@dataclass(frozen=True)
class Knowledge:
    """What the host knew of one cell; both in the order of time.

    Attributes:
        rows: readings that it accepted.
        told: what it said.
        absent: from when to when there was no host: only the instrument bounds the cell then.
        held_up: from when to when the copy stood still for an instrument that has nothing to do with this cell: a real
            bench would not have.
    """

    rows: Sequence[Row] = ()
    told: Sequence[Told] = ()
    absent: tuple[float, float] | None = None
    held_up: Sequence[tuple[float, float]] = ()


def cell_faults(truths: Sequence[CellTruth], envelope: Envelope, knowledge: Knowledge, period_s: float) -> list[Fault]:
    """Instants at which a cell was not safe."""
    good = true_rows(knowledge.rows, truths, envelope)
    good_at, told_at = [row.at for row in good], [each.at for each in knowledge.told]
    faults = []
    closed_at = -inf
    for truth in truths:
        closed_at = truth.at if truth.is_open else closed_at
        reason = outside(truth, envelope) or unbounded(truth, envelope)
        if not reason and not truth.is_open and not _is_absent(knowledge, truth.at, period_s):
            last = bisect_right(told_at, truth.at)
            told = knowledge.told[last - 1] if last else None
            seen = bisect_right(good_at, truth.at)
            known_at = max(closed_at, good_at[seen - 1]) if seen else closed_at
            age_s = truth.at - known_at - _overlap(knowledge.held_up, known_at, truth.at)
            reason = _unwatched(truth, told, age_s, period_s)
        if reason:
            faults.append(Fault(truth.at, reason))
    return faults


def outside(truth: CellTruth, envelope: Envelope) -> str:
    """What of a cell is truly outside its envelope; empty if nothing."""
    margin_A = CURRENT_TOLERANCE
    rows = (
        (truth.voltage_V, envelope.voltage_min_V, envelope.voltage_max_V, VOLTAGE_TOLERANCE_V, "V"),
        (
            truth.current_A,
            -envelope.discharge_max_A * (1 + margin_A),
            envelope.charge_max_A * (1 + margin_A),
            0.0,
            "A",
        ),
        (
            truth.temperature_degC,
            envelope.temperature_min_degC,
            envelope.temperature_max_degC,
            TEMPERATURE_TOLERANCE_K,
            "degC",
        ),
    )
    return next(
        (
            f"{value:.4g} {unit} is outside {low:.4g} to {high:.4g} {unit}"
            for value, low, high, tolerance, unit in rows
            if not low - tolerance <= value <= high + tolerance
        ),
        "",
    )


def unbounded(truth: CellTruth, envelope: Envelope) -> str:
    """Where the source's own settings would let the cell leave its envelope some day; empty if nowhere."""
    if truth.held_V is None or is_idle(truth):
        return ""
    low_V, high_V = envelope.voltage_min_V - VOLTAGE_TOLERANCE_V, envelope.voltage_max_V + VOLTAGE_TOLERANCE_V
    if not low_V <= truth.held_V <= high_V:
        return f"a source of {truth.held_V:.4g} V is on the cell"
    charge_A, discharge_A = (
        limit * (1 + CURRENT_TOLERANCE) for limit in (envelope.charge_max_A, envelope.discharge_max_A)
    )
    if truth.high_A > charge_A or -truth.low_A > discharge_A:
        return f"a source that may pass {truth.low_A:.3g} to {truth.high_A:.3g} A is on the cell"
    return ""


def true_rows(rows: Sequence[Row], truths: Sequence[CellTruth], envelope: Envelope) -> list[Row]:
    """The readings that agree with the truth just before or just after what was done at their instant."""
    instants = [truth.at for truth in truths]
    found = []
    for row in rows:
        around = truths[bisect_left(instants, row.at - 0.5) : bisect_right(instants, row.at + 0.5)]
        if not around or any(_agrees(row, truth, envelope) for truth in around):
            found.append(row)
    return found


def _agrees(row: Row, truth: CellTruth, envelope: Envelope) -> bool:
    off_A = TRUE_SHARE * max(envelope.charge_max_A, envelope.discharge_max_A)
    is_blind = isnan(row.voltage_V)  # some meters cannot see the voltage of a cell at rest, and say so
    is_near = is_blind or abs(row.voltage_V - truth.voltage_V) <= TRUE_V
    return is_near and abs(row.current_A - truth.current_A) <= off_A


def is_idle(truth: CellTruth) -> bool:
    """Whether nothing is on the cell, or nothing that could do anything to it."""
    return truth.is_open or max(truth.high_A, -truth.low_A) <= IDLE_A


def bounded_by(truth: CellTruth) -> str:
    """What an instrument that nobody reaches still guarantees, in words."""
    return f"holds {truth.held_V:.4g} V, {truth.low_A * 1000:.3g} to {truth.high_A * 1000:.3g} mA"


def liquid_faults(
    truths: Sequence[LiquidTruth],
    asked_g: Callable[[str, float], float],
    is_minded: Callable[[str, float], bool],
    drawn_from: dict[str, str],
    capacities_mL: dict[str, float],
) -> list[Fault]:
    """Instants at which liquid went where it should not.

    Args:
        truths: in the order of time.
        asked_g: mass that all jobs up to an instant had asked of a pump.
        is_minded: whether at an instant a job minds the pump, or the host has said that it may be running.
        drawn_from: bottle or vessel by pump; only those of pumps whose account can be kept.
        capacities_mL: by vessel.
    """
    faults = []
    for truth in truths:
        for pump, source in drawn_from.items():
            given_g = truths[0].mass_g[source] - truth.mass_g[source]
            allowed_g = asked_g(pump, truth.at) * (1 + GIVEN_SHARE) + GIVEN_G
            if given_g > allowed_g:
                faults.append(Fault(truth.at, f"{pump} has given {given_g:.3f} g; at most {allowed_g:.3f} g was asked"))
        for vessel, capacity_mL in capacities_mL.items():
            if truth.volume_mL[vessel] > capacity_mL * (1 - 1e-9):
                faults.append(Fault(truth.at, f"{vessel} runs over"))
        for pump in sorted(truth.moving):
            if pump in truth.endless:
                faults.append(Fault(truth.at, f"{pump} runs without an end"))
            elif not is_minded(pump, truth.at):
                faults.append(Fault(truth.at, f"{pump} runs and nobody minds it"))
    return faults


def air_faults(truths: Iterable[AirTruth], low_degC: float, high_degC: float) -> list[Fault]:
    """Instants at which the air of a chamber was outside its limits."""
    low, high = low_degC - TEMPERATURE_TOLERANCE_K, high_degC + TEMPERATURE_TOLERANCE_K
    return [
        Fault(truth.at, f"the air is at {truth.air_degC:.1f} degC")
        for truth in truths
        if not low <= truth.air_degC <= high
    ]


@dataclass(frozen=True)
class Safety:
    """How long it took until all was safe.

    Attributes:
        after_s: from the fault to the last instant that was not safe; 0 if all was safe, infinite if it never was.
        reason: what was not safe last, or what was not safe before the fault already.
    """

    after_s: float
    reason: str = ""


def safety(faults: Sequence[Fault], onset: float, end: float) -> Safety:
    """The verdict on everything that was not safe between a fault and the end of the watch."""
    if not faults:
        return Safety(0.0)
    first, last = min(faults, key=lambda fault: fault.at), max(faults, key=lambda fault: fault.at)
    if first.at < onset:
        return Safety(inf, f"before the fault already: {first.reason}")
    return Safety(inf if last.at >= end else last.at - onset, last.reason)


def _unwatched(truth: CellTruth, told: Told | None, age_s: float, period_s: float) -> str:
    """Why a cell that is driven within bounds is not safe: nobody knows; empty if somebody does."""
    if is_idle(truth):
        return ""
    if told is not None and told.claim == "off":
        return f"the host says off ({told.text}), but the source {bounded_by(truth)}"
    if told is not None and told.claim == "unknown":
        return ""
    if age_s > POLLS * period_s + 1.0:
        return f"driven, and the host has had no true reading for {age_s:.0f} s and has not said so"
    return ""


def _is_absent(knowledge: Knowledge, instant: float, period_s: float) -> bool:
    """Whether there was no host, or a new one had no time yet to look."""
    if knowledge.absent is None:
        return False
    died_at, revived_at = knowledge.absent
    return died_at <= instant <= revived_at + POLLS * period_s


def _overlap(intervals: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    return sum(max(0.0, min(end, last) - max(begin, first)) for first, last in intervals)
