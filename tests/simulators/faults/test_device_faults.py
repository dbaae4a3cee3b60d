"""Faults inside instruments: relays, protections, sensors, doors, motors."""

from __future__ import annotations

import pytest

from galvanaut.simulators.faults import Fault

SOURCES = {
    "smu": ("A", (":OUTP:SMOD HIMP", ":SOUR:VOLT 4", ":SOUR:VOLT:ILIM 2E-3", ":OUTP ON"), ":OUTP OFF", ":OUTP?"),
    "power_2": (
        "C",
        ("VOLT 4,(@2)", "CURR:LIM 0.002,(@2)", "OUTP:PROT:WDOG:DEL 60", "OUTP:PROT:WDOG ON", "OUTP ON,(@2)"),
        "OUTP OFF,(@2)",
        "OUTP? (@2)",
    ),
    "charger": (
        "D",
        (":ENTR:FUNC POWER", ":VOLT 4", ":CURR 0.002", ":OUTP ON"),
        ":OUTP OFF",
        ":OUTP?",
    ),
}
LOWER = {"smu": ":SOUR:VOLT:ILIM 1E-3", "power_2": "CURR:LIM 0.001,(@2)", "charger": ":CURR 0.001"}
INSTRUMENTS = sorted(SOURCES)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_behind_a_stuck_relay_off_is_not_off(host, name: str) -> None:
    holder, on, off, is_on = SOURCES[name]
    host.tell(name, *on)
    host.inject(f"relay stuck closed on {name}")
    host.tell(name, off)
    assert host.ask(name, is_on) == "0"
    assert host.current_A(holder) == pytest.approx(2e-3)
    host.tell(name, LOWER[name])
    assert host.current_A(holder) == pytest.approx(1e-3)
    host.bench.clear_faults(name)
    assert host.current_A(holder) == 0
    host.tell(name, on[-1])
    assert host.current_A(holder) == pytest.approx(1e-3)
    host.tell(name, off)
    assert host.current_A(holder) == 0


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_an_open_relay_sticks_only_once_it_has_closed(host, name: str) -> None:
    holder, on, off, _ = SOURCES[name]
    host.tell(name, *on[:-1])
    host.inject(f"relay stuck closed on {name} for 100 s")
    assert host.current_A(holder) == 0
    host.tell(name, on[-1], off)
    assert host.current_A(holder) == pytest.approx(2e-3)
    host.pass_time(101)
    assert host.current_A(holder) == 0


def test_not_even_a_watchdog_opens_a_stuck_relay(host) -> None:
    holder, on, _, _ = SOURCES["power_2"]
    host.tell("power_2", *on)
    host.inject("relay stuck closed on power_2")
    host.pass_time(600)
    assert host.ask("power_2", "STAT:QUES:COND? (@1,2)").split(",")[1] != "0"
    assert host.ask("power_2", "STAT:OPER:COND? (@2)") == "4"
    assert host.current_A(holder) == pytest.approx(2e-3)
    assert float(host.ask("power_2", "MEAS:CURR? (@2)")) == pytest.approx(2e-3)


def test_a_stuck_relay_does_not_hide_an_over_voltage(host) -> None:
    host.tell("power_2", *SOURCES["power_2"][1])
    host.inject("relay stuck closed on power_2")
    host.tell("power_2", "VOLT:PROT 3,(@2)")
    assert int(host.ask("power_2", "STAT:QUES:COND? (@2)")) & 1
    assert host.current_A("C") > 0


def test_the_other_output_of_the_mainframe_still_opens(host) -> None:
    host.tell("power_1", "VOLT 4,(@1)", "CURR:LIM 0.002,(@1)", "OUTP ON,(@1)")
    host.inject("relay stuck closed on power_2")
    host.tell("power_1", "OUTP OFF,(@1)")
    assert host.current_A("B") == 0


def test_without_power_a_stuck_relay_drives_nothing(host) -> None:
    host.tell("smu", *SOURCES["smu"][1])
    host.inject("relay stuck closed on smu")
    host.inject("power cut on smu of 10 s")
    assert host.current_A("A") == 0
    host.pass_time(11)
    assert host.current_A("A") < 0


def test_a_charger_ends_its_test_and_charges_on_behind_a_stuck_relay(host) -> None:
    host.tell("charger", ":ENTR:FUNC TEST", ":BATT:TEST:SENS:AH:VFUL 4", ":BATT:TEST:SENS:AH:ILIM 0.002")
    host.tell("charger", ":BATT:TEST:SENS:AH:EXEC START")
    host.inject("relay stuck closed on charger")
    host.tell("charger", ":BATT:TEST:SENS:AH:EXEC STOP", ":BATT:TEST:SENS:AH:ILIM 0.001")
    assert host.ask("charger", ":BATT:OUTP?") == "0"
    assert host.current_A("D") == pytest.approx(1e-3)
    host.tell("charger", "*RST")
    assert host.current_A("D") != pytest.approx(1e-3)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_an_over_voltage_trip_opens_the_output(host, name: str) -> None:
    holder, on, _, is_on = SOURCES[name]
    host.tell(name, *on)
    host.inject(f"over-voltage trip on {name} after 7 s")
    host.pass_time(6)
    assert host.current_A(holder) == pytest.approx(2e-3)
    host.pass_time(2)
    assert host.current_A(holder) == 0
    assert host.bench.present_faults() == ()
    assert host.ask(name, is_on) == ("1" if name == "power_2" else "0")  # the N6705C gives the programmed state


def test_a_trip_can_be_asked_for_until_the_output_is_on_again(host) -> None:
    host.tell("smu", *SOURCES["smu"][1])
    assert host.ask("smu", ":SOUR:VOLT:PROT:TRIP?") == "0"
    host.inject("over-voltage trip on smu")
    assert host.ask("smu", ":SOUR:VOLT:PROT:TRIP?") == "1"
    host.tell("smu", ":OUTP ON")
    assert host.ask("smu", ":SOUR:VOLT:PROT:TRIP?") == "0"


def test_a_trip_is_latched_and_coupled_in_a_mainframe(host) -> None:
    host.tell("power_1", "VOLT 4,(@1,2)", "CURR:LIM 0.002,(@1,2)", "OUTP:PROT:COUP ON", "OUTP ON,(@1,2)")
    host.inject("over-voltage trip on power_2")
    assert host.current_A("B") == host.current_A("C") == 0
    assert host.ask("power_1", "STAT:QUES:COND? (@1,2)") == "2048,1"
    host.tell("power_1", "OUTP:PROT:CLE (@1,2)")
    assert host.current_A("B") == host.current_A("C") == pytest.approx(2e-3)


# -- sensors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "query", "place"),
    [
        ("smu", ':SENS:FUNC "VOLT";:READ?', 0),
        ("power_2", "MEAS:VOLT? (@2)", 0),
        ("tester", ":FETC?", 1),
        ("daq", ':ROUT:SCAN:CRE (@101);:TRAC:CLE "defbuffer1";:INIT;*WAI;:TRAC:DATA? 1,1,"defbuffer1",READ', 0),
        ("charger", ':DATA:DATA? "SOUR"', -1),
    ],
)
def test_a_drifting_voltage_is_read_and_not_there(host, name: str, query: str, place: int) -> None:
    host.tell("smu", ":SENS:VOLT:RSEN ON", ":OUTP:SMOD HIMP", ":SOUR:VOLT 3.7", ":OUTP ON")
    host.tell("charger", ":ENTR:FUNC POWER", ":VOLT 3.8", ":CURR 0.1", ":OUTP ON")
    holder = {"power_2": "C", "charger": "D"}.get(name, "A")
    host.inject(f"sensor drift on {name} of 20 mV/h")
    host.pass_time(1800)
    reading_V = float(host.ask(name, query).split(",")[place].replace(" ", ""))
    assert reading_V - host.voltage_V(holder) == pytest.approx(0.01, abs=2e-4)
    host.bench.clear_faults()
    host.pass_time(2)
    reading_V = float(host.ask(name, query).split(",")[place].replace(" ", ""))
    assert reading_V == pytest.approx(host.voltage_V(holder), abs=2e-4)


def test_a_thermocouple_can_drift_instead_of_the_voltage(host) -> None:
    query = ':TRAC:CLE "defbuffer1";:INIT;*WAI;:TRAC:DATA? 1,2,"defbuffer1",READ'
    host.tell("daq", ":FUNC 'TEMP',(@102)", ":ROUT:SCAN:CRE (@101:102)")
    before = [float(word) for word in host.ask("daq", query).split(",")]
    host.inject("sensor drift on daq of 2 K/h")
    host.pass_time(3600)
    after = [float(word) for word in host.ask("daq", query).split(",")]
    assert after == pytest.approx([before[0], before[1] + 2], abs=1e-3)


@pytest.mark.parametrize(("name", "query"), [("balance", "S"), ("other_balance", "\x1bP")])
def test_a_drifting_balance_shows_more_than_there_is(host, name: str, query: str) -> None:
    host.inject(f"sensor drift on {name} of 36 mg/h")
    host.pass_time(1000)
    assert "0.0100 g" in host.ask(name, query)


@pytest.mark.parametrize("name", ["chamber", "espec"])
def test_a_drifting_chamber_shows_its_set_point_and_leaves_it(host, name: str) -> None:
    _heat(host, name)
    host.pass_time(3 * 3600)
    host.inject(f"sensor drift on {name} of 0.9 K/h")
    host.pass_time(2 * 3600)
    air_degC = host.world.air_degC(name, host.bench.clock.now())
    assert air_degC == pytest.approx(60 - 1.8, abs=0.05)
    assert _shown_degC(host, name) == pytest.approx(60, abs=0.1)
    _heat(host, name, 50)
    host.pass_time(2 * 3600)
    assert host.world.air_degC(name, host.bench.clock.now()) == pytest.approx(50 - 3.6, abs=0.05)
    host.bench.clear_faults(name)
    host.pass_time(2 * 3600)
    assert host.world.air_degC(name, host.bench.clock.now()) == pytest.approx(50, abs=0.01)


def test_a_sensor_that_drifts_while_nothing_is_controlled_leaves_the_air_alone(host) -> None:
    host.inject("sensor drift on chamber")
    host.pass_time(3600)
    assert host.world.air_degC("chamber", host.bench.clock.now()) == pytest.approx(23)
    assert _shown_degC(host, "chamber") == pytest.approx(24)


# -- chambers -----------------------------------------------------------------------------------------------------


def _heat(host, name: str, setpoint_degC: int = 60) -> None:
    if name == "chamber":
        host.tell(name, ":UNIT:TEMPERATURE C", f":SOURCE:CLOOP1:SPOINT {setpoint_degC}", ":OUTPUT1:STATE ON")
    else:
        assert host.ask(name, f"TEMP, S{setpoint_degC}.0").startswith("OK")
        assert host.ask(name, "POWER,ON").startswith("OK")


def _shown_degC(host, name: str) -> float:
    if name == "chamber":
        host.tell(name, ":UNIT:TEMPERATURE C")
        return float(host.ask(name, ":SOURCE:CLOOP1:PVALUE?"))
    return float(host.ask(name, "TEMP?").split(",")[0])


@pytest.mark.parametrize("name", ["chamber", "espec"])
def test_an_open_door_lets_the_room_in_whatever_the_controller_does(host, name: str) -> None:
    _heat(host, name)
    host.pass_time(7200)
    host.inject(f"door open on {name} for 10 min")
    host.pass_time(45)
    assert host.world.air_degC(name, host.bench.clock.now()) == pytest.approx(23 + 37 / 2.718281828, abs=0.02)
    _heat(host, name, 70)
    host.pass_time(500)
    assert _shown_degC(host, name) == pytest.approx(23, abs=0.1)
    host.pass_time(7200)
    assert host.world.air_degC(name, host.bench.clock.now()) == pytest.approx(70, abs=0.01)


def test_an_open_door_may_be_as_slow_as_the_liquid(host) -> None:
    _heat(host, "chamber")
    host.pass_time(7200)
    host.inject("door open on chamber of 60 s")
    host.pass_time(3600)
    assert host.world.liquid_degC("flow", host.bench.clock.now()) == pytest.approx(23, abs=0.01)


def test_a_chamber_with_limits_raises_its_alarm_behind_an_open_door(host) -> None:
    _heat(host, "espec")
    host.pass_time(7200)
    host.ask("espec", "TEMP, L50.0")
    host.inject("door open on espec for 5 min")
    host.pass_time(120)
    assert host.ask("espec", "MON?").endswith("STANDBY,1")
    assert host.ask("espec", "ALARM?") == "1,2"
    host.pass_time(3600)
    assert host.world.air_degC("espec", host.bench.clock.now()) == pytest.approx(23, abs=0.2)


# -- pumps and balances -------------------------------------------------------------------------------------------


def _run_pump(host) -> None:
    for message in ("0DIA26.59", "0VOLML", "0VOL9.000", "0RAT10.00MM", "0RUN"):
        host.ask("pump", message)


def test_a_stalled_pump_stops_says_so_and_stalls_again(host) -> None:
    host.ask("pump", "0")
    host.inject("pump stall on pump after 6 s for 60 s")
    _run_pump(host)
    host.pass_time(30)
    assert host.world.at(host.bench.clock.now()).vessels["mixer"].mass_g == pytest.approx(1.0, rel=1e-6)
    assert [host.ask("pump", message) for message in ("0", "0", "0RUN", "0")] == [
        "\x0200A?S",
        "\x0200S",
        "\x0200I",
        "\x0200A?S",
    ]
    host.pass_time(60)
    assert host.ask("pump", "0RUN") == "\x0200I"
    host.pass_time(60)
    assert host.ask("pump", "0") == "\x0200S"
    assert host.world.at(host.bench.clock.now()).vessels["mixer"].mass_g == pytest.approx(10.0, rel=1e-6)


def test_a_blocked_pump_that_rests_has_not_stalled_yet(host) -> None:
    host.ask("pump", "0")
    host.inject("pump stall on pump")
    assert host.ask("pump", "0") == "\x0200S"


def test_an_overloaded_balance_says_so_until_it_is_relieved(host) -> None:
    host.inject("balance overload on balance")
    host.inject("balance overload on other_balance for 1 min")
    assert [host.ask("balance", each) for each in ("S", "SI", "T", "Z")] == ["S +", "S +", "T +", "Z +"]
    assert host.ask("other_balance", "\x1bP").split() == ["Stat", "High"]
    host.pass_time(61)
    assert "0.0000 g" in host.ask("other_balance", "\x1bP")
    assert host.ask("balance", "S") == "S +"
    host.bench.clear_faults()
    assert host.ask("balance", "S") == "S S     0.0000 g"


def test_two_faults_of_one_instrument_end_each_by_itself(host) -> None:
    host.inject("sensor drift on balance of 36 mg/h")
    host.inject("balance overload on balance for 100 s")
    assert [str(fault) for fault in host.bench.present_faults()] == [
        "sensor drift on balance of 36 mg/h",
        "balance overload on balance for 100 s",
    ]
    host.pass_time(1000)
    assert host.bench.present_faults() == (Fault.model_validate("sensor drift on balance of 36 mg/h"),)
    assert host.ask("balance", "SI") == "S S     0.0100 g"
