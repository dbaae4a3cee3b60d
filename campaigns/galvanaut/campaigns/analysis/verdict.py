"""Whether a cell counts: open, shorted, misassembled, at odds with its replicates; with the number that decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from typing import Any, Literal

from galvanaut.campaigns.analysis.evidence import Evidence, Expected
from galvanaut.campaigns.analysis.figures import json_number
from galvanaut.campaigns.analysis.peers import Distance, compare
from galvanaut.campaigns.analysis.thresholds import Thresholds

Status = Literal["ok", "open", "short", "misassembled", "outlier", "disagree", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What became of a cell.

    Attributes:
        cell: its name.
        status: ``ok``; a failure (``open``, ``short``, ``misassembled``, ``outlier``); ``disagree``: one of two that
            contradict each other; ``unknown``: the record does not tell yet.
        reason: in words.
        quantity: which number decided; empty if ``ok``.
        number: its value; NaN if ``ok``.
        limit: what it was held against.
    """

    cell: str
    status: Status
    reason: str = ""
    quantity: str = ""
    number: float = float("nan")
    limit: float = float("nan")

    @property
    def counts(self) -> bool:
        """Whether the cell's results may be averaged with others. Of two that disagree both do: it is no failure."""
        return self.status in ("ok", "disagree")

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        numbers = {"number": json_number(self.number), "limit": json_number(self.limit)}
        return {"cell": self.cell, "status": self.status, "reason": self.reason, "quantity": self.quantity, **numbers}


def verdicts(cells: Sequence[Evidence], expected: Expected, thresholds: Thresholds | None = None) -> dict[str, Verdict]:
    """Judge each cell alone, then those that stand among each other.

    Args:
        cells: replicates of one recipe under one protocol.
        expected: what they should be.
        thresholds: where a cell ceases to be one.
    """
    limits = thresholds if thresholds is not None else Thresholds()
    found = {cell.cell: alone(cell, expected, limits) for cell in cells}
    sound = [cell for cell in cells if found[cell.cell].status == "ok"]
    for judge in (_efficiency_among, _resistance_among, _capacity_among):
        # Whoever a first comparison takes out is no peer in the next one.
        peers = [cell for cell in sound if found[cell.cell].status == "ok"]
        found.update({verdict.cell: verdict for verdict in judge(peers, limits)})
    return found


def alone(cell: Evidence, expected: Expected, limits: Thresholds) -> Verdict:
    """One cell against what it should be; the first of these that holds: open, short, misassembled, unknown."""
    for judge in (_open, _short_on_charge, _short_later, _misassembled):
        verdict = judge(cell, expected, limits)
        if verdict is not None:
            return verdict
    if not cell.complete_cycles:
        reason = "no cycle was completed, and nothing in the record shows a failure; test it for longer"
        return Verdict(cell.cell, "unknown", reason, "complete_cycles", 0.0, 1.0)
    return Verdict(cell.cell, "ok")


def _open(cell: Evidence, expected: Expected, limits: Thresholds) -> Verdict | None:
    least_Ah = limits.open_share * expected.capacity_Ah
    if not (cell.moved_Ah < least_Ah and cell.highest_V >= expected.upper_V - limits.reached_V):
        return None
    reason = (
        f"no current flows: the voltage went to {cell.highest_V:.3f} V with {1e3 * cell.moved_Ah:.3g} mAh moved; look "
        "at the contacts and whether electrolyte was filled in"
    )
    return Verdict(cell.cell, "open", reason, "moved_Ah", cell.moved_Ah, least_Ah)


def _short_on_charge(cell: Evidence, expected: Expected, limits: Thresholds) -> Verdict | None:
    charge_mAh = 1e3 * cell.first_charge_Ah
    share = cell.first_charge_Ah / expected.capacity_Ah
    if share >= limits.dead_share and cell.highest_V < limits.dead_V:
        reason = (
            f"cannot be charged: {charge_mAh:.3g} mAh went in and the voltage never came above {cell.highest_V:.3f} V"
        )
        return Verdict(cell.cell, "short", reason, "highest_V", cell.highest_V, limits.dead_V)
    if share >= limits.overfull_share and cell.highest_V < expected.upper_V - limits.reached_V:
        most_Ah = limits.overfull_share * expected.capacity_Ah
        reason = (
            f"takes charge without getting full: {charge_mAh:.3g} mAh in the first charge, at {cell.highest_V:.3f} V"
        )
        return Verdict(cell.cell, "short", reason, "first_charge_Ah", cell.first_charge_Ah, most_Ah)
    return None


def _short_later(cell: Evidence, expected: Expected, limits: Thresholds) -> Verdict | None:
    most_A = limits.float_1_h * expected.capacity_Ah
    efficiency = cell.coulombic_efficiency.value
    if cell.rest_fall_V_h > limits.rest_fall_V_h:
        fall = f"discharges itself at rest: {1e3 * cell.rest_fall_V_h:.3g} mV/h late in the rest after a charge"
        return Verdict(cell.cell, "short", fall, "rest_fall_V_h", cell.rest_fall_V_h, limits.rest_fall_V_h)
    if cell.float_A > most_A:
        leaks = f"leaks: held at its upper voltage its current heads for {1e6 * cell.float_A:.3g} uA instead of none"
        return Verdict(cell.cell, "short", leaks, "float_A", cell.float_A, most_A)
    if efficiency < limits.efficiency and not cell.is_first_cycle:
        lost = f"gives back {efficiency:.4f} of its charge after the first cycle, {1e6 * cell.leak_A:.3g} uA are lost"
        return Verdict(cell.cell, "short", lost, "coulombic_efficiency", efficiency, limits.efficiency)
    return None


def _misassembled(cell: Evidence, expected: Expected, limits: Thresholds) -> Verdict | None:
    least_Ah, capacity_Ah = limits.capacity_share * expected.capacity_Ah, cell.capacity_Ah.value
    if capacity_Ah < least_Ah:
        reason = (
            f"has {1e3 * capacity_Ah:.3g} mAh of the nominal {1e3 * expected.capacity_Ah:.3g}; look for electrodes "
            "that do not face each other, or too little electrolyte"
        )
        return Verdict(cell.cell, "misassembled", reason, "capacity_Ah", capacity_Ah, least_Ah)
    ohm = cell.resistance_ohm.value
    if ohm > limits.resistance_ohm:
        reason = f"has a resistance of {ohm:.3g} ohm; look at the contacts, the spring and the amount of electrolyte"
        return Verdict(cell.cell, "misassembled", reason, "resistance_ohm", ohm, limits.resistance_ohm)
    return None


def _efficiency_among(cells: Sequence[Evidence], limits: Thresholds) -> Iterator[Verdict]:
    known = {cell.cell: cell.coulombic_efficiency for cell in cells if isfinite(cell.coulombic_efficiency.value)}
    spread = max([limits.efficiency_spread, *(figure.sd for figure in known.values())])
    for name, at in compare({name: figure.value for name, figure in known.items()}, spread).items():
        value = known[name].value
        if at.agreement == "outlier" and value < at.middle:
            reason = f"gives back {value:.4f} of its charge, its replicates {at.middle:.4f}; it probably leaks"
            yield Verdict(name, "short", reason, "coulombic_efficiency", value, at.middle)
        elif at.agreement != "ok":
            yield _at_odds(name, "coulombic_efficiency", value, at.middle, at)


def _resistance_among(cells: Sequence[Evidence], limits: Thresholds) -> Iterator[Verdict]:
    known = {cell.cell: cell.resistance_ohm.value for cell in cells if cell.resistance_ohm.value > 0}
    for name, at in compare({name: log(ohm) for name, ohm in known.items()}, limits.resistance_spread).items():
        ohm, middle_ohm = known[name], exp(at.middle)
        if len(known) >= 3 and ohm > limits.resistance_ratio * middle_ohm:
            reason = f"has a resistance of {ohm:.3g} ohm, its replicates {middle_ohm:.3g} ohm; look at the contacts"
            yield Verdict(name, "misassembled", reason, "resistance_ohm", ohm, limits.resistance_ratio * middle_ohm)
        elif at.agreement != "ok":
            yield _at_odds(name, "resistance_ohm", ohm, middle_ohm, at)


def _capacity_among(cells: Sequence[Evidence], limits: Thresholds) -> Iterator[Verdict]:
    known = {cell.cell: cell.capacity_Ah.value for cell in cells if cell.capacity_Ah.value > 0}
    for name, at in compare({name: log(value) for name, value in known.items()}, limits.capacity_spread).items():
        if at.agreement != "ok":
            yield _at_odds(name, "capacity_Ah", known[name], exp(at.middle), at)


def _at_odds(name: str, quantity: str, value: float, middle: float, at: Distance) -> Verdict:
    if at.agreement == "disagree":
        words = f"{quantity} is {value:.4g}, the middle of the two replicates {middle:.4g}: a third one has to decide"
        return Verdict(name, "disagree", words, quantity, value, middle)
    words = (
        f"{quantity} is {value:.4g}, the median of its replicates {middle:.4g}: {at.distance:.1f} standard deviations"
    )
    return Verdict(name, "outlier", words, quantity, value, middle)
