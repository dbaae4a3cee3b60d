"""The P-300's command table, its refusals, its limits and the chamber behind it."""

from __future__ import annotations

from math import exp

import pytest

TABLE = [
    ("ROM?", "P300 1.00 SIMULATED"),
    ("TYPE?", "T,P300,180.0"),
    ("MON?", "23.0,,STANDBY,0"),
    ("TEMP?", "23.0,23.0,180.0,-45.0"),
    ("TEMP, S25.0", "OK:TEMP,S25.0"),
    ("TEMP, H60.0", "OK:TEMP,H60.0"),
    ("TEMP, L-10.0", "OK:TEMP,L-10.0"),
    ("TEMP?", "23.0,25.0,60.0,-10.0"),
    ("TEMP, S30.0 H70.0 L0.0", "OK:TEMP,S30.0 H70.0 L0.0"),
    ("temp?", "23.0,30.0,70.0,0.0"),
    ("MODE?", "STANDBY"),
    ("MODE,CONSTANT", "OK:MODE,CONSTANT"),
    ("MODE?", "CONSTANT"),
    ("MON?", "23.0,,CONSTANT,0"),
    ("MODE,STANDBY", "OK:MODE,STANDBY"),
    ("POWER,ON", "OK:POWER,ON"),
    ("MODE?", "CONSTANT"),
    ("POWER,OFF", "OK:POWER,OFF"),
    ("MODE?", "OFF"),
    ("MODE,OFF", "OK:MODE,OFF"),
    ("KEYPROTECT,ON", "NA:CONT NOT READY-4"),
    ("MODE,STANDBY", "OK:MODE,STANDBY"),
    ("KEYPROTECT,ON", "OK:KEYPROTECT,ON"),
    ("KEYPROTECT?", "ON"),
    ("KEYPROTECT,off", "OK:KEYPROTECT,off"),
    ("KEYPROTECT?", "OFF"),
    ("ALARM?", "0"),
    ("SRQ?", "00000000"),
    ("SRQ,RESET", "OK:SRQ,RESET"),
    ("MASK,01000000", "OK:MASK,01000000"),
    ("TENMP?", "NA:CMD ERR"),
    ("", "NA:CMD ERR"),
    ("TEMP", "NA:PARA ERR"),
    ("TEMP,", "NA:PARA ERR"),
    ("TEMP, 25", "NA:PARA ERR"),
    ("TEMP, S25 S26", "NA:PARA ERR"),
    ("TEMP, Swarm", "NA:PARA ERR"),
    ("MODE,FAST", "NA:PARA ERR"),
    ("MODE,RUN", "NA:DATA NOT READY"),
    ("POWER,1", "NA:PARA ERR"),
    ("MASK,2", "NA:PARA ERR"),
    ("SRQ,ALL", "NA:PARA ERR"),
    ("TEMP, S70.1", "NA:DATA OUT OF RANGE"),
    ("TEMP, S-0.1", "NA:DATA OUT OF RANGE"),
    ("TEMP, H180.1", "NA:DATA OUT OF RANGE"),
    ("TEMP, L-45.1", "NA:DATA OUT OF RANGE"),
    ("TEMP, H29.9", "NA:DATA OUT OF RANGE"),
    ("1,TEMP?", "NA:ADDR ERR"),
    ("TEMP?", "23.0,30.0,70.0,0.0"),
]


@pytest.fixture
def espec(description, open_bench, connect, exact):
    """Lines to the small bench whose chamber is an ESPEC."""
    description["instruments"]["chamber"].update(driver="espec-p300", resource="TCPIP::192.0.2.10::10001::SOCKET")
    return connect(open_bench(simulation=exact))


def test_the_command_table_row_by_row(espec) -> None:
    for message, reply in TABLE:
        assert espec.ask("chamber", message) == reply, message


def test_a_reply_ends_with_cr_lf(espec) -> None:
    espec["chamber"].write("MODE?")
    assert espec["chamber"].read_raw() == b"STANDBY\r\n"


def test_the_air_follows_in_constant_mode_only(espec) -> None:
    clock = espec.bench.clock
    espec.ask("chamber", "TEMP, S0.0")
    clock.spend(3600)
    assert espec.ask("chamber", "TEMP?") == "23.0,0.0,180.0,-45.0"
    espec.ask("chamber", "MODE,CONSTANT")
    clock.spend(60)
    # 3 K/min behind a lag of 150 s, as for every simulated chamber.
    expected = 23 - 3 + 3 / 60 * 150 * (1 - exp(-60 / 150))
    assert float(espec.ask("chamber", "MON?").split(",")[0]) == pytest.approx(expected, abs=0.05)
    clock.spend(3600)
    assert espec.ask("chamber", "MON?") == "0.0,,CONSTANT,0"
    espec.ask("chamber", "MODE,STANDBY")
    clock.spend(36000)
    assert espec.ask("chamber", "MON?") == "23.0,,STANDBY,0"


def test_a_new_set_point_takes_effect_at_once(espec) -> None:
    espec.ask("chamber", "POWER,ON", "TEMP, S40.0")
    espec.bench.clock.spend(7200)
    assert espec.ask("chamber", "MON?") == "40.0,,CONSTANT,0"
    assert espec.bench.world.liquid_degC("cell", espec.bench.clock.now()) == pytest.approx(40, abs=1e-3)


@pytest.mark.parametrize(("limits", "code"), [("S50.0 H60.0 L30.0", "2"), ("S10.0 H20.0 L0.0", "1")])
def test_beyond_a_limit_it_stops_with_an_alarm(espec, limits: str, code: str) -> None:
    assert espec.ask("chamber", f"TEMP, {limits}") == f"OK:TEMP,{limits}"
    assert espec.ask("chamber", "ALARM?") == "0"
    assert espec.ask("chamber", "MODE,CONSTANT") == "OK:MODE,CONSTANT"
    assert espec.ask("chamber", "ALARM?") == f"1,{code}"
    assert espec.ask("chamber", "MON?") == "23.0,,STANDBY,1"
    assert espec.ask("chamber", "SRQ?") == "01000000"
    espec.bench.clock.spend(3600)
    assert espec.ask("chamber", "MON?") == "23.0,,STANDBY,1"
    assert espec.ask("chamber", "SRQ,RESET", "SRQ?") == "00000000"
    espec.ask("chamber", "TEMP, S23.0 H60.0 L0.0", "MODE,CONSTANT")
    assert espec.ask("chamber", "ALARM?") == "0"


def test_limits_tightened_in_operation_trip_at_once(espec) -> None:
    espec.ask("chamber", "MODE,CONSTANT", "TEMP, S60.0")
    espec.bench.clock.spend(7200)
    assert espec.ask("chamber", "TEMP, S25.0 H60.0") == "OK:TEMP,S25.0 H60.0"
    assert espec.ask("chamber", "MON?") == "60.0,,CONSTANT,0"
    espec.ask("chamber", "TEMP, H50.0")
    assert espec.ask("chamber", "MON?") == "60.0,,STANDBY,1"


def test_with_the_mask_shut_an_alarm_asks_for_no_service(espec) -> None:
    espec.ask("chamber", "MASK,00000000", "TEMP, S50.0 L30.0", "MODE,CONSTANT")
    assert espec.ask("chamber", "ALARM?") == "1,2"
    assert espec.ask("chamber", "SRQ?") == "00000000"


def test_on_a_shared_line_it_answers_to_its_address(description, open_bench, connect) -> None:
    description["instruments"]["chamber"].update(driver="espec-p300", resource="ASRL20::INSTR", settings={"address": 3})
    lines = connect(open_bench())
    assert lines.ask("chamber", "3,MODE?") == "STANDBY"
    for message in ("MODE?", "4,MODE?"):
        lines["chamber"].write(message)
        assert lines["chamber"].bytes_in_buffer == 0


def test_everything_outlives_the_host(description, open_bench, connect) -> None:
    description["instruments"]["chamber"]["driver"] = "espec-p300"
    bench = open_bench("w")
    lines = connect(bench)
    lines.ask("chamber", "TEMP, S50.0 L30.0", "MODE,CONSTANT")
    before = [lines.ask("chamber", query) for query in ("MON?", "TEMP?", "ALARM?", "SRQ?")]
    bench.close()
    lines = connect(open_bench("w"))
    assert before == [lines.ask("chamber", query) for query in ("MON?", "TEMP?", "ALARM?", "SRQ?")]
