"""The faults of one simulated bench: which ones are to come, which ones there are, and what they do to a message.

Faults and how far they have come are kept in the world's file, so that a new host finds them as the last one left
them. What is random in them belongs to the world's seed, the instrument and the number of the fault there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Any

from galvanaut.core.errors import InputError
from galvanaut.core.identifiers import generator
from galvanaut.simulators.devices.condition import HEALTHY, Condition
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.faults.applicable import problem_with, size_of
from galvanaut.simulators.faults.clock import EventfulClock
from galvanaut.simulators.faults.dialects import DIALECTS
from galvanaut.simulators.faults.fault import EVENTS, LINE_FAULTS, Fault
from galvanaut.simulators.faults.line import spoil


@dataclass(eq=False)
class _Case:
    """One fault and how far it has come.

    Attributes:
        fault: as asked for.
        number: counts the faults of its instrument.
        device: name of the device that the instrument belongs to.
        size: in ``unit``.
        unit: empty if it has no size.
        since: instant of the injection.
        is_from_file: whether the bench file asks for it.
        messages: to the device since.
        begun_at: when it began; None before.
        hits: messages spoilt.
        frozen: readings that have stuck.
    """

    fault: Fault
    number: int
    device: str
    size: float
    unit: str
    since: float
    is_from_file: bool = False
    messages: int = 0
    begun_at: float | None = None
    hits: int = 0
    frozen: dict[str, str] = field(default_factory=dict)

    @property
    def next_at(self) -> float:
        """Instant at which it begins or ends by itself; infinite if messages or nobody decides that."""
        if self.begun_at is None:
            return inf if self.fault.message is not None else self.since + (self.fault.after_s or 0.0)
        if self.fault.fault == "power cut":
            return self.begun_at + self.size
        return inf if self.fault.lasts_s is None else self.begun_at + self.fault.lasts_s

    @property
    def is_on(self) -> bool:
        """Between its beginning and its end."""
        return self.begun_at is not None

    @property
    def swallows(self) -> bool:
        """Whether messages do not reach the instrument."""
        return self.is_on and (self.fault.fault == "dead peer" or self.fault.lost == "message")

    def to_row(self) -> dict[str, Any]:
        """In JSON types."""
        return {**vars(self), "fault": self.fault.entry(), "frozen": dict(self.frozen)}

    def to_past(self, ended_at: float) -> dict[str, Any]:
        """What is remembered of it, in JSON types."""
        return {"fault": self.fault.entry(), "begun_at": self.begun_at, "ended_at": ended_at, "hits": self.hits}


class FaultRegister:
    """All faults of a bench.

    Args:
        seed: of the world.
        clock: is told when something happens next.
        devices: by instrument.
        drivers: by instrument.

    Attributes:
        is_idle: nothing is wrong, and nothing is going to be.
    """

    def __init__(
        self, seed: int, clock: EventfulClock, devices: Mapping[str, Device], drivers: Mapping[str, str]
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._devices = devices
        self._drivers = dict(drivers)
        self._numbers: dict[str, int] = {}
        self._cases: list[_Case] = []
        self._asked: list[dict[str, Any]] = []
        self._past: list[dict[str, Any]] = []
        self.is_idle = True

    # -- memory -------------------------------------------------------------------------------------------------

    def rows(self) -> dict[str, dict[str, Any]]:
        """Everything in JSON types, by key; nothing for a bench that never had a fault."""
        if not self._numbers:
            return {}
        ailments = {name: asdict(each) for device in self._everyone() for name, each in device.ailments.items()}
        cases = [case.to_row() for case in self._cases]
        row = {"numbers": dict(self._numbers), "cases": cases, "ailments": ailments, "asked": self._asked}
        row["past"] = list(self._past)
        return {"faults": row}

    def recall(self, row: Mapping[str, Any]) -> None:
        """Take up the row that `rows` gave; empty if it gave none."""
        if not row:
            return
        self._numbers, self._asked = dict(row["numbers"]), list(row["asked"])
        self._past = list(row.get("past", []))  # worlds of earlier versions remember none
        self._cases = [_Case(**{**each, "fault": Fault.model_validate(each["fault"])}) for each in row["cases"]]
        for name, ailment in row["ailments"].items():
            self._devices[name].ailments[name] = Condition(**ailment)
        for case in self._cases:
            if case.is_on and case.fault.fault == "power cut":
                self._devices[case.device].has_power = False
        self._take_stock()

    # -- coming and going ---------------------------------------------------------------------------------------

    def is_news(self, faults: Sequence[Fault]) -> bool:
        """Whether the faults of the bench file are others than those that were injected from it last."""
        return [fault.entry() for fault in faults] != self._asked

    def ask(self, faults: Sequence[Fault]) -> None:
        """Inject the faults of the bench file; others that it asked for before end."""
        for case in [case for case in self._cases if case.is_from_file]:
            self._end(case)
        for fault in faults:
            self.inject(fault, is_from_file=True)
        self._asked = [fault.entry() for fault in faults]
        self._take_stock()

    def inject(self, fault: Fault, is_from_file: bool = False) -> None:
        """Let a fault come as it says, counted from now.

        Raises:
            InputError: no instrument of this bench can have it.
        """
        problem = problem_with(fault, self._drivers)
        if problem is not None:
            raise InputError(f"fault {fault}", problem)
        number = self._numbers[fault.instrument] = self._numbers.get(fault.instrument, 0) + 1
        size, unit = size_of(fault, self._drivers[fault.instrument])
        device = self._devices[fault.instrument].name
        case = _Case(fault, number, device, size, unit, self._clock.now(), is_from_file)
        self._cases.append(case)
        if case.next_at <= self._clock.now():
            self._begin(case)
        self._take_stock()

    def clear(self, instrument: str | None) -> None:
        """End the faults of an instrument, or all, also those that were to come, and what they have left behind."""
        if instrument is not None and instrument not in self._devices:
            names = ", ".join(sorted(self._devices))
            raise InputError("faults", f"there is no instrument {instrument!r}; there are {names}")
        for case in [case for case in self._cases if instrument in (None, case.fault.instrument)]:
            self._end(case)
        for name, device in self._devices.items():
            if instrument in (None, name) and device.ailments.pop(name, None) is not None:
                device.feel()
        self._take_stock()

    def present(self) -> tuple[Fault, ...]:
        """What was injected and has not ended."""
        return tuple(case.fault for case in self._cases)

    def happen(self) -> None:
        """Begin and end what begins and ends by now."""
        now = self._clock.now()
        due = [case for case in self._cases if case.next_at <= now]
        for case in due:
            if case.is_on:
                self._end(case)
            else:
                self._begin(case)
        self._take_stock()

    def _take_stock(self) -> None:
        self._clock.appoint(self, min((case.next_at for case in self._cases), default=inf))
        self.is_idle = not self._cases and not any(device.ailments for device in self._everyone())

    def _everyone(self) -> list[Device]:
        return list({device.name: device for device in self._devices.values()}.values())

    # -- one fault ----------------------------------------------------------------------------------------------

    def _begin(self, case: _Case) -> None:
        device, kind = self._devices[case.device], case.fault.fault
        case.begun_at = self._clock.now()
        if kind in ("power cut", "pump power cycle"):
            device.has_power = False
            device.lose_power()
        elif kind == "over-voltage trip":
            device.trip(case.fault.instrument)
        elif kind == "dead peer":
            device.lost_at = case.begun_at
        elif kind not in LINE_FAULTS:
            self._diagnose(case.fault.instrument)
        if kind in EVENTS and kind != "power cut":
            self._end(case)

    def _end(self, case: _Case) -> None:
        self._cases.remove(case)
        if case.is_on:
            self._past.append(case.to_past(self._clock.now()))
        if not case.is_on or case.fault.fault in LINE_FAULTS:
            return
        device = self._devices[case.device]
        others = [each for each in self._cases if each.device == case.device and each.is_on]
        if not device.has_power and not any(each.fault.fault == "power cut" for each in others):
            device.has_power = True
            device.feel()
        self._diagnose(case.fault.instrument)

    def _diagnose(self, instrument: str) -> None:
        """Put together what is wrong with an instrument itself, and let it feel that."""
        device = self._devices[instrument]
        before = device.condition_of(instrument)
        condition = replace(HEALTHY, is_tripped=before.is_tripped)
        for case in self._cases:
            if case.fault.instrument == instrument and case.is_on:
                condition = _worse(condition, case, before)
        if condition != before:
            device.ail(instrument, condition)
            device.feel()

    # -- messages -----------------------------------------------------------------------------------------------

    def exchange(self, device: Device, message: bytes) -> tuple[bytes, float]:
        """Let a message reach the instrument, or not, and its reply the host; see `SimulatedBench.exchange`."""
        device.catch_up()
        mine = [case for case in self._cases if case.device == device.name]
        for case in mine:
            case.messages += 1
            if not case.is_on and case.fault.message is not None and case.messages >= case.fault.message:
                self._begin(case)
        reply, leaves_at = b"", self._clock.now()
        swallower = next((case for case in mine if case.swallows), None)
        if not device.has_power:
            pass
        elif swallower is not None:
            self._count(swallower)
        else:
            reply, leaves_at = self._spoilt(mine, message, device.handle(message), device)
        self._take_stock()
        return reply, leaves_at

    def reaches(self, device: Device) -> bool:
        """See `SimulatedBench.reaches`."""
        dead = (each for each in self._cases if each.device == device.name and each.fault.fault == "dead peer")
        return device.has_power and not any(each.is_on for each in dead)

    def _spoilt(self, cases: list[_Case], message: bytes, reply: bytes, device: Device) -> tuple[bytes, float]:
        leaves_at = device.now
        for case in cases:
            if not reply or not case.is_on or case.fault.fault not in LINE_FAULTS or case not in self._cases:
                continue
            dialect = DIALECTS[device.spec.driver]
            random = generator(self._seed, "fault", case.fault.instrument, case.number, case.hits)
            spoilt = spoil(case.fault.fault, message, reply, dialect, random, case.frozen)
            if spoilt is not None:
                reply, leaves_at = spoilt, leaves_at + (case.size if case.fault.fault == "late reply" else 0.0)
                self._count(case)
        return reply, leaves_at

    def _count(self, case: _Case) -> None:
        case.hits += 1
        if case.fault.most_times is not None and case.hits >= case.fault.most_times:
            self._end(case)


def _worse(condition: Condition, case: _Case, before: Condition) -> Condition:
    """A condition with one fault more."""
    kinds: dict[str, dict[str, Any]] = {
        "sensor drift": {"drift": case.size, "drift_unit": case.unit, "drift_since": case.begun_at},
        "relay stuck closed": {"relay_sticks": True, "weld": before.weld},
        "door open": {"door_lag_s": case.size},
        "pump stall": {"is_blocked": True},
        "balance overload": {"is_overloaded": True},
    }
    return replace(condition, **kinds[case.fault.fault]) if case.fault.fault in kinds else condition
