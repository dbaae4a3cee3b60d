"""Constraints as a chemist writes them, one line each.

Inequalities: ``EC + PC >= 0.1``, ``PC/0.3 + DMC/0.9 <= 1``, ``EC/PC <= 2``. Variables are those of the campaign:
solvents as mass shares of all solvent, salts in mol per kg of solvent, additives as mass fractions of the electrolyte.
Numbers are plain; the units are those of the variables.

Counts: ``at most 2 of VC, FEC, PS``, ``at least 1 of DMC, EMC``, ``exactly 1 of LiPF6, LiFSI``. A component that a
count names may be absent: it is 0, or lies within its bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from galvanaut.campaigns.expressions import difference

_COUNT = re.compile(r"\s*(at\s+most|at\s+least|exactly)\b\s*(?P<number>\S*)\s*(?P<of>\w*)\s*(?P<names>.*)", re.I | re.S)
_COUNT_HINT = "expected something like 'at most 2 of VC, FEC, PS' or 'exactly 1 of LiPF6, LiFSI'"


@dataclass(frozen=True)
class LinearConstraint:
    """``sum(coefficients[name] * value[name]) <= bound``.

    Attributes:
        coefficients: by variable name, without zeros.
        bound: right-hand side.
        text: as it was written, for messages and files.
    """

    coefficients: Mapping[str, float]
    bound: float
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that it speaks of."""
        return tuple(self.coefficients)

    def row(self, names: Sequence[str]) -> list[float]:
        """The coefficients in the order of ``names``."""
        return [self.coefficients.get(name, 0.0) for name in names]

    def excess(self, values: Mapping[str, float]) -> float:
        """By how much the left side exceeds the bound; negative when the constraint holds with room to spare."""
        return sum(factor * values[name] for name, factor in self.coefficients.items()) - self.bound


@dataclass(frozen=True)
class CountConstraint:
    """So many of some components a recipe holds.

    Attributes:
        names: of the components, each of which may be absent.
        least, most: how many of them are present.
        text: as it was written, for messages and files.
    """

    names: tuple[str, ...]
    least: int
    most: int
    text: str


Constraint = LinearConstraint | CountConstraint


def parse(text: str) -> Constraint:
    """The constraint that ``text`` writes; of an inequality, ``>=`` is turned round into ``<=``.

    Raises:
        ValueError: the text is neither one linear inequality nor a count; says which word is at fault.
    """
    if isinstance(text, str) and (found := _COUNT.fullmatch(text)):
        return _count(text, found)
    coefficients, bound = difference(text)
    return LinearConstraint(coefficients, bound, text)


def _count(text: str, found: re.Match[str]) -> CountConstraint:
    number, of = found["number"], found["of"]
    if not number.isdecimal() or of.lower() != "of":
        raise ValueError(f"{text!r} needs a whole number and the word 'of'; {_COUNT_HINT}")
    names = tuple(name.strip() for name in found["names"].split(","))
    odd = next((name for name in names if not re.fullmatch(r"\w+", name)), None)
    if odd is not None:
        raise ValueError(f"{text!r}: {odd!r} is no name; separate names by commas, {_COUNT_HINT}")
    if len(set(names)) < len(names):
        raise ValueError(f"{text!r} names a component twice")
    return _counted(text, found[1].lower().split()[-1], int(number), names)


def _counted(text: str, kind: str, number: int, names: tuple[str, ...]) -> CountConstraint:
    if number == 0:
        nothing = "says nothing; for a component that may be absent write 'optional: true' beside its bounds"
        raise ValueError(f"{text!r} {nothing if kind == 'least' else 'leaves all of them out; drop them instead'}")
    if kind != "most" and number > len(names):
        raise ValueError(f"{text!r} wants {number} of only {len(names)}")
    least, most = {"most": (0, number), "least": (number, len(names)), "exactly": (number, number)}[kind]
    return CountConstraint(names, least, most, text)


def optional_names(flagged: Sequence[str], constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """Components that may be absent although their low bound is above 0: flagged so, or named in a count."""
    counted = [name for each in constraints if isinstance(each, CountConstraint) for name in each.names]
    return tuple(dict.fromkeys([*flagged, *counted]))
