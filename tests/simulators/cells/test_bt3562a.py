"""The BT3562A's command table, its number formats, and how it takes errors."""

from __future__ import annotations

import pytest
import pyvisa

SETTINGS = [
    (":FUNC RES", ":FUNC?", "RES"),
    (":FUNCTION VOLTAGE", ":FUNC?", "VOLT"),
    (":func rv", ":FUNC?", "RV"),
    (":RES:RANG 0.2", ":RES:RANG?", "300.00E-3"),
    (":RES:RANG 3", ":RES:RANG?", "3.0000E+0"),
    (":RES:RANG 3000", ":RES:RANG?", "3.0000E+3"),
    (":RES:RANG 30", ":RES:RANG?", "30.000E+0"),
    (":VOLT:RANG 6", ":VOLT:RANG?", "6.00000E+0"),
    (":AUT ON", ":AUT?", "ON"),
    (":AUT OFF", ":AUT?", "OFF"),
    (":SAMP:RATE FAST", ":SAMP:RATE?", "FAST"),
    (":INIT:CONT OFF", ":INIT:CONT?", "OFF"),
    (":TRIG:SOUR EXT", ":TRIG:SOUR?", "EXT"),
    (":TRIG:SOUR IMM", ":TRIG:SOUR?", "IMM"),
    (":SYST:LFR 50", ":SYST:LFR?", "50"),
]


@pytest.fixture
def tester(lines):
    return lines["tester"]


def test_the_settings_row_by_row(tester) -> None:
    tester.query("*ESR?")
    for setting, query, reply in SETTINGS:
        tester.write(setting)
        assert tester.query(query) == reply, setting
        assert tester.query("*ESR?") == "0", setting


def test_identity_and_self_test(tester) -> None:
    assert tester.query("*IDN?") == "HIOKI,BT3562A,0,V1.00"
    assert tester.query("*TST?") == "0"
    assert tester.query(":ADJ?") == "1"


def test_a_set_and_a_query_of_it_may_share_a_line(tester) -> None:
    assert tester.query(":RES:RANG 3;:RES:RANG?") == "3.0000E+0"


@pytest.mark.parametrize(
    ("line", "bit"),
    [
        (":NONSENSE?", 32),
        (":RES:RANG", 32),
        (":RES:RANG 5000", 16),
        (":FUNC OHM", 16),
        (":FUNC?;:AUT?", 4),
        (":READ?", 16),
        (":SYST:ERR?", 32),
    ],
)
def test_an_error_answers_nothing_and_sets_a_bit(tester, line: str, bit: int) -> None:
    tester.query("*ESR?")
    tester.timeout = 100
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        tester.query(line)
    assert int(tester.query("*ESR?")) == bit


def test_an_error_ends_the_line(tester) -> None:
    tester.write(":FUNC RES;:RUBBISH;:FUNC VOLT")
    assert tester.query(":FUNC?") == "RES"


@pytest.mark.parametrize(
    ("range_ohm", "written"),
    [("30", "   8.000E+0"), ("300", "    8.00E+0"), ("3000", "  0.0080E+3")],
)
def test_numbers_in_each_range(tester, range_ohm: str, written: str) -> None:
    tester.write(f":INIT:CONT OFF;:VOLT:RANG 6;:RES:RANG {range_ohm}")
    assert tester.query(":READ?") == f"{written}, 3.63000E+0"
    tester.write(":FUNC RES")
    assert tester.query(":READ?") == written
    tester.write(":FUNC VOLT")
    assert tester.query(":READ?") == " 3.63000E+0"


@pytest.mark.parametrize(
    ("range_ohm", "overflow"), [("3", " 10.0000E+8"), ("30E-3", " 100.000E+7"), ("300E-3", " 1000.00E+6")]
)
def test_overflow_of_a_resistance_range(tester, range_ohm: str, overflow: str) -> None:
    tester.write(f":INIT:CONT OFF;:RES:RANG {range_ohm};:FUNC RES")
    assert tester.query(":READ?") == overflow
    assert float(overflow) == 1e9


@pytest.mark.parametrize(("range_ohm", "fault"), [("3", " 10.0000E+9"), ("30", " 100.000E+8"), ("300", " 1000.00E+7")])
def test_open_leads_are_a_fault(lines, range_ohm: str, fault: str) -> None:
    lines["idle"].write(f":INIT:CONT OFF;:VOLT:RANG 6;:RES:RANG {range_ohm}")
    assert lines["idle"].query(":READ?") == f"{fault}, 1.00000E+10"


def test_automatic_ranges_follow_the_cell(tester) -> None:
    assert tester.query(":FETC?") == "   8.000E+0, 3.63000E+0"
    assert tester.query(":RES:RANG?") == "30.000E+0"


def test_it_sees_what_the_source_meter_does_to_the_cell(lines, bench) -> None:
    lines["tester"].write(":INIT:CONT OFF;:FUNC VOLT")
    lines["smu"].write(":ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON")
    bench.clock.spend(1000)
    seen = float(lines["tester"].query(":READ?"))
    assert seen == pytest.approx(float(lines["smu"].query(':READ? "defbuffer1",SOUR')), abs=1e-4)
    assert seen > 3.68


def test_a_sample_takes_its_time(tester, bench) -> None:
    start = bench.clock.now()
    tester.query(":SAMP:RATE SLOW;:INIT:CONT OFF;:READ?")
    assert bench.clock.now() - start == pytest.approx(0.157)


def test_fetch_gives_the_last_value_when_it_does_not_measure_by_itself(tester, bench) -> None:
    tester.write(":INIT:CONT OFF")
    first = tester.query(":READ?")
    start = bench.clock.now()
    assert tester.query(":FETC?") == first
    assert bench.clock.now() == start


def test_an_external_trigger_never_comes(tester) -> None:
    tester.timeout = 100
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        tester.query(":INIT:CONT OFF;:TRIG:SOUR EXT;:READ?")


def test_carriage_return_alone_ends_a_message(lines) -> None:
    lines["tester"].write_termination = "\r"
    assert lines["tester"].query("*IDN?").startswith("HIOKI")


def test_settings_outlive_the_host(open_bench, connect) -> None:
    bench = open_bench()
    connect(bench)["tester"].query(":RES:RANG 3;:INIT:CONT OFF;:READ?")
    bench.close()
    tester = connect(open_bench())["tester"]
    assert tester.query(":INIT:CONT?") == "OFF"
    assert tester.query(":FETC?").startswith(" 10.0000E+8, ")
