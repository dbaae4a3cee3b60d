"""The drill on the screen: a heading, a line for each scenario as it comes, and what it all amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.flows.drill.matrix import Scenario
    from galvanaut.flows.drill.verdict import Verdict

LEGEND = """\
noticed: seconds until the host said something; - if it had nothing to say.
safe:    seconds until every cell, pump and chamber was safe; 0 if they always were. limit: what is allowed, two polls
         where the host can know, the instrument's own watchdog where it cannot.
bounded by the instrument: nobody can switch it off, and it goes on holding that voltage within those currents, which
         the cell bears for ever. Somebody has to go there; the host has said so where there was one."""

_SECONDS = 8


class Lines:
    """Lines of equal columns.

    Args:
        scenarios: all that will come, for the widths.
    """

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._instrument = max(len("instrument"), *(len(each.instrument) for each in scenarios))
        self._fault = max(len("fault"), *(len(each.fault) for each in scenarios))

    def heading(self) -> str:
        """The names of the columns."""
        return self._line("instrument", "fault", "noticed", "safe", "limit", "", "what happened")

    def of(self, verdict: Verdict) -> str:
        """One scenario; under it what was not safe, and what is lost."""
        word = "ok" if verdict.is_ok else "LOST" if verdict.is_safe else "NOT SAFE"
        line = self._line(
            verdict.instrument,
            verdict.fault,
            _seconds(verdict.noticed_s),
            _seconds(verdict.safe_s),
            _seconds(verdict.limit_s),
            word,
            _happened(verdict),
        )
        notes = [f"not safe: {verdict.unsafe}"] if not verdict.is_safe else []
        notes += [f"lost: {each}" for each in verdict.lost]
        return "\n".join([line, *(f"    {note}" for note in notes)])

    def _line(self, instrument: str, fault: str, noticed: str, safe: str, limit: str, word: str, text: str) -> str:
        times = "".join(f"{each:>{_SECONDS}}" for each in (noticed, safe, limit))
        return f"{instrument:<{self._instrument}}  {fault:<{self._fault}}{times}  {word:<8}  {text}".rstrip()


def summary(verdicts: Sequence[Verdict], file: str) -> str:
    """What it all amounts to."""
    good = sum(verdict.is_ok for verdict in verdicts)
    unsafe = sum(not verdict.is_safe for verdict in verdicts)
    lost = sum(bool(verdict.lost) for verdict in verdicts)
    text = f"{good} of {len(verdicts)} scenarios ended safely within their limits and lost nothing"
    if good == len(verdicts):
        return f"{text}: as far as its simulated copy can tell, {file} may be left alone."
    return f"{text}; {unsafe} were not safe, {lost} lost something: {file} must not be left alone."


def _happened(verdict: Verdict) -> str:
    text = verdict.outcome
    if verdict.false_readings:
        count = verdict.false_readings
        text += f"; {count} recorded {'reading is' if count == 1 else 'readings are'} not true"
    return text


def _seconds(value_s: float | None) -> str:
    if value_s is None:
        return "-"
    return "never" if isinf(value_s) else f"{value_s:.0f} s"
