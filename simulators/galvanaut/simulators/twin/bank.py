"""The twins of many channels, one reading each at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import nan

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme.parameters import Array
from galvanaut.simulators.twin import layout
from galvanaut.simulators.twin.engine import tick
from galvanaut.simulators.twin.findings import Finding
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.readings import Reading, values
from galvanaut.simulators.twin.tuning import Tuning
from galvanaut.simulators.twin.twin import Twin


class Twins(Mapping[str, Twin]):
    """Twins by the names of their channels; each is a `Twin` like any other, and may be fed alone as well.

    Args:
        priors: of each channel, all with one design and one window of voltages.
        tuning: of all.

    Raises:
        UnsupportedError: no channel, or designs or windows that differ.
    """

    def __init__(self, priors: Mapping[str, TwinPrior], tuning: Tuning | None = None) -> None:
        kinds = {(prior.design, prior.lowest_V, prior.highest_V) for prior in priors.values()}
        if len(kinds) != 1:
            raise UnsupportedError("twin: channels of one bank need one design and one window of voltages")
        self._tuning, self._names = tuning or Tuning(), list(priors)
        first = priors[self._names[0]]
        self._fixed = layout.fixed(first.nominal, self._tuning, first.lowest_V, first.highest_V)
        self._liquid = np.concatenate([layout.liquid(prior) for prior in priors.values()])
        self._rows = np.concatenate([layout.fresh(prior, self._tuning) for prior in priors.values()])
        self._twins = {
            name: Twin(prior, self._tuning, self._rows[place : place + 1])
            for place, (name, prior) in enumerate(priors.items())
        }

    def __getitem__(self, name: str) -> Twin:
        return self._twins[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def tick(self, readings: Mapping[str, Reading]) -> dict[str, list[Finding]]:
        """One new reading for some channels or all; gives what is wrong, by channel."""
        blank = (nan,) * len(layout.COLUMNS)
        return self.tick_table(
            np.array([values(readings[name]) if name in readings else blank for name in self._names], float)
        )

    def tick_table(self, readings: Array) -> dict[str, list[Finding]]:
        """`tick` with a table of shape (n, 7), columns `layout.COLUMNS`; rows without a time are left out."""
        seen = np.full((len(readings), len(layout.SEEN)), nan)
        is_over = np.zeros(len(readings), np.bool_)
        tick(self._fixed, self._liquid, self._rows, readings, seen, is_over)
        found: dict[str, list[Finding]] = {}
        for place in np.flatnonzero((seen[:, 4] > 0) | is_over):
            name = self._names[place]
            twin = self._twins[name]
            told = (
                twin.feed_table(readings[place : place + 1])
                if is_over[place]
                else twin.understood(readings[place], seen[place])
            )
            if told:
                found[name] = told
        return found
