"""What a twin knows of its cell beforehand: the plan's voltages and a nominal cell. Never what a simulator knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from galvanaut.instruments.cycling.plan import TestPlan
from galvanaut.simulators.twin import TwinPrior

_VOLTAGES = ("until_voltage_V", "voltage_V")


def prior_of(facts: Mapping[str, Any]) -> TwinPrior:
    """For a test, from what its record says beside its readings.

    Raises:
        UnsupportedError: no twin follows such a test.
    """
    plan = TestPlan.model_validate(facts["plan"])
    steps = facts["plan"]["protocol"]["method"]
    voltages = [float(step[name]) for step in steps for name in _VOLTAGES if step.get(name)]
    prior = TwinPrior()
    if plan.temperature_degC is not None:
        prior = replace(prior, temperature_degC=plan.temperature_degC)
    return replace(prior, lowest_V=min(voltages), highest_V=max(voltages)) if len(set(voltages)) > 1 else prior
