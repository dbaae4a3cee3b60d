"""Whether numbers come from a simulation: asked of the plans that a ledger keeps, in one place for every label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from galvanaut.core.errors import InputError


def is_synthetic(plan: Mapping[str, Any]) -> bool:
    """Whether what is measured on the bench of a plan comes from a simulation, be it another process's."""
    bench = plan.get("bench", {})
    return bool(bench.get("visa") == "simulated" or bench.get("served", False))


def require_same_world(campaign: str, started: Mapping[str, Any], joining: Mapping[str, Any]) -> None:
    """Refuse a bench where numbers of a simulation and of hardware would pass for each other, and teach one planner.

    Args:
        campaign: its name.
        started: the plan of the bench that began it.
        joining: that of the other one.

    Raises:
        InputError: one of them is simulated, the other is not.
    """
    if is_synthetic(started) == is_synthetic(joining):
        return
    first, other = ("simulated" if is_synthetic(plan) else "real" for plan in (started, joining))
    names = [plan["bench"]["name"] for plan in (started, joining)]
    raise InputError(
        f"campaign {campaign}",
        f"was begun on bench {names[0]}, which is {first}, and bench {names[1]} is {other}; the two are never mixed. "
        f"Nothing was written. Share it with a {first} bench, or run it without --join in a lab folder of its own.",
    )
