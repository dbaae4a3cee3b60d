"""The N6705C's command table, its protections and its watchdog."""

from __future__ import annotations

import pytest

CHARGE = "VOLT 4.2,(@2);:CURR:LIM 2E-3,(@2);:VOLT:PROT 4.3,(@2);:OUTP ON,(@2)"
NO_ERROR = '+0,"No error"'

SETTINGS = [
    ("VOLT 4.2,(@1)", "VOLT? (@1)", "+4.200000E+00"),
    ("SOURCE:VOLTAGE:LEVEL:IMMEDIATE:AMPLITUDE 3,(@2,4)", "VOLT? (@1:3)", "+4.200000E+00,+3.000000E+00,+0.000000E+00"),
    ("CURR 0.01,(@1)", "CURR? (@1)", "+1.000000E-02"),
    ("CURR:LIM 0.02,(@1)", "CURR:LIM? (@1);:CURR:LIM:NEG? (@1)", "+2.000000E-02;-2.000000E-02"),
    ("CURR:LIM:COUP OFF,(@1)", "CURR:LIM:COUP? (@1,2)", "0,1"),
    ("CURR:LIM:NEG -0.005,(@1)", "CURR:LIM:NEG? (@1);:CURR:LIM:POS? (@1)", "-5.000000E-03;+2.000000E-02"),
    ("CURR:LIM:COUP ON,(@1)", "CURR:LIM:NEG? (@1)", "-2.000000E-02"),
    ("VOLT:PROT 4.3,(@1)", "VOLT:PROT? (@1,2)", "+4.300000E+00,+2.448000E+01"),
    ("CURR:PROT:STAT ON,(@1)", "CURR:PROT:STAT? (@1:2)", "1,0"),
    ("POW:LIM 5,(@1)", "POW:LIM? (@1)", "+5.000000E+00"),
    ("OUTP:PROT:COUP ON", "OUTP:PROT:COUP?", "1"),
    ("OUTP:PROT:WDOG:DEL 30", "OUTP:PROT:WDOG:DEL?", "30"),
    ("OUTP:PROT:WDOG ON", "OUTP:PROT:WDOG?", "1"),
    ("OUTP ON,(@3)", "OUTP? (@1:4)", "0,0,1,0"),
    ("OUTP OFF,(@3)", "OUTP? (@3)", "0"),
    ("FUNC CURR,(@1)", "FUNC? (@1);:CURR:LIM? (@1)", "CURR;+1.000000E-02"),
    ("FUNC VOLT,(@1)", "FUNC? (@1);:VOLT? (@1)", "VOLT;+0.000000E+00"),
]


@pytest.fixture
def power(lines):
    return lines["power"]


def test_the_settings_row_by_row(power) -> None:
    for setting, query, reply in SETTINGS:
        assert power.query(f"{setting};:{query}") == reply, setting
        assert power.query("SYST:ERR?") == NO_ERROR, setting


def test_reset_switches_the_watchdog_off_and_the_protection_up(power) -> None:
    power.write(CHARGE + ";:OUTP:PROT:WDOG ON")
    assert power.query("*RST;:OUTP? (@2);:OUTP:PROT:WDOG?;:OUTP:PROT:WDOG:DEL?;:VOLT:PROT? (@2)") == (
        "0;0;60;+2.448000E+01"
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("VOLT 4.2, @(1)", -104),
        ("VOLT 4.2,@1", -104),
        ("VOLT 4.2", -109),
        ("VOLT 4.2,(@5)", -222),
        ("VOLT? (@0)", -222),
        ("VOLT? (@3:9)", -222),
        ("VOLT 21,(@1)", -222),
        ("CURR:LIM -1,(@1)", -222),
        ("CURR:LIM:NEG 1,(@1)", -222),
        ("OUTP:PROT:WDOG:DEL 0", -222),
        ("OUTP:PROT:WDOG:DEL 3601", -222),
        ("OUTP:PROT:MODE HIGHZ", -113),
        ("FETC:CURR? (@1)", -230),
        ("OUTP ON,(@1),(@2)", -108),
    ],
)
def test_bad_commands_answer_nothing_and_are_reported(power, message: str, code: int) -> None:
    assert power.query(f"{message};:SYST:ERR?").startswith(f'{code},"')


def test_identity(power) -> None:
    assert power.query("*IDN?").startswith("Keysight Technologies,N6705C,SIMULATED,")


def test_a_charge_clamps_and_then_holds_the_voltage(power, bench) -> None:
    power.write(CHARGE)
    assert power.query("MEAS:VOLT? (@2);:FETC:CURR? (@2)") == "+3.646013E+00;+2.000000E-03"
    assert power.query("STAT:OPER:COND? (@1:2);:STAT:QUES:COND? (@2)") == "4,2;128"
    bench.clock.spend(7200)
    volts, amperes = (float(part) for part in power.query("MEAS:VOLT? (@2);:FETC:CURR? (@2)").split(";"))
    assert volts == 4.2
    assert 0 < amperes < 1e-5
    assert power.query("STAT:OPER:COND? (@2);:STAT:QUES:COND? (@2)") == "1;0"


def test_a_discharge_sinks_at_the_negative_limit(power) -> None:
    power.write(CHARGE + ";:CURR:LIM:COUP OFF,(@2);:CURR:LIM:NEG -1E-3,(@2);:VOLT 3,(@2)")
    assert power.query("MEAS:CURR? (@2);:STAT:QUES:COND? (@2)") == "-1.000000E-03;256"


def test_current_priority(power, bench) -> None:
    power.write("FUNC CURR,(@2);:CURR -2E-3,(@2);:OUTP ON,(@2)")
    assert power.query("MEAS:CURR? (@2);:STAT:OPER:COND? (@2);:STAT:QUES:COND? (@2)") == "-2.000000E-03;2;0"


def test_an_output_that_is_off_still_reads_the_cell(power) -> None:
    assert power.query("MEAS:VOLT? (@1,2);:FETC:CURR? (@1,2)") == (
        "+0.000000E+00,+3.630000E+00;+0.000000E+00,+0.000000E+00"
    )


def test_over_voltage_trips_while_nobody_looks_and_latches(power, bench) -> None:
    power.write(CHARGE + ";:VOLT:PROT 4.0,(@2)")
    bench.clock.spend(10 * 3600)
    held = bench.world.holders.at("B", bench.clock.now())
    assert (held.trip, held.current_A) == ("voltage", 0.0)
    assert power.query("STAT:QUES:COND? (@2);:STAT:OPER:COND? (@2);:OUTP? (@2)") == "1;4;1"
    assert power.query("OUTP OFF,(@2);:STAT:QUES:COND? (@2)") == "1"
    assert power.query("OUTP ON,(@2);:STAT:OPER:COND? (@2)") == "4"


def test_clearing_returns_the_output_to_on_and_trips_again_while_the_cause_is_there(power) -> None:
    power.write(CHARGE + ";:VOLT:PROT 3.5,(@2)")
    assert power.query("STAT:QUES:COND? (@2)") == "1"
    assert power.query("OUTP:PROT:CLE (@2);:STAT:QUES:COND? (@2)") == "1"
    assert power.query("VOLT:PROT 4.3,(@2);:OUTP:PROT:CLE (@2);:STAT:QUES:COND? (@2);:STAT:OPER:COND? (@2)") == "128;2"
    power.write("VOLT:PROT 3.5,(@2)")
    assert power.query("OUTP OFF,(@2);:OUTP:PROT:CLE (@2);:STAT:QUES:COND? (@2);:STAT:OPER:COND? (@2)") == "0;4"


def test_over_current_protection_trips_on_reaching_the_limit(power) -> None:
    assert power.query(CHARGE + ";:CURR:PROT:STAT ON,(@2);:STAT:QUES:COND? (@2)") == "2"


def test_coupled_protections_switch_every_output_off(power) -> None:
    power.write("OUTP:PROT:COUP ON;:" + CHARGE)
    power.write("VOLT:PROT 1,(@1);:VOLT 2,(@1);:OUTP ON,(@1)")
    assert power.query("STAT:QUES:COND? (@1:4)") == "1,2048,2048,2048"
    assert power.query("STAT:OPER:COND? (@1:2)") == "4,4"


def charge_C(bench) -> float:
    return bench.world.holders.at("B", bench.clock.now()).state.charge_C


def test_the_watchdog_opens_the_circuit_after_silence_also_when_nobody_asks(power, bench) -> None:
    power.write(CHARGE + ";:OUTP:PROT:WDOG:DEL 30;:OUTP:PROT:WDOG ON")
    bench.clock.spend(29)
    assert power.query("STAT:QUES:COND? (@2)") == "128"
    before = charge_C(bench)
    bench.clock.spend(3600)
    assert charge_C(bench) == pytest.approx(before + 30 * 2e-3)
    assert power.query("STAT:QUES:COND? (@1:2);:STAT:OPER:COND? (@2)") == "2048,2048;4"


def test_any_message_keeps_the_watchdog_quiet(power, bench) -> None:
    power.write(CHARGE + ";:OUTP:PROT:WDOG:DEL 30;:OUTP:PROT:WDOG ON")
    for _ in range(20):
        bench.clock.spend(20)
        power.write("*OPC")
    assert power.query("STAT:OPER:COND? (@2)") == "2"
    before = charge_C(bench)
    power.write("OUTP:PROT:WDOG OFF")
    bench.clock.spend(600)
    assert charge_C(bench) == pytest.approx(before + 600 * 2e-3)


def test_watching_does_not_touch_the_cell(bench, power) -> None:
    power.write(CHARGE + ";:OUTP:PROT:WDOG:DEL 60;:OUTP:PROT:WDOG ON")
    start = bench.clock.now()
    for _ in range(120):
        bench.clock.spend(59)
        power.query("STAT:QUES:COND? (@2)")
    assert bench.world.holders.rows()["B"]["at"] == start
    assert bench.world.holders.at("B", bench.clock.now()).voltage_V == pytest.approx(4.2)


def test_a_host_that_dies_leaves_the_watchdog_running(open_bench, connect) -> None:
    bench = open_bench()
    connect(bench)["power"].query(CHARGE + ";:OUTP:PROT:WDOG:DEL 30;:OUTP:PROT:WDOG ON;*OPC?")
    bench.close()
    bench = open_bench()
    bench.clock.spend(3600)
    assert bench.world.holders.at("B", bench.clock.now()).trip == "silence"
    assert connect(bench)["power"].query("STAT:QUES:COND? (@2)") == "2048"


def test_a_trip_outlives_the_host(open_bench, connect) -> None:
    bench = open_bench()
    connect(bench)["power"].query(CHARGE + ";:VOLT:PROT 3.5,(@2);*OPC?")
    bench.close()
    assert connect(open_bench())["power"].query("STAT:QUES:COND? (@2)") == "1"
