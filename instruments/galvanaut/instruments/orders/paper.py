"""A work order as a page to be read, printed and laid beside the work. Nothing reads it back."""

from __future__ import annotations

from datetime import UTC, datetime

from galvanaut.instruments.orders.order import Answer, Asked, Order


def page(order: Order, at: float, answer: Answer | None = None) -> str:
    """The order as Markdown.

    Args:
        order: what is asked.
        at: when it was placed, seconds since the epoch.
        answer: what was answered, if anything.
    """
    facts = [f"- {name}: {text}" for name, text in order.facts.items()]
    steps = [f"{number}. {step}" for number, step in enumerate(order.steps, start=1)]
    asks = [_line(each) for each in order.asks]
    lines = [
        f"# {order.title}",
        f"Work order of job `{order.job}`, placed {when(at)}.{_due(order, at)}",
        "",
        *([*facts, ""] if facts else []),
        *steps,
        *(["", "Write down:", "", *asks] if asks else []),
        *_choices(order),
        "",
        "Answer on a computer that has the lab folder (with `--lab` if it is not `./lab`):",
        "```",
        *order.commands(),
        f'galvanaut answer {order.job} --fail "what went wrong"',
        "```",
    ]
    if answer is not None:
        lines += ["", f"**Answered {when(answer.at)}: {answer.text(order)}**"]
    return "\n".join(lines) + "\n"


def _line(asked: Asked) -> str:
    return f"- {asked.name}: ________ {asked.unit} (plausible: {asked.range()})"


def _due(order: Order, at: float) -> str:
    if order.deadline_s is None:
        return ""
    clock = ", by the simulated bench's clock" if order.is_simulated else ""
    return f" Wanted by {when(at + order.deadline_s)}{clock}."


def _choices(order: Order) -> list[str]:
    """Each answer that is possible, with what has to be written down."""
    if not order.choices:
        return []
    lines = ["", "Tick one:", ""]
    for each in order.choices:
        lines += [f"- [ ] **{each.name}**: {each.text}", *(f"  {_line(asked)}" for asked in each.asks)]
    return lines


def span(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


def when(at: float) -> str:
    """An instant, seconds since the epoch, as people write it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
