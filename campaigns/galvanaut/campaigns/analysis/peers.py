"""Whether replicates agree, judged robustly: the median and the spread about it, and never less than a known spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Agreement = Literal["ok", "outlier", "disagree"]
OUTLIER_LIMIT = 3.5
"""Distance from the median in robust standard deviations (Iglewicz and Hoaglin, ASQC, 1993)."""
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Distance:
    """Where a replicate stands among its peers.

    Attributes:
        agreement: ``outlier`` needs three replicates; of two that differ nobody knows which is wrong: ``disagree``.
        middle: median of all replicates.
        distance: from it, in standard deviations.
    """

    agreement: Agreement
    middle: float
    distance: float


def compare(values: Mapping[str, float], spread: float, limit: float = OUTLIER_LIMIT) -> dict[str, Distance]:
    """Each replicate among all of them.

    Args:
        values: by cell, finite; on a scale on which the spread is the same everywhere, such as a logarithm.
        spread: standard deviation that sound cells are known to have; a few cells that happen to agree do not make it
            smaller.
        limit: distance from which they do not agree.
    """
    numbers = np.array(list(values.values()), dtype=np.float64)
    if len(numbers) < 2:
        return {cell: Distance("ok", value, 0.0) for cell, value in values.items()}
    middle = float(np.median(numbers))
    if len(numbers) == 2:
        distance = float(np.ptp(numbers)) / (np.sqrt(2) * spread)
        return {cell: Distance("disagree" if distance > limit else "ok", middle, distance) for cell in values}
    sd = max(_MAD_TO_SD * float(np.median(np.abs(numbers - middle))), spread)
    distances = {cell: abs(value - middle) / sd for cell, value in values.items()}
    return {cell: Distance("outlier" if far > limit else "ok", middle, far) for cell, far in distances.items()}
