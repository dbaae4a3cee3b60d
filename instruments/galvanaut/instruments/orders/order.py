"""One work order: what is to be done, what has to be written down, and an answer that makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from galvanaut.core.units import magnitude


@dataclass(frozen=True)
class Asked:
    """A quantity that the person has to write down.

    Attributes:
        name: also of the option of `galvanaut answer`.
        unit: of the bounds.
        low: smallest plausible value.
        high: largest plausible value.
    """

    name: str
    unit: str
    low: float
    high: float

    def read(self, text: str) -> float:
        """The value of ``text`` in the order's unit.

        Raises:
            ValueError: no number with a unit of this dimension, or not plausible.
        """
        value = magnitude(text, self.unit)
        if not self.low <= value <= self.high:
            raise ValueError(f"{text!r} is not plausible; expected {self.range()}. Is a unit or the point wrong?")
        return value

    def range(self) -> str:
        """The bounds in words."""
        return f"{self.low:g} to {self.high:g} {self.unit}"


@dataclass(frozen=True)
class Order:
    """What a person is asked to do.

    Attributes:
        job: key of the job that waits.
        title: one sentence.
        facts: what it is about, by a word for each.
        steps: what to do, in this order.
        asks: what has to be written down.
    """

    job: str
    title: str
    facts: Mapping[str, str]
    steps: tuple[str, ...]
    asks: tuple[Asked, ...] = ()

    def command(self) -> str:
        """How it is answered."""
        values = " ".join(f'--{each.name} "... {each.unit}"' for each in self.asks) or "--done"
        return f"galvanaut answer {self.job} {values}"

    def to_json(self) -> dict[str, Any]:
        """For the log; the job is its topic."""
        return {
            "title": self.title,
            "facts": dict(self.facts),
            "steps": list(self.steps),
            "asks": [asdict(each) for each in self.asks],
        }

    @classmethod
    def from_json(cls, job: str, data: Mapping[str, Any]) -> Order:
        """The order whose `to_json` is ``data``."""
        asks = tuple(Asked(**each) for each in data["asks"])
        return cls(job, data["title"], data["facts"], tuple(data["steps"]), asks)

    def values(self, texts: Mapping[str, str]) -> dict[str, float]:
        """What was written down, in the order's units.

        Args:
            texts: quantities by name.

        Raises:
            ValueError: a quantity is missing, was not asked for, or makes no sense.
        """
        asked = {each.name: each for each in self.asks}
        for name in texts:
            if name not in asked:
                raise ValueError(f"--{name} was not asked for; answer with: {self.command()}")
        for name, each in asked.items():
            if name not in texts:
                raise ValueError(f"--{name} is missing ({each.range()}); answer with: {self.command()}")
        return {name: each.read(texts[name]) for name, each in asked.items()}


@dataclass(frozen=True)
class Answer:
    """What a person has answered.

    Attributes:
        at: when, seconds since the epoch.
        values: what was written down, in the order's units.
        failed: why it could not be done; empty if it was.
    """

    at: float
    values: Mapping[str, float] = field(default_factory=dict)
    failed: str = ""

    def text(self, order: Order) -> str:
        """In words."""
        if self.failed:
            return f"failed: {self.failed}"
        units = {each.name: each.unit for each in order.asks}
        return ", ".join(f"{name} {value:g} {units[name]}" for name, value in self.values.items()) or "done"
