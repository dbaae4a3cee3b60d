"""The 2281S's command table, its battery tests on a pouch cell, and what ends them."""

from __future__ import annotations

import pytest

NO_ERROR = '0,"No error"'
POUCH = {
    "capacity": "1 Ah",
    "state_of_charge": "50 %",
    "series_resistance": "50 mohm",
    "pair_resistance": "30 mohm",
    "pair_time": "40 s",
}
QUIET = {
    "source_voltage_gain_sd": "0 %",
    "source_current_gain_sd": "0 %",
    "source_voltage_noise": "0 uV",
    "source_current_noise": "0 nA",
}


@pytest.fixture
def described(description):
    description["holders"] = {"A": {"cell": POUCH}, "B": {}}
    description["instruments"]["charger"] = {
        "driver": "keithley-2281s",
        "resource": "TCPIP::192.0.2.14::5025::SOCKET",
        "wiring": {"channel": "A"},
    }
    return description


@pytest.fixture
def lines(described, open_bench, connect):
    lines = connect(open_bench(simulation=QUIET))
    lines.ask("charger", "*RST;:ENTR:FUNC TEST;*OPC?")
    return lines


def sight(lines):
    return lines.bench.world.holders.at("A", lines.bench.clock.now())


TABLE = [
    ("*IDN?", "KEITHLEY INSTRUMENTS INC.,MODEL 2281S-20-6,SIMULATED,01.08b"),
    (":ENTR:FUNC?", "TEST"),
    (":BATT:TEST:VOLT 4.2;:BATT:TEST:VOLT?", "+4.200000E+00"),
    (":BATT:TEST:VOLT:PROT?", "+2.100000E+01"),
    (":BATT:TEST:VOLT:PROT 4.3;:BATT:TEST:VOLT:PROT?", "+4.300000E+00"),
    (":BATT:TEST:CURR:PROT?", "+6.100000E+00"),
    (":BATT:TEST:CURR:PROT 0.5;:BATT:TEST:CURR:PROT?", "+5.000000E-01"),
    (":BATT:TEST:CURR:END?", "+1.000000E-03"),
    (":BATT:TEST:CURR:END 0.05;:BATT:TEST:CURR:END?", "+5.000000E-02"),
    (":BATT:TEST:SENS:AH:VFUL 4.2;:BATT:TEST:SENS:AH:VFUL?", "+4.200000E+00"),
    (":BATT:TEST:SENS:AH:ILIM 0.1;:BATT:TEST:SENS:AH:ILIM?", "+1.000000E-01"),
    (":BATT:TEST:SENS:AH?", "+0.000000E+00"),
    (":BATT:OUTP?", "0"),
    (":STAT:OPER:INST:ISUM:COND?", "0"),
    (":STAT:MEAS:INST:ISUM:COND?", "0"),
    (":SYST:LFR?", "50"),
    (":BATT:DATA:CLE;:SYST:ERR?", NO_ERROR),
    (":BATT:TEST:VOLT 20.1;:SYST:ERR?", '-222,"Data out of range"'),
    (":BATT:TEST:VOLT:PROT 0.4;:SYST:ERR?", '-222,"Data out of range"'),
    (":BATT:TEST:CURR:PROT 0.09;:SYST:ERR?", '-222,"Data out of range"'),
    (":BATT:TEST:CURR:END 0.2;:SYST:ERR?", '-222,"Data out of range"'),
    (':BATT:DATA:DATA? "COLOUR";:SYST:ERR?', '-224,"Illegal parameter value"'),
    (":OUTP:STAT 1;:SYST:ERR?", '-221,"Settings conflict"'),
    (":BATT:TEST:SENS:AH:EXEC PAUSE;:SYST:ERR?", '-221,"Settings conflict"'),
    (":BATT:TEST:SENS:AH:EXEC BEGIN;:SYST:ERR?", '-224,"Illegal parameter value"'),
    (":SYST:ERR?", NO_ERROR),
]


def test_the_command_table_row_by_row(lines) -> None:
    for message, reply in TABLE:
        assert lines.ask("charger", message) == reply, message


def charging(lines, *more: str) -> None:
    lines.ask(
        "charger",
        ":BATT:TEST:VOLT:PROT 4.3;:BATT:TEST:CURR:PROT 1;:BATT:TEST:CURR:END 0.05",
        ":BATT:TEST:SENS:AH:VFUL 4.2;:BATT:TEST:SENS:AH:ILIM 0.5",
        *more,
        ":BATT:TEST:SENS:AH:EXEC START;*OPC?",
    )


def test_an_ah_test_charges_at_its_limit_then_at_its_voltage_and_ends(lines) -> None:
    clock = lines.bench.clock
    charging(lines)
    clock.spend(600)
    assert sight(lines).current_A == pytest.approx(0.5)
    assert float(lines.ask("charger", ":BATT:TEST:SENS:AH?")) == pytest.approx(0.5 / 6, rel=1e-5)
    assert lines.ask("charger", ":STAT:OPER:INST:ISUM:COND?;:BATT:OUTP?") == "16;1"
    clock.spend(2850)
    assert sight(lines).voltage_V == pytest.approx(4.2)
    assert 0.05 < sight(lines).current_A < 0.5
    clock.spend(36000)
    assert lines.ask("charger", ":STAT:OPER:INST:ISUM:COND?;:BATT:OUTP?;:SYST:ERR?") == f"0;0;{NO_ERROR}"
    assert sight(lines).current_A == 0
    counted = float(lines.ask("charger", ":BATT:TEST:SENS:AH?"))
    assert counted == pytest.approx(sight(lines).state.charge_C / 3600 - 0.5, rel=1e-5)
    assert 0.45 < counted < 0.5


def test_it_ends_at_the_same_instant_however_often_somebody_looks(described, open_bench, connect) -> None:
    def charge_after(name: str, looks: int) -> float:
        lines = connect(open_bench(name, simulation=QUIET))
        lines.ask("charger", "*RST;:ENTR:FUNC TEST;*OPC?")
        charging(lines)
        for _ in range(looks):
            lines.bench.clock.spend(20_000 / looks)
            lines.ask("lcr", "*IDN?")
        lines.ask("charger", ":BATT:OUTP?")
        return sight(lines).state.charge_C

    assert charge_after("once", 1) == pytest.approx(charge_after("often", 300), rel=1e-9)


@pytest.mark.parametrize("asked", ["daq", "charger", "lcr"])
def test_an_onlooker_sees_the_whole_test_whoever_is_asked_at_its_end(described, open_bench, connect, asked) -> None:
    described["instruments"]["daq"] = {
        "driver": "keithley-daq6510",
        "resource": "TCPIP::192.0.2.15::5025::SOCKET",
        "settings": {"voltages": {"A": 111}},
    }
    lines = connect(open_bench(simulation={**QUIET, "meter_voltage_sd": "0 %"}))
    scan = (":ROUT:SCAN:CRE (@111);:ROUT:SCAN:COUN:SCAN 100;:ROUT:SCAN:INT 60;:INIT;*IDN?",)
    lines.ask("charger", "*RST;:ENTR:FUNC TEST;*OPC?")
    charging(lines)
    lines.ask("daq", *scan)
    lines.bench.clock.spend(6000)
    lines.ask(asked, "*IDN?")
    read_V = [float(part) for part in lines.ask("daq", ':TRAC:DATA? 1,100,"defbuffer1"').split(",")]
    assert read_V[:50] == sorted(read_V[:50])
    assert read_V[0] < 3.9
    assert read_V[-1] == pytest.approx(4.2, abs=5e-3)
    assert lines.ask("charger", ":BATT:OUTP?") == "0"


def test_below_the_cells_voltage_it_discharges(lines) -> None:
    lines.ask("charger", ":BATT:TEST:VOLT 3.2;:BATT:TEST:CURR:PROT 6.1;:BATT:TEST:CURR:END 0.05;:BATT:OUTP 1;*OPC?")
    lines.bench.clock.spend(60)
    assert sight(lines).current_A == pytest.approx(-1)  # the sink's limit
    lines.bench.clock.spend(36000)
    assert lines.ask("charger", ":BATT:OUTP?") == "0"
    assert sight(lines).state.charge_C < 0.06 * 3600
    assert float(lines.ask("charger", ":BATT:TEST:SENS:AH?")) > 0.44


def test_reaching_the_current_protection_opens_the_circuit(lines) -> None:
    lines.ask("charger", ":BATT:TEST:VOLT 4.2;:BATT:TEST:CURR:PROT 0.5;:BATT:OUTP 1;*OPC?")
    assert lines.ask("charger", ":BATT:OUTP?") == "0"
    assert sight(lines).state.charge_C == 0.5 * 3600


def test_the_voltage_protection_opens_the_circuit(lines) -> None:
    charging(lines, ":BATT:TEST:VOLT:PROT 4.0")
    lines.bench.clock.spend(36000)
    assert lines.ask("charger", ":BATT:OUTP?") == "0"
    cell = lines.bench.world.holders.cell("A")
    assert cell.voltage_V(sight(lines).state, 0.0) < 4.0


def test_readings_come_once_and_in_the_order_asked_for(lines) -> None:
    charging(lines)
    lines.bench.clock.spend(2.5)
    assert lines.ask("charger", ":STAT:MEAS:INST:ISUM:COND?") == "64"
    numbers = [float(part) for part in lines.ask("charger", ':BATT:DATA:DATA? "VOLT,CURR,RES,AH,REL"').split(",")]
    assert numbers[4::5] == [0, 1, 2]
    assert numbers[1::5] == pytest.approx([0.5] * 3)
    assert numbers[8] == pytest.approx(0.5 / 3600)
    assert 0.05 < numbers[2] < 0.08
    assert lines.ask("charger", ":STAT:MEAS:INST:ISUM:COND?") == "0"
    lines.bench.clock.spend(1)
    assert lines.ask("charger", ':BATT:DATA:DATA? "REL"') == "+3.000000E+00"
    assert lines.ask("charger", ':BATT:DATA:DATA? "REL"') == ""


def test_a_pause_opens_the_circuit_and_counts_nothing(lines) -> None:
    charging(lines)
    lines.bench.clock.spend(36)
    lines.ask("charger", ":BATT:TEST:SENS:AH:EXEC PAUSE;*OPC?")
    lines.bench.clock.spend(1000)
    assert float(lines.ask("charger", ":BATT:TEST:SENS:AH?")) == pytest.approx(0.005)
    assert lines.ask("charger", ":STAT:OPER:INST:ISUM:COND?;:BATT:OUTP?") == "0;1"
    lines.ask("charger", ":BATT:TEST:SENS:AH:EXEC CONTINUE;*OPC?")
    lines.bench.clock.spend(36)
    assert float(lines.ask("charger", ":BATT:TEST:SENS:AH?")) == pytest.approx(0.01)
    lines.ask("charger", ":BATT:TEST:SENS:AH:EXEC STOP;*OPC?")
    assert lines.ask("charger", ":BATT:OUTP?") == "0"


def test_a_lower_limit_acts_at_once(lines) -> None:
    charging(lines)
    lines.bench.clock.spend(10)
    lines.ask("charger", ":BATT:TEST:SENS:AH:ILIM 0.2;*OPC?")
    assert sight(lines).current_A == pytest.approx(0.2)


def test_as_a_power_supply_it_charges_and_never_sinks(lines) -> None:
    lines.ask("charger", ":ENTR:FUNC POWER;:VOLT:LIM 4.1;:VOLT 4.0;:CURR 0.3;:OUTP:STAT 1;*OPC?")
    lines.bench.clock.spend(1.5)
    assert lines.ask("charger", ":VOLT 4.2;:SYST:ERR?") == '-222,"Data out of range"'
    assert lines.ask("charger", ':DATA:DATA? "READ,REL"') == "+3.000000E-01,+0.000000E+00,+3.000000E-01,+1.000000E+00"
    lines.ask("charger", ":VOLT 3.0;*OPC?")
    assert sight(lines).current_A == 0
    assert lines.ask("charger", ":ENTR:FUNC TEST;:SYST:ERR?") == '-221,"Settings conflict"'
    assert lines.ask("charger", ":OUTP:STAT 0;:OUTP:STAT?;:ENTR:FUNC TEST;:ENTR:FUNC?") == "0;TEST"


def test_an_empty_holder_ends_a_test_at_once(described, open_bench, connect) -> None:
    described["instruments"]["charger"]["wiring"]["channel"] = "B"
    lines = connect(open_bench())
    assert lines.ask("charger", ":ENTR:FUNC TEST;:BATT:TEST:VOLT 4;:BATT:OUTP 1;:BATT:OUTP?") == "0"


def test_the_test_goes_on_without_its_host(described, open_bench, connect) -> None:
    bench = open_bench("w", simulation=QUIET)
    lines = connect(bench)
    lines.ask("charger", "*RST;:ENTR:FUNC TEST;*OPC?")
    charging(lines)
    lines.bench.clock.spend(36)
    bench.close()
    lines = connect(open_bench("w", simulation=QUIET))
    lines.bench.clock.spend(36)
    assert float(lines.ask("charger", ":BATT:TEST:SENS:AH?")) == pytest.approx(0.01)
    assert lines.ask("charger", "*RST;:BATT:OUTP?") == "0"
    assert sight(lines).current_A == 0
