"""Linear constraints as a chemist writes them: ``EC + PC >= 0.1`` or ``PC/0.3 + DMC/0.9 <= 1``.

Variables are those of the campaign: solvents as mass shares of all solvent, salts in mol per kg of solvent, additives
as mass fractions of the electrolyte. Numbers are plain; the units are those of the variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?(?!\w)|\.\d+(?:[eE][-+]?\d+)?(?!\w)|\w+|[<>=]=?|[-+*/()]|\S)")
_HINT = "expected something like 'EC + PC >= 0.1' or 'PC/0.3 + DMC/0.9 <= 1'"


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

    def row(self, names: Sequence[str]) -> list[float]:
        """The coefficients in the order of ``names``."""
        return [self.coefficients.get(name, 0.0) for name in names]

    def excess(self, values: Mapping[str, float]) -> float:
        """By how much the left side exceeds the bound; negative when the constraint holds with room to spare."""
        return sum(factor * values[name] for name, factor in self.coefficients.items()) - self.bound


def parse(text: str) -> LinearConstraint:
    """The constraint that ``text`` writes; ``>=`` is turned round into ``<=``.

    Raises:
        ValueError: the text is not one linear inequality; says which word is at fault.
    """
    if not isinstance(text, str):
        raise ValueError(f"{_HINT}, found {text!r}")
    words = _TOKEN.findall(text)
    relations = [word for word in words if word[0] in "<>="]
    if len(relations) != 1:
        raise ValueError(f"{text!r} has {len(relations)} comparisons, one is needed (split a chain); {_HINT}")
    _check_relation(relations[0], text)
    at = words.index(relations[0])
    left, right = _Reader(words[:at], text).read(), _Reader(words[at + 1 :], text).read()
    difference = left.plus(right, -1.0)
    if relations[0] == ">=":
        difference = difference.times(-1.0)
    coefficients = {name: factor for name, factor in difference.factors.items() if factor != 0.0}
    if not coefficients:
        raise ValueError(f"{text!r} names no component, or they cancel out; {_HINT}")
    return LinearConstraint(coefficients, -difference.constant + 0.0, text)


def _check_relation(relation: str, text: str) -> None:
    if relation in ("=", "=="):
        raise ValueError(
            f"{text!r} is an equality, which no dosed batch fulfils exactly; fix a component by equal bounds, "
            "or write two inequalities with the tolerance you accept"
        )
    if relation not in ("<=", ">="):
        raise ValueError(f"{text!r}: write <= or >= instead of {relation}")


@dataclass(frozen=True)
class _Linear:
    """A number plus a weighted sum of variables."""

    constant: float
    factors: Mapping[str, float]

    def plus(self, other: _Linear, sign: float) -> _Linear:
        names = dict.fromkeys([*self.factors, *other.factors])
        factors = {name: self.factors.get(name, 0.0) + sign * other.factors.get(name, 0.0) for name in names}
        return _Linear(self.constant + sign * other.constant, factors)

    def times(self, factor: float) -> _Linear:
        return _Linear(self.constant * factor, {name: value * factor for name, value in self.factors.items()})

    def over(self, divisor: float) -> _Linear:
        return _Linear(self.constant / divisor, {name: value / divisor for name, value in self.factors.items()})


class _Reader:
    """Recursive descent over the words of one side: sums of products of signed numbers, names and parentheses."""

    def __init__(self, words: Sequence[str], text: str) -> None:
        self._words = list(words)
        self._text = text

    def read(self) -> _Linear:
        found = self._sum()
        if self._words:
            raise self._surprise()
        return found

    def _sum(self) -> _Linear:
        found = self._product()
        while self._next() in ("+", "-"):
            sign = 1.0 if self._words.pop(0) == "+" else -1.0
            found = found.plus(self._product(), sign)
        return found

    def _product(self) -> _Linear:
        found = self._factor()
        while self._next() in ("*", "/"):
            operator, other = self._words.pop(0), self._factor()
            found = self._multiplied(found, other) if operator == "*" else self._divided(found, other)
        return found

    def _multiplied(self, left: _Linear, right: _Linear) -> _Linear:
        if left.factors and right.factors:
            raise ValueError(f"{self._text!r} multiplies components with each other, which is not linear; {_HINT}")
        return left.times(right.constant) if left.factors else right.times(left.constant)

    def _divided(self, left: _Linear, right: _Linear) -> _Linear:
        if right.factors:
            name = next(iter(right.factors))
            raise ValueError(
                f"{self._text!r} divides by {name}, which is not linear; multiply out: 'EC <= 2*PC' for EC/PC <= 2"
            )
        if right.constant == 0.0:
            raise ValueError(f"{self._text!r} divides by zero")
        return left.over(right.constant)

    def _factor(self) -> _Linear:
        word = self._next()
        if word in ("+", "-"):
            self._words.pop(0)
            return self._factor().times(1.0 if word == "+" else -1.0)
        if word == "(":
            self._words.pop(0)
            found = self._sum()
            if self._next() != ")":
                raise ValueError(f"{self._text!r}: a closing parenthesis is missing")
            self._words.pop(0)
            return found
        if re.fullmatch(r"\w+|[\d.]+(?:[eE][-+]?\d+)?", word) is None:
            raise self._surprise()
        self._words.pop(0)
        if re.fullmatch(r"[\d.]+(?:[eE][-+]?\d+)?", word):
            return _Linear(float(word), {})
        return _Linear(0.0, {word: 1.0})

    def _next(self) -> str:
        return self._words[0] if self._words else ""

    def _surprise(self) -> ValueError:
        if not self._words:
            return ValueError(f"{self._text!r} ends too early; {_HINT}")
        word = self._words[0]
        if re.fullmatch(r"[A-Za-z%]\w*", word):
            return ValueError(
                f"{self._text!r}: unexpected {word!r}; put an operator before it, and write plain numbers "
                "without units (salts count in mol/kg, solvents and additives as fractions)"
            )
        return ValueError(f"{self._text!r}: unexpected {word!r}; {_HINT}")
