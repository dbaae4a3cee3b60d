"""ESPEC chamber, Sartorius balance and a pump in safe mode against their simulated twins, over both transports."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contractlab import TRANSPORTS, ContractLab, contract_lab
from galvanaut.instruments.drivers.new_era_packets import SAFE
from galvanaut.instruments.errors import AlarmError, BadReadingError, InstrumentError, NoReplyError, RefusedError

LIMITS = {"minimum": "-20 degC", "maximum": "60 degC", "low_limit": "-25 degC", "high_limit": "65 degC"}
PUMP = {"syringe_diameter": "26.59 mm", "rate": "10 mL/min", "safe_mode": "30 s"}


def part(driver, number, wiring, **fields):
    return {"driver": driver, "resource": f"ASRL{number}::INSTR", "wiring": wiring, "settings": fields}


DESCRIPTION = {
    "name": "contract",
    "visa": "simulated",
    "stocks": {"DMC": {"composition": {"DMC": 1}, "density": "1.063 g/mL", "available": "2 L"}},
    "vessels": {"mixer": {"capacity": "40 mL"}},
    "instruments": {
        "pump": part("new-era-ne-1000", 1, {"draws": "DMC", "into": "mixer"}, **PUMP),
        "balance": part("sartorius-sbi", 2, {"weighs": "mixer"}, stable_timeout="3 s"),
        "chamber": part("espec-p300", 3, {"houses": "mixer"}, **LIMITS),
    },
}


@pytest.fixture(params=TRANSPORTS)
def lab(request, tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", request.param) as one:
        yield one


@pytest.fixture
def pump(lab):
    return lab.connected.pump("pump")


@pytest.fixture
def balance(lab):
    return lab.connected.balance("balance")


@pytest.fixture
def chamber(lab):
    return lab.connected.chamber("chamber")


def test_everybody_is_who_the_bench_file_says(lab):
    names = {name: str(identity) for name, identity in lab.connected.identities.items()}
    assert "NE1000" in names["pump"]
    assert "Entris" in names["balance"]
    assert "P300" in names["chamber"]


# -- chamber ----------------------------------------------------------------------------------------------------------


def test_the_chamber_holds_the_limits_of_the_bench_file_before_it_runs(chamber):
    assert chamber.link.query("TEMP?").endswith(",65.0,-25.0")
    assert not chamber.is_running()


def test_the_chamber_goes_where_it_is_told(lab, chamber):
    chamber.set_temperature(0)
    chamber.run()
    assert chamber.setpoint_degC() == 0
    lab.pass_time(3 * 3600)
    assert chamber.temperature_degC() == pytest.approx(0, abs=0.5)
    assert chamber.is_running()
    chamber.make_safe()
    chamber.make_safe()
    assert chamber.setpoint_degC() == 25
    assert not chamber.is_running()


def test_limits_that_somebody_changed_keep_the_chamber_from_running(chamber):
    assert chamber.link.query("TEMP, H100.0") == "OK:TEMP,H100.0"
    with pytest.raises(InstrumentError, match=r"limits at -25 and 100 degC instead of -25 and 65"):
        chamber.run()
    chamber.set_up()
    chamber.run()
    assert chamber.is_running()


def test_an_alarm_of_the_chamber_is_an_error_until_somebody_looked(lab, chamber):
    chamber.set_temperature(-20)
    chamber.run()
    lab.pass_time(6 * 3600)
    assert chamber.link.query("TEMP, S20.0 H65.0 L15.0").startswith("OK")  # as if the panel had been used
    with pytest.raises(AlarmError, match=r"has 1 alarm"):
        chamber.temperature_degC()
    assert not chamber.is_running()


@pytest.mark.parametrize(("command", "reason"), [("NOSUCH?", "CMD ERR"), ("TEMP, S500.0", "DATA OUT OF RANGE")])
def test_the_chamber_says_what_it_declines(chamber, command, reason):
    with pytest.raises(RefusedError, match=rf"declined \({reason}\)"):
        chamber._ask(command)
    assert chamber.setpoint_degC() == chamber.setpoint_degC()


# -- balance ----------------------------------------------------------------------------------------------------------


def test_a_dose_arrives_on_the_balance(lab, pump, balance):
    before_g = balance.weigh_g()
    pump.prepare(2.5)
    pump.start()
    lab.pass_time(20)
    assert pump.state() == "stopped"
    lab.pass_time(10)
    assert balance.weigh_g() - before_g == pytest.approx(2.5 * 1.0, rel=0.15)


def test_tare_and_zero_show_zero(lab, pump, balance):
    pump.prepare(2.5)
    pump.start()
    lab.pass_time(60)
    with contextlib.suppress(AlarmError):
        pump.state()
    assert balance.weigh_g() > 1
    balance.tare()
    assert balance.weigh_g() == pytest.approx(0, abs=0.01)
    balance.zero()
    assert balance.weigh_g() == pytest.approx(0, abs=0.01)


def test_no_weight_counts_as_stable_while_liquid_flows(lab, pump, balance):
    pump.prepare(9)
    pump.start()
    lab.pass_time(6)
    with pytest.raises((RefusedError, NoReplyError)):
        balance.weigh_g()
    assert balance.immediate_g() > 0.3


# -- pump in safe mode ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("volume_mL", [0.02, 0.5, 2.0, 9.999, 21.21])
def test_a_watched_dose_is_given_completely(lab, pump, volume_mL):
    assert pump.prepare(volume_mL) == volume_mL
    pump.start()
    for _ in range(100):
        lab.pass_time(10)
        if pump.state() == "stopped":
            break
    assert pump.dispensed_mL() == pytest.approx(volume_mL)


def test_a_checksum_may_contain_the_byte_that_ends_a_read(pump):
    volumes_mL = [n / 1000 for n in range(1000, 10000) if 0x03 in SAFE.pack(f"00I{n / 1000:.3f}ML")[:-1]]
    assert len(volumes_mL) > 5
    for volume_mL in volumes_mL[:5]:
        pump.prepare(volume_mL)
        pump.start()
        assert pump._value("VOL") == (volume_mL, "ML")
        pump.stop()


def test_a_pump_at_rest_needs_no_watching(lab, pump):
    lab.pass_time(3600)
    assert pump.state() == "stopped"
    pump.prepare(1)
    lab.pass_time(3600)
    pump.start()
    assert pump.state() == "infusing"


def test_a_pump_whose_host_is_silent_stops_within_the_watchdog(lab, pump, balance):
    before_g = balance.weigh_g()
    pump.prepare(20)
    pump.start()
    lab.pass_time(3600)
    with pytest.raises(AlarmError, match="host was silent"):
        pump.state()
    assert pump.state() == "stopped"
    assert pump.dispensed_mL() == pytest.approx(5, rel=0.05)  # 30 s at 10 mL/min
    assert balance.weigh_g() - before_g == pytest.approx(5, rel=0.15)
    pump.prepare(1)


def test_a_program_started_later_finds_a_watched_pump_running_and_watches_on(lab, pump):
    pump.prepare(20)
    pump.start()
    lab.pass_time(10)
    lab.connected.close()
    lab.connected = lab.connect()
    pump = lab.connected.pump("pump")
    assert pump.state() == "infusing"
    for _ in range(12):
        lab.pass_time(10)
        pump.state()
    assert pump.dispensed_mL() == pytest.approx(20)


def test_a_program_started_too_late_finds_the_pump_stopped(lab, pump):
    pump.prepare(20)
    pump.start()
    lab.connected.close()
    lab.pass_time(3600)
    lab.connected = lab.connect()
    pump = lab.connected.pump("pump")
    assert pump.was_stopped_by_silence
    assert pump.state() == "stopped"
    lab.pass_time(3600)
    assert pump.dispensed_mL() == pytest.approx(5, rel=0.05)


def test_a_watched_pump_can_be_stopped(lab, pump):
    pump.prepare(20)
    pump.start()
    lab.pass_time(12)
    pump.make_safe()
    pump.make_safe()
    lab.pass_time(3600)
    assert pump.state() == "stopped"
    assert pump.dispensed_mL() == pytest.approx(2, rel=0.05)


ACTIONS = {
    "prepare": lambda lab: lab.connected.pump("pump").prepare(3),
    "start": lambda lab: lab.connected.pump("pump").start(),
    "look": lambda lab: lab.connected.pump("pump").state(),
    "stop": lambda lab: lab.connected.pump("pump").stop(),
    "weigh": lambda lab: lab.connected.balance("balance").weigh_g(),
    "tare": lambda lab: lab.connected.balance("balance").tare(),
    "cold": lambda lab: lab.connected.chamber("chamber").set_temperature(-20),
    "too hot": lambda lab: lab.connected.chamber("chamber").set_temperature(61),
    "run": lambda lab: lab.connected.chamber("chamber").run(),
    "wait": lambda lab: lab.pass_time(11),
    "wait long": lambda lab: lab.pass_time(40),
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=10))
def test_no_sequence_of_calls_leaves_anything_on(tmp_path_factory, names):
    with contextlib.ExitStack() as stack:
        lab = ContractLab(DESCRIPTION, tmp_path_factory.mktemp("world") / "world.db", "in-process", stack)
        for name in names:
            with contextlib.suppress(RefusedError, BadReadingError, AlarmError, InstrumentError):
                ACTIONS[name](lab)
        lab.connected.make_safe()
        lab.pass_time(60)
        assert lab.connected.pump("pump").state() == "stopped"
        assert lab.connected.chamber("chamber").is_running() is False
        assert lab.connected.chamber("chamber").setpoint_degC() == 25
