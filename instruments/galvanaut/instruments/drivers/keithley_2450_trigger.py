"""The trigger model of the graphical SourceMeters, as far as it lets them record by themselves.

Sources: Keithley 2450-901-01 rev. B (p. 3-95 to 3-104, 6-124 to 6-148), 2470-901-01 (p. 12-146 and following). Never
run on hardware. Experimental, that is believed and not read: the words of ``:TRIG:STAT?``, and that ``:INIT`` is
refused while the model runs.

While it runs the meter refuses ``:READ?``, ``:MEAS?`` and ``:INIT``. Its buffer, its levels and limits, its output and
its error queue stay at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from galvanaut.instruments import scpi
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError

if TYPE_CHECKING:
    from galvanaut.instruments.link import Link

DELAY_MAX_S = 10_000.0
"""Longest wait of a delay block."""
PERIOD_MAX_S = DELAY_MAX_S
"""Longest period with which it can record."""
MAINS_HZ = 50.0
"""To tell integration cycles in seconds; where the mains have 60 Hz a period is a few milliseconds shorter."""

_RUNS = {"RUNNING", "WAITING"}
_STATES = _RUNS | {"IDLE", "EMPTY", "BUILDING", "ABORTED", "ABORTING", "FAILED"}


class TriggerModel:
    """Four blocks in a ring: one reading into the buffer, then a wait.

    Args:
        link: to the meter.
        buffer: that it fills, with its quotes.
        integration_cycles: of one reading, cycles of the mains.
    """

    def __init__(self, link: Link, buffer: str, integration_cycles: float) -> None:
        self._link = link
        self._buffer = buffer
        self._reading_s = integration_cycles / MAINS_HZ

    def delay_s(self, period_s: float) -> float:
        """The wait that makes up a period.

        Raises:
            RefusedError: a period that it cannot keep; nothing was sent.
        """
        delay_s = period_s - self._reading_s
        if not 0 < delay_s <= DELAY_MAX_S:
            span = f"from above {self._reading_s:g} s, one reading, to {PERIOD_MAX_S:g} s"
            problem = f"cannot record every {period_s:g} s, only {span}; nothing was sent"
            raise self._link.error(RefusedError, problem, advice="change the time between readings")
        return delay_s

    def start(self, delay_s: float) -> None:
        """Empty the buffer and fill it from now on. It has to be stopped before.

        Raises:
            InstrumentError: it does not run afterwards.
        """
        for command in (
            ':TRIG:LOAD "Empty"',
            f":TRIG:BLOC:BUFF:CLE 1,{self._buffer}",
            f":TRIG:BLOC:MEAS 2,{self._buffer}",
            f":TRIG:BLOC:DEL:CONS 3,{delay_s:.9g}",
            ":TRIG:BLOC:BRAN:ALW 4,2",
            ":INIT",
        ):
            scpi.apply(self._link, command)
        if not self.is_running():
            problem = "does not record although it was started"
            raise self._link.error(InstrumentError, problem, ":TRIG:STAT?", advice="look at its panel")

    def stop(self) -> None:
        """Stop; what is in the buffer stays there."""
        scpi.apply(self._link, ":ABOR")

    def is_running(self) -> bool:
        """Whether it fills the buffer.

        Raises:
            BadReadingError: it answers with no state that is known.
        """
        reply = self._link.query(":TRIG:STAT?")
        state = reply.partition(";")[0].strip().upper()
        if state not in _STATES:
            raise self._link.error(BadReadingError, "expected a state of the trigger model", ":TRIG:STAT?", reply)
        return state in _RUNS
