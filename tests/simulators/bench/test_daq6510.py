"""The DAQ6510's command table, its scans in bench time, and what its wires see."""

from __future__ import annotations

import pytest

SET_UP = (
    "*RST",
    ":FUNC 'TEMP',(@101:104)",
    ":SENS:TEMP:TRAN TC,(@101:104)",
    ":SENS:TEMP:TC:TYPE K,(@101:104)",
    ":SENS:TEMP:TC:RJUN:RSEL INT,(@101:104)",
    ":SENS:TEMP:ODET ON,(@101:104)",
    "TEMP:UNIT CELS,(@101:104)",
    ":FUNC 'VOLT:DC',(@111:112)",
    ":ROUT:SCAN:CRE (@101:104,111:112)",
    ":ROUT:SCAN:COUN:SCAN 1",
    ":ROUT:SCAN:INT 1.0",
    ':TRAC:CLE "defbuffer1"',
    ':TRAC:POIN 10000,"defbuffer1"',
    ':ROUT:SCAN:BUFF "defbuffer1"',
)
NO_ERROR = '0,"No error;0;0 0"'


@pytest.fixture
def described(description):
    """The small bench with a cell in the chamber's flow cell's neighbourhood, and a multimeter."""
    description["holders"] = {"A": {"cell": {"state_of_charge": "50 %"}}, "B": {}}
    description["instruments"]["oven"] = {
        "driver": "espec-p300",
        "resource": "TCPIP::192.0.2.12::10001::SOCKET",
        "wiring": {"houses": "A"},
    }
    description["instruments"]["daq"] = {
        "driver": "keithley-daq6510",
        "resource": "TCPIP::192.0.2.13::5025::SOCKET",
        "settings": {
            "temperatures": {"A": 101, "chamber": 102, "bench_top": 103},
            "voltages": {"A": 111, "B": 112},
        },
    }
    return description


@pytest.fixture
def lines(described, open_bench, connect, exact):
    exact |= {"thermocouple_sd": "0 K", "thermocouple_noise": "0 K", "meter_voltage_sd": "0 %"}
    return connect(open_bench(simulation=exact))


def scanned(lines, *messages: str) -> list[float]:
    """Readings of one scan of six channels."""
    reply = lines.ask("daq", *SET_UP, *messages, ":INIT", "*WAI", ':TRAC:DATA? 1,6,"defbuffer1",READ')
    return [float(part) for part in reply.split(",")]


def test_the_set_up_leaves_no_error(lines) -> None:
    for message in SET_UP:
        assert lines.ask("daq", f"{message};:SYST:ERR?") == NO_ERROR, message
    assert lines.ask("daq", "*IDN?") == "KEITHLEY INSTRUMENTS,MODEL DAQ6510,SIMULATED,1.7.12b"
    assert lines.ask("daq", ":ROUT:SCAN:COUN:STEP?") == "6"
    assert lines.ask("daq", ":TRAC:ACT?") == "0"


def test_a_scan_reads_temperatures_and_voltages(lines) -> None:
    lines.ask("oven", "TEMP, S45.0", "POWER,ON")
    lines.bench.clock.spend(7200)
    skin, chamber, room, nothing, cell_V, empty_V = scanned(lines)
    assert skin == pytest.approx(45, abs=1e-3)
    assert (chamber, room) == (23, 23)
    assert nothing == 9.9e37
    assert cell_V == pytest.approx(3.74)
    assert empty_V == 0


def test_the_reply_gives_channel_reading_and_time(lines) -> None:
    reply = lines.ask("daq", *SET_UP, ":INIT", "*WAI", ':TRAC:DATA? 2,3,"defbuffer1",CHAN,READ,REL')
    assert reply == "102,2.300000E+01,4.000000E-02,103,2.300000E+01,8.000000E-02"


@pytest.mark.parametrize(("unit", "expected"), [("FAHR", 73.4), ("KELV", 296.15), ("CELSIUS", 23)])
def test_units(lines, unit: str, expected: float) -> None:
    assert scanned(lines, f":TEMP:UNIT {unit},(@101:104)")[1] == pytest.approx(expected)


def test_readings_come_in_when_they_are_due(lines) -> None:
    lines.ask("daq", *SET_UP, ":ROUT:SCAN:COUN:SCAN 3;:INIT;*IDN?")
    counts = []
    for _ in range(5):
        counts.append(int(lines.ask("daq", ":TRAC:ACT?")))
        lines.bench.clock.spend(0.601)
    assert counts == [0, 6, 11, 12, 18]


def test_a_reading_is_of_its_own_instant_though_the_world_changes_meanwhile(lines) -> None:
    def oven_through_an_hour(look: bool) -> str:
        lines.ask("oven", "TEMP, S23.0", "POWER,ON")
        lines.bench.clock.spend(36000)
        lines.ask("daq", *SET_UP, ":ROUT:SCAN:INT 60;:ROUT:SCAN:COUN:SCAN 60;:INIT;*IDN?")
        for setpoint in (60.0, 10.0, 60.0):
            lines.ask("oven", f"TEMP, S{setpoint}")
            lines.bench.clock.spend(1200.5)
            if look:
                lines.ask("daq", ":TRAC:ACT?")
        return lines.ask("daq", '*OPC?;:TRAC:DATA? 1,360,"defbuffer1",READ')

    seldom, often = oven_through_an_hour(look=False), oven_through_an_hour(look=True)
    first, again = ([float(part) for part in each.split(";")[1].split(",")][::6] for each in (seldom, often))
    assert first == pytest.approx(again, abs=1e-5)
    assert max(first) > 50
    assert min(first[20:40]) < 14


def test_a_scan_outlives_the_host(described, open_bench, connect) -> None:
    bench = open_bench("w")
    connect(bench).ask("daq", *SET_UP, ":ROUT:SCAN:COUN:SCAN 2;:INIT;*IDN?")
    bench.clock.spend(0.5)
    bench.close()
    lines = connect(open_bench("w"))
    assert lines.ask("daq", ":TRAC:ACT?") == "6"
    lines.bench.clock.spend(1)
    assert lines.ask("daq", ":TRAC:ACT?") == "12"


def test_a_long_scan_in_a_small_buffer_outlives_the_host(described, open_bench, connect) -> None:
    bench = open_bench("w")
    lines = connect(bench)
    lines.ask("daq", *SET_UP, ':TRAC:POIN 100,"defbuffer1";:ROUT:SCAN:COUN:SCAN 40;:INIT;*IDN?')
    for _ in range(8):
        bench.clock.spend(4.5)
        lines.ask("lcr", "*IDN?")
    question = ':TRAC:DATA? 1,100,"defbuffer1",CHAN,READ,REL'
    before = lines.ask("daq", question)
    bench.close()
    lines = connect(open_bench("w"))
    assert lines.ask("daq", question) == before
    lines.ask("daq", ':TRAC:CLE "defbuffer1";*OPC?;:ROUT:SCAN:COUN:SCAN 1;:INIT;*OPC?')
    assert lines.ask("daq", ":TRAC:ACT?") == "30"
    lines.bench.close()
    lines = connect(open_bench("w"))
    assert lines.ask("daq", ":TRAC:ACT?") == "30"


def test_the_monitor_starts_the_scan_at_its_limit(lines) -> None:
    lines.ask("oven", "TEMP, S60.0", "POWER,ON")
    monitor = (":ROUT:SCAN:MON:CHAN (@101)", ":ROUT:SCAN:MON:MODE UPP", ":ROUT:SCAN:MON:LIM:UPP 50")
    lines.ask("daq", *SET_UP, *monitor, ":INIT;*IDN?")
    lines.bench.clock.spend(300)
    assert lines.ask("daq", "*OPC?;:TRAC:ACT?;:SYST:ERR?") == f"1;0;{NO_ERROR}"
    lines.bench.clock.spend(3600)
    assert lines.ask("daq", ":TRAC:ACT?") == "6"
    first = float(lines.ask("daq", ':TRAC:DATA? 1,1,"defbuffer1"'))
    assert first == pytest.approx(50, abs=0.1)
    assert first > 50


def test_a_full_buffer_forgets_the_oldest(lines) -> None:
    count = ':TRAC:POIN 10,"defbuffer1";:ROUT:SCAN:COUN:SCAN 2'
    assert lines.ask("daq", *SET_UP, count, ":INIT", "*OPC?;:TRAC:ACT?") == "1;10"
    assert lines.ask("daq", ':TRAC:DATA? 1,4,"defbuffer1",CHAN') == "103,104,111,112"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":FUNC 'CURR:DC',(@101)", -224),
        (":FUNC TEMP,(@101)", -104),
        (":FUNC 'TEMP',(@150)", -222),
        (":FUNC 'TEMP',101", -104),
        (":FUNC 'TEMP'", -109),
        (":TEMP:TC:TYPE Q,(@101)", -224),
        (":TEMP:UNIT RANK,(@101)", -224),
        (':TRAC:CLE "mine"', -224),
        (':TRAC:POIN 5,"defbuffer1"', -222),
        (':TRAC:DATA? 1,1,"defbuffer1"', -222),
        (':TRAC:DATA? 1,1,"defbuffer1",COLOUR', -224),
        (":ROUT:SCAN:MON:CHAN (@101:102)", -224),
        (":ROUT:SCAN:COUN:SCAN 0", -222),
        (":INIT", -221),
        (":NONSENSE?", -113),
    ],
)
def test_refusals(lines, message: str, code: int) -> None:
    assert lines.ask("daq", f"{message};:SYST:ERR?").startswith(f'{code},"')
    assert lines.ask("daq", ":SYST:ERR?") == NO_ERROR


def test_during_a_scan_settings_are_refused(lines) -> None:
    lines.ask("daq", *SET_UP, ":INIT;*IDN?")
    for message in (":INIT", ":ROUT:CLOS (@101)", ":FUNC 'TEMP',(@101)", ":ROUT:SCAN:CRE (@101)"):
        assert lines.ask("daq", f"{message};:SYST:ERR?").startswith('-221,"Settings conflict'), message
    assert lines.ask("daq", "*WAI;:ROUT:CLOS (@101);:ROUT:OPEN (@101);:ROUT:OPEN:ALL;:SYST:ERR?") == NO_ERROR


def test_thermocouples_are_off_by_errors_of_their_own(described, open_bench, connect) -> None:
    lines = connect(open_bench(simulation={"thermocouple_sd": "0.3 K", "thermocouple_noise": "0.01 K"}))
    rounds = [scanned(lines)[1:3] for _ in range(20)]
    means = [sum(each) / len(rounds) - 23 for each in zip(*rounds, strict=True)]
    assert all(0.01 < abs(mean) < 0.95 for mean in means)
    assert abs(means[0] - means[1]) > 0.01
    assert len({each[0] for each in rounds}) > 10
