"""The cycler that stands at a holder, as the bench file has it wired."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf, isnan, nan
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, cast

from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling.host import HostCycler
from galvanaut.instruments.cycling.recorded import RecordingCycler
from galvanaut.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from galvanaut.instruments.connect import ConnectedBench
    from galvanaut.instruments.drivers.registry import SourceMeterDriver
    from galvanaut.instruments.roles import Cycler

TEMPERATURE_AGE_S = 10.0
"""Holders in one chamber share a reading of this age, so that many cells do not crowd its line."""
PATIENCE_S = 2.0
"""Where looks are far apart, so long an answer is waited for: a chamber that is alive takes far less (illustrative)."""


@dataclass(frozen=True)
class _Question:
    """One that an instrument was asked.

    Attributes:
        asked_s: when, s since the epoch.
        waited_from: the same instant by the computer's own clock, `time.monotonic`, by which answers are waited for.
        is_over: set once it was answered, or cannot be.
    """

    asked_s: float
    waited_from: float
    is_over: Event


class SharedTemperature:
    """One reading for many who ask, also from several threads.

    Args:
        read: asks the instrument, degC.
        now: the present instant, s since the epoch.
        apart: whether it is asked in a thread of its own, so that one that hangs holds up nobody for long.
    """

    def __init__(self, read: Callable[[], float], now: Callable[[], float], *, apart: bool = False) -> None:
        self._read = read
        self._now = now
        self._apart = apart
        self._asking = Lock()
        self._question = _Question(-inf, -inf, Event())
        self._question.is_over.set()
        self._known = (-inf, nan)

    def __call__(self, patience_s: float = 0.0) -> float:
        """The temperature in degC, at most twice as old as `TEMPERATURE_AGE_S`; not a number if it is not known.

        Args:
            patience_s: so long after it was asked its answer is waited for, s, where nothing newer is known. For who
                comes so seldom that an answer would be out of date at the next time; who comes often need not wait.
        """
        now_s = self._now()
        question = self._asked(now_s)
        if patience_s > 0 and isnan(self._fresh_degC(now_s)):
            question.is_over.wait(max(0.0, question.waited_from + patience_s - monotonic()))
        return self._fresh_degC(now_s)

    def _fresh_degC(self, now_s: float) -> float:
        at_s, found_degC = self._known
        return found_degC if now_s - at_s < 2 * TEMPERATURE_AGE_S else nan

    def _asked(self, now_s: float) -> _Question:
        """The newest question, put just now unless it is a new one or still unanswered."""
        with self._asking:
            question = self._question
            if now_s - question.asked_s < TEMPERATURE_AGE_S or not question.is_over.is_set():
                return question
            question = self._question = _Question(now_s, monotonic(), Event())
        if self._apart:
            Thread(target=self._ask, args=(question,), name="temperature", daemon=True).start()
        else:
            self._ask(question)
        return question

    def _ask(self, question: _Question) -> None:
        try:
            with suppress(InstrumentError):
                self._known = question.asked_s, self._read()
        finally:
            question.is_over.set()


class Cyclers:
    """The cyclers of a connected bench by holder; each is made once and kept, for it knows what runs.

    Args:
        connected: the bench.
    """

    def __init__(self, connected: ConnectedBench) -> None:
        self._connected = connected
        self._made: dict[str, Cycler] = {}
        self._temperatures: dict[str, SharedTemperature] = {}

    def at(self, holder: str, now: Callable[[], float]) -> Cycler:
        """An autonomous cycler that is wired to the holder, or one made of its source meter.

        Raises:
            InputError: neither, or more than one, or the holder has no envelope.
        """
        if holder not in self._made:
            self._made[holder] = self._autonomous(holder) or self._hosted(holder, now)
        return self._made[holder]

    def forget(self, instruments: Collection[str]) -> None:
        """What drives a holder was made safe behind the back of its cycler, which would go on to say that a test runs.

        Made anew, it asks the instrument and what is on record.

        Args:
            instruments: names of those that were made safe.
        """
        bench = self._connected.bench
        for holder in [each for each in self._made if not set(instruments).isdisjoint(bench.drivers_at(each))]:
            del self._made[holder]

    def _autonomous(self, holder: str) -> Cycler | None:
        bench = self._connected.bench
        names = bench.cyclers_at(holder)
        if len(names) > 1:
            raise InputError(f"bench {bench.name}", f"has more than one cycler at {holder}: {', '.join(names)}")
        return cast("Cycler", self._connected.driver(names[0])) if names else None

    def _hosted(self, holder: str, now: Callable[[], float]) -> Cycler:
        connected, bench = self._connected, self._connected.bench
        envelope = bench.envelope_at(holder)
        name = bench.source_meter_at(holder)
        driver = cast("type[SourceMeterDriver]", bench.instruments[name].driver_class)
        limits = driver.capabilities(bench.settings_of(name))
        kind = RecordingCycler if limits.records else HostCycler
        return kind(
            connected.source_meter(name),
            holder,
            envelope,
            limits,
            now=now,
            # The looks of a meter that records are minutes apart; it bounds the cell meanwhile.
            temperature_degC=self._temperature(holder, now, PATIENCE_S if limits.records else 0.0),
            reopen=lambda: connected.reopen(name),
        )

    def _temperature(self, holder: str, now: Callable[[], float], patience_s: float) -> Callable[[], float] | None:
        instruments = self._connected.bench.instruments.items()
        names = [name for name, each in instruments if each.role == "chamber" and holder in each.wiring.housed]
        if not names:
            return None
        name = names[0]
        if name not in self._temperatures:
            read, apart = self._connected.chamber(name).temperature_degC, not self._connected.is_simulated
            self._temperatures[name] = SharedTemperature(read, now, apart=apart)
        return partial(self._temperatures[name], patience_s)
