"""What instruments are like after their supply has failed."""

from __future__ import annotations

import pytest

from galvanaut.core.errors import InputError
from galvanaut.simulators.devices.ne1000_packets import packet


def _charge(host, name: str = "smu") -> None:
    host.tell(name, ":OUTP:SMOD HIMP", ":SOUR:VOLT 4", ":SOUR:VOLT:ILIM 2E-3", ":OUTP ON")


def _run_pump(host) -> None:
    for message in ("0", "0DIA26.59", "0VOLML", "0VOL9.000", "0RAT10.00MM", "0RUN"):
        host.ask("pump", message)


def test_a_source_meter_is_silent_and_then_leaves_a_short_on_the_cell(host) -> None:
    _charge(host)
    assert host.current_A("A") == pytest.approx(2e-3)
    host.inject("power cut on smu after 10 s of 60 s")
    host.pass_time(9)
    assert host.current_A("A") == pytest.approx(2e-3)
    host.pass_time(2)
    assert host.current_A("A") == 0.0
    assert host.ask("smu", "*IDN?") is None
    host.pass_time(60)
    assert host.current_A("A") == pytest.approx(-1e-5)  # a tenth of the current range, out of the cell
    assert host.ask("smu", ":OUTP?;:OUTP:VOLT:SMOD?;:SOUR:VOLT:ILIM?;*ESR?") == "0;NORM;1.050000E-04;128"


def test_the_short_begins_when_the_power_comes_back_not_when_somebody_looks(open_host) -> None:
    charges = []
    for name, steps in (("asked", [1.0] * 100), ("left", [100.0])):
        host = open_host(name)
        _charge(host)
        host.inject("power cut on smu after 20 s of 5 s")
        for seconds in steps:
            host.pass_time(seconds)
            host.voltage_V("A")
        charges.append(host.world.holders.at("A", host.bench.clock.now()).state.charge_C)
    assert charges[0] == pytest.approx(charges[1], abs=1e-12)


def test_a_cut_comes_before_the_message_that_sets_it_off(host) -> None:
    _charge(host)
    host.inject("power cut on smu at message 2")
    assert float(host.ask("smu", ":SOUR:VOLT?")) == 4
    assert host.ask("smu", ":SOUR:VOLT?") is None
    assert float(host.ask("smu", ":SOUR:VOLT?")) == 0


def test_a_power_analyzer_comes_back_off_and_without_watchdog(host) -> None:
    host.tell("power_1", "VOLT 4,(@1,2)", "CURR:LIM 0.002,(@1,2)", "OUTP:PROT:WDOG:DEL 30", "OUTP:PROT:WDOG ON")
    host.tell("power_1", "OUTP ON,(@1,2)")
    assert host.current_A("B") == host.current_A("C") == pytest.approx(2e-3)
    host.inject("power cut on power_1")
    assert host.current_A("B") == host.current_A("C") == 0
    host.pass_time(3)
    assert host.ask("power_1", "OUTP? (@1,2);:OUTP:PROT:WDOG?;:STAT:QUES:COND? (@1)") == "0,0;0;0"


def test_a_charger_comes_back_off(host) -> None:
    host.tell("charger", ":ENTR:FUNC TEST", ":BATT:TEST:VOLT 4", ":BATT:OUTP 1")
    assert host.current_A("D") > 0
    host.inject("power cut on charger")
    assert host.current_A("D") == 0
    host.pass_time(3)
    assert host.ask("charger", ":ENTR:FUNC?;:BATT:OUTP?") == "POWER;0"
    assert host.current_A("D") == 0


def test_a_pump_stops_and_says_so(host) -> None:
    _run_pump(host)
    host.inject("power cut on pump after 6 s")
    host.pass_time(30)
    moved_g = host.world.at(host.bench.clock.now()).vessels["mixer"].mass_g
    assert moved_g == pytest.approx(1.0, rel=1e-6)
    assert host.ask("pump", "0") == "\x0200A?R"
    assert [host.ask("pump", message) for message in ("0", "0DIS", "0DIA")] == [
        "\x0200S",
        "\x0200SI0.000W0.000ML",
        "\x0200S26.59",
    ]
    assert host.world.at(host.bench.clock.now()).vessels["mixer"].mass_g == pytest.approx(moved_g)


def test_a_flicker_stops_a_pump_too_and_ends_safe_mode(host) -> None:
    _run_pump(host)
    host["pump"].encoding = "latin-1"
    host["pump"].write_raw(packet(b"0SAF100"))
    host["pump"].read_bytes(len(packet(b"00I")))
    host.inject("pump power cycle on pump")
    assert host.ask("pump", "0") == "\x0200A?R"
    assert host.ask("pump", "0SAF") == "\x0200S0"
    assert host.bench.present_faults() == ()


def test_a_chamber_is_left_to_the_room(host) -> None:
    host.tell("chamber", ":UNIT:TEMPERATURE C", ":SOURCE:CLOOP1:SPOINT 60", ":OUTPUT1:STATE ON")
    host.pass_time(7200)
    assert host.world.air_degC("chamber", host.bench.clock.now()) == pytest.approx(60, abs=0.01)
    host.inject("power cut on chamber")
    host.pass_time(7200)
    assert host.world.air_degC("chamber", host.bench.clock.now()) == pytest.approx(23 + 37 * 2.718281828**-2, abs=0.01)
    assert host.ask("chamber", ":OUTPUT1:STATE?;:UNIT:TEMPERATURE?") == "OFF;F"


def test_a_chamber_with_a_panel_wakes_up_in_standby(host) -> None:
    assert host.ask("espec", "TEMP, S40.0 H60.0 L10.0").startswith("OK")
    assert host.ask("espec", "POWER,ON").startswith("OK")
    host.inject("power cut on espec of 1 min")
    assert host.ask("espec", "MODE?") is None
    host.pass_time(60)
    assert host.ask("espec", "MODE?") == "STANDBY"
    assert host.ask("espec", "TEMP?") == "23.0,23.0,180.0,-45.0"


@pytest.mark.parametrize(("name", "tare", "weigh"), [("balance", "T", "S"), ("other_balance", "\x1bT", "\x1bP")])
def test_a_balance_loses_zero_and_tare(host, name: str, tare: str, weigh: str) -> None:
    _run_pump(host)
    host.pass_time(70)
    host[name].write(tare)
    if name == "balance":
        host[name].read()
    host.pass_time(10)
    assert "0.0000 g" in host.ask(name, weigh)
    host.inject(f"power cut on {name}")
    host.pass_time(3)
    assert "9.0000 g" in host.ask(name, weigh)


@pytest.mark.parametrize("name", ["tester", "daq", "lcr"])
def test_a_meter_comes_back_with_its_defaults(host, name: str) -> None:
    change, question, before, after = {
        "tester": (":SAMP:RATE FAST", ":SAMP:RATE?", "FAST", "SLOW"),
        "daq": (":ROUT:SCAN:CRE (@101)", ":ROUT:SCAN:COUN:STEP?", "1", "0"),
        "lcr": (":FUNC:IMP:TYPE ZTR", ":FUNC:IMP?", "ZTR", "CPD"),
    }[name]
    host.tell(name, "*CLS", change)
    assert host.ask(name, question) == before
    host.inject(f"power cut on {name}")
    host.pass_time(2.5)
    assert host.ask(name, "*ESR?") == "128"
    assert host.ask(name, question) == after


def test_replies_under_way_are_lost(host) -> None:
    host["lcr"].write(":TRIG:SOUR BUS;:INIT:CONT ON;:APER LONG,100;*TRG")  # takes 22 s
    host.inject("power cut on lcr after 5 s")
    host["lcr"].timeout = 60_000
    host.pass_time(30)
    assert host.ask("lcr", ":APER?") == "MED,1"


def test_clearing_a_cut_brings_the_power_back(host) -> None:
    host.inject("power cut on smu of 1 h")
    assert host.ask("smu", "*IDN?") is None
    host.bench.clear_faults("smu")
    assert host.ask("smu", "*IDN?") is not None
    with pytest.raises(InputError):
        host.bench.clear_faults("smu_9")
