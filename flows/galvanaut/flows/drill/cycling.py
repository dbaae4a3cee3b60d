"""Short tests on all cells of a bench at once: charge, hold, rest, discharge, and a look at each with a tester."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from galvanaut.flows.drill.host import sample_in
from galvanaut.flows.drill.jobs import attempt, key, together
from galvanaut.instruments.cycling.plan import TestPlan
from galvanaut.instruments.jobs import CycleTest, MeasureResistance, Settle

if TYPE_CHECKING:
    from galvanaut.flows.drill.host import Host
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.envelope import Envelope

POLL_S = 10.0
CHARGE_S, HOLD_S, PAUSE_S, DISCHARGE_S = 240.0, 120.0, 60.0, 180.0
CURRENT_SHARE = 0.5
"""Of what the envelope allows: about C/2 where that is 1C."""
INSIDE_V = 0.05
"""Distance of the plan's voltages from the envelope's."""
TEMPERATURE_degC, TOLERANCE_K, HOLD_TEMPERATURE_S = 25.0, 0.5, 60.0
READINGS = 5


@dataclass(frozen=True)
class Cycling:
    """A test on every cell that a source meter drives.

    Attributes:
        holders: of the cells.
        chambers: set point by chamber that houses one of them.
        testers: battery tester and holder.
    """

    holders: tuple[str, ...]
    chambers: tuple[tuple[str, float], ...]
    testers: tuple[tuple[str, str], ...]
    period_s: float = POLL_S

    @classmethod
    def of(cls, bench: Bench) -> Cycling:
        """For all cells of a bench."""
        holders = driven(bench)
        entries = bench.instruments.items()
        chambers = [
            (name, _temperature_degC(bench, name))
            for name, entry in entries
            if entry.role == "chamber" and not holders.isdisjoint(entry.wiring.housed)
        ]
        testers = [(name, str(entry.wiring.channel)) for name, entry in entries if entry.role == "battery tester"]
        return cls(tuple(sorted(holders)), tuple(chambers), tuple(testers))

    async def run(self, host: Host) -> None:
        """Bring the chambers to temperature, run the tests side by side, then read the cells at rest.

        Tests that a dead host has left are taken up before anything else.
        """
        left = {record.key.step for record in host.journal.records() if record.state == "intended"}
        tests = {f"cycle-{holder}": self._test(host, holder) for holder in self.holders}
        settling = {
            f"settle-{chamber}": Settle(chamber, degC, TOLERANCE_K, HOLD_TEMPERATURE_S)
            for chamber, degC in self.chambers
        }
        await together(host, settling | {step: test for step, test in tests.items() if step in left})
        if all(host.station.is_done(key(step)) for step in settling):
            await together(host, tests)
        for tester, holder in self.testers:
            await attempt(host, f"resistance-{holder}", MeasureResistance(tester, holder, READINGS))

    def _test(self, host: Host, holder: str) -> CycleTest:
        return CycleTest(holder, plan_for(host.bench.envelope_at(holder)), sample_in(holder), host.recorder)


def driven(bench: Bench) -> set[str]:
    """Holders whose cells a source meter drives."""
    return {
        entry.wiring.channel
        for entry in bench.instruments.values()
        if entry.role == "source meter" and entry.wiring.channel is not None
    }


def plan_for(envelope: Envelope) -> TestPlan:
    """Charge, hold, rest and discharge well inside an envelope."""
    high_V, low_V = envelope.voltage_max_V - INSIDE_V, envelope.voltage_min_V + INSIDE_V
    charge_mA = 1000 * CURRENT_SHARE * envelope.charge_max_A
    discharge_mA = 1000 * CURRENT_SHARE * envelope.discharge_max_A
    method: list[dict[str, Any]] = [
        _current(charge_mA, high_V, CHARGE_S),
        {"step": "constant_voltage", "voltage_V": high_V, "until_time_s": HOLD_S},
        {"step": "open_circuit_voltage", "until_time_s": PAUSE_S},
        _current(-discharge_mA, low_V, DISCHARGE_S),
    ]
    protocol = {"record": {"time_s": POLL_S}, "safety": {}, "method": method}
    return TestPlan.model_validate({"protocol": protocol})


def _current(current_mA: float, until_V: float, time_s: float) -> dict[str, Any]:
    return {"step": "constant_current", "current_mA": current_mA, "until_voltage_V": until_V, "until_time_s": time_s}


def _temperature_degC(bench: Bench, chamber: str) -> float:
    """As near to the usual one as chamber and cells allow."""
    settings: Any = bench.instruments[chamber].parsed_settings()
    low, high = settings.minimum_degC, settings.maximum_degC
    for place in bench.instruments[chamber].wiring.housed:
        envelope = bench.holders[place].envelope if place in bench.holders else None
        if envelope is not None:
            low, high = max(low, envelope.temperature_min_degC + 1), min(high, envelope.temperature_max_degC - 1)
    return float(min(max(TEMPERATURE_degC, low), high))
