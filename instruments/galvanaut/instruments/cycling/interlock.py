"""The interlock: what must not go on, judged from readings alone. It does no input or output and never starts anything.

A limit trips after `consecutive` readings in a row beyond it, so that one spike stops nothing; what a single reading
proves, such as too much charge moved, trips at once. Not to know is not to be safe: a reading that is no number, or
none at all for two periods, trips like one outside the envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, NamedTuple

from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.envelope import Envelope

Cause = Literal[
    "voltage",
    "current",
    "temperature",
    "not a number",
    "stale",
    "frozen",
    "capacity",
    "time",
    "slope",
    "current at rest",
    "not driven",
    "contact",
]

VOLTAGE_TOLERANCE_V = 5e-3
"""How far a reading may lie beyond the envelope without tripping: a meter's error is not the cell's (illustrative)."""
CURRENT_TOLERANCE = 0.01
"""The same for currents, as a share of the limit (illustrative)."""
CURRENT_TOLERANCE_A = 2e-6
TEMPERATURE_TOLERANCE_K = 0.5
"""The same for temperatures (illustrative)."""
REST_MIN_A = 20e-6
"""A current above this, and above 1 % of the largest that the envelope allows, is no rest (illustrative)."""
FROZEN_READINGS = 6
"""So many readings in a row that are equal to the last digit, while a current flows, are no measurement: noise alone
changes the last digit of a meter that lives."""
STALE_PERIODS = 2.0
TEMPERATURE_STALE_S = 60.0
"""A temperature may be missing for this long, or two periods if that is longer: cells warm up slowly."""
_VANISHED = 0.01
_JUMP_V = 0.05
_UNDRIVEN, _UNDRIVEN_V = 0.5, 0.02


class Sample(NamedTuple):
    """One reading as the interlock sees it.

    Attributes:
        time_s: when the host took it, s since the epoch.
        voltage_V: of the cell; not a number where the meter cannot see it at rest.
        current_A: into the cell.
        instrument_s: by the instrument's own clock; None if it keeps no time.
        temperature_degC: of the cell's surroundings, not a number if it could not be read; None if nothing measures it.
    """

    time_s: float
    voltage_V: float
    current_A: float
    instrument_s: float | None = None
    temperature_degC: float | None = None


@dataclass(frozen=True)
class Trip:
    """Why a cell was stopped: a word for programs, a sentence for people, and the instant, s since the epoch."""

    cause: Cause
    text: str
    at: float


class Interlock:
    """Watches one cell on one channel.

    Args:
        envelope: in force for the test.
        period_s: time between two readings, s.
        consecutive: readings in a row beyond a limit that trip.
        slope_max_V_s: change of voltage that trips, V/s; None for none.
        at_s: the present instant, s since the epoch.

    Attributes:
        trusts: whether the last reading was good; one that may be a spike decides nothing else either.
        rest_A: a current above this is no rest.
    """

    def __init__(
        self,
        envelope: Envelope,
        period_s: float,
        consecutive: int = 2,
        slope_max_V_s: float | None = None,
        at_s: float = 0.0,
    ) -> None:
        self.envelope = envelope
        self.period_s = period_s
        self.consecutive = consecutive
        self.slope_max_V_s = slope_max_V_s
        self._low_V = envelope.voltage_min_V - VOLTAGE_TOLERANCE_V
        self._high_V = envelope.voltage_max_V + VOLTAGE_TOLERANCE_V
        self._low_A = -envelope.discharge_max_A * (1 + CURRENT_TOLERANCE) - CURRENT_TOLERANCE_A
        self._high_A = envelope.charge_max_A * (1 + CURRENT_TOLERANCE) + CURRENT_TOLERANCE_A
        self.rest_A = max(REST_MIN_A, 0.01 * max(envelope.charge_max_A, envelope.discharge_max_A))
        self._most_C = envelope.capacity_max_Ah * 3600
        self.trusts = True
        self._beyond = 0
        self._beyond_warm = 0
        self._good_s = at_s
        self._warm_s = at_s
        self._last: Sample | None = None
        self._operation: Operation | None = None
        self._sees_voltage = True
        self.begin(at_s, None)

    def begin(self, at_s: float, operation: Operation | None, sees_voltage: bool = True) -> None:
        """Another step begins: its time and charge count from here.

        Args:
            at_s: the present instant, s since the epoch.
            operation: of the source meter; None at rest.
            sees_voltage: whether the meter reads the cell's voltage in this step.
        """
        self._began_s = at_s
        self._in_C = self._out_C = 0.0
        self._operation = operation
        self._sees_voltage = sees_voltage
        self._is_first = True
        self._same = 1

    def to_json(self) -> dict[str, Any]:
        """What it has counted within this step, as plain JSON."""
        last = self._last
        return {
            "began_s": self._began_s,
            "in_C": self._in_C,
            "out_C": self._out_C,
            "last": None if last is None else [last.time_s, _or_zero(last.voltage_V), _or_zero(last.current_A)],
            "is_first": self._is_first,
        }

    def restore(self, counted: Mapping[str, Any]) -> None:
        """Count on from `to_json`, after `begin`, in a later process."""
        self._began_s, self._in_C, self._out_C = counted["began_s"], counted["in_C"], counted["out_C"]
        self._last = None if counted["last"] is None else Sample(*counted["last"])
        self._is_first = counted["is_first"]

    def go_on(self, counted: Mapping[str, Any], began_s: float, now_s: float) -> None:
        """Count on from `to_json` in the step under way: the cell was off until now, and no current has flowed.

        Args:
            counted: before the cell was switched on again.
            began_s: beginning of the step, later by the time for which the cell was off, s since the epoch.
            now_s: the present instant.
        """
        self._began_s, self._in_C, self._out_C = began_s, counted["in_C"], counted["out_C"]
        if self._last is not None:
            self._last = self._last._replace(time_s=now_s, instrument_s=None)
        self._is_first, self._same = True, 1
        self._beyond = self._beyond_warm = 0
        self.wake(now_s)

    def wake(self, now_s: float) -> None:
        """Nobody looked until now: readings are missing from here on only."""
        self._good_s = self._warm_s = now_s

    def missed(self, now_s: float, why: str) -> Trip | None:
        """No reading came, because of ``why``; trips when the last good one is two periods old."""
        if now_s - self._good_s < 0.99 * STALE_PERIODS * self.period_s:
            return None
        return Trip("stale", f"no good reading for {now_s - self._good_s:.3g} s: {why}", now_s)

    @property
    def is_wary(self) -> bool:
        """Whether something was found at the last look that trips if the next one finds it, too."""
        return not self.trusts or self._beyond_warm > 0

    @property
    def left_C(self) -> float:
        """Charge that may still be moved in this step, into the cell or out of it."""
        return max(0.0, self._most_C - max(self._in_C, self._out_C))

    def judge_temperature(self, now_s: float, temperature_degC: float | None) -> Trip | None:
        """Whether what was measured at this look, with the looks before it, forbids to go on.

        For a meter that records by itself: nobody measures a temperature with each of its readings.

        Args:
            now_s: the present instant, s since the epoch.
            temperature_degC: not a number if it could not be read; None if nothing measures it.
        """
        fault = self._temperature(Sample(now_s, 0.0, 0.0, None, temperature_degC))
        self._beyond_warm = 0 if fault is None else self._beyond_warm + 1
        if fault is None or self._beyond_warm < self.consecutive:
            return None
        return Trip(fault[0], f"{fault[1]}, at {self._beyond_warm} looks in a row", now_s)

    def judge(self, sample: Sample) -> Trip | None:
        """Whether this reading, with those before it, forbids to go on."""
        last = self._last
        self.trusts = False
        if last is not None and sample.instrument_s is not None and sample.instrument_s == last.instrument_s:
            return self.missed(sample.time_s, "the instrument repeats an old reading, its clock stands still")
        at_once = self._at_once(sample)
        fault = None if at_once else self._fault(sample)
        if self._is_number(sample):
            self._last, self._is_first = sample, False  # the next good one is compared with it, and counted from it
        if at_once:
            return Trip(*at_once, sample.time_s)
        if fault is None:
            self._beyond = 0
            self._good_s = sample.time_s
            self.trusts = True
            return None
        self._beyond += 1
        if self._beyond < self.consecutive:
            return None
        return Trip(fault[0], f"{fault[1]}, {self._beyond} readings in a row", sample.time_s)

    def _is_number(self, sample: Sample) -> bool:
        """Whether it is a measurement; a meter need not see the voltage of a cell at rest."""
        return isfinite(sample.current_A) and (isfinite(sample.voltage_V) or not self._sees_voltage)

    def _fault(self, sample: Sample) -> tuple[Cause, str] | None:
        """What is wrong with a reading that may be a spike."""
        voltage_V, current_A = sample.voltage_V, sample.current_A
        if not self._is_number(sample):
            return "not a number", f"the reading is {voltage_V:g} V and {current_A:g} A"
        if self._sees_voltage and not self._low_V <= voltage_V <= self._high_V:
            return "voltage", "; ".join(self.envelope.violations(voltage_V=voltage_V))
        if not self._low_A <= current_A <= self._high_A:
            return "current", "; ".join(self.envelope.violations(current_A=current_A))
        operation = self._operation
        if operation is None:
            if abs(current_A) > self.rest_A:
                return "current at rest", f"{current_A:g} A flow although the cell is at rest"
        elif abs(current_A) < _UNDRIVEN * operation.current_A and abs(voltage_V - operation.voltage_V) > _UNDRIVEN_V:
            wanted = f"{operation.voltage_V:g} V with {operation.current_A:g} A"
            return "not driven", f"the meter was set to {wanted}, but reads {voltage_V:g} V and {current_A:g} A"
        return self._slope(sample) or self._temperature(sample)

    def _slope(self, sample: Sample) -> tuple[Cause, str] | None:
        last = self._last
        if self.slope_max_V_s is None or self._is_first or last is None or not self._sees_voltage:
            return None
        seconds = sample.time_s - last.time_s
        slope_V_s = (sample.voltage_V - last.voltage_V) / seconds if seconds > 0 else 0.0
        if abs(slope_V_s) <= self.slope_max_V_s:
            return None
        return "slope", f"the voltage changes by {slope_V_s:g} V/s, more than {self.slope_max_V_s:g} V/s"

    def _temperature(self, sample: Sample) -> tuple[Cause, str] | None:
        value = sample.temperature_degC
        if value is None:
            return None
        if not isfinite(value):
            silent_s = sample.time_s - self._warm_s
            if silent_s <= max(TEMPERATURE_STALE_S, STALE_PERIODS * self.period_s):
                return None
            return "temperature", f"the temperature has not been known for {silent_s:.3g} s"
        self._warm_s = sample.time_s
        envelope = self.envelope
        low = envelope.temperature_min_degC - TEMPERATURE_TOLERANCE_K
        if low <= value <= envelope.temperature_max_degC + TEMPERATURE_TOLERANCE_K:
            return None
        return "temperature", "; ".join(envelope.violations(temperature_degC=value))

    def _at_once(self, sample: Sample) -> tuple[Cause, str] | None:
        """What one reading proves."""
        last = self._last
        elapsed_s = sample.time_s - self._began_s
        if elapsed_s > self.envelope.time_max_s + self.period_s:
            return "time", f"the step lasts longer than the {self.envelope.time_max_s:g} s of the envelope"
        if last is None or not self._is_number(sample):
            return None
        self._count(last, sample)
        if max(self._in_C, self._out_C) > self._most_C:
            moved_Ah = max(self._in_C, self._out_C) / 3600
            return "capacity", f"{moved_Ah:g} Ah moved in this step, more than {self.envelope.capacity_max_Ah:g} Ah"
        if self._is_first:
            return None
        if self._has_lost_contact(last, sample):
            return "contact", f"{last.current_A:g} A vanished from one reading to the next; a lead may have come off"
        return self._frozen(last, sample)

    def _count(self, last: Sample, sample: Sample) -> None:
        """The larger of two currents for the time between: over a gap, rather too much than too little."""
        current_A = sample.current_A
        if not self._is_first and abs(last.current_A) > abs(current_A):
            current_A = last.current_A
        moved_C = current_A * max(0.0, sample.time_s - last.time_s)
        if moved_C > 0:
            self._in_C += moved_C
        else:
            self._out_C -= moved_C

    def _has_lost_contact(self, last: Sample, sample: Sample) -> bool:
        is_gap = sample.time_s - last.time_s > 2 * STALE_PERIODS * self.period_s
        if self._operation is None or is_gap or abs(last.current_A) <= self.rest_A:
            return False
        has_vanished = abs(sample.current_A) < _VANISHED * abs(last.current_A)
        return has_vanished and abs(sample.voltage_V - last.voltage_V) > _JUMP_V

    def _frozen(self, last: Sample, sample: Sample) -> tuple[Cause, str] | None:
        is_same = sample.voltage_V == last.voltage_V and sample.current_A == last.current_A
        self._same = self._same + 1 if is_same and abs(sample.current_A) > CURRENT_TOLERANCE_A else 1
        if self._same < FROZEN_READINGS:
            return None
        text = f"{self._same} readings in a row are {sample.voltage_V:g} V and {sample.current_A:g} A to the last digit"
        return "frozen", text


def _or_zero(value: float) -> float:
    """JSON has no word for a voltage that was not seen."""
    return value if isfinite(value) else 0.0
