"""SCPI over a link: settings confirmed by the error queue in the same message, and numbers that are measurements.

Source of the grammar and of the error queue: SCPI-99 volume 1 and IEEE 488.2. Headers are always written absolute.
"""

from __future__ import annotations

import math
import re

from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Link

NO_MEASUREMENT = 9.8e37
"""9.9E37 (overflow) and 9.91E37 (not a number) are SCPI's marks for "no measurement"."""
_NUMBER = re.compile(r"[ \t\r]*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?[ \t\r]*")  # \s is more than float() takes
_ERROR = re.compile(r'\s*([-+]?\d{1,9})\s*,\s*"(.*)"\s*')
_QUEUE_LENGTH = 40


def apply(link: Link, command: str) -> None:
    """Send a setting and read the error queue in one message.

    Raises:
        RefusedError: the instrument queued an error; the queue is empty again afterwards.
    """
    errors = read_errors(link, f"{command};:SYST:ERR?")
    if errors:
        raise link.error(RefusedError, "refused a setting", command, "; ".join(errors), "check the instrument's limits")


def read_errors(link: Link, first: str = ":SYST:ERR?") -> list[str]:
    """Empty the error queue, starting with the query ``first``; the errors in the order they occurred."""
    errors: list[str] = []
    query = first
    for _ in range(_QUEUE_LENGTH):
        reply = link.query(query)
        match = _ERROR.fullmatch(reply)
        if match is None:
            raise link.error(InstrumentError, "error queue answered in another form", query, reply)
        if int(match[1]) == 0:
            return errors
        errors.append(reply.strip())
        query = ":SYST:ERR?"
    raise link.error(InstrumentError, f"error queue still not empty after {_QUEUE_LENGTH} errors", query, errors[-1])


def ask_number(link: Link, query: str, timeout_s: float | None = None) -> float:
    """The one number that ``query`` returns; see `ask_numbers`."""
    return ask_numbers(link, query, 1, timeout_s)[0]


def ask_within(link: Link, query: str, low: float, high: float) -> float:
    """The number that ``query`` returns, if it is one that the instrument can have measured.

    Raises:
        BadReadingError: outside ``low`` to ``high``, or no measurement at all.
    """
    value = ask_number(link, query)
    if not low <= value <= high:
        problem = f"reading is beyond what it can measure ({low:g} to {high:g})"
        raise link.error(BadReadingError, problem, query, f"{value:g}")
    return value


def ask_count(link: Link, query: str) -> int:
    """The whole number, zero or more, that ``query`` returns: a count or a status register.

    Raises:
        BadReadingError: anything else.
    """
    value = ask_number(link, query)
    if value < 0 or not value.is_integer():
        raise link.error(BadReadingError, "expected a whole number", query, f"{value:g}")
    return int(value)


def ask_flag(link: Link, query: str) -> bool:
    """Whether ``query`` returns 1, and not 0.

    Raises:
        BadReadingError: neither.
    """
    value = ask_count(link, query)
    if value > 1:
        raise link.error(BadReadingError, "expected 0 or 1", query, str(value))
    return value == 1


def ask_numbers(link: Link, query: str, count: int, timeout_s: float | None = None) -> list[float]:
    """The ``count`` numbers that ``query`` returns, separated by commas.

    Raises:
        BadReadingError: another count, not numbers, or marked as no measurement.
    """
    reply = link.query(query, timeout_s)
    fields = reply.split(",")
    values = [value for field in fields if (value := number(field)) is not None]
    if not len(values) == len(fields) == count:
        problem = f"expected {count} number(s) that are measurements (9.9E37 and 9.91E37 mark overload and no number)"
        raise link.error(BadReadingError, problem, query, reply)
    return values


def ask_marked(link: Link, query: str, count: int) -> list[float]:
    """As `ask_numbers`, but not a number where a field is marked as no measurement.

    Raises:
        BadReadingError: another count, or not numbers.
    """
    reply = link.query(query)
    fields = reply.split(",")
    if len(fields) != count or any(_NUMBER.fullmatch(field) is None for field in fields):
        raise link.error(BadReadingError, f"expected {count} number(s)", query, reply)
    return [math.nan if (value := number(field)) is None else value for field in fields]


def number(field: str) -> float | None:
    """The number that ``field`` spells; None if it spells none, or SCPI's mark for "no measurement"."""
    if _NUMBER.fullmatch(field) is None:
        return None
    value = float(field)
    return value if math.isfinite(value) and abs(value) < NO_MEASUREMENT else None
