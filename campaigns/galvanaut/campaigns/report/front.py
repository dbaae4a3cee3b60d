"""The front of a campaign with several objectives: measured results that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.pareto import hypervolume, non_dominated
from galvanaut.campaigns.ledger import TrialRecord
from galvanaut.campaigns.objectivefields import Objective


@dataclass(frozen=True)
class Front:
    """What nothing beats, as measured: its best values are flattered by their own noise.

    Attributes:
        names: of the objectives.
        trials: on the front, by their first objective, the best first.
        hypervolume: share of the room from the worst to the best of all objectives that the results have won; above 1
            where they exceed what was wished for.
    """

    names: tuple[str, ...]
    trials: tuple[TrialRecord, ...]
    hypervolume: float

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {"trials": [trial.number for trial in self.trials], "hypervolume": self.hypervolume}

    def text(self) -> str:
        """In words."""
        numbers = ", ".join(str(trial.number) for trial in self.trials) or "none"
        return (
            f"front of {', '.join(self.names)}: trials {numbers}; hypervolume {self.hypervolume:.3f} of the room from "
            "worst to best"
        )


def front_of(trials: Sequence[TrialRecord], aims: Sequence[Objective]) -> Front:
    """The front of those trials that gave a value for each objective; a lower bound counts as if it were the value.

    Args:
        trials: those that keep all limits.
        aims: the objectives; their worst values are the reference point.
    """
    successes = measured_in_all(trials, aims)
    gains = np.array([_gains(trial, aims) for trial in successes]).reshape(-1, len(aims))
    kept = [trial for trial, is_best in zip(successes, non_dominated(gains), strict=True) if is_best]
    ordered = sorted(kept, key=lambda trial: (-_gains(trial, aims)[0], trial.number))
    return Front(tuple(each.name for each in aims), tuple(ordered), hypervolume(gains, np.zeros(len(aims))))


def measured_in_all(trials: Sequence[TrialRecord], aims: Sequence[Objective]) -> list[TrialRecord]:
    """Those that gave a value for each objective."""
    names = {str(each.name) for each in aims}
    return [trial for trial in trials if trial.outcome is not None and names <= trial.outcome.values.keys()]


def _gains(trial: TrialRecord, aims: Sequence[Objective]) -> list[float]:
    """How far from the worst: 0 there, 1 at the best."""
    values = trial.outcome.values if trial.outcome is not None else {}
    return [1.0 - each.shortfall(values[each.name]) for each in aims]
