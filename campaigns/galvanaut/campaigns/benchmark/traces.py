"""The course of one optimisation run whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.campaigns.planners.protocol import Array

CHECKPOINTS = (10, 20, 25, 40)
"""Numbers of experiments at which regret is reported."""


@dataclass(frozen=True)
class Trace:
    """One run of one planner.

    Attributes:
        planner: its name.
        seed: of the run; the same seed means the same noise and, for planners that have one, the same initial design.
        regret: simple regret of the best recipe tested so far, by its true value, after each experiment, (budget,);
            as a fraction of the optimum. With several aims what the hypervolume of all tested lacks.
        recommended: the same of the recipe that the planner would recommend, by number of experiments; NaN while it
            recommends none. Empty with several aims, which no single recipe answers.
        cpu_s: processor time of each ask, (budget,).
        failures: recipes that failed.
        memory_MB: most that the process had meanwhile over what it had before; the first run of a planner in a process
            pays for its imports. None where the system does not tell it.
    """

    planner: str
    seed: int
    regret: Array
    recommended: Mapping[int, float]
    cpu_s: Array
    failures: int = 0
    memory_MB: float | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; a thousandth of a per cent is precise enough, and so is a tenth of a millisecond."""
        return {
            "planner": self.planner,
            "seed": self.seed,
            "regret": np.round(self.regret, 5).tolist(),
            "recommended": {str(n): None if np.isnan(x) else round(x, 5) for n, x in self.recommended.items()},
            "cpu_s": np.round(self.cpu_s, 4).tolist(),
            "failures": self.failures,
            "memory_MB": None if self.memory_MB is None else round(self.memory_MB, 1),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trace:
        """The trace that `to_json` gave, as far as that is precise; other keys are left alone."""
        recommended = {int(n): float("nan") if x is None else float(x) for n, x in data["recommended"].items()}
        regret, cpu_s = np.array(data["regret"]), np.array(data["cpu_s"])
        failures, memory_MB = data["failures"], data.get("memory_MB")
        return cls(data["planner"], data["seed"], regret, recommended, cpu_s, failures, memory_MB)


def experiments_to(regret: Array, level: float) -> float:
    """Experiments until ``level`` (such as 0.95) of the optimum is reached; infinite if never."""
    reached = np.flatnonzero(regret <= 1.0 - level + 1e-12)
    return float(reached[0] + 1) if len(reached) else float("inf")
