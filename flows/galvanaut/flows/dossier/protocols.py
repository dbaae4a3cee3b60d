"""The tests of a campaign's cells for other people's cyclers, and what is measured of the liquid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling.foreign import SUFFIXES, foreign_protocol
from galvanaut.instruments.cycling.losses import Target
from galvanaut.instruments.cycling.plan import TestPlan

TARGETS: tuple[Target, ...] = ("unicycler", "neware", "biologic")
assert set(TARGETS) <= set(get_args(Target))


@dataclass(frozen=True)
class Protocol:
    """One test.

    Attributes:
        name: formation or cycling.
        files: content by path in the dossier.
        notes: what the files do not say, or why one is missing.
    """

    name: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...]


def protocols_of(stored: Mapping[str, Any], settings: Mapping[str, float | str]) -> list[Protocol]:
    """The tests that a ledger's plan holds, as the recommended trial ran them; none where no cells are built.

    Args:
        stored: the plan.
        settings: of the trial, which may choose the rate of formation.
    """
    plans = {name: TestPlan.model_validate(each) for name, each in stored.get("tests", {}).items()}
    nominal_Ah = plans["formation"].capacity_Ah if "formation" in plans else None
    found = []
    for name, plan in plans.items():
        rate = settings.get("formation_rate")
        chosen = plan.with_rate(float(rate)) if rate is not None and name == "formation" else plan
        wants = chosen.wants_capacity
        usable = chosen.with_capacity(nominal_Ah) if wants and nominal_Ah is not None else chosen
        found.append(_protocol(name, usable, wants))
    return found


def _protocol(name: str, plan: TestPlan, wants_capacity: bool) -> Protocol:
    files: dict[str, bytes] = {f"protocol/{name}.plan.json": _json(plan.as_json())}
    notes: list[str] = []
    unsaid: dict[str, list[str]] = {}
    if wants_capacity:
        notes.append("C-rates refer to the capacity that formation measures; in the files, to the nominal one.")
    for target in TARGETS:
        try:
            written = foreign_protocol(plan, target, name=name, source=f"{name} plan")
        except InputError as error:
            notes.append(f"Not written for {target}: {error}")
            continue
        files[f"protocol/{name}.{target}{SUFFIXES[target]}"] = written.content
        for problem in written.unsaid:
            unsaid.setdefault(str(problem), []).append(target)
    notes += [f"{text} ({', '.join(targets)})" for text, targets in unsaid.items()]
    return Protocol(name, files, tuple(notes))


def measurement_json(campaign: Campaign) -> bytes:
    """How the liquid is measured; all of it was set by a person."""
    step = campaign.procedure.conductivity
    return _json(
        {
            "origin": "set",
            "quantity": "conductivity",
            "temperature_degC": step.temperature_degC,
            "settle_s": step.settle_s,
            "tolerance_K": step.tolerance_K,
            "readings": step.readings,
            "transfer_mL": step.transfer_mL,
            "batch_mass_g": campaign.procedure.batch_mass_g,
        }
    )


def _json(data: object) -> bytes:
    return (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()
