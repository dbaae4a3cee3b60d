"""Independent supervision: temperatures and voltages read on wires of their own, by an instrument of its own.

It may stop and never starts anything. It trips when a place leaves its limits, when a thermometer gives no reading or
the same one again and again, when a chamber and the thermometer beside its sensor disagree, and when a chamber reports
an alarm or does not answer. What has tripped stays stopped until the program ends: whatever is switched on again is
stopped again at the next look.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.errors import AlarmError, InstrumentError
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.roles import Scan

if TYPE_CHECKING:
    from galvanaut.core.clock import Clock
    from galvanaut.instruments.guard.places import Place, Range
    from galvanaut.instruments.roles import Chamber, Thermometer

_log = logging.getLogger(__name__)

PERIOD_S = 10.0
"""From one look to the next."""
MISSES = 2
"""So many looks in a row without a reading are too many; the last one is tried on a fresh connection."""
REPEATS = 3
"""So many scans with the same temperatures to the last digit are one old scan: thermocouples are never so quiet."""
DISAGREEMENT_K = 5.0
"""Between a chamber's own sensor and the thermometer's in it, in `DISAGREEMENTS` looks in a row (illustrative)."""
DISAGREEMENTS = 3
COLD_degC = 10.0
"""Colder than a room that people work in: what is so cold is not just waiting to be heated (illustrative)."""
AGAIN = 10
"""What could not be stopped, or connected, is tried again at every tenth look: each attempt takes its time-outs."""


class Supervisor:
    """Watches the places of one thermometer.

    Args:
        name: of the thermometer.
        thermometer: nobody else talks to it.
        places: what it watches, from `galvanaut.instruments.guard.places.places_of`.
        stop: makes instruments safe, by name; raises if it could not.
        tell: is given each alarm, after the instruments concerned were stopped.
        clock: for the instants of alarms.
        chambers: those that have a place of their own, by name.
        reopen: gives the thermometer a fresh connection.

    Attributes:
        looked_at: when the last look ended.
    """

    def __init__(
        self,
        name: str,
        thermometer: Thermometer,
        places: Mapping[str, Place],
        stop: Callable[[Collection[str]], None],
        tell: Callable[[Alarm], None],
        clock: Clock,
        chambers: Mapping[str, Chamber] | None = None,
        reopen: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.looked_at = clock.now()
        self._thermometer = thermometer
        self._places = places
        self._stop = stop
        self._tell = tell
        self._clock = clock
        self._chambers = chambers or {}
        self._reopen = reopen
        self._tripped: dict[str, tuple[str, ...]] = {}
        self._unstopped: set[str] = set()
        self._was_inside: set[str] = set()
        self._in_a_row: dict[str, int] = {}
        self._last: Mapping[str, float] = {}
        self._looks = 0

    @property
    def stopped(self) -> set[str]:
        """Instruments that have to stay stopped; may be asked while another thread trips."""
        return {name for names in list(self._tripped.values()) for name in names}

    def look(self) -> None:
        """Look at everything once, and stop what has to be stopped. Never raises: an error of its own is a trip."""
        self._looks += 1
        try:
            self._keep_stopped()
            scan = self._scan()
            if scan is not None:
                self._judge(scan)
                self._compare(scan)
        except Exception as error:  # supervision that has ended without a word is worse than one that stops too much
            self.trip("supervision", f"supervision failed: {error!r}", self._all())
        self.looked_at = self._clock.now()

    def trip(self, cause: str, text: str, names: Collection[str]) -> None:
        """Stop instruments and tell why; once per cause.

        Args:
            cause: see `Alarm`.
            text: what was seen.
            names: instruments to be made safe.
        """
        if cause in self._tripped:
            return
        self._tripped[cause] = tuple(names)
        done = self._make_safe(names)
        alarm = Alarm(f"{text}; {done}", self._clock.now(), self.name, cause)
        try:
            self._tell(alarm)
        except Exception:  # e.g. a full disk; supervision goes on
            _log.exception("alarm that could not be recorded: %s", alarm)

    def check_overdue(self, limit_s: float) -> None:
        """Trip if the last look is longer ago than ``limit_s``: the thermometer hangs. For another thread."""
        silent_s = self._clock.now() - self.looked_at
        if silent_s > limit_s:
            self.trip("scan", f"has given no reading for {silent_s:.0f} s", self._all())

    # -- reading ------------------------------------------------------------------------------------------------

    def _scan(self) -> Scan | None:
        scan: Scan | None
        try:
            scan = self._thermometer.scan()
        except InstrumentError as error:
            scan = self._scan_again(error)
        if scan is not None:
            self._in_a_row["no scan"] = 0
            self._require_new(scan)
        return scan

    def _scan_again(self, error: InstrumentError) -> Scan | None:
        """At the last permitted miss, and now and then after it, on a fresh connection."""
        misses = self._count("no scan", True)
        if misses % AGAIN == MISSES and self._reopen is not None:
            try:
                self._reopen()
                return self._thermometer.scan()
            except InstrumentError as again:
                error = again
        if misses >= MISSES:
            self.trip("scan", f"gives no reading ({error})", self._all())
        return None

    def _require_new(self, scan: Scan) -> None:
        is_same = bool(scan.temperatures_degC) and scan.temperatures_degC == self._last
        self._last = scan.temperatures_degC
        if self._count("same scan", is_same) >= REPEATS - 1:
            self.trip("stale scan", f"gives the same readings again and again, {REPEATS} times now", self._all())

    # -- judging ------------------------------------------------------------------------------------------------

    def _judge(self, scan: Scan) -> None:
        """A reading outside its limits counts when a second scan at once confirms it."""
        found = self._outside(scan)
        if all(cause in self._tripped for cause in found):
            return
        with suppress(InstrumentError):
            confirmed = self._outside(self._thermometer.scan())
            for cause in found.keys() & confirmed.keys():
                self.trip(cause, *confirmed[cause])

    def _outside(self, scan: Scan) -> dict[str, tuple[str, Collection[str]]]:
        """By cause: what is seen, and what has to stop."""
        found: dict[str, tuple[str, Collection[str]]] = {}
        for name, value in scan.temperatures_degC.items():
            place = self._places[name]
            limits, cause = place.temperature_degC, f"temperature of {name}"
            if limits is not None and self._is_outside(cause, value, limits, at_once_below=COLD_degC):
                found[cause] = _text(name, value, "degC", limits), place.stops
        for name, value in scan.voltages_V.items():
            place = self._places[name]
            limits, cause = place.voltage_V, f"voltage of {name}"
            if limits is not None and self._is_outside(cause, value, limits):
                found[cause] = _text(name, value, "V", limits), place.sources
        return found

    def _is_outside(self, cause: str, value: float, limits: Range, at_once_below: float = -math.inf) -> bool:
        """Too low counts once it has been high enough, or where it is lower than what the following explains.

        An empty holder and a cell before its formation show 0 V; what has yet to be heated is as warm as the room.
        """
        low, high = limits
        if low <= value <= high:
            self._was_inside.add(cause)
            return False
        return math.isnan(value) or value > high or value < at_once_below or cause in self._was_inside

    def _compare(self, scan: Scan) -> None:
        for name, chamber in self._chambers.items():
            if name not in scan.temperatures_degC or (name in self._unstopped and self._looks % AGAIN):
                continue
            own_degC = self._own_degC(name, chamber)
            if own_degC is None:
                continue
            seen_degC = scan.temperatures_degC[name]
            differs = not abs(own_degC - seen_degC) <= DISAGREEMENT_K
            if self._count(f"{name} disagrees", differs) >= DISAGREEMENTS:
                text = f"reads {seen_degC:.1f} degC in {name}, which itself reads {own_degC:.1f} degC"
                self.trip(f"disagreement with {name}", text, self._places[name].stops)

    def _own_degC(self, name: str, chamber: Chamber) -> float | None:
        """What a chamber reads itself; None if it has not told."""
        try:
            own_degC = chamber.temperature_degC()
        except AlarmError as error:
            self.trip(f"alarm of {name}", f"{name} reports an alarm ({error})", self._places[name].stops)
            return None
        except InstrumentError as error:
            if self._count(f"{name} is silent", True) >= MISSES:
                self.trip(f"silence of {name}", f"{name} does not tell its temperature ({error})", (name,))
            return None
        self._in_a_row[f"{name} is silent"] = 0
        return own_degC

    # -- stopping -----------------------------------------------------------------------------------------------

    def _keep_stopped(self) -> None:
        names = self.stopped if self._looks % AGAIN == 0 else self.stopped - self._unstopped
        if names:
            self._make_safe(names)

    def _make_safe(self, names: Collection[str]) -> str:
        """Make safe; what came of it, in words."""
        if not names:
            return "nothing is wired there that could be stopped"
        try:
            self._stop(names)
        except GalvanautError as error:
            self._unstopped |= set(names)
            return f"NOT all could be stopped: {error}"
        self._unstopped -= set(names)
        return f"stopped: {', '.join(names)}"

    def _all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for place in self._places.values() for name in place.stops))

    def _count(self, what: str, happens: bool) -> int:
        """How often in a row it has happened."""
        self._in_a_row[what] = self._in_a_row.get(what, 0) + 1 if happens else 0
        return self._in_a_row[what]


def _text(place: str, value: float, unit: str, limits: tuple[float, float]) -> str:
    return f"reads {value:.4g} {unit} at {place}, outside {limits[0]:.4g} to {limits[1]:.4g} {unit}"
