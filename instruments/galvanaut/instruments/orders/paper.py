"""A work order as a page to be read, printed and laid beside the work. Nothing reads it back."""

from __future__ import annotations

from datetime import UTC, datetime

from galvanaut.instruments.orders.order import Answer, Order


def page(order: Order, at: float, answer: Answer | None = None) -> str:
    """The order as Markdown.

    Args:
        order: what is asked.
        at: when it was placed, seconds since the epoch.
        answer: what was answered, if anything.
    """
    facts = [f"- {name}: {text}" for name, text in order.facts.items()]
    steps = [f"{number}. {step}" for number, step in enumerate(order.steps, start=1)]
    asks = [f"- {each.name}: ________ {each.unit} (plausible: {each.range()})" for each in order.asks]
    lines = [
        f"# {order.title}",
        f"Work order of job `{order.job}`, placed {when(at)}.",
        "",
        *([*facts, ""] if facts else []),
        *steps,
        *(["", "Write down:", "", *asks] if asks else []),
        "",
        "Answer on a computer that has the lab folder (with `--lab` if it is not `./lab`):",
        "```",
        order.command(),
        f'galvanaut answer {order.job} --fail "what went wrong"',
        "```",
    ]
    if answer is not None:
        lines += ["", f"**Answered {when(answer.at)}: {answer.text(order)}**"]
    return "\n".join(lines) + "\n"


def when(at: float) -> str:
    """An instant, seconds since the epoch, as people write it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
