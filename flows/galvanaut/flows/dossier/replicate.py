"""`galvanaut replicate`: a replication form that came back, judged against the dossier that it belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.campaigns.dossier.content import model_of
from galvanaut.campaigns.dossier.replication import Batch, Form, read_form
from galvanaut.campaigns.dossier.returned import Judgement, judged
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.observe import observations
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.flows.dossier.files import FORM
from galvanaut.flows.dossier.gather import sources_of
from galvanaut.flows.dossier.package import opened
from galvanaut.flows.dossier.verify import kept_decisions
from galvanaut.flows.plan import plan_of

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.effect import Difference
    from galvanaut.core.eventlog import EventLog


@dataclass(frozen=True)
class ReturnedForm:
    """A form that came back.

    Attributes:
        source: its file.
        text: of it.
        form: what was asked for.
        batch: what was measured.
        judgement: of that.
        log: the decisions that the dossier keeps.
    """

    source: Path
    text: str
    form: Form
    batch: Batch
    judgement: Judgement
    log: EventLog


def replicate(dossier: Path, form: Path) -> ReturnedForm:
    """Read and judge a form.

    Args:
        dossier: folder, ``.zip`` or ``.eln``.
        form: the CSV that came back.

    Raises:
        InputError: one of the two cannot be used; of the form every row at fault is named.
    """
    with opened(dossier) as package:
        if FORM not in package.names:
            raise InputError(dossier, "has no replication form: its campaign chose settings beside the recipe")
        asked = Form.from_json(json.loads(package.read(FORM)))
        campaign, log = kept_decisions(package)
    text = _text(form)
    batch = read_form(asked, text, form)
    ledger = Ledger(log, campaign, SystemClock())
    plan = plan_of(ledger.started or {})
    sources = sources_of(ledger, plan, [plan_of(each).bench for each in ledger.plans], [])
    model, _ = model_of(sources, observations(ledger, plan.campaign, plan.space))
    if model is None:
        raise InputError(dossier, "its campaign has too few values for a model, so there is nothing to compare with")
    return ReturnedForm(form, text, asked, batch, judged(batch, asked, model), log)


def judgement_text(returned: ReturnedForm) -> str:
    """In words."""
    found, form = returned.judgement, returned.form
    rows = [f"laboratory {found.laboratory}: {found.values} values, {found.failed} recipes failed"]
    rows.append(f"  offset of the laboratory {_interval(found.offset, form.unit, 'cannot be told without a value')}")
    lacking = "cannot be told: it takes two values of each of the two recipes"
    rows.append(f"  recommended less reference {_interval(found.effect, form.unit, lacking)}")
    return "\n".join(rows)


def _interval(found: Difference | None, unit: str, lacking: str) -> str:
    return lacking if found is None else found.text(unit)


def _text(form: Path) -> str:
    try:
        return form.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(form, f"cannot be read as text ({error}); save it as CSV in UTF-8") from None
