"""One work order: what is to be done, what has to be written down, and an answer that makes sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
class Choice:
    """One of several answers that an order may have.

    Attributes:
        name: as given to `galvanaut answer --choice`.
        text: what it says, one sentence.
        asks: what has to be written down with it.
    """

    name: str
    text: str
    asks: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Order:
    """What a person is asked to do.

    Attributes:
        job: key of the job that waits.
        title: one sentence.
        facts: what it is about, by a word for each.
        steps: what to do, in this order.
        asks: what has to be written down.
        choices: the answers it may have, if there are several; then each says what has to be written down with it.
        deadline_s: from its placing to when it should be answered, s; None if it may take as long as it likes.
            Nothing happens by itself then: only a person can say what a person did.
        reminder_s: from one reminder to the next, s; None if there are none.
        is_simulated: whether the bench's clock, by which all this is counted, is a simulated one.
    """

    job: str
    title: str
    facts: Mapping[str, str]
    steps: tuple[str, ...]
    asks: tuple[Asked, ...] = ()
    choices: tuple[Choice, ...] = ()
    deadline_s: float | None = None
    reminder_s: float | None = None
    is_simulated: bool = False

    def commands(self) -> list[str]:
        """How it is answered: one command, or one for each choice."""
        head = f"galvanaut answer {self.job}"
        if not self.choices:
            return [f"{head} {_options(self.asks) or '--done'}"]
        return [f"{head} --choice {each.name} {_options(each.asks)}".rstrip() for each in self.choices]

    def command(self) -> str:
        """All `commands` in one line."""
        return " or: ".join(self.commands())

    def to_json(self) -> dict[str, Any]:
        """For the log; the job is its topic."""
        return {
            "title": self.title,
            "facts": dict(self.facts),
            "steps": list(self.steps),
            "asks": [asdict(each) for each in self.asks],
            "choices": [asdict(each) for each in self.choices],
            "deadline_s": self.deadline_s,
            "reminder_s": self.reminder_s,
            "simulated": self.is_simulated,
        }

    @classmethod
    def from_json(cls, job: str, data: Mapping[str, Any]) -> Order:
        """The order whose `to_json` is ``data``; older ones have neither choices nor times."""
        return cls(
            job,
            data["title"],
            data["facts"],
            tuple(data["steps"]),
            _asks(data["asks"]),
            tuple(Choice(each["name"], each["text"], _asks(each["asks"])) for each in data.get("choices", [])),
            data.get("deadline_s"),
            data.get("reminder_s"),
            data.get("simulated", False),
        )

    def reply(self, at: float, texts: Mapping[str, str], choice: str = "", failed: str | None = None) -> Answer:
        """An answer that makes sense. Whatever a person answers with goes through here.

        Args:
            at: when, seconds since the epoch.
            texts: what was written down: quantities by name.
            choice: name of the choice; empty where there is none.
            failed: why it could not be done; None if it was.

        Raises:
            ValueError: it makes no sense; says what is expected.
        """
        if failed is None:
            return Answer(at, self.values(texts, choice), choice=choice)
        if not failed.strip():
            raise ValueError("--fail says nothing; what went wrong?")
        if choice or texts:
            raise ValueError("--fail stands alone: what could not be done has no quantities and no choice")
        return Answer(at, {}, failed.strip())

    def values(self, texts: Mapping[str, str], choice: str = "") -> dict[str, float]:
        """What was written down, in the order's units.

        Args:
            texts: quantities by name.
            choice: name of the choice; empty where there is none.

        Raises:
            ValueError: a quantity is missing, was not asked for, or makes no sense; or there is no such choice.
        """
        asked = {each.name: each for each in self.asks_of(choice)}
        for name in texts:
            if name not in asked:
                raise ValueError(f"--{name} was not asked for; answer with: {self.command()}")
        for name, each in asked.items():
            if name not in texts:
                raise ValueError(f"--{name} is missing ({each.range()}); answer with: {self.command()}")
        return {name: each.read(texts[name]) for name, each in asked.items()}

    def asks_of(self, choice: str) -> tuple[Asked, ...]:
        """What has to be written down with a choice.

        Raises:
            ValueError: there is no such choice, or one has to be made.
        """
        if not self.choices and not choice:
            return self.asks
        for each in self.choices:
            if each.name == choice:
                return each.asks
        problem = f"--choice {choice} is not one of its answers" if choice else "--choice is missing"
        raise ValueError(f"{problem}; answer with: {self.command()}")


def _asks(rows: Sequence[Mapping[str, Any]]) -> tuple[Asked, ...]:
    return tuple(Asked(**each) for each in rows)


def _options(asks: Sequence[Asked]) -> str:
    return " ".join(f'--{each.name} "... {each.unit}"' for each in asks)


@dataclass(frozen=True)
class Answer:
    """What a person has answered.

    Attributes:
        at: when, seconds since the epoch.
        values: what was written down, in the order's units.
        failed: why it could not be done; empty if it was.
        choice: name of the choice; empty where there is none.
    """

    at: float
    values: Mapping[str, float] = field(default_factory=dict)
    failed: str = ""
    choice: str = ""

    def text(self, order: Order) -> str:
        """In words."""
        if self.failed:
            return f"failed: {self.failed}"
        units = {each.name: each.unit for each in order.asks_of(self.choice)}
        values = [f"{name} {value:g} {units[name]}" for name, value in self.values.items()]
        return ", ".join([self.choice, *values] if self.choice else values) or "done"
