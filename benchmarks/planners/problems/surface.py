"""A smooth random function of the recipe: what a fitted law gets wrong about electrolytes it has not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator

Array = NDArray[np.float64]

_WAVES = 256
_LENGTH = 0.6
"""Over which the function changes, in units of a variable's range. Illustrative."""
_POINTS = 4096


class SmoothSurface:
    """A draw from a Gaussian process with a squared-exponential kernel (random Fourier features, Rahimi & Recht 2007).

    Args:
        space: where it is defined.
        seed: which draw.
        rms: its root mean square over the volume of the space.
    """

    def __init__(self, space: SearchSpace, seed: int, rms: float) -> None:
        self._low, high = np.array([space.bounds[name] for name in space.names]).T
        self._width = np.maximum(high - self._low, 1e-12)
        draw = generator(seed, "surface")
        self._waves = draw.normal(size=(len(space.names), _WAVES)) / _LENGTH
        self._phases = draw.uniform(0.0, 2.0 * np.pi, size=_WAVES)
        self._heights = draw.normal(size=_WAVES)
        raw = self(space.volume(_POINTS, generator(seed, "surface rms")))
        self._heights *= rms / np.sqrt(np.mean(raw**2))

    def __call__(self, points: Array) -> Array:
        """Values, (n, variables) to (n,)."""
        angles = (points - self._low) / self._width @ self._waves + self._phases
        return np.asarray(np.cos(angles) @ self._heights * np.sqrt(2.0 / _WAVES))
