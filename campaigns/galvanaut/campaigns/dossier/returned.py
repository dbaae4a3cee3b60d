"""What a returned batch says: the offset of its laboratory, and whether the effect is there, too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.campaigns.dossier.effect import Difference, welch
from galvanaut.campaigns.dossier.replication import observed

if TYPE_CHECKING:
    from galvanaut.campaigns.dossier.model import Model
    from galvanaut.campaigns.dossier.replication import Batch, Form

_WIDE = 1.959964


@dataclass(frozen=True)
class Judgement:
    """A batch of another laboratory against what the campaign expects.

    Attributes:
        laboratory: its name.
        values: that were measured there.
        failed: batches whose recipe failed there.
        offset: of the laboratory: what it measures more than expected, common to all its values.
        effect: recommended less reference, by its own values; its offset plays no part in it.
    """

    laboratory: str
    values: int
    failed: int
    offset: Difference | None
    effect: Difference | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "laboratory": self.laboratory,
            "values": self.values,
            "failed": self.failed,
            "offset": None if self.offset is None else vars(self.offset),
            "effect": None if self.effect is None else vars(self.effect),
        }


def judged(batch: Batch, form: Form, model: Model) -> Judgement:
    """Compare a returned batch with the campaign's model.

    The offset is the generalised least-squares mean of the residuals: errors of the model are common to recipes that
    lie close together, the scatter of a measurement is each value's own.
    """
    good = [each for each in batch.rows if each.value is not None]
    failed = sum(each.status == "failed" for each in batch.rows)
    effect = welch(observed(batch.rows, "recommended"), observed(batch.rows, "reference"))
    if not good:
        return Judgement(batch.laboratory, 0, failed, None, effect)
    points = np.array([model.space.point(each.made) for each in good])
    means, spread = model.joint(points, form.quantity)
    residuals = np.array([each.value for each in good], dtype=np.float64) - means
    variance = model.widening**2 * spread + model.noise_sd(form.quantity) ** 2 * np.eye(len(good))
    ones = np.linalg.solve(variance + 1e-12 * np.eye(len(good)), np.ones(len(good)))
    expected, sd = float(ones @ residuals / ones.sum()), math.sqrt(1.0 / float(ones.sum()))
    how = f"{len(good)} values against the planner's model"
    offset = Difference(expected, expected - _WIDE * sd, expected + _WIDE * sd, how)
    return Judgement(batch.laboratory, len(good), failed, offset, effect)


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """What a ledger keeps of a batch, see `ledger.ReturnedBatch`; what was not made is left out."""
    return [
        {
            "line": each.line,
            "recipe": each.recipe,
            "made": dict(each.made.mass_fractions),
            "status": each.status,
            "reason": each.reason,
            "value": each.value,
            "origin": each.origin,
            "made_on": None if each.made_on is None else each.made_on.isoformat(),
        }
        for each in batch.rows
        if each.status != "not made"
    ]
