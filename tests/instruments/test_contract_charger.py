"""The battery charger against its simulated twin, over both transports: a pouch cell is charged and let go."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contractlab import TRANSPORTS, contract_lab
from galvanaut.instruments import scpi
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError

LIMITS = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "2 A",
    "maximum_discharge_current": "2 A",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "3 Ah",
    "maximum_time": "30 h",
}
ENVELOPE = Envelope.model_validate(LIMITS)
POUCH = {
    "capacity": "2 Ah",
    "state_of_charge": "50 %",
    "series_resistance": "20 mohm",
    "pair_resistance": "30 mohm",
}
DESCRIPTION = {
    "name": "pouch",
    "visa": "simulated",
    "holders": {"clamp": {"cell": POUCH, "envelope": LIMITS}},
    "instruments": {
        "charger": {
            "driver": "keithley-2281s",
            "resource": "TCPIP::192.0.2.22::5025::SOCKET",
            "wiring": {"channel": "clamp"},
        }
    },
}


@pytest.fixture(params=TRANSPORTS)
def lab(request, tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", request.param) as one:
        yield one


@pytest.fixture
def charger(lab):
    return lab.connected.source_meter("charger")


def sight(lab):
    return lab.world.world.holders.at("clamp", lab.world.clock.now())


def charge(charger, current_A=0.5, voltage_V=4.2):
    charger.set_limits(ENVELOPE)
    charger.configure(voltage_V, current_A)
    charger.output(True)


def test_a_cell_is_charged_and_let_go(lab, charger):
    charge(charger)
    assert charger.is_on()
    lab.pass_time(60)
    reading = charger.measure()
    assert reading.current_A == pytest.approx(0.5, rel=1e-2)
    assert reading.time_s == pytest.approx(60, abs=2)
    assert charger.is_clamping()
    assert charger.protections() == []
    charger.make_safe()
    charger.make_safe()
    assert not charger.is_on()
    assert sight(lab).current_A == 0


def test_at_its_voltage_the_cell_takes_less_and_the_charge_goes_on(lab, charger):
    charge(charger, voltage_V=3.9)
    for _ in range(30):
        lab.pass_time(200)
        reading = charger.measure()
    assert reading.voltage_V == pytest.approx(3.9, abs=2e-3)
    assert 0 <= reading.current_A < 0.1
    assert charger.is_on()
    assert not charger.is_clamping()


def test_it_never_discharges(lab, charger):
    charge(charger)
    lab.pass_time(10)
    with pytest.raises(RefusedError, match="only charges, and the cell is above 3 V"):
        charger.configure(3.0, 0.5)
    charger.output(False)
    charger.configure(3.0, 0.5)
    with contextlib.suppress(InstrumentError):
        charger.output(True)
    assert sight(lab).current_A == 0
    assert not charger.is_on()


def test_off_it_reads_nothing(charger):
    with pytest.raises(BadReadingError, match=r"has no new reading after 0 s.*only while it charges"):
        charger.measure()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (":BATT:TEST:VOLT:PROT 21", "over-voltage protection should be 4.3 V but reads back 21 V"),
        (":BATT:TEST:CURR:PROT 6.1", "over-current protection should be 2 A but reads back 6.1 A"),
        (":BATT:TEST:SENS:AH:VFUL 5", "full voltage should be 4.2 V but reads back 5 V"),
        (":BATT:TEST:SENS:AH:ILIM 3", "current limit should be 0.5 A but reads back 3 A"),
        ("*RST", "should be"),
    ],
)
def test_what_somebody_changed_is_noticed_before_the_output_goes_on(lab, charger, command, words):
    charger.set_limits(ENVELOPE)
    charger.configure(4.2, 0.5)
    scpi.apply(charger.link, command)
    with pytest.raises(InstrumentError, match=words):
        charger.output(True)
    assert sight(lab).current_A == 0


def test_an_over_voltage_opens_the_circuit_and_is_told(lab, charger):
    charge(charger)
    scpi.apply(charger.link, ":BATT:TEST:VOLT:PROT 3")
    lab.pass_time(5)
    assert not charger.is_on()
    assert charger.protections() == ["over-voltage, over-current or end of test: its output is off"]
    assert sight(lab).current_A == 0


def test_a_charge_is_found_again_after_a_restart(lab, charger):
    charge(charger)
    lab.connected.close()
    lab.connected = lab.connect()
    again = lab.connected.source_meter("charger")
    assert again.is_on()
    again.set_limits(ENVELOPE)
    lab.pass_time(5)
    again.configure(4.2, 0.25)
    lab.pass_time(5)
    assert again.measure().current_A == pytest.approx(0.25, rel=1e-2)


def test_left_on_as_a_power_supply_it_is_found_and_switched_off(lab, charger):
    for command in (":ENTR:FUNC POWER", ":VOLT 4.0", ":CURR 0.2", ":OUTP:STAT 1"):
        scpi.apply(charger.link, command)
    lab.connected.close()
    lab.connected = lab.connect()
    again = lab.connected.source_meter("charger")
    assert again.is_on()
    again.make_safe()
    assert not again.is_on()
    assert sight(lab).current_A == 0


ACTIONS = {
    "limits": lambda one: one.set_limits(ENVELOPE),
    "charge": lambda one: one.configure(4.2, 0.5),
    "too low": lambda one: one.configure(2.6, 0.5),
    "too high": lambda one: one.configure(4.3, 0.5),
    "on": lambda one: one.output(True),
    "off": lambda one: one.output(False),
    "measure": lambda one: one.measure(),
    "set up": lambda one: one.set_up(),
    "safe": lambda one: one.make_safe(),
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(ACTIONS)), max_size=10))
def test_whatever_is_called_no_error_is_left_and_the_output_is_off_at_the_end(tmp_path_factory, names):
    with contract_lab(DESCRIPTION, tmp_path_factory.mktemp("world") / "world.db", "in-process") as lab:
        charger = lab.connected.source_meter("charger")
        with lab.connected:
            for name in names:
                with contextlib.suppress(InstrumentError):
                    ACTIONS[name](charger)
                assert sight(lab).current_A > -1e-9
            assert scpi.read_errors(charger.link) == []
        assert sight(lab).current_A == 0
        lab.connected = lab.connect()
        assert not lab.connected.source_meter("charger").is_on()
