"""A work order as a form of Prefect: which fields it has, and what a filled one means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pydantic
from prefect.input import RunInput

if TYPE_CHECKING:
    from galvanaut.instruments.orders import Answer, Asked, Order

DONE, NOT_DONE = "it is done", "it could not be done"


class Form:
    """The form of one order.

    Every quantity is a text with its unit: so it is read, and refused, exactly as on the command line.

    Args:
        order: what is asked.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self._choices = {f"{each.name}: {each.text}": each.name for each in order.choices} or {DONE: ""}
        choices = [(each.name, each.asks) for each in order.choices] or [("", order.asks)]
        self._asks = {asked.name: (choice, asked) for choice, asks in choices for asked in asks}

    def model(self, complaint: str = "") -> type[RunInput]:
        """What Prefect shows.

        Args:
            complaint: why the answer before was not taken.
        """
        fields: dict[str, Any] = {name: (str, self._field(*asked)) for name, asked in self._asks.items()}
        answers = Literal[(*self._choices, NOT_DONE)]  # type: ignore[valid-type]  # its words come from the order
        why = pydantic.Field(default="", title="If it could not be done: why", description="what went wrong")
        model = pydantic.create_model(
            "WorkOrder",
            __base__=RunInput,
            answer=(answers, pydantic.Field(title="Answer")),
            **fields,
            reason=(str, why),
        )
        return model.with_initial_data(description=self._text(complaint))  # no data: that would drop what fields say

    def answer(self, at: float, given: Any) -> Answer:
        """What a filled form says.

        Args:
            at: when, seconds since the epoch.
            given: an instance of `model`.

        Raises:
            ValueError: it makes no sense; says what is expected.
        """
        texts = {name: text.strip() for name in self._asks if (text := getattr(given, name)).strip()}
        if given.answer == NOT_DONE:
            return self.order.reply(at, texts, failed=given.reason)
        if given.reason.strip():
            raise ValueError(f"a reason belongs to the answer {NOT_DONE!r} only")
        return self.order.reply(at, texts, self._choices[given.answer])

    def _field(self, choice: str, asked: Asked) -> Any:
        only = f", for the answer {choice}" if choice else ""
        return pydantic.Field(default="", title=asked.name, description=f"{asked.range()}, with its unit{only}")

    def _text(self, complaint: str) -> str:
        """Markdown, shown above the fields."""
        order = self.order
        facts = [f"- **{name}**: {text}" for name, text in order.facts.items()]
        steps = [f"{number}. {step}" for number, step in enumerate(order.steps, start=1)]
        refused = [f"**Your answer was not taken: {complaint}**", ""] if complaint else []
        return "\n".join([*refused, f"### {order.title}", *facts, "", *steps])
