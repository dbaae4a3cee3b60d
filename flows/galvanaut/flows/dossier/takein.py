"""`galvanaut replicate --into`: what another laboratory returned becomes part of a campaign's ledger."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.campaigns.dossier.returned import rows_of
from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.clock import SystemClock, VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.flows.plan import Plan, plan_of
from galvanaut.flows.records import campaign_log

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.replication import Batch, Form
    from galvanaut.core.eventlog import EventLog
    from galvanaut.flows.dossier.replicate import ReturnedForm


def take_in(returned: ReturnedForm, lab: Path) -> str:
    """Write a returned batch into the ledger of the lab whose dossier it answers; what was done, in words.

    The campaign's planner learns from it from its next proposal on, with an offset of that laboratory.

    Raises:
        InputError: the lab has no such campaign or another one of that name, what decides it was not measured, real and
            simulated numbers would be mixed, or the batch is in the ledger.
    """
    batch, form = returned.batch, returned.form
    with campaign_log(lab, form.campaign, to_write=True) as (log, name):
        ledger = Ledger(log, name, SystemClock())
        plan = plan_of(ledger.started or {})
        if _begin(log, name) != _begin(returned.log, name):
            raise InputError(f"--into {lab}", f"its campaign {name} is not the one that the dossier tells of")
        _check_quantity(plan, form)
        _check_origin(batch, ledger, returned.source)
        _check_new(batch, ledger, returned.source)
        # On a simulated bench no time passes between what has happened there and what is said about it.
        last = max(event.at for event in log.read(topic=name))
        clock = VirtualClock(last) if plan.bench.is_synthetic else SystemClock()
        digest = hashlib.sha256(returned.text.encode()).hexdigest()
        Ledger(log, name, clock).take_in(batch.laboratory, digest, rows_of(batch))
    return (
        f"{len(rows_of(batch))} results are in the ledger of {lab} now, with an offset of laboratory {batch.laboratory}"
    )


def _begin(log: EventLog, name: str) -> object:
    """What a campaign began with, which no later event changes."""
    return next((event.data for event in log.read(topic=name)), None)


def _check_quantity(plan: Plan, form: Form) -> None:
    objective = plan.campaign.objective
    if plan.campaign.quantities or objective.name != form.quantity:
        text = f"is decided by {objective.name}, and the form tells {form.quantity} alone; it was judged only"
        raise InputError(f"campaign {plan.campaign.name}", text)


def _check_origin(batch: Batch, ledger: Ledger, source: Path) -> None:
    wanted = "simulated" if ledger.is_synthetic else "real"
    others = [row["line"] for row in rows_of(batch) if row["origin"] != wanted]
    if others:
        text = (
            f"is not {wanted} in form line {', '.join(map(str, others))}, as the campaign is; the two are never mixed"
        )
        raise InputError(source, f"origin {text}")


def _check_new(batch: Batch, ledger: Ledger, source: Path) -> None:
    known = {row["line"] for each in ledger.returned if each.laboratory == batch.laboratory for row in each.rows}
    again = sorted(known & {row["line"] for row in rows_of(batch)})
    if again:
        lines = ", ".join(map(str, again))
        raise InputError(source, f"laboratory {batch.laboratory} has returned form line {lines} before; it counts once")
