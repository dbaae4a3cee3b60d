"""The twin sees telemetry and nominal design, and nothing of what simulated cells hide."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from galvanaut.simulators import twin as package
from galvanaut.simulators.cells.spme import Ageing, ageing, landesfeind, recipe, variability
from galvanaut.simulators.cells.spme.landesfeind import diffusivity_m2_s, thermodynamic_factor, transference_number
from galvanaut.simulators.twin import Twin, TwinPrior
from galvanaut.simulators.twin.electrolyte import Electrolyte
from twinstreams import Plan, conductivity, cycled, sample

FOLDER = Path(inspect.getfile(package)).parent
HIDDEN = {
    "ageing",
    "recipe",
    "variability",
    "landesfeind",
    "transport",
    "cells",
    "losses",
    "holdercell",
    "made",
    "sizes",
    "fast",
}
"""Modules with what a real cell would not tell."""


def modules() -> list[str]:
    """All that the package's files import from this project."""
    names = []
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
    return [name for name in names if name.startswith("galvanaut")]


def test_nothing_hidden_is_imported() -> None:
    ours = [name for name in modules() if not name.startswith("galvanaut.simulators.twin")]
    assert ours
    allowed = (
        "galvanaut.core.",
        *(f"galvanaut.simulators.cells.spme.{name}." for name in ("parameters", "modes", "compiled")),
    )
    assert [name for name in ours if not name.startswith(allowed)] == []
    assert not {part for name in ours for part in name.split(".")[4:-1]} & HIDDEN


def test_other_truth_behind_the_same_telemetry_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden laws and constants are turned upside down after the telemetry was taken."""
    table = cycled(sample(contact_ohm=10.0, loading=1.02, ageing=Ageing()), Plan(charge=1.0), 2, start=0.3).table()
    before = Twin.begin(TwinPrior(conductivity_S_m=conductivity()))
    before.feed_table(table)
    for name in ("CONDUCTIVITY_P", "DIFFUSIVITY_P", "TRANSFERENCE_P", "THERMODYNAMIC_P"):
        monkeypatch.setattr(landesfeind, name, dict.fromkeys(landesfeind.FAMILIES, ()))
    for module, name in (
        (ageing, "SEI_V"),
        (ageing, "LITHIUM_PER_SEI"),
        (variability, "MISALIGNED"),
        (recipe, "FREE_FEC"),
    ):
        monkeypatch.setattr(module, name, np.nan)
    after = Twin.begin(before.prior)
    after.feed_table(table)
    assert json.dumps(after.snapshot()) == json.dumps(before.snapshot())


def test_the_prior_has_no_place_for_hidden_truth() -> None:
    assert set(vars(TwinPrior())) == {
        *("salt_M", "conductivity_S_m", "temperature_degC", "design"),
        *("resistance_ohm", "resistance_sd_ohm", "scale_sd", "lost_sd", "highest_V", "lowest_V"),
    }


@pytest.mark.parametrize("family", landesfeind.FAMILIES)
def test_the_electrolyte_law_is_another_one(family: landesfeind.Family) -> None:
    """For no simulated liquid do both agree in what shapes the voltage."""
    mine = Electrolyte.of(TwinPrior(conductivity_S_m=conductivity(family)))
    unlike = 1 - transference_number(family, 1.0, 298.15)
    polarising = unlike * thermodynamic_factor(family, 1.0, 298.15)
    assert abs(mine.diffusivity_m2_s / diffusivity_m2_s(family, 1.0, 298.15) - 1) > 0.02
    assert abs(mine.polarising / polarising - 1) > 0.05
