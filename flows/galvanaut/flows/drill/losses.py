"""What is missing or wrong in the records: they are read anew from the files, as any later program would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.flows.drill.truth import LiquidTruth
    from galvanaut.instruments.journal import JobRecord

ENDED = ("done", "failed")
MASS_SHARE, MASS_G = 0.02, 0.02
"""How far the recorded mass of a dose may be from the truth: a good balance with some drift."""


def forgotten(known: Sequence[JobRecord], on_disk: Sequence[JobRecord]) -> Iterator[str]:
    """Jobs that are not on disk as the host knew them."""
    kept = {str(record.key): record for record in on_disk}
    for record in known:
        found = kept.get(str(record.key))
        if found is None or (found.state, found.result, found.notes) != (record.state, record.result, record.notes):
            yield f"job {record.key}: the journal on disk does not hold what was acknowledged"


def unended(records: Sequence[JobRecord]) -> Iterator[str]:
    """Jobs without an end, or with one that nobody can understand."""
    for record in records:
        if record.state not in ENDED:
            yield f"job {record.key}: was left without an end"
        elif record.state == "failed" and not record.reason:
            yield f"job {record.key}: failed without a reason"


def dose_losses(
    records: Sequence[JobRecord], truths: Sequence[LiquidTruth], drawn_from: Mapping[str, str]
) -> Iterator[str]:
    """Doses whose recorded mass is not what the bottle has lost.

    Args:
        records: all jobs.
        truths: in the order of time.
        drawn_from: bottle by dosing pump.
    """
    for pump, bottle in drawn_from.items():
        doses = [each for each in records if each.request.get("pump") == pump and each.request["kind"] == "dose"]
        if not doses or any(each.state != "done" or each.result is None for each in doses):
            continue
        given_g = truths[0].mass_g[bottle] - truths[-1].mass_g[bottle]
        recorded_g = sum(float(each.result["mass_g"]) for each in doses if each.result is not None)
        if abs(given_g - recorded_g) > max(MASS_G, MASS_SHARE * given_g):
            yield f"{pump}: {recorded_g:.3f} g are recorded, {given_g:.3f} g were given"
