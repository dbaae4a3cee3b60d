"""The 2450's command table, its off-states, its clamp, its buffers and its event log."""

from __future__ import annotations

import pytest

READ = ':READ? "defbuffer1",SOUR,READ,REL'
CHARGE = ":OUTP:SMOD HIMP;:ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON"

SETTINGS = [
    (":OUTP:SMOD HIMP", ":OUTP:CURR:SMOD?;:OUTP:VOLT:SMOD?", "HIMP;HIMP"),
    (":OUTP:VOLT:SMOD ZERO", ":OUTP:CURR:SMOD?;:OUTP:VOLT:SMOD?", "HIMP;ZERO"),
    (":OUTPUT:CURRENT:SMODE GUARD", ":OUTP:CURR:SMOD?", "GUAR"),
    (":ROUT:TERM REAR", ":ROUT:TERM?", "REAR"),
    (":SOUR:FUNC CURR", ":SOUR:FUNC?", "CURR"),
    (":SOUR:FUNC VOLTAGE", ":SOUR:FUNC?", "VOLT"),
    (":SOUR:VOLT 4.2", ":SOUR:VOLT?", "4.200000E+00"),
    (":SOUR:VOLT:RANG 19", ":SOUR:VOLT:RANG?", "2.000000E+01"),
    (":SOUR:VOLT:RANG:AUTO ON", ":SOUR:VOLT:RANG?", "2.000000E+01"),
    (":SOUR:CURR -0.00225", ":SOUR:CURR?", "-2.250000E-03"),
    (":SOUR:CURR:RANG 0.01", ":SOUR:CURR:RANG?", "1.000000E-02"),
    (":SOUR:CURR:RANG:AUTO 1", ":SOUR:CURR:RANG?", "1.000000E-02"),
    (":SOUR:VOLT:ILIM 0.00225", ":SOUR:VOLT:ILIM?", "2.250000E-03"),
    (":SOUR:CURR:VLIM 4.25", ":SOUR:CURR:VLIM?", "4.250000E+00"),
    (":SOUR:VOLT:PROT PROT5", ":SOUR:VOLT:PROT?", "PROT5"),
    (":SOUR:CURR:PROT PROT20", ":SOUR:CURR:PROT?", "PROT20"),
    (":SOUR:VOLT:READ:BACK OFF", ":SOUR:VOLT:READ:BACK?", "0"),
    (":SOUR:CURR:READ:BACK OFF", ":SOUR:CURR:READ:BACK?", "0"),
    (':SENS:FUNC "VOLT"', ":SENS:FUNC?", '"VOLT:DC"'),
    (":SENS:FUNC 'CURR:DC'", ":SENS:FUNC?", '"CURR:DC"'),
    (":SENS:CURR:RSEN ON", ":SENS:CURR:RSEN?;:SENS:VOLT:RSEN?", "1;0"),
    (":SENS:VOLT:RSEN ON", ":SENS:VOLT:RSEN?", "1"),
    (":SENS:CURR:RANG 0.01", ":SENS:CURR:RANG?;:SENS:CURR:RANG:AUTO?", "1.000000E-02;0"),
    (":SENS:CURR:RANG:AUTO ON", ":SENS:CURR:RANG?;:SENS:CURR:RANG:AUTO?", "1.000000E-02;1"),
    (":SENS:VOLT:RANG 5", ":SENS:VOLT:RANG?;:SENS:VOLT:RANG:AUTO?", "2.000000E+01;0"),
    (":SENS:VOLT:RANG:AUTO ON", ":SENS:VOLT:RANG:AUTO?", "1"),
    (":SENS:CURR:NPLC 0.1", ":SENS:CURR:NPLC?", "1.000000E-01"),
    (":SENS:VOLT:NPLC 10", ":SENS:VOLT:NPLC?", "1.000000E+01"),
    (':TRAC:POIN 1000,"defbuffer1"', ':TRAC:POIN? "defbuffer1"', "1000"),
    (":OUTP ON", ":OUTP?", "1"),
    (":OUTP OFF", ":OUTP?", "0"),
]


@pytest.fixture
def smu(lines):
    return lines["smu"]


def test_the_settings_row_by_row(smu) -> None:
    for setting, query, reply in SETTINGS:
        assert smu.query(f"{setting};{query}") == reply, setting
        assert smu.query(":SYST:ERR?") == '0,"No error;0;0 0"', setting


def test_reset_brings_the_dangerous_defaults_back(smu) -> None:
    smu.write(";".join(setting for setting, _, _ in SETTINGS))
    asked = "*RST;:OUTP?;:SOUR:FUNC?;:OUTP:VOLT:SMOD?;:SOUR:CURR:VLIM?;:SOUR:VOLT:PROT?;:ROUT:TERM?"
    assert smu.query(asked) == "0;VOLT;NORM;2.100000E+01;NONE;FRON"


def test_identity_and_language(smu) -> None:
    assert smu.query("*IDN?") == "KEITHLEY INSTRUMENTS,MODEL 2450,SIMULATED,1.7.12b"
    assert smu.query("*LANG?;:OUTP:INT:TRIP?") == "SCPI;0"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":SOUR:VOLT 211", -222),
        (":SOUR:CURR 1.06", -222),
        (":SOUR:VOLT:ILIM 1.06", -222),
        (":SOUR:VOLT:ILIM 0", -222),
        (":SOUR:VOLT:ILIM", -109),
        (":SENS:CURR:RANG 1;:SOUR:VOLT:ILIM 1E-3", -221),
        (":SOUR:VOLT:PROT PROT4", -224),
        (":OUTP:SMOD OPEN", -224),
        (':SENS:FUNC "RES"', -224),
        (":SENS:FUNC CURR", -104),
        (':READ? "defbuffer1",NOISE', 1133),
        (':READ? "mine",READ', -224),
        (':FETC? "defbuffer2",READ', -230),
        (':TRAC:DATA? 1,2,"defbuffer1",READ', -222),
        (':TRAC:DATA? 0,2,"defbuffer1",READ', -222),
        (':READ? "defbuffer1"' + ",READ" * 15, -108),
        (":SOURC:VOLT 1", -113),
    ],
)
def test_bad_commands_answer_nothing_and_are_reported(smu, message: str, code: int) -> None:
    assert smu.query(f"{message};:SYST:ERR?").startswith(f'{code},"')


def test_errors_carry_their_time_and_events_too(smu) -> None:
    smu.write(":SOUR:VOLT;:SOUR:VOLT")
    assert smu.query(":SYST:ERR?") == '-109,"Missing parameter;1;2026/01/01 00:00:00.000"'
    assert smu.query(":SYST:EVEN:NEXT?") == '-109,"Missing parameter;1,1767225600,0"'
    assert smu.query(":SYST:EVEN:NEXT?") == '0,"No error;0,0,0"'
    assert smu.query(":SOUR:VOLT;*CLS;:SYST:ERR?") == '0,"No error;0;0 0"'


def test_the_event_log_overflows_like_a_queue(smu) -> None:
    for _ in range(30):
        smu.write(":SOUR:VOLT")
    found = [smu.query(":SYST:ERR?").partition(",")[0] for _ in range(21)]
    assert found == ["-109"] * 19 + ["-350", "0"]


def values(reply: str) -> list[float]:
    return [float(part) for part in reply.split(",")]


def test_a_charge_clamps_at_the_current_and_then_holds_the_voltage(smu, bench) -> None:
    smu.write(CHARGE)
    assert smu.query(READ) == "3.646013E+00,2.000000E-03,0.000000E+00"
    assert smu.query(":SOUR:VOLT:ILIM:TRIP?;:SOUR:CURR:VLIM:TRIP?") == "1;0"
    bench.clock.spend(3600)
    volts, amperes, at = values(smu.query(READ))
    assert (volts, amperes) == (pytest.approx(4.05, abs=1e-5), 2e-3)
    assert at == pytest.approx(3600.02, abs=1e-3)
    bench.clock.spend(2400)
    volts, amperes, _ = values(smu.query(READ))
    assert volts == 4.2
    assert 0 < amperes < 1e-4
    assert smu.query(":SOUR:VOLT:ILIM:TRIP?") == "0"


def test_a_discharge_sinks_at_the_limit_and_stops_at_the_voltage(smu, bench) -> None:
    smu.write(CHARGE + ";:SOUR:VOLT 3.0")
    assert values(smu.query(READ))[1] == -2e-3
    bench.clock.spend(10 * 3600)
    volts, amperes, _ = values(smu.query(READ))
    assert volts == pytest.approx(3.0, abs=1e-6)
    assert abs(amperes) < 1e-6


def charge_C(bench) -> float:
    return bench.world.holders.at("A", bench.clock.now()).state.charge_C


@pytest.mark.parametrize(("state", "keeps"), [("HIMP", True), ("GUAR", True), ("NORM", False), ("ZERO", False)])
def test_off_states_that_hold_0_V_discharge_the_cell(smu, bench, state: str, keeps: bool) -> None:
    smu.write(f"{CHARGE};:OUTP:SMOD {state};:OUTP OFF")
    before = charge_C(bench)
    bench.clock.spend(3600)
    assert (charge_C(bench) == before) is keeps
    assert keeps or charge_C(bench) < before - 3


def test_reset_with_a_cell_on_the_selected_terminals_discharges_it(open_bench, description, connect) -> None:
    description["instruments"]["smu"]["settings"] = {"terminals": "front"}
    bench = open_bench()
    connect(bench)["smu"].query(":SOUR:VOLT:ILIM 1E-2;*RST;*OPC?")
    before = charge_C(bench)
    bench.clock.spend(3600)
    assert charge_C(bench) < before


def test_a_change_of_function_or_terminals_switches_off(smu) -> None:
    smu.write(CHARGE)
    assert smu.query(":SOUR:FUNC CURR;:OUTP?") == "0"
    assert smu.query(":OUTP ON;:ROUT:TERM FRON;:OUTP?") == "0"


def test_open_terminals_read_nothing(smu) -> None:
    smu.write(CHARGE + ";:OUTP OFF")
    assert smu.query(READ) == "0.000000E+00,0.000000E+00,0.000000E+00"


def test_two_wires_see_the_leads(smu) -> None:
    smu.write(CHARGE + ";:SENS:CURR:RSEN OFF")
    assert values(smu.query(READ))[0] == pytest.approx(3.646013 + 2e-3 * 0.2, abs=2e-6)


def test_protection_holds_the_source_below_its_level(smu, bench) -> None:
    smu.write(CHARGE + ";:SOUR:VOLT:PROT PROT2")
    assert smu.query(":SOUR:VOLT:PROT:TRIP?") == "1"
    assert smu.query(":SOUR:VOLT:PROT PROT5;:SOUR:VOLT:PROT:TRIP?") == "0"


def test_a_current_source_charges_and_clamps_at_its_voltage_limit(smu, bench) -> None:
    smu.write(CHARGE + ";:SOUR:FUNC CURR;:SOUR:CURR 2E-3;:SOUR:CURR:VLIM 4.1;:OUTP ON")
    assert values(smu.query(':READ? "defbuffer1",SOUR')) == [2e-3]
    assert smu.query(":SOUR:CURR:VLIM:TRIP?;:SOUR:VOLT:ILIM:TRIP?") == "0;0"
    bench.clock.spend(7200)
    assert smu.query(":SOUR:CURR:VLIM:TRIP?;:SOUR:CURR:PROT:TRIP?") == "1;0"
    assert values(smu.query(':SENS:FUNC "VOLT";:SENS:VOLT:RSEN ON;:READ?')) == [pytest.approx(4.1)]


def test_a_current_source_over_discharges_far_below_any_sensible_voltage(smu, bench) -> None:
    smu.write(CHARGE + ";:SOUR:FUNC CURR;:SOUR:CURR -2E-3;:SOUR:CURR:VLIM 4.2;:OUTP ON")
    bench.clock.spend(3 * 3600)
    assert bench.world.holders.at("A", bench.clock.now()).voltage_V < 0


def test_more_than_a_fixed_range_is_an_overflow(smu) -> None:
    smu.write(CHARGE + ";:SENS:CURR:RANG 1E-3")
    assert smu.query(":READ?") == "9.900000E+37"


def test_without_read_back_the_source_is_its_level(smu) -> None:
    smu.write(CHARGE + ";:SOUR:VOLT:READ:BACK OFF")
    assert smu.query(':READ? "defbuffer1",SOUR') == "4.200000E+00"


def test_readings_spend_their_integration_time(smu, bench) -> None:
    start = bench.clock.now()
    smu.query(":SENS:CURR:NPLC 10;:READ?")
    assert bench.clock.now() - start == pytest.approx(0.2)


def test_buffers_keep_readings_with_their_times(smu, bench) -> None:
    smu.write(CHARGE)
    for _ in range(40):
        smu.query(READ)
        bench.clock.spend(10)
    assert smu.query(':TRAC:ACT? "defbuffer1";:TRAC:ACT? "defbuffer2"') == "40;0"
    rows = values(smu.query(':TRAC:DATA? 1,40,"defbuffer1",REL,READ'))
    assert rows[::2] == pytest.approx([10.02 * number for number in range(40)], abs=1e-4)
    assert rows[1::2] == [2e-3] * 40
    assert smu.query(':FETC? "defbuffer1",REL') == smu.query(':TRAC:DATA? 40,40,"defbuffer1",REL')
    assert smu.query(':TRAC:CLE "defbuffer1";:TRAC:ACT?') == "0"


def test_a_full_buffer_forgets_the_oldest(smu) -> None:
    smu.write(CHARGE + ';:TRAC:POIN 10,"defbuffer1";:SENS:CURR:NPLC 5')
    for _ in range(13):
        smu.query(READ)
    assert smu.query(":TRAC:ACT?") == "10"
    assert values(smu.query(':TRAC:DATA? 1,2,"defbuffer1",REL')) == pytest.approx([0.3, 0.4], abs=1e-5)


def test_other_elements_of_a_reading(smu) -> None:
    smu.write(CHARGE)
    reply = smu.query(':READ? "defbuffer1",DATE,TIME,TST,SEC,FRAC,UNIT,SOURUNIT,FORM,SOURFORM,STAT,SOURSTAT')
    assert reply.split(",") == [
        *("01/01/2026", "00:00:00.020000", "01/01/2026 00:00:00.020000", "1767225600", "0.020000"),
        *("Amp DC", "Volt DC", "0.002 A", "3.64601 V", "0", "4"),
    ]


def test_everything_outlives_the_host(open_bench, connect) -> None:
    bench = open_bench()
    smu = connect(bench)["smu"]
    smu.write(CHARGE + ";:SOUR:VOLT")
    for _ in range(20):
        smu.query(READ)
    bench.clock.spend(600)
    before = smu.query(':TRAC:DATA? 1,20,"defbuffer1",REL,READ,SOUR'), charge_C(bench)
    bench.close()
    bench = open_bench()
    smu = connect(bench)["smu"]
    assert (smu.query(':TRAC:DATA? 1,20,"defbuffer1",REL,READ,SOUR'), charge_C(bench)) == before
    assert smu.query(":OUTP?;:SYST:ERR?").startswith('1;-109,"Missing parameter;1;2026/01/01')


@pytest.mark.parametrize(
    ("model", "most_A", "most_V"), [("2450", 1.05, 210), ("2461", 7.35, 105), ("2470", 1.05, 1100)]
)
def test_limits_of_the_family(open_bench, description, connect, model: str, most_A: float, most_V: float) -> None:
    description["instruments"]["smu"]["settings"] = {"model": model}
    smu = connect(open_bench())["smu"]
    assert smu.query("*IDN?").split(",")[1] == f"MODEL {model}"
    assert smu.query(f":SOUR:VOLT {most_V};:SOUR:VOLT:ILIM {most_A};:SYST:ERR?").startswith("0,")
    assert smu.query(f":SOUR:VOLT {most_V + 1};:SYST:ERR?").startswith("-222")
    assert smu.query(f":SOUR:VOLT:ILIM {most_A + 0.01};:SYST:ERR?").startswith(("-222", "-104"))


def test_what_other_peoples_drivers_ask(lines) -> None:
    smu = lines["smu"]
    measured = smu.query(':MEAS? "defbuffer1",READ,REL')
    assert measured == smu.query(':FETC? "defbuffer1",READ,REL')
    smu.write(":SENS:COUN 1")
    assert (smu.query(":SENS:COUN?"), smu.query(":SYST:LFR?")) == ("1", "50")
    assert smu.query(":SENS:COUN 2;:SYST:ERR?").startswith("-222")
