"""Inequalities between sums and ratios of variables, read from text and brought into one linear form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?(?!\w)|\.\d+(?:[eE][-+]?\d+)?(?!\w)|\w+|[<>=]=?|[-+*/()]|\S)")
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_HINT = "expected something like 'EC + PC >= 0.1', 'EC/PC <= 2' or 'at most 2 of VC, FEC, PS'"


def difference(text: str) -> tuple[dict[str, float], float]:
    """Coefficients and bound of ``sum(coefficient * variable) <= bound``, which is what the inequality ``text`` says.

    A ratio is multiplied out: variables are never negative, so ``EC/PC <= 2`` says ``EC <= 2*PC``.

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
    found = _sum_of(left, right, -1.0, text).top
    if relations[0] == ">=":
        found = found.times(-1.0)
    coefficients = {name: factor for name, factor in found.factors.items() if factor != 0.0}
    if not coefficients:
        raise ValueError(f"{text!r} names no component, or they cancel out; {_HINT}")
    if not all(math.isfinite(number) for number in (*coefficients.values(), found.constant)):
        raise ValueError(f"{text!r} comes to numbers too large to be searched with; write smaller ones")
    return coefficients, -found.constant + 0.0


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
    factors: Mapping[str, float] = field(default_factory=dict)

    def plus(self, other: _Linear, sign: float) -> _Linear:
        names = dict.fromkeys([*self.factors, *other.factors])
        factors = {name: self.factors.get(name, 0.0) + sign * other.factors.get(name, 0.0) for name in names}
        return _Linear(self.constant + sign * other.constant, factors)

    def times(self, factor: float) -> _Linear:
        return _Linear(self.constant * factor, {name: value * factor for name, value in self.factors.items()})

    def over(self, divisor: float) -> _Linear:
        return _Linear(self.constant / divisor, {name: value / divisor for name, value in self.factors.items()})


_ONE = _Linear(1.0)


@dataclass(frozen=True)
class _Ratio:
    """``top / bottom``, where the bottom is 1 or a sum of variables that is never negative."""

    top: _Linear
    bottom: _Linear = _ONE


def _sum_of(left: _Ratio, right: _Ratio, sign: float, text: str) -> _Ratio:
    """Over one common divisor; only plain numbers can be brought over the divisor of the other side."""
    if left.bottom == right.bottom:
        return _Ratio(left.top.plus(right.top, sign), left.bottom)
    if right.bottom == _ONE and not right.top.factors:
        return _Ratio(left.top.plus(left.bottom.times(right.top.constant), sign), left.bottom)
    if left.bottom == _ONE and not left.top.factors:
        return _Ratio(right.bottom.times(left.top.constant).plus(right.top, sign), right.bottom)
    raise ValueError(
        f"{text!r} is not linear when multiplied out; a ratio stands beside plain numbers and ratios with the same "
        "divisor only, as in 'EC/PC <= 2'"
    )


class _Reader:
    """Recursive descent over the words of one side: sums of products of signed numbers, names and parentheses."""

    def __init__(self, words: Sequence[str], text: str) -> None:
        self._words = list(words)
        self._text = text

    def read(self) -> _Ratio:
        found = self._sum()
        if self._words:
            raise self._surprise()
        return found

    def _sum(self) -> _Ratio:
        found = self._product()
        while self._next() in ("+", "-"):
            sign = 1.0 if self._words.pop(0) == "+" else -1.0
            found = _sum_of(found, self._product(), sign, self._text)
        return found

    def _product(self) -> _Ratio:
        found = self._factor()
        while self._next() in ("*", "/"):
            operator, other = self._words.pop(0), self._factor()
            found = self._multiplied(found, other) if operator == "*" else self._divided(found, other)
        return found

    def _multiplied(self, left: _Ratio, right: _Ratio) -> _Ratio:
        for one, other in ((left, right), (right, left)):
            if other.bottom == _ONE and not other.top.factors:
                return _Ratio(one.top.times(other.top.constant), one.bottom)
        raise ValueError(f"{self._text!r} multiplies components with each other, which is not linear; {_HINT}")

    def _divided(self, left: _Ratio, right: _Ratio) -> _Ratio:
        divisor = right.top
        if right.bottom == _ONE and not divisor.factors:
            if divisor.constant == 0.0:
                raise ValueError(f"{self._text!r} divides by zero")
            return _Ratio(left.top.over(divisor.constant), left.bottom)
        if left.bottom != _ONE or right.bottom != _ONE:
            raise ValueError(f"{self._text!r} divides a ratio, which is not linear; {_HINT}")
        if divisor.constant < 0.0 or min(divisor.factors.values()) < 0.0:
            raise ValueError(f"{self._text!r} divides by what may be negative; divide by a component or a sum of them")
        return _Ratio(left.top, divisor)

    def _factor(self) -> _Ratio:
        word = self._next()
        if word in ("+", "-"):
            self._words.pop(0)
            return self._multiplied(self._factor(), _Ratio(_Linear(1.0 if word == "+" else -1.0)))
        if word == "(":
            self._words.pop(0)
            found = self._sum()
            if self._next() != ")":
                raise ValueError(f"{self._text!r}: a closing parenthesis is missing")
            self._words.pop(0)
            return found
        if _NUMBER.fullmatch(word):
            self._words.pop(0)
            return _Ratio(_Linear(self._number(word)))
        if re.fullmatch(r"\w+", word) is None:
            raise self._surprise()
        self._words.pop(0)
        return _Ratio(_Linear(0.0, {word: 1.0}))

    def _number(self, word: str) -> float:
        number = float(word)
        if not math.isfinite(number):
            raise ValueError(f"{self._text!r}: {word} is too large a number; write a smaller one")
        return number

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
