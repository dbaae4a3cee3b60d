"""Whatever goes wrong together, and whatever is sent meanwhile: nothing breaks, and clearing it heals it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galvanaut.simulators.bench import DEVICES, SimulatedBench
from galvanaut.simulators.faults import Fault, applicable
from galvanaut.simulators.faults.fault import EVENTS
from plainchemistry import PlainChemistry

MESSAGES = {
    "pump": (b"0", b"0VER", b"0VOL5", b"0RAT10MM", b"0RUN", b"0STP"),
    "filler": (b"0", b"0VOL1", b"0RAT10MM", b"0RUN"),
    "balance": (b"I4", b"S", b"T", b"Z", b"nonsense"),
    "other_balance": (b"\x1bx1_", b"\x1bP", b"\x1bT", b"\x1bS"),
    "chamber": (b"*IDN?", b":SOURCE:CLOOP1:SPOINT 60", b":OUTPUT1:STATE ON", b":SOURCE:CLOOP1:PVALUE?", b"*RST"),
    "espec": (b"ROM?", b"TEMP, S60.0 L50.0", b"POWER,ON", b"MON?", b"POWER,OFF"),
    "smu": (
        *(b"*IDN?", b":SOUR:VOLT 4;:OUTP ON", b":READ?", b":OUTP OFF", b":SOUR:FUNC CURR", b"*RST"),
        b":TRIG:BLOC:MEAS 1;:TRIG:BLOC:BRAN:COUN 2,9,1;:TRIG:BLOC:SOUR:STAT 3,OFF;:INIT",
        b":ABOR;:TRAC:ACT?",
    ),
    "power_1": (b"*IDN?", b"OUTP:PROT:WDOG ON", b"VOLT 4,(@1,2);:OUTP ON,(@1,2)", b"MEAS:VOLT? (@1,2)", b"*RST"),
    "power_2": (b"*IDN?", b"OUTP:PROT:COUP ON", b"OUTP:PROT:CLE (@2)", b"FUNC CURR,(@2)", b"OUTP OFF,(@2)"),
    "charger": (b"*IDN?", b":BATT:TEST:VOLT 4", b":ENTR:FUNC TEST", b":BATT:OUTP 1", b":BATT:OUTP 0", b"*RST"),
    "tester": (b"*IDN?", b":FETC?", b":FUNC RES", b"::"),
    "daq": (
        b"*IDN?",
        b":ROUT:SCAN:CRE (@101:102);:ROUT:SCAN:COUN:SCAN 9;:INIT",
        b"*OPC?",
        b':TRAC:DATA? 1,2,"defbuffer1"',
    ),
    "assembler": (b"*IDN?", b':ASS:CELL "c","E",0.05', b':ASS:RES? "c"', b':ASS:UNL "E"', b"*RST"),
    "lcr": (b"*IDN?", b":INIT:CONT ON", b":FETC?", b"*TRG"),
}


@st.composite
def _faults(draw: st.DrawFn, drivers: dict[str, str]) -> Fault:
    name = draw(st.sampled_from(sorted(drivers)))
    kind = draw(st.sampled_from(applicable(drivers[name])))
    begin = draw(st.sampled_from([{}, {"message": 1}, {"message": 3}, {"after": "2 s"}, {"after": "700 s"}]))
    end = {} if kind in EVENTS else draw(st.sampled_from([{}, {"lasts": "0.5 s"}, {"lasts": "300 s"}]))
    return Fault.model_validate({"fault": kind, "instrument": name, **begin, **end})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_faults_and_messages_together_break_nothing(description, data: st.DataObject) -> None:
    drivers = {name: part["driver"] for name, part in description["instruments"].items()}
    assert set(drivers.values()) == set(DEVICES)
    with tempfile.TemporaryDirectory() as folder:
        bench = SimulatedBench.open(description, Path(folder) / "world", 1, PlainChemistry())
        usual = {
            name: bench.devices[name].handle(MESSAGES[name][0])
            for name in drivers
            if drivers[name] != "new-era-ne-1000"
        }
        for _ in range(data.draw(st.integers(1, 25))):
            if data.draw(st.booleans()):
                bench.inject(data.draw(_faults(drivers)))
            name = data.draw(st.sampled_from(sorted(drivers)))
            _, leaves_at = bench.exchange(bench.devices[name], data.draw(st.sampled_from(MESSAGES[name])))
            assert leaves_at >= bench.clock.now()
            bench.clock.spend(data.draw(st.sampled_from([0.0, 0.1, 5.0, 400.0, 7200.0])))
            for holder in "ABCD":
                assert 0 < bench.world.holders.at(holder, bench.clock.now()).voltage_V < 5
        faults = bench.present_faults()
        bench.close()
        bench = SimulatedBench.open(description, Path(folder) / "world", 1, PlainChemistry())
        assert bench.present_faults() == faults
        bench.clear_faults()
        assert {name: bench.exchange(bench.devices[name], MESSAGES[name][0])[0] for name in usual} == usual
        bench.close()
