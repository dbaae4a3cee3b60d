"""Whether the lines of a campaign file leave any choice, or any recipe at all, and if not, which lines do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from galvanaut.campaigns.constraints import CountConstraint, LinearConstraint
from galvanaut.campaigns.variables import Array

_SAME = 1e-6
"""A difference that linear programmes cannot tell from none."""
_PRESENT = 1e-4
"""Share of its high bound from which a component with a low bound of 0 counts as present here: more than `_SAME`."""
_ORDERS = 8
"""A set that cannot be spared may still be larger than another one; of so many that are found the smallest is named."""


@dataclass(frozen=True)
class BoundLine:
    """A low or high bound of a component.

    Attributes:
        name: of the component.
        side: which bound.
        value: its number.
        path: where it stands in the file.
        unit: of the value; empty for fractions.
    """

    name: str
    side: Literal["low", "high"]
    value: float
    path: tuple[str, ...]
    unit: str = ""

    @property
    def text(self) -> str:
        """For messages."""
        return f"{'.'.join(self.path)} ({self.value:g}{self.unit and ' ' + self.unit})"


@dataclass(frozen=True)
class SharesLine:
    """What goes without saying: the shares of the solvents sum to 1."""

    text: str = "the shares of the solvents sum to 1"


Line = BoundLine | LinearConstraint | CountConstraint | SharesLine


@dataclass(frozen=True)
class Amounts:
    """What a campaign file's lines speak of.

    Attributes:
        names: components.
        solvents: those whose values sum to 1.
        ceilings: highest value that makes sense, for each of ``names``.
        optional: those that are 0 or within their bounds.
    """

    names: tuple[str, ...]
    solvents: tuple[str, ...]
    ceilings: tuple[float, ...]
    optional: tuple[str, ...] = ()

    def conflict(self, lines: Sequence[Line]) -> list[Line]:
        """A smallest set of lines that no recipe fulfils together; empty if all can hold.

        None of the set can be spared; other sets of the same kind may exist.
        """
        return [] if self._allow(lines) else _needed(lines, lambda some: not self._allow(some))

    def pinned(self, lines: Sequence[Line]) -> list[Line]:
        """A smallest set of lines that leaves one recipe only; ``lines`` have to do so."""
        return _needed(lines, self._fix)

    def _allow(self, lines: Sequence[Line]) -> bool:
        return self._lowest(lines, np.zeros(len(self.names))) is not None

    def _fix(self, lines: Sequence[Line]) -> bool:
        """A random direction has the same highest and lowest value over one point only."""
        direction = np.random.default_rng(1).uniform(1.0, 2.0, size=len(self.names))
        low, high = self._lowest(lines, direction), self._lowest(lines, -direction)
        return low is None or high is None or -high - low <= _SAME

    def _lowest(self, lines: Sequence[Line], direction: Array) -> float | None:
        """Lowest value of ``direction @ amounts`` under the lines; None if nothing fulfils them.

        A mixed-integer programme: amounts in units of their high bounds, then for each optional component whether it
        is present.
        """
        from scipy.optimize import Bounds, milp

        low, high = self._bounds(lines)
        scale = np.where(high > 0.0, high, 1.0)
        held = [self.names.index(name) for name in self.optional]
        least, unit, none = low / scale, high / scale, np.zeros(len(held))
        least[held] = 0.0
        found = milp(
            np.concatenate([direction * scale, none]),
            integrality=np.repeat([0, 1], [len(self.names), len(held)]),
            bounds=Bounds(np.concatenate([least, none]), np.concatenate([unit, none + 1.0])),
            constraints=self._rows(lines, low, high, scale),
            options={"mip_rel_gap": 0.0},
        )
        if found.status not in (0, 2):
            raise ArithmeticError(f"linear programme over a campaign's lines failed: {found.message}")
        return None if found.status == 2 else float(found.fun)

    def _bounds(self, lines: Sequence[Line]) -> tuple[Array, Array]:
        """Lowest and highest amount of each component, where it is present."""
        low, high = np.zeros(len(self.names)), np.array(self.ceilings, dtype=np.float64)
        for line in lines:
            if isinstance(line, BoundLine):
                (low if line.side == "low" else high)[self.names.index(line.name)] = line.value
        return low, high

    def _rows(self, lines: Sequence[Line], low: Array, high: Array, scale: Array) -> tuple[Array, Array, Array]:
        """Conditions ``least <= rows @ (scaled amounts, presences) <= most``."""
        no_amounts, no_presences = np.zeros(len(self.names)), np.zeros(len(self.optional))
        solvents = np.array([float(name in self.solvents) for name in self.names])
        rows: list[tuple[Array, float, float]] = []
        for line in lines:
            if isinstance(line, SharesLine):
                rows.append((np.concatenate([solvents * scale, no_presences]), 1.0, 1.0))
            elif isinstance(line, LinearConstraint):
                row = np.array(line.row(self.names)) * scale
                size = np.abs(row).max()
                rows.append((np.concatenate([row, no_presences]) / size, -np.inf, line.bound / size))
            elif isinstance(line, CountConstraint):
                counted = np.array([float(name in line.names) for name in self.optional])
                rows.append((np.concatenate([no_amounts, counted]), float(line.least), float(line.most)))
        for place, name in enumerate(self.optional):
            column = self.names.index(name)
            amount, presence = np.eye(len(self.names))[column], np.eye(len(self.optional))[place]
            least = max(low[column] / scale[column], _PRESENT)
            rows.append((np.concatenate([amount, -least * presence]), 0.0, np.inf))
            rows.append((np.concatenate([amount, -high[column] / scale[column] * presence]), -np.inf, 0.0))
        if not rows:
            return np.empty((0, len(no_amounts) + len(no_presences))), np.empty(0), np.empty(0)
        limits = np.array([limits for _, *limits in rows])
        return np.array([row for row, *_ in rows]), limits[:, 0], limits[:, 1]


def _needed(lines: Sequence[Line], holds: Callable[[Sequence[Line]], bool]) -> list[Line]:
    """Lines none of which can be spared without ``holds`` becoming false; ``holds(lines)`` is true."""
    draw = np.random.default_rng(1)
    orders = [range(len(lines)), *(draw.permutation(len(lines)).tolist() for _ in range(_ORDERS - 1))]
    found = (_filtered(lines, [lines[index] for index in order], holds) for order in orders)
    return min(found, key=len)


def _filtered(lines: Sequence[Line], order: Sequence[Line], holds: Callable[[Sequence[Line]], bool]) -> list[Line]:
    """Deletion filter: Chinneck and Dravnieks, ORSA Journal on Computing 3 (1991) 157."""
    kept = list(lines)
    for line in order:
        without = [one for one in kept if one is not line]
        if holds(without):
            kept = without
    return kept
