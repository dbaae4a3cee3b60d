"""`galvanaut fail`: a person says that a recipe failed where no instrument could see it."""

from __future__ import annotations

from pathlib import Path

from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.clock import SystemClock, VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.flows.plan import plan_of
from galvanaut.flows.records import campaign_log


def condemn(lab: Path, campaign: str, number: int, reason: str) -> str:
    """Count a trial as one whose recipe failed, from now on or from its end on; what was done, in words.

    Raises:
        InputError: no such campaign or trial, no reason, or it was said before.
    """
    if not reason.strip():
        raise InputError("--reason", 'is empty; write what was seen, e.g. "it gelled"')
    with campaign_log(lab, campaign, to_write=True) as (log, name):
        seen = Ledger(log, name, SystemClock())
        if number not in seen.trials:
            raise InputError(f"trial {number}", f"is not one of campaign {name}, which has {len(seen.trials)}")
        if seen.trials[number].condemned:
            raise InputError(f"trial {number}", f"has failed already: {seen.trials[number].condemned}")
        is_synthetic = plan_of(seen.started or {}).bench.is_synthetic
        last = max(event.at for event in log.read(topic=name))
        # On a simulated bench no time passes between what has happened there and what is said about it.
        Ledger(log, name, VirtualClock(last) if is_synthetic else SystemClock()).condemn(number, reason.strip())
    before = seen.trials[number].status
    if before == "pending":
        return f"{name}: trial {number} will count as a failed recipe when its jobs have ended: {reason.strip()}"
    return f"{name}: trial {number} was {before.replace('_', ' ')} and is a failed recipe now: {reason.strip()}"
