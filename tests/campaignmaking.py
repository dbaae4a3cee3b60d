"""Campaigns and ledgers made by hand, for tests of what lies between a campaign file and its planner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger, Outcome
from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine

ONE = [{"name": "conductivity", "goal": "maximise"}]
SEVERAL = [
    {"name": "conductivity", "goal": "maximise", "worst": 4, "best": 10},
    {"name": "life", "goal": "maximise", "worst": 0, "best": 300},
]
PRICES = {"currency": "EUR", "date": "2026-11-01", "source": "ours", "per_kg": {"EC": 5, "DMC": 4, "LiPF6": 100}}

ABOUT = {
    "written": "2026-11-20",
    "version": "1",
    "commit": "",
    "licence": "none",
    "authors": [],
    "instruments": [],
    "protocols": [],
}
"""What the front page of a dossier is told beside its content."""


def campaign_of(name: str = "demo", objectives: Sequence[Mapping[str, Any]] = ONE, **more: Any) -> Campaign:
    """EC, DMC and LiPF6; with cells, so that all quantities may be asked for."""
    components = {
        "solvents": {"EC": {"low": 0.1, "high": 0.5}, "DMC": {"low": 0.5, "high": 0.9}},
        "salts": {"LiPF6": {"low": "0.5 mol/kg", "high": "2 mol/kg"}},
    }
    cells = {"formation": "formation.yaml", "cycling": "ageing.yaml"}
    procedure = {"batch_mass": "6 g", "conductivity": {"temperature": "0 degC"}, "cells": cells}
    fields = {"name": name, "components": components, "procedure": procedure, "budget": {"trials": 20}}
    return Campaign.model_validate({**fields, "objectives": objectives, "bench": "bench.yaml", **more})


def recipe(ec: float, molality: float = 1.0) -> Recipe:
    return Recipe.from_views({"EC": ec, "DMC": 1.0 - ec}, {"LiPF6": molality})


def ledger_of(folder: Path, campaign: Campaign, bench: str = "one") -> Ledger:
    """Begun, in the same database for all campaigns of a folder."""
    log = EventLog(open_engine(folder / "ledger.db"), "ledger")
    ledger = Ledger(log, campaign.name, VirtualClock(), bench)
    ledger.start({"campaign": campaign.to_json(), "seed": 1, "bench": {"name": bench}})
    return ledger


def try_out(ledger: Ledger, number: int, made: Recipe, outcome: Outcome | None) -> None:
    shares, molality = made.solvent_shares, made.molality("LiPF6")
    ledger.propose(number, made, [], {"point": [shares["EC"], shares["DMC"], molality]})
    if outcome is not None:
        ledger.close(number, outcome)


def filled(ledger: Ledger, value: Callable[[float, float], float], count: int = 8) -> Ledger:
    """Trials over the space, each with a conductivity that a function of EC's share and the molality gives."""
    for number in range(1, count + 1):
        ec, molality = 0.1 + 0.4 * (number % 4) / 3, 0.6 + 0.15 * number
        found = Outcome("ok", {"conductivity": value(ec, molality)}, {"conductivity": 0.01})
        try_out(ledger, number, recipe(ec, molality), found)
    return ledger
