"""One quantity's measured values as a model takes them: standardised, with groups and beliefs beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners.kernel import Array, Sample
from galvanaut.campaigns.planners.posterior import Places
from galvanaut.campaigns.planners.protocol import Observation

_SIDES = {"": 0, "above": 1, "below": -1}
_CONSTANT = 1e-12
"""Values that spread less than this, relative to their mean, are all the same."""

_ABSURD = 1e100
"""Values farther from 0 count as so far: their squares stay finite, so that they can be told to be outliers."""


@dataclass(frozen=True)
class Scale:
    """From measured values to what the model sees: larger is better, mean 0, standard deviation 1.

    Attributes:
        sign: 1 to maximise, -1 to minimise.
        centre, width: mean and standard deviation, after the sign.
    """

    sign: float
    centre: float = 0.0
    width: float = 1.0

    @classmethod
    def over(cls, sign: float, values: Array) -> Scale:
        """By the mean and spread of these values."""
        centre, width = float((sign * values).mean()), float(values.std())
        return cls(sign, centre, width if width > _CONSTANT * max(1.0, abs(centre)) else 1.0)

    def standard(self, values: Array) -> Array:
        """Model units of measured values."""
        return np.asarray((self.sign * values - self.centre) / self.width)

    def measured(self, mean: float) -> float:
        """The value that ``mean`` in model units stands for."""
        return self.sign * (mean * self.width + self.centre)


@dataclass(frozen=True)
class Readings:
    """Values of one quantity.

    Attributes:
        places: where, with the predictions of beliefs in the unit of the values.
        values: as measured, absurdly large ones cut (`_ABSURD`), (n,).
        variances: of the values as far as known, 0 where not, (n,).
        groups: number of the group of each, -1 for none, (n,); all -1 where there is only one group.
        censored: 1 where the truth lies above the value, -1 where below, 0 where it was measured, (n,).
    """

    places: Places
    values: Array
    variances: Array
    groups: NDArray[np.int64]
    censored: NDArray[np.int64]

    @classmethod
    def of(cls, observations: Sequence[Observation], quantity: str, places: Places) -> Readings:
        """Of a quantity in observations that all hold it.

        Args:
            observations: n of them.
            quantity: its name; empty for the number that decides.
            places: of their points.
        """
        measured = [each for seen in observations if (each := seen.measured(quantity)) is not None]
        names = sorted({seen.group for seen in observations})
        groups = [names.index(seen.group) if seen.group and len(names) > 1 else -1 for seen in observations]
        return cls(
            places,
            np.clip(np.array([each.value for each in measured], dtype=np.float64), -_ABSURD, _ABSURD),
            np.minimum(np.array([each.variance or 0.0 for each in measured], dtype=np.float64), _ABSURD**2),
            np.array(groups, dtype=np.int64),
            np.array([_SIDES[each.censored] for each in measured], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.values)

    def sample(self, scale: Scale, variances: Array) -> Sample:
        """Standardised, without beliefs.

        Args:
            scale: of the values.
            variances: to take instead of the known ones, in the unit of the values squared.
        """
        standard = scale.standard(self.values)
        has_groups = bool((self.groups >= 0).any())
        return Sample(self.places.features, standard, variances / scale.width**2, self.groups, has_groups=has_groups)
