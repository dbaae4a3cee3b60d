"""Several objectives at once: which results nothing beats, and how much room from worst to best they fill."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def non_dominated(gains: Array) -> NDArray[np.bool_]:
    """Which results no other one beats: none is at least as good in everything and better in something.

    Args:
        gains: (n, objectives), more is better in each column. Equal rows do not beat each other.

    Returns:
        Shape (n,).
    """
    as_good = (gains[:, None, :] >= gains[None, :, :]).all(axis=2)
    better = (gains[:, None, :] > gains[None, :, :]).any(axis=2)
    return ~np.asarray((as_good & better).any(axis=0))


def hypervolume(gains: Array, reference: Array) -> float:
    """Volume of what is at least as good as the reference point and no better than some result; exact.

    Args:
        gains: (n, objectives), more is better in each column; rows that are not better than the reference in every
            objective add nothing.
        reference: (objectives,), the corner that counts as no good at all.
    """
    above = np.asarray(gains - reference, dtype=np.float64).reshape(-1, len(reference))
    above = above[(above > 0.0).all(axis=1)]
    return _volume(above[non_dominated(above)]) if len(above) else 0.0


def _volume(front: Array) -> float:
    """From the origin, by cutting along the last objective (While et al., IEEE Trans. Evol. Comput. 10 (2006) 29)."""
    if front.shape[1] == 1:
        return float(front.max())
    ordered = front[np.argsort(-front[:, -1], kind="stable")]
    heights = ordered[:, -1] - np.append(ordered[1:, -1], 0.0)
    if front.shape[1] == 2:
        return float(np.maximum.accumulate(ordered[:, 0]) @ heights)
    slabs = (ordered[: count + 1, :-1] for count in range(len(ordered)))
    areas = (_volume(np.unique(slab[non_dominated(slab)], axis=0)) for slab in slabs)
    return float(sum(area * height for area, height in zip(areas, heights.tolist(), strict=True)))
